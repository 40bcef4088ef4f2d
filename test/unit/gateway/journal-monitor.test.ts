import { Readable } from 'node:stream';
import { expect, it } from 'vitest';
import type { KubeObject } from '../../../src/domain/kube-object.ts';
import { Discovery } from '../../../src/gateway/wire/discovery.ts';
import type { JournalMonitorOptions } from '../../../src/gateway/monitor/journal-monitor.ts';
import { JournalMonitor } from '../../../src/gateway/monitor/journal-monitor.ts';
import type { JournalRecord } from '../../../src/gateway/journal/journal-records.ts';
import type { OpenJournal } from '../../../src/gateway/journal/open-journal.ts';
import { LiveFacts } from '../../../src/gateway/inventory/live-facts.ts';
import { LossWatch } from '../../../src/gateway/inventory/loss-watch.ts';
import { MetadataReader } from '../../../src/gateway/inventory/metadata-reader.ts';
import { KubeApi } from '../../../src/gateway/wire/kube-api.ts';
import { passAsUpstream } from '../../../src/gateway/wire/raw-access.ts';
import { SecretVeil } from '../../../src/gateway/secrets/secret-veil.ts';
import type { Upstream, UpstreamRequest } from '../../../src/gateway/wire/upstream.ts';
import { WriteInspector } from '../../../src/gateway/write/write-inspector.ts';
import { FakeClock, settleTasks } from '../../support/fake-clock.ts';

const PATH = '/api/v1/namespaces/shop/configmaps/one';

/** One ConfigMap. */
class Server implements Upstream {
  object = {
    apiVersion: 'v1',
    kind: 'ConfigMap',
    metadata: { name: 'one', namespace: 'shop', uid: 'u1', resourceVersion: '1' },
    data: { n: '0' },
  };
  readonly writes: string[] = [];

  async request({ method, path, body }: UpstreamRequest) {
    const answer = (value: unknown) => ({
      status: 200,
      headers: {},
      body: Readable.from([Buffer.from(JSON.stringify(value))]),
    });
    if (path === '/api/v1') {
      const resource = { name: 'configmaps', kind: 'ConfigMap', namespaced: true, verbs: ['get', 'patch'] };
      return answer({ kind: 'APIResourceList', resources: [resource] });
    }
    if (path.includes('selfsubjectaccessreviews')) return answer({ status: { allowed: true } });
    if (method === 'GET') return answer(this.object);
    const { data } = JSON.parse(String(body)) as { data: { n: string } };
    const version = String(Number(this.object.metadata.resourceVersion) + 1);
    const after = { ...this.object, data, metadata: { ...this.object.metadata, resourceVersion: version } };
    if (path.includes('dryRun=All')) return answer(after);
    this.writes.push(data.n);
    this.object = after;
    return answer(after);
  }
}

function monitorOn(
  server: Upstream,
  over: Partial<Pick<JournalMonitorOptions, 'mayWrite' | 'clock'>> & {
    disk?: () => Promise<unknown>;
    note?: () => Promise<void>;
  } = {},
) {
  const records: JournalRecord[] = [];
  const journal = {
    records,
    append: async (record: JournalRecord) => {
      await over.disk?.();
      records.push(record);
    },
    note: async (record: JournalRecord) => {
      await over.note?.();
      records.push(record);
    },
  } as unknown as OpenJournal;
  const raw = new KubeApi(passAsUpstream(server));
  const discovery = new Discovery((path) => raw.find(path));
  const reader = new MetadataReader(raw);
  const facts = new LiveFacts(raw, discovery, reader, () => 0);
  const monitor = new JournalMonitor({
    upstream: server,
    journal,
    inspector: new WriteInspector(raw, discovery, facts, 'stratus-1', []),
    veil: new SecretVeil(),
    clock: over.clock ?? new FakeClock(),
    maxWrites: 5,
    manager: 'stratus-1',
    mayWrite: over.mayWrite ?? (async () => null),
    crash: () => undefined,
    patienceMs: 0,
    losses: new LossWatch(reader),
  });
  const patch = (n: string) =>
    monitor.handle({
      method: 'PATCH',
      url: PATH,
      headers: { 'content-type': 'application/merge-patch+json' },
      body: Buffer.from(JSON.stringify({ data: { n } })),
      signal: new AbortController().signal,
    });
  return { monitor, records, patch };
}

it.each<[string, () => Promise<string | null>, string]>([
  ['is refused', async () => 'the writer lock is lost', 'the writer lock is lost'],
  ['cannot be told', async () => Promise.reject(new Error('no kubeconfig')), 'no kubeconfig'],
])('sends nothing when the right to write %s, and the journal says so', async (_name, mayWrite, why) => {
  const server = new Server();
  const { monitor, records, patch } = monitorOn(server, { mayWrite });
  expect((await patch('1')).status).toBe(403);
  expect(server.writes).toEqual([]);
  expect(records).toMatchObject([
    { type: 'intent' },
    { type: 'outcome', outcome: 'rejected', message: `not sent: ${why}` },
  ]);
  expect(await monitor.endStep()).toMatchObject({ writes: 0, problem: why });
  expect(monitor.writes()).toBe(0);
});

it.each([
  ['the disk stalls', (clock: FakeClock) => clock.advance(5_000)],
  ['the machine sleeps', async (clock: FakeClock) => clock.suspend(5_000)],
])('asks for the right to write again when %s meanwhile', async (_name, pass) => {
  const server = new Server();
  const clock = new FakeClock();
  let asked = 0;
  const { records, patch } = monitorOn(server, {
    clock,
    mayWrite: async () => (asked++ === 0 ? null : 'the writer lock is lost'),
    disk: () => pass(clock),
  });
  expect((await patch('1')).status).toBe(403);
  expect(asked).toBe(2);
  expect(server.writes).toEqual([]);
  expect(records.at(-1)).toMatchObject({ outcome: 'rejected' });
});

it('answers while the outcome is noted, but neither the next write nor the end of the step overtakes it', async () => {
  const server = new Server();
  const noted: Array<() => void> = [];
  const { monitor, records, patch } = monitorOn(server, { note: () => new Promise((resolve) => noted.push(resolve)) });
  expect((await patch('1')).status).toBe(200);
  expect(records.map(({ type }) => type)).toEqual(['intent']);
  const second = patch('2');
  await settleTasks();
  expect(server.writes).toEqual(['1']);
  noted.shift()!();
  expect((await second).status).toBe(200);
  expect(server.writes).toEqual(['1', '2']);
  let ended = false;
  const end = monitor.endStep().then(() => (ended = true));
  await settleTasks();
  expect(ended).toBe(false);
  noted.shift()!();
  await end;
});

it('sends nothing of a command that has ended, neither what waits nor what arrives, and waits for what is sent', async () => {
  const server = new Server();
  const noted: Array<() => void> = [];
  const { monitor, patch } = monitorOn(server, { note: () => new Promise((resolve) => noted.push(resolve)) });
  expect((await patch('1')).status).toBe(200);
  const waiting = patch('2');
  const end = monitor.endStep();
  noted.shift()!();
  await end;
  expect([(await waiting).status, (await patch('3')).status]).toEqual([403, 403]);
  expect(server.writes).toEqual(['1']);
});

it('stops the step when an outcome cannot be noted', async () => {
  const server = new Server();
  const { monitor, patch } = monitorOn(server, { note: () => Promise.reject(new Error('disk full')) });
  expect((await patch('1')).status).toBe(200);
  expect(await monitor.endStep()).toMatchObject({ writes: 1, problem: 'disk full' });
  expect((await patch('2')).status).toBe(403);
  expect(server.writes).toEqual(['1']);
});

/** One object in every version that it is asked in. `kept` is what the server does to a write that it really stores. */
class Autoscaler implements Upstream {
  object: KubeObject = {
    apiVersion: 'autoscaling/v2',
    kind: 'HorizontalPodAutoscaler',
    metadata: { name: 'web', namespace: 'shop', uid: 'u1', resourceVersion: '1', labels: {} },
    spec: { maxReplicas: 3 },
  };
  readonly writes: string[] = [];
  kept: (object: KubeObject) => KubeObject = (object) => object;

  async request({ method, path, body }: UpstreamRequest) {
    const answer = (value: unknown) => ({
      status: 200,
      headers: {},
      body: Readable.from([Buffer.from(JSON.stringify(value))]),
    });
    const [, version = ''] = /^\/apis\/autoscaling\/(v\d)/.exec(path) ?? [];
    if (path === `/apis/autoscaling/${version}`) {
      const resource = {
        name: 'horizontalpodautoscalers',
        kind: 'HorizontalPodAutoscaler',
        namespaced: true,
        verbs: [],
      };
      return answer({ kind: 'APIResourceList', resources: [resource] });
    }
    if (path.includes('selfsubjectaccessreviews')) return answer({ status: { allowed: true } });
    if (method === 'GET') return answer({ ...this.object, apiVersion: `autoscaling/${version}` });
    const { spec } = JSON.parse(String(body)) as KubeObject;
    const { metadata } = this.object;
    const resourceVersion = String(Number(metadata.resourceVersion) + 1);
    const after = { ...this.object, spec, metadata: { ...metadata, resourceVersion } };
    if (path.includes('dryRun=All')) return answer({ ...after, apiVersion: `autoscaling/${version}` });
    this.writes.push(path);
    this.object = this.kept(after);
    return answer({ ...this.object, apiVersion: `autoscaling/${version}` });
  }
}

const scale = (version: string, maxReplicas: number) => ({
  method: 'PATCH',
  url: `/apis/autoscaling/${version}/namespaces/shop/horizontalpodautoscalers/web`,
  headers: { 'content-type': 'application/merge-patch+json' },
  body: Buffer.from(JSON.stringify({ spec: { maxReplicas } })),
  signal: new AbortController().signal,
});

it('writes an object in one version only: images of two could not be taken back together', async () => {
  const server = new Autoscaler();
  const { monitor, records } = monitorOn(server);
  expect((await monitor.handle(scale('v2', 4))).status).toBe(200);
  expect((await monitor.handle(scale('v1', 5))).status).toBe(403);
  expect((await monitor.handle(scale('v2', 5))).status).toBe(200);
  expect(server.writes).toHaveLength(2);
  expect((await monitor.endStep()).refusals).toMatchObject([{ rule: 'version' }]);
  expect(records.filter(({ type }) => type === 'intent')).toHaveLength(2);
});

it('goes on where the server stored what its rehearsal said, versions and managers apart', async () => {
  const server = new Autoscaler();
  const { monitor } = monitorOn(server);
  server.kept = (object) => ({ ...object, metadata: { ...object.metadata, resourceVersion: '9', managedFields: [] } });
  expect((await monitor.handle(scale('v2', 4))).status).toBe(200);
  expect((await monitor.endStep()).problem).toBe('');
});

it('stops where the server stored something else than its rehearsal said, which nobody may write', async () => {
  const server = new Autoscaler();
  const { monitor, records } = monitorOn(server);
  // As a webhook that does nothing in a dry run.
  server.kept = (object) => ({ ...object, metadata: { ...object.metadata, finalizers: ['x/y'] }, later: true });
  expect((await monitor.handle(scale('v2', 4))).status).toBe(200);
  expect((await monitor.handle(scale('v2', 5))).status).toBe(403);
  const { problem, writes } = await monitor.endStep();
  expect(problem).toContain('is not what its rehearsal said');
  expect(writes).toBe(1);
  expect(records.filter(({ type }) => type === 'outcome')).toMatchObject([{ outcome: 'done' }]);
});

it('stops when nobody can tell any more what the server made of a write', async () => {
  const server = new Autoscaler();
  const { monitor } = monitorOn(server);
  server.kept = (object) => ({
    ...object,
    spec: { ...object.spec, scaleTargetRef: { kind: 'Deployment', name: 'web' } },
  });
  const request = server.request.bind(server);
  server.request = async (asked) => {
    if (asked.path.includes('/apis/apps/')) throw new Error('no answer');
    return request(asked);
  };
  expect((await monitor.handle(scale('v2', 4))).status).toBe(200);
  expect((await monitor.endStep()).problem).toContain('is not what its rehearsal said');
});
