import { readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest';
import { parse, stringify } from 'yaml';
import { ORACLE_KINDS } from '../../src/severity/health-oracle.ts';
import { userCheckOracle } from '../../src/severity/check-oracle.ts';
import type { ClusterConnection } from '../../src/cluster/connect/cluster-connection.ts';
import { connect } from '../../src/cluster/connect/cluster-connection.ts';
import { evaluateHealth, HealthOracle, NodeOracle } from '../../src/severity/health-oracle.ts';
import { KubeApi } from '../../src/gateway/wire/kube-api.ts';
import { loadKubeconfig } from '../../src/cluster/connect/kubeconfig.ts';
import { SeverityReader } from '../../src/severity/severity-reader.ts';
import { SnapshotReader } from '../../src/cluster/read/snapshot.ts';
import { SystemClock } from '../../src/cluster/connect/system-clock.ts';
import { itemId } from '../../src/domain/severity.ts';
import { Monitor } from '../../src/gateway/monitor/monitor.ts';
import { passAsUpstream } from '../../src/gateway/wire/raw-access.ts';
import { acquireCluster, type TestCluster } from './cluster-fixture.ts';
import { eventually, openGateway, type GatewayHarness } from './gateway/gateway-harness.ts';

const signal = new AbortController().signal;
const clock = new SystemClock();
let cluster: TestCluster;
let gateway: GatewayHarness;

const reader = (connection: ClusterConnection, namespace = gateway.namespace) =>
  new SnapshotReader(new KubeApi(new Monitor(connection, 'read')), [namespace], clock, ORACLE_KINDS);
const items = async () => evaluateHealth(await reader(gateway.upstream).snapshot(signal)).items.map(itemId);
const kubectl = (...argv: string[]) => gateway.kubectl(...argv);

/** Waits until the oracle names exactly these items, each given as `Kind/name:what`. */
function expectItems(...expected: string[]): Promise<unknown> {
  const ids = expected.map((text) => `object:${text.replace('/', `/${gateway.namespace}/`)}`).sort();
  let seen: string[] = [];
  return eventually(`items ${ids.join(', ') || 'none'}`, async () => {
    seen = await items();
    return JSON.stringify(seen) === JSON.stringify(ids);
  }).catch((error: Error) => {
    throw new Error(`${error.message}; last seen: ${seen.join(', ') || 'none'}`);
  });
}

beforeAll(async () => {
  cluster = await acquireCluster();
  gateway = await openGateway(cluster.instance, 'health');
  await kubectl('create', 'secret', 'generic', 'login', '--from-literal=password=correct-horse');
  await kubectl('create', 'deployment', 'quince', '--image=fruit:1', '--replicas=2', '--port=7000');
  await kubectl('expose', 'deployment', 'quince', '--port=80', '--target-port=7000');
  await kubectl('rollout', 'status', 'deployment/quince', '--timeout=60s');
  await expectItems();
});
afterAll(async () => {
  await gateway?.close();
  await cluster?.release();
});

/** A connection of another user of the same server. */
async function asUser(user: object): Promise<ClusterConnection> {
  const config = parse(await readFile(cluster.instance.kubeconfig, 'utf8')) as { users: { user: object }[] };
  config.users[0]!.user = user;
  const path = join(gateway.stateFolder, `kubeconfig-${Math.random().toString(36).slice(2)}`);
  await writeFile(path, stringify(config));
  const kubeconfig = await loadKubeconfig({ kubeconfig: path });
  return connect(kubeconfig, await kubeconfig.target(), { clock, environment: {} });
}

describe('snapshot', () => {
  it('holds every kind, with apiVersion and kind, and no Secret value', async () => {
    const snapshot = await reader(gateway.upstream).snapshot(signal);
    expect(snapshot.unreadable).toEqual({});
    for (const [kind, objects] of Object.entries(snapshot.objects)) {
      for (const object of objects) expect([object.kind, typeof object.apiVersion]).toEqual([kind, 'string']);
    }
    expect(snapshot.objects.Pod).toHaveLength(2);
    expect(snapshot.objects.Secret?.map(({ data }) => Object.keys(data ?? {}))).toEqual([['password']]);
    expect(JSON.stringify(snapshot)).not.toContain(Buffer.from('correct-horse').toString('base64'));
  });

  it('refuses a namespace that does not exist', async () => {
    await expect(reader(gateway.upstream, 'no-such-place').snapshot(signal)).rejects.toMatchObject({
      reason: 'unknown-namespace',
    });
  });

  it('reads single objects of any kind the server knows', async () => {
    const { namespace } = gateway;
    const one = reader(gateway.upstream);
    const get = (apiVersion: string, kind: string, name: string) => one.get({ apiVersion, kind, namespace, name });
    expect(await get('apps/v1', 'Deployment', 'quince')).toMatchObject({ metadata: { name: 'quince' } });
    expect(await get('apps/v1', 'Deployment', 'absent')).toBeNull();
    expect(await get('coordination.k8s.io/v1', 'Lease', 'absent')).toBeNull();
    expect(await get('example.test/v1', 'Widget', 'absent')).toBeNull();
  });

  it('pages through many objects', async () => {
    const list = Array.from({ length: 1203 }, (_, index) => ({
      apiVersion: 'v1',
      kind: 'ConfigMap',
      metadata: { name: `many-${index}` },
      data: {},
    }));
    await kubectl('create', 'namespace', `${gateway.namespace}-many`);
    try {
      const api = new KubeApi(passAsUpstream(gateway.upstream));
      const path = `/api/v1/namespaces/${gateway.namespace}-many/configmaps`;
      for (let at = 0; at < list.length; at += 50)
        await Promise.all(list.slice(at, at + 50).map((body) => api.write('POST', path, body)));
      const names = new Set(
        (await reader(gateway.upstream, `${gateway.namespace}-many`).snapshot(signal)).objects.ConfigMap?.map(
          ({ metadata }) => metadata.name,
        ),
      );
      for (const { metadata } of list) expect(names).toContain(metadata.name);
    } finally {
      await kubectl('delete', 'namespace', `${gateway.namespace}-many`, '--wait=false');
    }
  });
});

describe('rights', () => {
  const token = async (name: string) => (await kubectl('create', 'token', name)).trim();

  it('a user of one namespace gets known health and absent nodes', async () => {
    await kubectl('create', 'serviceaccount', 'viewer');
    await kubectl(
      'create',
      'rolebinding',
      'viewer',
      '--clusterrole=view',
      `--serviceaccount=${gateway.namespace}:viewer`,
    );
    const connection = await asUser({ token: await token('viewer') });
    try {
      const snapshot = await reader(connection).snapshot(signal);
      expect(snapshot.unreadable.Node).toContain('no right to list nodes');
      expect(snapshot.unreadable.Secret).toContain(`in namespace ${gateway.namespace}`);
      expect((await new HealthOracle().evaluate(snapshot)).state).toBe('ok');
      expect((await new NodeOracle().evaluate(snapshot)).state).toBe('absent');
    } finally {
      connection.close();
    }
  });

  it('a user without rights gets unknown health that names the missing right', async () => {
    await kubectl('create', 'serviceaccount', 'nobody');
    const connection = await asUser({ token: await token('nobody') });
    try {
      const severity = new SeverityReader(reader(connection), [new HealthOracle(), new NodeOracle()], clock);
      const reading = await severity.read(signal);
      expect(reading.severity).toMatchObject({ known: false });
      expect(JSON.stringify(reading.severity)).toContain(`no right to list pods in namespace ${gateway.namespace}`);
    } finally {
      connection.close();
    }
  });

  it('a refused token says to log in again', async () => {
    const connection = await asUser({ token: 'not-a-token' });
    try {
      await expect(reader(connection).snapshot(signal)).rejects.toMatchObject({ reason: 'unauthorized', status: 401 });
    } finally {
      connection.close();
    }
  });
});

describe('real controllers, one fault at a time', () => {
  const heal: (() => Promise<unknown>)[] = [];
  afterEach(async () => {
    for (const step of heal.splice(0).reverse()) await step();
    await expectItems();
  });

  it('a Service that leads to a port nobody has', async () => {
    const port = (value: number) =>
      kubectl(
        'patch',
        'service',
        'quince',
        '-p',
        JSON.stringify({ spec: { ports: [{ port: 80, targetPort: value }] } }),
      );
    heal.push(() => port(7000));
    await port(7999);
    await expectItems('Service/quince:target-port/80');
  });

  it('a Service that selects nothing', async () => {
    const select = (app: string) =>
      kubectl('patch', 'service', 'quince', '-p', JSON.stringify({ spec: { selector: { app } } }));
    heal.push(() => select('quince'));
    await select('quince-typo');
    await expectItems('Service/quince:no-endpoints');
  });

  it('a workload scaled to zero', async () => {
    heal.push(() => kubectl('scale', 'deployment/quince', '--replicas=2'));
    await kubectl('scale', 'deployment/quince', '--replicas=0');
    await expectItems('Deployment/quince:scaled-to-zero', 'Service/quince:no-endpoints');
  });

  it('a scaled-down workload without a Service is told by its event, a rollout is not', async () => {
    heal.push(() => kubectl('delete', 'deployment', 'medlar', '--wait=true'));
    await kubectl('create', 'deployment', 'medlar', '--image=fruit:1');
    await kubectl('set', 'image', 'deployment/medlar', '*=fruit:2');
    await kubectl('rollout', 'status', 'deployment/medlar', '--timeout=60s');
    await expectItems();
    await kubectl('scale', 'deployment/medlar', '--replicas=0');
    await expectItems('Deployment/medlar:scaled-to-zero');
  });

  it('a rollout that no node can take, while the old pods serve', async () => {
    const place = (selector: object | null) =>
      kubectl(
        'patch',
        'deployment',
        'quince',
        '-p',
        JSON.stringify({ spec: { template: { spec: { nodeSelector: selector } } } }),
      );
    heal.push(() => place(null));
    await place({ 'example.test/soil': 'moon' });
    await expectItems('Deployment/quince:rollout-stuck');
  });

  it('pods that cannot be created', async () => {
    heal.push(
      () => kubectl('delete', 'quota', 'tight'),
      () => kubectl('scale', 'deployment/quince', '--replicas=2'),
    );
    await kubectl('create', 'quota', 'tight', '--hard=pods=2');
    await kubectl('scale', 'deployment/quince', '--replicas=3');
    await expectItems('Deployment/quince:unready');
  });

  it('an image that cannot be pulled', async () => {
    const pod = JSON.parse(await kubectl('get', 'pod', '-l', 'app=quince', '-o', 'json')) as {
      items: { metadata: { name: string } }[];
    };
    const { name } = pod.items[0]!.metadata;
    heal.push(() => kubectl('delete', 'pod', name, '--grace-period=0', '--force'));
    const status = {
      conditions: [
        { type: 'Ready', status: 'False' },
        { type: 'ContainersReady', status: 'False' },
      ],
      containerStatuses: [
        {
          name: 'fruit',
          image: 'x',
          imageID: '',
          ready: false,
          restartCount: 0,
          state: { waiting: { reason: 'ImagePullBackOff' } },
        },
      ],
    };
    await kubectl('patch', 'pod', name, '--subresource=status', '-p', JSON.stringify({ status }));
    await expectItems('Deployment/quince:unready');
  });

  it('a claim of a class that does not exist', async () => {
    heal.push(() => kubectl('delete', 'pvc', 'jar', '--wait=true'));
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
    await expectItems('PersistentVolumeClaim/jar:pending');
  });

  it('a Job that failed', async () => {
    heal.push(() => kubectl('delete', 'job', 'prune', '--wait=true'));
    await gateway.apply({
      apiVersion: 'batch/v1',
      kind: 'Job',
      metadata: { name: 'prune' },
      spec: {
        activeDeadlineSeconds: 1,
        template: {
          spec: {
            restartPolicy: 'Never',
            nodeSelector: { 'example.test/soil': 'moon' },
            containers: [{ name: 'c', image: 'fruit:1' }],
          },
        },
      },
    });
    await expectItems('Job/prune:failed');
  });
});

describe('user check through the API server', () => {
  it('is bad for a Service without endpoints and for one that does not exist, unknown without rights', async () => {
    const { namespace } = gateway;
    await kubectl('create', 'service', 'clusterip', 'void', '--tcp=80:80');
    const verdict = async (check: string, connection = gateway.upstream) => {
      const oracle = userCheckOracle([check], connection, clock);
      return (await oracle.evaluate(await reader(gateway.upstream).snapshot(signal), signal)).state;
    };
    expect(await verdict(`a=svc://${namespace}/void:80/,samples=1`)).toBe('bad');
    expect(await verdict(`a=svc://${namespace}/absent:80/,samples=1`)).toBe('bad');
    await kubectl('create', 'serviceaccount', 'outsider');
    const outsider = await asUser({ token: (await kubectl('create', 'token', 'outsider')).trim() });
    expect(await verdict(`a=svc://${namespace}/void:80/,samples=1`, outsider)).toBe('unknown');
    outsider.close();
    await kubectl('delete', 'service', 'void');
  });
});
