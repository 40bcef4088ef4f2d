import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { ORACLE_KINDS } from '../../src/severity/health-oracle.ts';
import { evaluateHealth } from '../../src/severity/health-oracle.ts';
import { KubeApi } from '../../src/gateway/wire/kube-api.ts';
import { WatchSettler } from '../../src/severity/settle.ts';
import { SnapshotReader } from '../../src/cluster/read/snapshot.ts';
import { SystemClock } from '../../src/cluster/connect/system-clock.ts';
import type { ObjectRef } from '../../src/domain/kube-object.ts';
import { Monitor } from '../../src/gateway/monitor/monitor.ts';
import { acquireCluster, type TestCluster } from './cluster-fixture.ts';
import { openGateway, type GatewayHarness } from './gateway/gateway-harness.ts';

const never = new AbortController().signal;
const clock = new SystemClock();
let cluster: TestCluster;
let gateway: GatewayHarness;
let api: KubeApi;

const kubectl = (...argv: string[]) => gateway.kubectl(...argv);
const ref = (apiVersion: string, kind: string, name: string): ObjectRef => ({
  apiVersion,
  kind,
  namespace: gateway.namespace,
  name,
});
const DEPLOYMENT = () => ref('apps/v1', 'Deployment', 'quince');
const SERVICE = () => ref('v1', 'Service', 'quince');

async function settle(...roots: ObjectRef[]) {
  const texts: string[] = [];
  const settler = new WatchSettler(api, clock, [gateway.namespace]);
  return { ...(await settler.settle(roots, never, (text) => texts.push(text))), texts };
}
const snapshot = () => new SnapshotReader(api, [gateway.namespace], clock, ORACLE_KINDS).snapshot(never);
const patch = (kind: string, name: string, spec: object) =>
  kubectl('patch', kind, name, '-p', JSON.stringify({ spec }));

beforeAll(async () => {
  cluster = await acquireCluster();
  gateway = await openGateway(cluster.instance, 'settle');
  api = new KubeApi(new Monitor(gateway.upstream, 'read'));
  await kubectl('create', 'deployment', 'quince', '--image=fruit:1', '--replicas=3', '--port=7000');
  await kubectl('expose', 'deployment', 'quince', '--port=80', '--target-port=7000');
  await kubectl('rollout', 'status', 'deployment/quince', '--timeout=60s');
});
afterAll(async () => {
  await gateway?.close();
  await cluster?.release();
});

describe('what has settled is true of the cluster', () => {
  it('a Service port: the slices have it', async () => {
    for (const port of [7001, 7000, 7002, 7000]) {
      await patch('service', 'quince', { ports: [{ port: 80, targetPort: port }] });
      expect(await settle(SERVICE())).toMatchObject({ settled: true, pending: [] });
      const slices = (await snapshot()).objects.EndpointSlice!;
      expect(slices.flatMap(({ ports }) => (ports as { port: number }[]).map((one) => one.port))).toEqual([port]);
    }
  });

  it('a rollout: all pods are of the new revision, and health agrees', async () => {
    await kubectl('set', 'image', 'deployment/quince', '*=fruit:2');
    expect((await settle(DEPLOYMENT())).settled).toBe(true);
    const now = await snapshot();
    const live = now.objects.Pod!.filter(({ metadata }) => !metadata.deletionTimestamp);
    expect(live.map(({ spec }) => spec.containers[0].image)).toEqual(['fruit:2', 'fruit:2', 'fruit:2']);
    expect(evaluateHealth(now)).toEqual({ items: [], progressing: [] });
  });

  it('scaling down and up: endpoints follow', async () => {
    for (const replicas of [0, 4, 1, 3]) {
      await kubectl('scale', 'deployment/quince', `--replicas=${replicas}`);
      expect((await settle(DEPLOYMENT())).settled).toBe(true);
      const endpoints = (await snapshot()).objects.EndpointSlice!.flatMap((slice) => slice.endpoints ?? []);
      expect(endpoints.filter(({ conditions }) => conditions.ready)).toHaveLength(replicas);
    }
  });

  it('a deleted pod: its workload has another', async () => {
    const name = (await kubectl('get', 'pod', '-l', 'app=quince', '-o', 'name')).split('\n')[0]!.replace('pod/', '');
    await kubectl('delete', 'pod', name, '--wait=false');
    expect((await settle(ref('v1', 'Pod', name))).settled).toBe(true);
    expect(evaluateHealth(await snapshot())).toEqual({ items: [], progressing: [] });
  });

  it('a deleted workload: its pods are gone', async () => {
    await kubectl('create', 'deployment', 'medlar', '--image=fruit:1');
    await settle(ref('apps/v1', 'Deployment', 'medlar'));
    await kubectl('delete', 'deployment', 'medlar', '--wait=false');
    expect(await settle(ref('apps/v1', 'Deployment', 'medlar'))).toMatchObject({ settled: true, pending: [] });
    expect((await snapshot()).objects.Pod!.filter(({ metadata }) => metadata.name.startsWith('medlar'))).toEqual([]);
  });

  it('a StatefulSet, a DaemonSet and a claim', async () => {
    const labels = { app: 'fig' };
    const template = { metadata: { labels }, spec: { containers: [{ name: 'c', image: 'fruit:1' }] } };
    const selector = { matchLabels: labels };
    await gateway.apply({
      apiVersion: 'apps/v1',
      kind: 'StatefulSet',
      metadata: { name: 'fig' },
      spec: { replicas: 2, serviceName: 'fig', selector, template },
    });
    await gateway.apply({
      apiVersion: 'apps/v1',
      kind: 'DaemonSet',
      metadata: { name: 'date' },
      spec: { selector, template },
    });
    expect((await settle(ref('apps/v1', 'StatefulSet', 'fig'), ref('apps/v1', 'DaemonSet', 'date'))).settled).toBe(
      true,
    );
    expect(evaluateHealth(await snapshot())).toEqual({ items: [], progressing: [] });
    await kubectl('set', 'image', 'statefulset/fig', '*=fruit:2');
    await kubectl('set', 'image', 'daemonset/date', '*=fruit:2');
    expect((await settle(ref('apps/v1', 'StatefulSet', 'fig'), ref('apps/v1', 'DaemonSet', 'date'))).settled).toBe(
      true,
    );
    const images = (await snapshot()).objects.Pod!.filter(
      ({ metadata }) => metadata.labels?.app === 'fig' && !metadata.deletionTimestamp,
    );
    expect(new Set(images.map(({ spec }) => spec.containers[0].image))).toEqual(new Set(['fruit:2']));
    await kubectl('delete', 'statefulset/fig', 'daemonset/date');
  });
});

describe('what cannot settle ends early and says why', () => {
  it('pods that no node takes, and their repair', async () => {
    const place = (nodeSelector: object | null) =>
      patch('deployment', 'quince', { template: { spec: { nodeSelector } } });
    await place({ 'example.test/soil': 'moon' });
    const stuck = await settle(DEPLOYMENT());
    expect(stuck.settled).toBe(true);
    expect(stuck.pending.join()).toContain('cannot be scheduled');
    await place(null);
    expect(await settle(DEPLOYMENT())).toMatchObject({ settled: true });
    expect(evaluateHealth(await snapshot())).toEqual({ items: [], progressing: [] });
  });

  it('pods that a quota forbids', async () => {
    await kubectl('create', 'quota', 'tight', '--hard=pods=3');
    await kubectl('scale', 'deployment/quince', '--replicas=4');
    const stuck = await settle(DEPLOYMENT());
    expect(stuck.settled).toBe(true);
    expect(stuck.pending.join()).toContain('exceeded quota');
    await kubectl('delete', 'quota', 'tight');
    await kubectl('scale', 'deployment/quince', '--replicas=3');
    expect(await settle(DEPLOYMENT())).toMatchObject({ settled: true, pending: [] });
  });

  it('a claim of a class that does not exist', async () => {
    await gateway.apply({
      apiVersion: 'v1',
      kind: 'PersistentVolumeClaim',
      metadata: { name: 'jar' },
      spec: {
        storageClassName: 'no-such-class',
        accessModes: ['ReadWriteOnce'],
        resources: { requests: { storage: '1Mi' } },
      },
    });
    const stuck = await settle(ref('v1', 'PersistentVolumeClaim', 'jar'));
    expect(stuck).toMatchObject({ settled: true, pending: [expect.stringContaining('jar is Pending')] });
    await kubectl('delete', 'pvc', 'jar');
  });

  it('a cancelled wait', async () => {
    const place = (nodeSelector: object | null) =>
      patch('deployment', 'quince', { template: { spec: { nodeSelector } } });
    await place({ 'example.test/soil': 'moon' });
    const controller = new AbortController();
    const settler = new WatchSettler(api, clock, [gateway.namespace]);
    await expect(settler.settle([DEPLOYMENT()], controller.signal, () => controller.abort())).rejects.toMatchObject({
      reason: 'aborted',
    });
    await place(null);
    expect((await settle(DEPLOYMENT())).settled).toBe(true);
  });
});
