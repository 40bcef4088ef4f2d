import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import type { KubeObject } from '../../../src/domain/kube-object.ts';
import type { UndoResult } from '../../../src/domain/transaction.ts';
import { KubeApi } from '../../../src/gateway/wire/kube-api.ts';
import type { Upstream } from '../../../src/gateway/wire/upstream.ts';
import { acquireCluster, type TestCluster } from '../cluster-fixture.ts';
import { eventually, openGateway, type GatewayHarness } from '../gateway/gateway-harness.ts';
import { deployment } from './undo-actions.ts';

/** Who else writes between our action and its undo, by every way in which the API lets them. */
const signal = new AbortController().signal;
const MERGE = 'application/merge-patch+json';
let cluster: TestCluster;
let gateway: GatewayHarness;
let core: string;
let apps: string;

beforeAll(async () => {
  cluster = await acquireCluster();
});
afterAll(() => cluster?.release());
beforeEach(async () => {
  gateway = await openGateway(cluster.instance, 'others');
  core = `/api/v1/namespaces/${gateway.namespace}`;
  apps = `/apis/apps/v1/namespaces/${gateway.namespace}`;
  await send('POST', `${apps}/deployments`, deployment(gateway.namespace, 'web', { paused: true, replicas: 0 }));
  await send('POST', `${core}/configmaps`, config('settings', { a: '1', b: '1' }));
  return () => gateway.close();
});

const config = (name: string, data: Record<string, string>, metadata: object = {}) => ({
  apiVersion: 'v1',
  kind: 'ConfigMap',
  metadata: { name, ...metadata },
  data,
});

async function send(
  method: string,
  path: string,
  body?: unknown,
  contentType = 'application/json',
): Promise<KubeObject> {
  const answer = await gateway.api.send(method, path, { body, contentType });
  expect(answer.status, answer.message).toBeLessThan(300);
  return answer.object!;
}

/** Our action, then theirs, then the undo. */
async function between(
  ours: (api: KubeApi) => Promise<{ status: number; message: string }>,
  theirs: () => Promise<unknown>,
  options: object = {},
): Promise<UndoResult> {
  const transactions = gateway.transactions({ convergeMs: 0, ...options });
  const transaction = await transactions.begin({ run: 'r', title: 't', maxWrites: 9, accept: ['unknown'] });
  try {
    const answer = await ours(new KubeApi(transaction.handler));
    expect(answer.status, answer.message).toBeLessThan(300);
    await theirs();
    return await transaction.undo(signal);
  } finally {
    await transaction.dispose();
  }
}
/** Where in a list an element lands is up to the way in which it was written. */
const paths = (fields: Array<{ path: string }>) =>
  fields.map(({ path }) => path.replace(/\/env\/\d$/, '/env/N')).sort();

/** What is written: our change, theirs beside it, and theirs of the same field; as a part of the object. */
interface Field {
  path(): string;
  ours: object;
  beside: object;
  besidePaths: string[];
  same: object;
  samePath: string;
  wanted: string;
  theirs: string;
  read(object: KubeObject): unknown;
  /** What an apply of the whole object needs besides. */
  identity: object;
}
const container = (fields: object) => ({ spec: { template: { spec: { containers: [{ name: 'app', ...fields }] } } } });
const FIELDS: Record<string, Field> = {
  'a key of a ConfigMap': {
    path: () => `${core}/configmaps/settings`,
    ours: { data: { a: 'ours' } },
    beside: { data: { b: 'theirs' }, metadata: { labels: { theirs: 'yes' } } },
    besidePaths: ['/data/b', '/metadata/labels/theirs'],
    same: { data: { a: 'theirs' } },
    samePath: '/data/a',
    wanted: '1',
    theirs: 'theirs',
    read: (object) => object.data.a,
    identity: { apiVersion: 'v1', kind: 'ConfigMap' },
  },
  'an element of a list of a Deployment': {
    path: () => `${apps}/deployments/web`,
    ours: container({ image: 'shop:ours' }),
    beside: container({ env: [{ name: 'THEIRS', value: 'yes' }] }),
    besidePaths: ['/spec/template/spec/containers/0/env/N'],
    same: container({ image: 'shop:theirs' }),
    samePath: '/spec/template/spec/containers/0/image',
    wanted: 'shop:1',
    theirs: 'shop:theirs',
    read: (object) => object.spec.template.spec.containers[0].image,
    identity: { apiVersion: 'apps/v1', kind: 'Deployment' },
  },
};

/** Every way to write a part of an object. */
const WAYS: Record<string, (field: Field, part: object) => Promise<unknown>> = {
  'kubectl edit': async (field, part) => {
    // The editor saves the whole object, and again when a controller was faster.
    await eventually('the edit is saved', async () => {
      const live = await gateway.get(field.path());
      const contentType = 'application/strategic-merge-patch+json';
      const edited = await send('PATCH', `${field.path()}?dryRun=All`, part, contentType);
      const metadata = {
        ...edited.metadata,
        resourceVersion: live!.metadata.resourceVersion,
        managedFields: undefined,
      };
      const body = { ...edited, metadata };
      return (await gateway.api.send('PUT', `${field.path()}?fieldManager=kubectl-edit`, { body })).status === 200;
    });
  },
  'kubectl patch': (field, part) =>
    send('PATCH', `${field.path()}?fieldManager=kubectl-patch`, part, 'application/strategic-merge-patch+json'),
  'server-side apply by another manager': (field, part) =>
    send(
      'PATCH',
      `${field.path()}?fieldManager=gitops&force=true`,
      { ...field.identity, ...part },
      'application/apply-patch+yaml',
    ),
};

describe.each(Object.entries(FIELDS))('%s', (_name, field) => {
  it.each(Object.entries(WAYS))('%s beside our change survives and is listed', async (_way, write) => {
    const undo = await between(
      (api) =>
        api.send('PATCH', field.path(), { body: field.ours, contentType: 'application/strategic-merge-patch+json' }),
      () => write(field, field.beside),
    );
    expect(undo).toMatchObject({ outcome: 'undone', proof: { levels: { L0: true, L1: true, L2: true } } });
    if (undo.outcome === 'undone') expect(paths(undo.proof.foreign)).toEqual(field.besidePaths);
    const live = (await gateway.get(field.path()))!;
    expect(field.read(live)).toBe(field.wanted);
    expect(JSON.stringify(live.data ?? live.spec)).toMatch(/theirs|THEIRS/);
  });

  it.each(Object.entries(WAYS))('%s of the field that we changed is kept, and named', async (_way, write) => {
    const undo = await between(
      (api) =>
        api.send('PATCH', field.path(), { body: field.ours, contentType: 'application/strategic-merge-patch+json' }),
      () => write(field, field.same),
    );
    expect(undo).toMatchObject({
      outcome: 'diverged',
      differences: [{ path: field.samePath, expected: field.wanted, actual: field.theirs }],
    });
    expect(field.read((await gateway.get(field.path()))!)).toBe(field.theirs);
  });

  it.each(Object.entries(WAYS))('%s that put it back already leaves nothing to do', async (_way, write) => {
    const before = (await gateway.get(field.path()))!;
    const back = field.path().includes('configmaps') ? { data: { a: '1' } } : container({ image: 'shop:1' });
    const undo = await between(
      (api) =>
        api.send('PATCH', field.path(), { body: field.ours, contentType: 'application/strategic-merge-patch+json' }),
      () => write(field, back),
      { restoreOwnership: false },
    );
    expect(undo).toMatchObject({ outcome: 'undone', writes: 0 });
    const live = (await gateway.get(field.path()))!;
    expect(live.data ?? live.spec).toEqual(before.data ?? before.spec);
  });
});

/** Ours and theirs go into a map or list that the object did not have before. */
const NEW_CONTAINERS: Array<[name: string, path: () => string, part: (who: string) => object, theirs: string]> = [
  [
    'annotations',
    () => `${core}/configmaps/settings`,
    (who) => ({ metadata: { annotations: { [`example.org/${who}`]: 'yes' } } }),
    '/metadata/annotations/example.org~1theirs',
  ],
  [
    'a node selector',
    () => `${apps}/deployments/web`,
    (who) => ({ spec: { template: { spec: { nodeSelector: { [who]: 'yes' } } } } }),
    '/spec/template/spec/nodeSelector/theirs',
  ],
  [
    'variables of a container',
    () => `${apps}/deployments/web`,
    (who) => container({ env: [{ name: who, value: 'yes' }] }),
    '/spec/template/spec/containers/0/env/N',
  ],
];

describe.each(NEW_CONTAINERS)('%s where there were none', (_name, path, part, theirs) => {
  const contentType = 'application/strategic-merge-patch+json';

  it('keeps what somebody else put beside ours', async () => {
    const undo = await between(
      (api) => api.send('PATCH', path(), { body: part('ours'), contentType }),
      () => send('PATCH', `${path()}?fieldManager=kubectl-edit`, part('theirs'), contentType),
    );
    expect(undo).toMatchObject({ outcome: 'undone', proof: { levels: { L1: true } } });
    if (undo.outcome === 'undone') expect(paths(undo.proof.foreign)).toEqual([theirs]);
    const live = JSON.stringify({
      ...(await gateway.get(path()))!,
      metadata: { annotations: (await gateway.get(path()))!.metadata.annotations },
    });
    expect(live).toContain('theirs');
    expect(live).not.toContain('ours');
  });
});

describe('ownership of fields', () => {
  it.each([
    ['with', true],
    ['without', false],
  ] as const)('%s giving it back', async (_name, restoreOwnership) => {
    await send(
      'PATCH',
      `${core}/configmaps/applied?fieldManager=gitops`,
      config('applied', { a: '1' }),
      'application/apply-patch+yaml',
    );
    const undo = await between(
      (api) => api.send('PATCH', `${core}/configmaps/applied`, { body: { data: { a: '2' } }, contentType: MERGE }),
      () => Promise.resolve(),
      { restoreOwnership },
    );
    expect(undo).toMatchObject({ outcome: 'undone', writes: restoreOwnership ? 2 : 1 });
    if (undo.outcome !== 'undone') return;
    expect(undo.proof.levels.L5).toBe(restoreOwnership ? true : undefined);
    expect(undo.proof.ownershipWrites).toBe(restoreOwnership ? 1 : 0);
    const next = await gateway.api.send('PATCH', `${core}/configmaps/applied?fieldManager=gitops`, {
      body: config('applied', { a: '3' }),
      contentType: 'application/apply-patch+yaml',
    });
    expect(next.status).toBe(restoreOwnership ? 200 : 409);
  });
});

describe('owners', () => {
  const owned = (owner: KubeObject) =>
    config(
      'child',
      { a: '1' },
      {
        ownerReferences: [{ apiVersion: 'v1', kind: 'ConfigMap', name: owner.metadata.name, uid: owner.metadata.uid }],
      },
    );
  const removed = (api: KubeApi) => api.send('DELETE', `${core}/configmaps/child`);

  it('made anew meanwhile are referred to by their new uid, so that nothing is collected', async () => {
    const owner = await send('POST', `${core}/configmaps`, config('owner', {}));
    await send('POST', `${core}/configmaps`, owned(owner));
    let fresh: KubeObject | undefined;
    const undo = await between(removed, async () => {
      await send('DELETE', `${core}/configmaps/owner`);
      fresh = await send('POST', `${core}/configmaps`, config('owner', {}));
    });
    expect(undo).toMatchObject({ outcome: 'undone' });
    const child = await gateway.get(`${core}/configmaps/child`);
    expect(child?.metadata.ownerReferences).toMatchObject([{ name: 'owner', uid: fresh!.metadata.uid }]);
    // The collector has looked at everything of the namespace once an orphan made after it is gone.
    await send('POST', `${core}/configmaps`, {
      ...owned(owner),
      metadata: { ...owned(owner).metadata, name: 'orphan' },
    });
    await eventually('the orphan is collected', async () => !(await gateway.get(`${core}/configmaps/orphan`)), 60_000);
    expect(await gateway.get(`${core}/configmaps/child`)).not.toBeNull();
  });

  it('that are gone are no longer referred to, which is said', async () => {
    const owner = await send('POST', `${core}/configmaps`, config('owner', {}));
    await send('POST', `${core}/configmaps`, owned(owner));
    const undo = await between(removed, () => send('DELETE', `${core}/configmaps/owner`));
    expect(undo).toMatchObject({ outcome: 'undone' });
    if (undo.outcome === 'undone') expect(undo.proof.residue.join()).toContain('owner ConfigMap/owner, which is gone');
    expect((await gateway.get(`${core}/configmaps/child`))?.metadata.ownerReferences).toBeUndefined();
  });
});

describe('an apply that was to create an object', () => {
  const apply = (api: KubeApi) =>
    api.send('PATCH', `${core}/configmaps/fresh?fieldManager=tool`, {
      body: config('fresh', { ours: 'yes' }),
      contentType: 'application/apply-patch+yaml',
    });

  it('but finds that somebody just made it, does not take theirs away', async () => {
    const upstream: Upstream = {
      request: async (request) => {
        const applying = request.method === 'PATCH' && !request.path.includes('dryRun=All');
        if (applying) await send('POST', `${core}/configmaps`, config('fresh', { theirs: 'yes' }));
        return gateway.upstream.request(request);
      },
    };
    const undo = await between(apply, () => Promise.resolve(), { upstream });
    expect(undo).toMatchObject({ outcome: 'diverged', differences: [{ ref: { name: 'fresh' }, path: '' }] });
    expect((await gateway.get(`${core}/configmaps/fresh`))?.data).toMatchObject({ theirs: 'yes' });
  });

  it('and did create it, is undone by deleting it', async () => {
    expect(await between(apply, () => Promise.resolve())).toMatchObject({ outcome: 'undone' });
    expect(await gateway.get(`${core}/configmaps/fresh`)).toBeNull();
  });
});

describe('objects on their way out', () => {
  const held = { finalizers: ['example.test/hold'] };
  const release = (name: string) =>
    send('PATCH', `${core}/configmaps/${name}`, { metadata: { finalizers: null } }, MERGE);

  it('one that somebody deletes while it holds our change ends diverged, and is not brought back behind their back', async () => {
    await send('POST', `${core}/configmaps`, config('held', { a: '1' }, held));
    const undo = await between(
      (api) => api.send('PATCH', `${core}/configmaps/held`, { body: { data: { a: '2' } }, contentType: MERGE }),
      () => send('DELETE', `${core}/configmaps/held`),
    );
    expect(undo).toMatchObject({ outcome: 'diverged', differences: [{ path: '', ref: { name: 'held' } }] });
    await release('held');
    expect(await gateway.get(`${core}/configmaps/held`)).toBeNull();
  });

  it('one of ours to be made again waits until the name is free', async () => {
    const undo = await between(
      (api) => api.send('DELETE', `${core}/configmaps/settings`),
      async () => {
        // Somebody made one of that name, and it is held while it terminates.
        await send('POST', `${core}/configmaps`, config('settings', { theirs: 'yes' }, held));
        await send('DELETE', `${core}/configmaps/settings`);
        setTimeout(() => void release('settings'), 500);
      },
    );
    expect(undo).toMatchObject({ outcome: 'undone' });
    expect((await gateway.get(`${core}/configmaps/settings`))?.data).toEqual({ a: '1', b: '1' });
  });
});

describe('other hands, told before and after', () => {
  it.each([
    ['Argo CD', { annotations: { 'argocd.argoproj.io/tracking-id': 'shop:/ConfigMap:x/owned' } }],
    [
      'Flux',
      { labels: { 'kustomize.toolkit.fluxcd.io/name': 'shop', 'kustomize.toolkit.fluxcd.io/namespace': 'flux' } },
    ],
    [
      'Helm',
      { labels: { 'app.kubernetes.io/managed-by': 'Helm' }, annotations: { 'meta.helm.sh/release-name': 'shop' } },
    ],
  ])('%s is named before the action, and its marks are as they were after the undo', async (tool, marks) => {
    await send('POST', `${core}/configmaps`, config('owned', { a: '1' }, marks));
    const plan = {
      hash: '',
      title: 't',
      findingId: '',
      steps: [{ argv: ['patch', 'configmap', 'owned', '-p', '{"data":{"a":"2"}}'], why: '' }],
      files: [],
      expects: '',
    };
    const [rehearsal] = await gateway.transactions().rehearse(plan, signal);
    expect(rehearsal?.problem).toBe('');
    expect(rehearsal?.writes[0]?.undo.warnings?.join()).toContain(tool);
    const undo = await between(
      (api) => api.send('PATCH', `${core}/configmaps/owned`, { body: { data: { a: '2' } }, contentType: MERGE }),
      () => Promise.resolve(),
    );
    expect(undo).toMatchObject({ outcome: 'undone' });
    expect((await gateway.get(`${core}/configmaps/owned`))?.metadata).toMatchObject(marks);
  });
});
