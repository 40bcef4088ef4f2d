import { PassThrough, Readable } from 'node:stream';
import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { KubeApi } from '../../../src/gateway/wire/kube-api.ts';
import type { GatewayTransaction } from '../../../src/gateway/gateway-transaction.ts';
import type { Upstream, UpstreamRequest, UpstreamResponse } from '../../../src/gateway/wire/upstream.ts';
import { UpstreamError } from '../../../src/gateway/wire/upstream.ts';
import { acquireCluster, type TestCluster } from '../cluster-fixture.ts';
import { eventually, openGateway, type GatewayHarness } from '../gateway/gateway-harness.ts';
import { deployment } from './undo-actions.ts';

const signal = new AbortController().signal;
let cluster: TestCluster;
let gateway: GatewayHarness;
let deploy: string;
let core: string;

beforeAll(async () => {
  cluster = await acquireCluster();
});
afterAll(() => cluster?.release());

beforeEach(async () => {
  gateway = await openGateway(cluster.instance, 'conflict');
  core = `/api/v1/namespaces/${gateway.namespace}`;
  deploy = `/apis/apps/v1/namespaces/${gateway.namespace}/deployments/web`;
  await create(
    `/apis/apps/v1/namespaces/${gateway.namespace}/deployments`,
    deployment(gateway.namespace, 'web', { paused: true }),
  );
  await create(`${core}/configmaps`, {
    apiVersion: 'v1',
    kind: 'ConfigMap',
    metadata: { name: 'settings' },
    data: { a: '1', b: '1' },
  });
  return () => gateway.close();
});

async function create(path: string, body: object): Promise<void> {
  const answer = await gateway.api.send('POST', path, { body });
  expect(answer.status, answer.message).toBe(201);
}
async function patch(
  path: string,
  body: unknown,
  contentType = 'application/strategic-merge-patch+json',
  session = gateway.api,
) {
  const answer = await session.send('PATCH', path, { body, contentType });
  expect(answer.status, answer.message).toBeLessThan(300);
}
/** A transaction in which the given work was done. */
async function written(work: (session: KubeApi) => Promise<void>, options = {}): Promise<GatewayTransaction> {
  const transaction = await gateway
    .transactions({ convergeMs: 0, ...options })
    .begin({ run: 'r', title: 't', maxWrites: 20 });
  await work(new KubeApi(transaction.handler));
  return transaction;
}
const image = (tag: string) => ({
  spec: { template: { spec: { containers: [{ name: 'app', image: `shop:${tag}` }] } } },
});
const imageOf = async () => (await gateway.get(deploy))?.spec.template.spec.containers[0].image as string;

describe('edits of others between action and undo', () => {
  it('survive beside our paths and are listed', async () => {
    const transaction = await written((session) => patch(deploy, image('2'), undefined, session));
    await patch(`${deploy}/scale`, { spec: { replicas: 7 } }, 'application/merge-patch+json');
    await patch(deploy, { metadata: { labels: { theirs: 'yes' } } });
    await patch(
      `${deploy}?fieldManager=gitops&force=true`,
      { apiVersion: 'apps/v1', kind: 'Deployment', spec: { minReadySeconds: 5 } },
      'application/apply-patch+yaml',
    );
    const undo = await transaction.undo(signal);
    expect(undo).toMatchObject({ outcome: 'undone', proof: { levels: { L0: true, L1: true } } });
    if (undo.outcome !== 'undone') return;
    expect(undo.proof.foreign.map((field) => field.path).sort()).toEqual([
      '/metadata/labels/theirs',
      '/spec/minReadySeconds',
      '/spec/replicas',
    ]);
    const live = await gateway.get(deploy);
    expect(live?.spec).toMatchObject({ replicas: 7, minReadySeconds: 5 });
    expect(live?.metadata.labels).toMatchObject({ theirs: 'yes' });
    expect(await imageOf()).toBe('shop:1');
    await transaction.dispose();
  });

  it('on a path we wrote end in diverged with exactly that field, and nothing of theirs is lost', async () => {
    const transaction = await written((session) => patch(deploy, image('2'), undefined, session));
    await patch(deploy, image('3'));
    const undo = await transaction.undo(signal);
    expect(undo).toMatchObject({
      outcome: 'diverged',
      differences: [
        {
          path: '/spec/template/spec/containers/0/image',
          expected: 'shop:1',
          actual: 'shop:3',
          ref: { kind: 'Deployment', name: 'web' },
        },
      ],
    });
    expect(await imageOf()).toBe('shop:3');
    await transaction.dispose();
    expect(await gateway.store.list()).toMatchObject([{ status: 'diverged' }]);
  });

  it('an object deleted or made anew by others is not overwritten', async () => {
    const transaction = await written((session) =>
      patch(`${core}/configmaps/settings`, { data: { a: '2' } }, undefined, session),
    );
    await gateway.api.send('DELETE', `${core}/configmaps/settings`);
    await create(`${core}/configmaps`, {
      apiVersion: 'v1',
      kind: 'ConfigMap',
      metadata: { name: 'settings' },
      data: { a: 'theirs' },
    });
    expect(await transaction.undo(signal)).toMatchObject({ outcome: 'diverged', writes: 0 });
    expect((await gateway.get(`${core}/configmaps/settings`))?.data).toEqual({ a: 'theirs' });
    await transaction.dispose();
  });

  it('replicas that an autoscaler changed are its own, not a conflict', async () => {
    await create(`/apis/autoscaling/v2/namespaces/${gateway.namespace}/horizontalpodautoscalers`, {
      apiVersion: 'autoscaling/v2',
      kind: 'HorizontalPodAutoscaler',
      metadata: { name: 'web' },
      spec: {
        scaleTargetRef: { apiVersion: 'apps/v1', kind: 'Deployment', name: 'web' },
        minReplicas: 3,
        maxReplicas: 3,
      },
    });
    await eventually('the autoscaler acts', async () => (await gateway.get(deploy))?.spec.replicas === 3);
    const transaction = await written((session) =>
      patch(`${deploy}/scale`, { spec: { replicas: 1 } }, 'application/merge-patch+json', session),
    );
    await eventually('the autoscaler acts again', async () => (await gateway.get(deploy))?.spec.replicas === 3, 60_000);
    expect(await transaction.undo(signal)).toMatchObject({ outcome: 'undone' });
    await transaction.dispose();
  });

  it('the field manager of a GitOps tool gets its fields back', async () => {
    const apply = { apiVersion: 'v1', kind: 'ConfigMap', metadata: { name: 'gitops' }, data: { a: '1' } };
    await patch(`${core}/configmaps/gitops?fieldManager=gitops`, apply, 'application/apply-patch+yaml');
    const transaction = await written((session) =>
      patch(`${core}/configmaps/gitops`, { data: { a: '2' } }, undefined, session),
    );
    expect(await transaction.undo(signal)).toMatchObject({ outcome: 'undone', proof: { levels: { L5: true } } });
    // Without force: it would conflict if we still owned the field.
    await patch(
      `${core}/configmaps/gitops?fieldManager=gitops`,
      { ...apply, data: { a: '3' } },
      'application/apply-patch+yaml',
    );
    await transaction.dispose();
  });
});

describe('races between the pre-image and the write', () => {
  /** Does something to the deployment right before the first real write is forwarded. */
  const racing = (act: () => Promise<void>): Upstream => {
    let raced = false;
    return {
      request: async (request) => {
        if (
          !raced &&
          request.method !== 'GET' &&
          !request.path.includes('dryRun=All') &&
          !request.path.includes('reviews')
        ) {
          raced = true;
          await act();
        }
        return gateway.upstream.request(request);
      },
    };
  };
  const writes: Array<[string, () => [string, unknown?, string?]]> = [
    [
      'JSON patch',
      () => ['PATCH', [{ op: 'replace', path: '/spec/minReadySeconds', value: 9 }], 'application/json-patch+json'],
    ],
    ['merge patch', () => ['PATCH', { spec: { minReadySeconds: 9 } }, 'application/merge-patch+json']],
    ['strategic patch', () => ['PATCH', { spec: { minReadySeconds: 9 } }, 'application/strategic-merge-patch+json']],
    [
      'apply',
      () => [
        'PATCH',
        { apiVersion: 'apps/v1', kind: 'Deployment', metadata: { name: 'web' }, spec: { minReadySeconds: 9 } },
        'application/apply-patch+yaml',
      ],
    ],
    ['deletion', () => ['DELETE']],
  ];
  const write = async (session: KubeApi, [method, body, contentType]: [string, unknown?, string?]) =>
    session.send(method, contentType?.includes('apply') ? `${deploy}?fieldManager=t&force=true` : deploy, {
      body,
      contentType,
    });

  it.each(writes)('a %s that only lost against a status update is pinned anew', async (_name, make) => {
    await patch(deploy, { spec: { minReadySeconds: 1 } });
    const upstream = racing(() =>
      patch(`${deploy}/status`, { status: { observedGeneration: 4711 } }, 'application/merge-patch+json'),
    );
    const transaction = await written(
      async (session) => {
        expect((await write(session, make())).status).toBe(200);
      },
      { upstream },
    );
    expect(transaction.writes()).toBe(1);
    expect(await transaction.undo(signal)).toMatchObject({ outcome: 'undone' });
    expect((await gateway.get(deploy))?.spec.minReadySeconds).toBe(1);
    await transaction.dispose();
  });

  it.each(writes)('a %s does not go over an edit of somebody else', async (_name, make) => {
    await patch(deploy, { spec: { minReadySeconds: 1 } });
    const upstream = racing(() => patch(deploy, image('theirs')));
    const transaction = await written(
      async (session) => {
        expect((await write(session, make())).status).toBeGreaterThanOrEqual(409);
        const next = await session.send('PATCH', `${core}/configmaps/settings`, {
          body: { data: { a: '2' } },
          contentType: 'application/merge-patch+json',
        });
        expect(next).toMatchObject({ status: 403, message: expect.stringContaining('changed by somebody else') });
      },
      { upstream },
    );
    expect(transaction.writes()).toBe(0);
    expect(await imageOf()).toBe('shop:theirs');
    expect(await transaction.undo(signal)).toMatchObject({ outcome: 'undone', writes: 0 });
    await transaction.dispose();
  });
});

describe('claims', () => {
  const claim = (storageClassName: string) => ({
    apiVersion: 'v1',
    kind: 'PersistentVolumeClaim',
    metadata: { name: 'data' },
    spec: { accessModes: ['ReadWriteOnce'], storageClassName, resources: { requests: { storage: '1Gi' } } },
  });

  it('one that bound and is mounted after our change makes room for the old pending one', async () => {
    const className = `class-${gateway.namespace}`;
    await create('/api/v1/persistentvolumes', {
      apiVersion: 'v1',
      kind: 'PersistentVolume',
      metadata: { name: className },
      spec: {
        capacity: { storage: '1Gi' },
        accessModes: ['ReadWriteOnce'],
        storageClassName: className,
        persistentVolumeReclaimPolicy: 'Delete',
        hostPath: { path: '/tmp/x' },
      },
    });
    await create(`${core}/persistentvolumeclaims`, claim('no-such-class'));
    const spec = {
      volumes: [{ name: 'd', persistentVolumeClaim: { claimName: 'data' } }],
      containers: [{ name: 'app', image: 'shop:1', volumeMounts: [{ name: 'd', mountPath: '/d' }] }],
    };
    await create(
      `/apis/apps/v1/namespaces/${gateway.namespace}/deployments`,
      deployment(gateway.namespace, 'user', { replicas: 1, template: { metadata: { labels: { app: 'user' } }, spec } }),
    );
    const path = `${core}/persistentvolumeclaims/data`;
    const before = await eventually('the claim is pending', async () => {
      const object = await gateway.get(path);
      return object?.status?.phase === 'Pending' && object;
    });
    const transaction = await gateway
      .transactions({ convergeMs: 0 })
      .begin({ run: 'r', title: 'claim', maxWrites: 9, accept: ['losses'] });
    const files = [{ name: 'claim', content: JSON.stringify(claim(className)) }];
    for (const argv of [
      ['delete', 'pvc', 'data'],
      ['create', '-f', '{{claim}}'],
    ]) {
      expect((await transaction.execute({ argv }, files, signal)).problem).toBe('');
    }
    await eventually('the new claim is bound', async () => (await gateway.get(path))?.status?.phase === 'Bound');
    const running = await eventually('its pod runs', async () => {
      const { items } = await gateway.api.list(`${core}/pods`);
      return items.find((pod) => pod.metadata.labels?.app === 'user' && pod.status?.phase === 'Running');
    });
    const undo = await transaction.undo(signal);
    expect(undo).toMatchObject({ outcome: 'undone' });
    if (undo.outcome === 'undone') expect(undo.proof.residue.join()).toContain(running.metadata.name);
    const after = await gateway.get(path);
    expect(after?.spec).toEqual(before.spec);
    expect(after?.status?.phase).toBe('Pending');
    await transaction.dispose();
    await gateway.api.send('DELETE', `/api/v1/persistentvolumes/${className}`);
  });
});

/** An API server that misbehaves as told, before or after it has done its work. */
class Unsteady implements Upstream {
  readonly #next: Upstream;
  /** Called for each write; an answer replaces the real one, `lost` drops it after the server has acted. */
  fault: (request: UpstreamRequest, n: number) => number | 'lost' | 'unreachable' | null = () => null;
  #writes = 0;
  constructor(next: Upstream) {
    this.#next = next;
  }
  async request(request: UpstreamRequest): Promise<UpstreamResponse> {
    const writing =
      request.method !== 'GET' && !request.path.includes('dryRun=All') && !request.path.includes('accessreviews');
    const fault = writing ? this.fault(request, ++this.#writes) : null;
    if (fault === 'unreachable') throw new UpstreamError('unreachable', 'connection refused', false);
    if (typeof fault === 'number') return status(fault);
    const response = await this.#next.request(request);
    if (fault !== 'lost') return response;
    response.body.resume();
    throw new UpstreamError('unreachable', 'connection reset', true);
  }
}
function status(code: number): UpstreamResponse {
  const text = JSON.stringify({ kind: 'Status', apiVersion: 'v1', code, message: `made up ${code}`, reason: 'Test' });
  return {
    status: code,
    headers: { 'content-type': 'application/json' },
    body: Readable.from([Buffer.from(text)]).pipe(new PassThrough()),
  };
}

describe('an unsteady API server', () => {
  const settings = () => `${core}/configmaps/settings`;

  it('a write whose answer was lost is found out, told to the client, and undone', async () => {
    const upstream = new Unsteady(gateway.upstream);
    upstream.fault = () => 'lost';
    const transaction = await written(
      async (session) => {
        const answer = await session.send('PATCH', settings(), {
          body: { data: { a: '2' } },
          contentType: 'application/merge-patch+json',
        });
        expect(answer).toMatchObject({ status: 200, object: { data: { a: '2' } } });
      },
      { upstream },
    );
    expect((await gateway.get(settings()))?.data.a).toBe('2');
    upstream.fault = () => null;
    expect(transaction.writes()).toBe(1);
    expect(await transaction.undo(signal)).toMatchObject({ outcome: 'undone', proof: { levels: { L1: true } } });
    expect((await gateway.get(settings()))?.data.a).toBe('1');
    await transaction.dispose();
  });

  it('a lost answer beside an edit of somebody else is told apart', async () => {
    const upstream = new Unsteady(gateway.upstream);
    upstream.fault = () => 'lost';
    const transaction = await written(
      async (session) => {
        await session.send('POST', `${core}/configmaps`, {
          body: { apiVersion: 'v1', kind: 'ConfigMap', metadata: { name: 'made' } },
        });
        await session.send('PATCH', settings(), {
          body: { data: { a: '2' } },
          contentType: 'application/merge-patch+json',
        });
      },
      { upstream },
    );
    upstream.fault = () => null;
    await patch(settings(), { data: { b: 'theirs' } });
    expect(await transaction.undo(signal)).toMatchObject({ outcome: 'undone' });
    expect(await gateway.get(`${core}/configmaps/made`)).toBeNull();
    expect((await gateway.get(settings()))?.data).toMatchObject({ b: 'theirs' });
    await transaction.dispose();
  });

  it.each([429, 500, 503])('undo goes on through a storm of %d', async (code) => {
    const upstream = new Unsteady(gateway.upstream);
    const transaction = await written(
      (session) => patch(settings(), { data: { a: '2', c: '3' } }, undefined, session),
      { upstream },
    );
    upstream.fault = (_request, n) => (n % 4 === 0 ? null : code);
    expect(await transaction.undo(signal)).toMatchObject({ outcome: 'undone' });
    expect((await gateway.get(settings()))?.data).toEqual({ a: '1', b: '1' });
    await transaction.dispose();
  });

  it('undo gets through a storm of real conflicts', async () => {
    const upstream = new Unsteady(gateway.upstream);
    const transaction = await written((session) => patch(deploy, image('2'), undefined, session), { upstream });
    let bumps = 0;
    const bumping: Upstream = {
      request: async (request) => {
        if (request.method === 'PUT' && bumps++ < 3) {
          await patch(
            `${deploy}/status`,
            { status: { observedGeneration: 1000 + bumps } },
            'application/merge-patch+json',
          );
        }
        return upstream.request(request);
      },
    };
    await transaction.dispose();
    const again = await gateway.transactions({ upstream: bumping, convergeMs: 0 }).reopen(transaction.id);
    expect(await again.undo(signal)).toMatchObject({ outcome: 'undone' });
    expect(await imageOf()).toBe('shop:1');
    await again.dispose();
  });

  it('an unreachable server leaves the undo stranded, and a later one finishes it', async () => {
    const upstream = new Unsteady(gateway.upstream);
    const transaction = await written((session) => patch(settings(), { data: { a: '2' } }, undefined, session), {
      upstream,
      patienceMs: 300,
    });
    upstream.fault = () => 'unreachable';
    expect(await transaction.undo(signal)).toMatchObject({ outcome: 'stranded', writes: 0 });
    await transaction.dispose();
    expect(await gateway.store.list()).toMatchObject([{ status: 'undoing', active: false }]);
    const again = await gateway.transactions({ convergeMs: 0 }).reopen(transaction.id);
    expect(await again.undo(signal)).toMatchObject({ outcome: 'undone' });
    await again.dispose();
  });

  it('a second undo finds nothing left to do', async () => {
    const transaction = await written((session) => patch(settings(), { data: { a: '2' } }, undefined, session));
    expect(await transaction.undo(signal)).toMatchObject({ outcome: 'undone' });
    expect(await transaction.undo(signal)).toMatchObject({ outcome: 'undone', writes: 0 });
    await transaction.dispose();
  });
});
