import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { StratusApp } from '../../src/run/app.ts';
import { openApp, type TestApp } from './app-fixture.ts';
import { acquireCluster, type TestCluster } from './cluster-fixture.ts';
import { openGateway, type GatewayHarness } from './gateway/gateway-harness.ts';

/** What people open from a cause, on a real API server: read only, values of Secrets blank. */
const never = new AbortController().signal;
const VALUE = 'hunter2-and-more';
let cluster: TestCluster;
let gateway: GatewayHarness;
let app: StratusApp;
let opened: TestApp;

beforeAll(async () => {
  cluster = await acquireCluster();
  gateway = await openGateway(cluster.instance, 'looks');
  opened = await openApp(gateway);
  ({ app } = opened);
  await gateway.kubectl('create', 'secret', 'generic', 'login', `--from-literal=password=${VALUE}`);
  await gateway.kubectl('create', 'deployment', 'web', '--image=nowhere.invalid/web:1', '--replicas=0');
  await gateway.kubectl('create', 'service', 'clusterip', 'web', '--tcp=80:8080');
});
afterAll(async () => {
  await opened?.close();
  await gateway?.close();
  await cluster?.release();
});

const target = () => opened.target();
const ref = (apiVersion: string, kind: string, name: string) => ({
  apiVersion,
  kind,
  name,
  namespace: gateway.namespace,
});

describe('looks', () => {
  it('describe an object as kubectl does, without the address that kubectl talked to', async () => {
    const text = await app.looks.describe(await target(), ref('apps/v1', 'Deployment', 'web'), never);
    expect(text).toMatch(/^Name:\s+web\n/);
    expect(text).toContain('nowhere.invalid/web:1');
    expect(text).not.toContain('127.0.0.1');
  });

  it('show a Secret without its value, described and as object', async () => {
    const secret = ref('v1', 'Secret', 'login');
    const text = await app.looks.describe(await target(), secret, never);
    const object = await app.looks.object(await target(), secret);
    expect(text).toContain('password');
    expect(Object.keys(object!.data)).toEqual(['password']);
    for (const shown of [text, JSON.stringify(object)]) {
      expect(shown).not.toContain(VALUE);
      expect(shown).not.toContain(Buffer.from(VALUE).toString('base64'));
    }
  });

  it('say what is not there', async () => {
    const gone = ref('apps/v1', 'Deployment', 'gone');
    await expect(app.looks.describe(await target(), gone, never)).rejects.toThrow(/Deployment gone: .*not found/);
    expect(await app.looks.object(await target(), gone)).toBeNull();
    await expect(app.looks.logs(await target(), ref('apps/v1', 'Deployment', 'web'), false)).rejects.toThrow(/no pods/);
  });

  it('tell events about exactly the object', async () => {
    const web = ref('apps/v1', 'Deployment', 'web');
    await gateway.kubectl('scale', 'deployment/web', '--replicas=1');
    await expect
      .poll(async () => app.looks.events(await target(), web, never), { timeout: 60_000 })
      .toMatch(/ScalingReplicaSet deployment-controller: Scaled up/);
    expect(await app.looks.events(await target(), ref('v1', 'Service', 'web'), never)).toMatch(/^No events/);
  });

  it('list what a check could ask, and diagnose all namespaces without a change', async () => {
    expect(await app.looks.services(await target())).toEqual([{ name: 'web', port: 80, portName: '80-8080' }]);
    const seen: number[] = [];
    const results = await app.incidents.diagnoseAll(await target(), [], never, (done) => void seen.push(done));
    expect(results.map(({ namespace }) => namespace)).toContain(gateway.namespace);
    expect(results.filter((one) => 'problem' in one)).toEqual([]);
    expect(seen.at(-1)).toBeGreaterThanOrEqual(results.length);
    expect(await app.transactions.list()).toEqual([]);
  });
});
