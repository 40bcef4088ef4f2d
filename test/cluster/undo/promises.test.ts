import { join } from 'node:path';
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import type { Acceptance, UndoResult } from '../../../src/domain/transaction.ts';
import type { StratusApp } from '../../../src/run/app.ts';
import { openApp, type TestApp } from '../app-fixture.ts';
import { acquireCluster, type TestCluster } from '../cluster-fixture.ts';
import { eventually, openGateway, type GatewayHarness } from '../gateway/gateway-harness.ts';

/** What the undo of a committed command must not take away, and what a forecast must say before. */
const never = new AbortController().signal;
let cluster: TestCluster;
let gateway: GatewayHarness;
let app: StratusApp;
let opened: TestApp;

beforeAll(async () => {
  cluster = await acquireCluster();
});
afterAll(() => cluster?.release());
beforeEach(async () => {
  gateway = await openGateway(cluster.instance, 'promise');
  opened = await openApp(gateway);
  ({ app } = opened);
});
afterEach(async () => {
  await opened.close();
  await gateway.close();
});

const target = () => opened.target();
const rehearse = async (...argv: string[]) => {
  const rehearsal = await app.shell.rehearse(await target(), argv, never);
  expect(rehearsal.problem).toBe('');
  return rehearsal;
};
/** Runs a command with what it needs accepted; returns its transaction. */
async function run(...argv: string[]): Promise<string> {
  const needs: Acceptance[] = (await rehearse(...argv)).needs ?? [];
  const { result, tx } = await app.shell.run(await target(), argv, needs, never);
  expect(result.problem).toBe('');
  return tx!;
}
const undo = (tx: string): Promise<UndoResult> => app.transactions.undo(tx, never, () => undefined);
const core = (path: string) => `/api/v1/namespaces/${gateway.namespace}/${path}`;
const data = async (name: string) => (await gateway.get(core(`configmaps/${name}`)))?.data as unknown;
const others = (...argv: string[]) => gateway.kubectl(...argv);

describe('the undo of a creation', () => {
  it('keeps an object into which somebody else has written, and says who', async () => {
    const tx = await run('create', 'configmap', 'fresh', '--from-literal=a=1');
    await others('patch', 'configmap', 'fresh', '--type=merge', '-p', '{"data":{"theirs":"important"}}');
    const result = await undo(tx);
    expect(result).toMatchObject({ outcome: 'diverged' });
    expect(JSON.stringify(result)).toMatch(/it is kept: \/data\/theirs was changed by somebody else \(kubectl-patch\)/);
    expect(await data('fresh')).toEqual({ a: '1', theirs: 'important' });
    await app.transactions.keep(tx);
  });

  it('takes it away where only controllers have written to it, and no pod of it counts as lost', async () => {
    const tx = await run('create', 'deployment', 'fresh', '--image=shop:1', '--replicas=2');
    await eventually('its pods', async () => (await others('get', 'pods', '-o', 'name')).split('\n').length > 2);
    expect(await undo(tx)).toMatchObject({ outcome: 'undone', proof: { levels: { L1: true } } });
    expect(await others('get', 'deployments', '-o', 'name')).toBe('');
  });

  it('names what others made that names it', async () => {
    const tx = await run('create', 'configmap', 'fresh', '--from-literal=a=1');
    const pod = { containers: [{ name: 'a', image: 'x:1', envFrom: [{ configMapRef: { name: 'fresh' } }] }] };
    await gateway.apply({ apiVersion: 'v1', kind: 'Pod', metadata: { name: 'theirs' }, spec: pod });
    const result = await undo(tx);
    expect(result.outcome).toBe('undone');
    expect(JSON.stringify(result)).toContain(`named by Pod/${gateway.namespace}/theirs`);
  });
});

describe('transactions on one object', () => {
  it('are undone newest first', async () => {
    await others('create', 'configmap', 'x', '--from-literal=a=1');
    const patch = (value: string) => ['patch', 'configmap', 'x', '--type=merge', '-p', `{"data":{"a":"${value}"}}`];
    const first = await run(...patch('2'));
    const second = await run(...patch('1'));
    await expect(undo(first)).rejects.toThrow(`${second} ('patch configmap x`);
    expect(await data('x')).toEqual({ a: '1' });
    expect((await undo(second)).outcome).toBe('undone');
    expect(await data('x')).toEqual({ a: '2' });
    expect((await undo(first)).outcome).toBe('undone');
    expect(await data('x')).toEqual({ a: '1' });
  });

  it('leave a value alone that somebody else has applied for themselves meanwhile', async () => {
    await others('create', 'configmap', 'x', '--from-literal=a=1', '--from-literal=b=1');
    const tx = await run('patch', 'configmap', 'x', '--type=merge', '-p', '{"data":{"a":"2"}}');
    await gateway.apply({ apiVersion: 'v1', kind: 'ConfigMap', metadata: { name: 'x' }, data: { a: '2' } });
    const result = await undo(tx);
    expect(result).toMatchObject({ outcome: 'diverged', differences: [{ path: '/data/a' }] });
    expect(await data('x')).toEqual({ a: '2', b: '1' });
    await app.transactions.keep(tx);
  });
});

describe('a forecast', () => {
  const claims = async () => (await others('get', 'pvc', '-o', 'name')).trim().split('\n').filter(Boolean).sort();

  it('names claims that the undo of scaling up would delete', async () => {
    const labels = { app: 'db' };
    await gateway.apply({
      apiVersion: 'apps/v1',
      kind: 'StatefulSet',
      metadata: { name: 'db' },
      spec: {
        replicas: 2,
        serviceName: 'db',
        podManagementPolicy: 'Parallel',
        selector: { matchLabels: labels },
        template: { metadata: { labels }, spec: { containers: [{ name: 'db', image: 'db:1' }] } },
        volumeClaimTemplates: [
          {
            metadata: { name: 'data' },
            spec: { accessModes: ['ReadWriteOnce'], resources: { requests: { storage: '1Gi' } } },
          },
        ],
      },
    });
    await eventually('its claims', async () => (await claims()).length === 2);
    await others('scale', 'statefulset', 'db', '--replicas=1');
    const policy = { spec: { persistentVolumeClaimRetentionPolicy: { whenScaled: 'Delete' } } };
    await eventually(
      'one pod',
      async () => (await others('get', 'pods', '-o', 'name')).trim().split('\n').length === 1,
    );
    await others('patch', 'statefulset', 'db', '--type=merge', '-p', JSON.stringify(policy));
    const { writes, needs } = await rehearse('scale', 'statefulset', 'db', '--replicas=2');
    expect(needs).toEqual(['losses']);
    expect(writes[0]!.undo.residue.join()).toContain(`PersistentVolumeClaim/${gateway.namespace}/data-db-1`);
    expect(await claims()).toHaveLength(2);
  });

  it('says when pods that go could not be made again, but not when they make the room themselves', async () => {
    await others('create', 'deployment', 'web', '--image=shop:1', '--replicas=2');
    await eventually(
      'its pods',
      async () => (await others('get', 'pods', '-o', 'name')).trim().split('\n').length === 2,
    );
    await others('create', 'quota', 'full', '--hard=pods=2');
    await eventually(
      'its quota',
      async () => (await gateway.get(core('resourcequotas/full')))?.status?.used?.pods === '2',
    );
    const stop = ['scale', 'deployment', 'web', '--replicas=0'];
    expect((await rehearse(...stop)).needs).toBeUndefined();
    await others('patch', 'quota', 'full', '--type=merge', '-p', '{"spec":{"hard":{"pods":"1"}}}');
    await eventually(
      'its limit',
      async () => (await gateway.get(core('resourcequotas/full')))?.status?.hard?.pods === '1',
    );
    const { writes, needs } = await rehearse(...stop);
    expect(needs).toEqual(['losses']);
    expect(writes[0]!.undo.residue.join()).toMatch(/cannot be made again: exceeded quota: full/);
    const result = await undo(await run(...stop));
    expect(result.outcome).toBe('undone');
    expect(JSON.stringify(result)).toMatch(
      /"shortfall":\["pods of Deployment[^"]*cannot be made again: exceeded quota/,
    );
  });

  it.each([
    ['a service account that is gone', ['delete', 'serviceaccount', 'runner'], /serviceaccount "runner" not found/],
    [
      'pod security that came later',
      ['label', 'namespace', 'NS', 'pod-security.kubernetes.io/enforce=restricted'],
      /PodSecurity/,
    ],
  ])('sees %s', async (_what, [verb, ...words], reason) => {
    await others('create', 'serviceaccount', 'runner');
    await others('create', 'deployment', 'web', '--image=shop:1');
    await others('set', 'serviceaccount', 'deployment', 'web', 'runner');
    await others(verb!, ...words.map((word) => (word === 'NS' ? gateway.namespace : word)));
    const { writes } = await rehearse('rollout', 'restart', 'deployment/web');
    expect(writes[0]!.undo.class).toBe('losses');
    expect(writes[0]!.undo.residue.join()).toMatch(reason);
  });

  it('says what a default leaves in what others make meanwhile', async () => {
    const limits = { apiVersion: 'v1', kind: 'LimitRange', metadata: { name: 'l' }, spec: { limits: [] } };
    const file = join(opened.stateFolder, 'limits.json');
    await (await import('node:fs/promises')).writeFile(file, JSON.stringify(limits));
    const { writes } = await rehearse('create', '-f', file);
    expect(writes[0]!.undo).toMatchObject({
      class: 'consequences',
      residue: [expect.stringContaining('made meanwhile keep')],
    });
  });

  it('names bare pods that the scheduler may evict for pods of a higher priority', async () => {
    const name = `important-${gateway.namespace}`;
    try {
      await others('create', 'priorityclass', name, '--value=1000');
      await gateway.apply({
        apiVersion: 'v1',
        kind: 'Pod',
        metadata: { name: 'bare' },
        spec: { containers: [{ name: 'a', image: 'x:1' }] },
      });
      await others('create', 'deployment', 'web', '--image=shop:1');
      expect((await rehearse('scale', 'deployment', 'web', '--replicas=3')).needs).toBeUndefined();
      await others(
        'patch',
        'deployment',
        'web',
        '--type=merge',
        '-p',
        JSON.stringify({ spec: { template: { spec: { priorityClassName: name } } } }),
      );
      const { writes, needs } = await rehearse('scale', 'deployment', 'web', '--replicas=3');
      expect(needs).toContain('losses');
      expect(JSON.stringify(writes[0]!.undo.consequences)).toContain('"bare"');
    } finally {
      await others('delete', 'priorityclass', name, '--ignore-not-found');
    }
  });
});
