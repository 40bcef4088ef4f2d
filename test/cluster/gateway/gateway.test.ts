import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { Loopback } from '../../../src/gateway/wire/loopback.ts';
import type { Refusal } from '../../../src/gateway/monitor/monitor.ts';
import { Monitor } from '../../../src/gateway/monitor/monitor.ts';
import { acquireCluster, type TestCluster } from '../cluster-fixture.ts';
import { openGateway, planOf, type GatewayHarness } from './gateway-harness.ts';

const ROLE = JSON.stringify({
  apiVersion: 'rbac.authorization.k8s.io/v1',
  kind: 'ClusterRole',
  metadata: { name: 'stratus-test-reader' },
  rules: [{ apiGroups: [''], resources: ['pods'], verbs: ['get'] }],
});
const signal = new AbortController().signal;
let cluster: TestCluster;
let gateway: GatewayHarness;

beforeAll(async () => {
  cluster = await acquireCluster();
  gateway = await openGateway(cluster.instance);
  await gateway.kubectl('create', 'configmap', 'settings', '--from-literal=mode=fast');
  await gateway.kubectl('create', 'secret', 'generic', 'login', '--from-literal=password=correct-horse');
  await gateway.kubectl('create', 'deployment', 'web', '--image=shop:1', '--replicas=2');
  await gateway.kubectl('rollout', 'status', 'deployment/web', '--timeout=60s');
});
afterAll(async () => {
  await gateway?.close();
  await cluster?.release();
});

describe('read mode', () => {
  const refusals: Refusal[] = [];
  let loopback: Loopback;
  beforeAll(async () => {
    const monitor = new Monitor(gateway.upstream, 'read', {}, (refusal) => refusals.push(refusal));
    loopback = await Loopback.open(monitor, monitor.refuseStream);
  });
  afterAll(async () => {
    await loopback.close();
    await gateway.kubectlChild.forget(loopback.url);
  });
  const run = (argv: string[], files: Array<{ name: string; content: string }> = []) =>
    gateway.kubectlChild.run({ argv, server: loopback.url, namespace: gateway.namespace, files, timeoutMs: 30_000 });
  const read = (...argv: string[]) => run(argv);

  it('lets reading commands through', async () => {
    expect((await read('get', 'deployments', '-o', 'name')).stdout).toContain('deployment.apps/web');
    expect((await read('describe', 'deployment', 'web')).stdout).toContain('shop:1');
    expect((await read('auth', 'can-i', 'list', 'pods')).stdout.trim()).toBe('yes');
    expect((await read('explain', 'pod.spec')).exitCode).toBe(0);
  });

  it.each([
    ['get', 'secret', 'login', '-o', 'json'],
    ['get', 'secrets', '-o', 'yaml'],
    ['get', 'secrets'],
    ['describe', 'secret', 'login'],
    ['get', 'secrets', '-A', '-o', 'jsonpath={.items[*].data}'],
    ['get', 'secret', 'login', '--watch', '--request-timeout=1s', '-o', 'json'],
  ])('blanks Secret values: %s %s %s %s', async (...argv) => {
    const { stdout } = await read(...argv);
    expect(stdout).not.toContain('correct-horse');
    expect(stdout).not.toContain(Buffer.from('correct-horse').toString('base64'));
  });

  it('keeps Secret keys', async () => {
    expect((await read('get', 'secret', 'login', '-o', 'jsonpath={.data}')).stdout).toBe('{"password":""}');
  });

  it.each([
    [['delete', 'configmap', 'settings']],
    [['delete', '--raw', '/NAMESPACE/configmaps/settings']],
    [['patch', 'configmap', 'settings', '-p', '{"data":{"mode":"slow"}}']],
    [['scale', 'deployment/web', '--replicas=0']],
    [['rollout', 'restart', 'deployment/web']],
    [['exec', 'deployment/web', '--', 'true']],
    [['port-forward', 'deployment/web', '18080:80']],
    [['create', 'token', 'default']],
    [['get', '--raw', '/NAMESPACE/services/web:80/proxy/']],
    [['get', '--raw', '/NAMESPACE/pods/web/proxy/']],
    [['create', 'configmap', 'other', '--from-literal=a=b']],
    [['get', 'pods', '--as=system:admin']],
    [['attach', 'deployment/web']],
    [['drain', 'NODE', '--force', '--ignore-daemonsets']],
    [['cordon', 'NODE']],
    [['auth', 'reconcile', '-f', 'ROLE']],
  ])('refuses to write by %j', async (argv) => {
    const path = `/api/v1/namespaces/${gateway.namespace}`;
    const before = await snapshot();
    refusals.length = 0;
    const secret = new URL(loopback.url).pathname;
    const [node] = (await gateway.kubectl('get', 'nodes', '-o', 'name')).trim().split('\n');
    const files = [{ name: 'role', content: ROLE }];
    // `--raw` drops the prefix by itself; with it put back the gateway still decides.
    let said = '';
    for (const prefix of argv.includes('--raw') ? ['', secret] : ['']) {
      const result = await run(
        argv.map((word) =>
          word.replace('/NAMESPACE', `${prefix}${path}`).replace('NODE', node!).replace('ROLE', '{{role}}'),
        ),
        files,
      );
      said += result.stderr;
      // These print the refusal but may end with 0.
      if (argv[0] !== 'cordon' && argv[0] !== 'drain') expect(result.exitCode, result.stderr).not.toBe(0);
    }
    expect(await snapshot()).toEqual(before);
    expect(refusals.map((refusal) => refusal.reason).join(), said).not.toBe('');
  });

  it('answers nothing without its secret prefix', async () => {
    const response = await fetch(`${new URL(loopback.url).origin}/api/v1/namespaces`);
    expect(response.status).toBe(403);
  });

  async function snapshot() {
    const read = async (path: string) => (await gateway.get(path))?.metadata.resourceVersion;
    return [
      await read(`/api/v1/namespaces/${gateway.namespace}/configmaps/settings`),
      (await gateway.get(`/apis/apps/v1/namespaces/${gateway.namespace}/deployments/web`))?.spec,
      await read(`/api/v1/namespaces/${gateway.namespace}/configmaps/other`),
    ];
  }
});

describe('rehearse mode', () => {
  it('leaves the cluster unchanged whatever the command, and tells what would change', async () => {
    const commands = [
      ['set', 'image', 'deployment/web', '*=shop:2'],
      ['rollout', 'restart', 'deployment/web'],
      ['create', 'configmap', 'other', '--from-literal=a=b'],
      ['delete', 'configmap', 'settings'],
      ['label', 'deployment', 'web', 'tier=front'],
      ['scale', 'deployment/web', '--replicas=5'],
      ['expose', 'deployment/web', '--port=80'],
      ['autoscale', 'deployment/web', '--min=1', '--max=3'],
    ];
    const before = await gateway.kubectl(
      'get',
      'deployments,configmaps,services,hpa',
      '-o',
      'jsonpath={.items[*].spec}{.items[*].data}',
    );
    const results = await gateway.transactions().rehearse(planOf(...commands), signal);
    expect(results.map((result) => [result.problem, result.writes.length])).toEqual(commands.map(() => ['', 1]));
    expect(results[0]!.writes[0]!.after?.spec.template.spec.containers[0].image).toBe('shop:2');
    expect(results[3]!.writes[0]!.after).toBeNull();
    const after = await gateway.kubectl(
      'get',
      'deployments,configmaps,services,hpa',
      '-o',
      'jsonpath={.items[*].spec}{.items[*].data}',
    );
    expect(after).toBe(before);
  });

  it('does not show Secret values', async () => {
    const [result] = await gateway.transactions().rehearse(planOf(['label', 'secret', 'login', 'a=b']), signal);
    expect(result?.ok).toBe(true);
    expect(JSON.stringify(result)).not.toContain(Buffer.from('correct-horse').toString('base64'));
  });

  it.each([
    [['delete', 'namespace', 'kube-public'], 'never delete a Namespace'],
    [['delete', 'serviceaccount', 'default'], 'ServiceAccount'],
    [['create', 'token', 'default'], 'token'],
    [['create', 'clusterrolebinding', 'x', '--clusterrole=cluster-admin', '--user=eve'], 'far-reaching'],
    [['create', 'role', 'x', '--verb=*', '--resource=pods'], 'far-reaching'],
    [['patch', 'configmap', 'settings', '-p', '{"immutable":true}'], 'immutable'],
    [['run', 'x', '--image=a', '--overrides={"spec":{"hostPID":true}}'], 'hostPID'],
  ])('refuses %j', async (argv, word) => {
    const [result] = await gateway.transactions().rehearse(planOf(argv), signal);
    expect(result?.ok).toBe(false);
    expect(result?.problem).toContain(word);
  });
});

describe('journal mode', () => {
  it('refuses write K+1 and keeps what was written undoable', async () => {
    const transaction = await gateway.transactions().begin({ run: 'r', title: 'k', maxWrites: 2 });
    const result = await transaction.execute(
      { argv: ['label', 'deployment/web', 'configmap/settings', 'secret/login', 'k=v'] },
      [],
      signal,
    );
    expect(result.ok).toBe(false);
    expect(result.problem).toContain('at most 2 writes');
    expect(transaction.writes()).toBe(2);
    expect(await transaction.undo(signal)).toMatchObject({ outcome: 'undone' });
    await transaction.dispose();
    expect(await gateway.kubectl('get', 'deployments,configmaps,secrets', '-l', 'k=v', '-o', 'name')).toBe('');
  });

  it('does not write when the lock is lost', async () => {
    const transactions = gateway.transactions({ mayWrite: async () => 'the lock is held by somebody else' });
    const transaction = await transactions.begin({ run: 'r', title: 'lock', maxWrites: 9 });
    const result = await transaction.execute({ argv: ['label', 'deployment/web', 'lost=1'] }, [], signal);
    expect(result).toMatchObject({ ok: false, writes: 0, problem: 'the lock is held by somebody else' });
    await transaction.dispose();
    expect(await gateway.kubectl('get', 'deployments', '-l', 'lost=1', '-o', 'name')).toBe('');
  });

  it('names what generateName asks for before it is created', async () => {
    const transaction = await gateway.transactions().begin({ run: 'r', title: 'name', maxWrites: 9 });
    const file = {
      name: 'cm',
      content: JSON.stringify({
        apiVersion: 'v1',
        kind: 'ConfigMap',
        metadata: { generateName: 'made-' },
        data: { a: 'b' },
      }),
    };
    const result = await transaction.execute({ argv: ['create', '-f', '{{cm}}'] }, [file], signal);
    expect(result.problem).toBe('');
    const [root] = transaction.roots();
    expect(root?.name).toMatch(/^made-[a-z0-9]{5}$/);
    expect(await gateway.get(`/api/v1/namespaces/${gateway.namespace}/configmaps/${root?.name}`)).not.toBeNull();
    expect(await transaction.undo(signal)).toMatchObject({ outcome: 'undone', writes: 1 });
    await transaction.dispose();
    expect(await gateway.get(`/api/v1/namespaces/${gateway.namespace}/configmaps/${root?.name}`)).toBeNull();
  });
});
