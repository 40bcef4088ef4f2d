import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { parseAllDocuments } from 'yaml';
import type { Answer } from '../../../src/gateway/wire/kube-api.ts';
import { acquireCluster, type TestCluster } from '../cluster-fixture.ts';
import type { OpenWriter } from './fence-harness.ts';
import { HangingClock, kubeconfigOf, openWriter, startCli, stratus, uniqueName } from './fence-harness.ts';
import { deleteLock, eventually, openGateway, type GatewayHarness } from '../gateway/gateway-harness.ts';

const never = new AbortController().signal;
const ADMISSION = '/apis/admissionregistration.k8s.io/v1';
const RBAC = '/apis/rbac.authorization.k8s.io/v1';

let cluster: TestCluster;
let gateway: GatewayHarness;
const opened: OpenWriter[] = [];

async function writer(...[name, over]: [string, Parameters<typeof openWriter>[2]?]): Promise<OpenWriter> {
  const one = await openWriter(gateway, name, over);
  opened.push(one);
  return one;
}
const inNamespace = (rest: string) => `/api/v1/namespaces/${gateway.namespace}/${rest}`;
const leasePath = () => `/apis/coordination.k8s.io/v1/namespaces/${gateway.namespace}/leases/stratus-alock`;
const credential = async () =>
  (await gateway.get(leasePath()))?.metadata.annotations?.['stratus-oncall/writer-credential'];
const configMap = (name: string) => ({ apiVersion: 'v1', kind: 'ConfigMap', metadata: { name }, data: { a: '1' } });
const deniedBy = (policy: string, { status, message }: Answer) =>
  (status === 403 || status === 422) && message.includes(`ValidatingAdmissionPolicy '${policy}'`);
const deployment = (name: string, spec: object = {}) => ({
  apiVersion: 'apps/v1',
  kind: 'Deployment',
  metadata: { name },
  spec: {
    replicas: 1,
    selector: { matchLabels: { app: name } },
    template: {
      metadata: { labels: { app: name } },
      spec: { containers: [{ name: 'main', image: 'none.test/none:1' }], ...spec },
    },
  },
});

async function install(): Promise<void> {
  const done = await stratus(gateway, ['lock', 'install-fence', '--yes']);
  expect(done, done.stderr).toMatchObject({ code: 0 });
}

beforeAll(async () => {
  cluster = await acquireCluster();
  gateway = await openGateway(cluster.instance, 'fence');
});
afterAll(async () => {
  for (const one of opened) one.close();
  if (gateway) await stratus(gateway, ['lock', 'break', '--yes']);
  if (gateway) await stratus(gateway, ['lock', 'uninstall-fence', '--yes']);
  await gateway?.close();
  await cluster?.release();
});

describe('installing and uninstalling', () => {
  it('shows first, installs, changes nothing the second time, goes away and comes back', async () => {
    const shown = await stratus(gateway, ['lock', 'install-fence']);
    expect(shown).toMatchObject({ code: 0, stdout: expect.stringContaining('add --yes') });
    expect(await gateway.get(`${ADMISSION}/validatingadmissionpolicies/stratus-fence`)).toBeNull();
    expect((await stratus(gateway, ['lock', 'status'])).stdout).toMatch(/^free; client-side: no fence is installed/);

    for (const round of ['first', 'again']) {
      await install();
      const repeated = await stratus(gateway, ['lock', 'install-fence', '--yes', '--json']);
      const { changes } = JSON.parse(repeated.stdout) as { changes: { action: string }[] };
      expect(changes.length).toBeGreaterThan(10);
      expect(changes.filter(({ action }) => action !== 'keep')).toEqual([]);
      expect((await stratus(gateway, ['lock', 'status'])).stdout).toBe('free; fenced\n');
      const ada = await writer('ada');
      expect(await ada.lock.acquire(round, never)).toEqual({ ok: true, level: 'fenced' });
      await ada.lock.release();
      expect((await stratus(gateway, ['lock', 'uninstall-fence', '--yes'])).code).toBe(0);
      expect((await stratus(gateway, ['lock', 'status'])).stdout).toContain('client-side');
      expect(await ada.lock.acquire(round, never)).toEqual({ ok: true, level: 'client-side' });
      await ada.lock.release();
    }
    expect((await stratus(gateway, ['lock', 'uninstall-fence'])).stdout).toContain('nothing to do');
  });

  it('stands as well when its manifests are applied by kubectl before there ever was a Lease', async () => {
    await deleteLock(gateway);
    const { stdout } = await stratus(gateway, ['lock', 'install-fence', '--manifests']);
    const items = parseAllDocuments(stdout).map((document) => document.toJS() as object);
    await gateway.apply({ apiVersion: 'v1', kind: 'List', items });
    const ada = await writer('ada');
    expect(await ada.lock.acquire('x', never)).toEqual({ ok: true, level: 'fenced' });
    await ada.lock.release();
    expect((await stratus(gateway, ['lock', 'uninstall-fence', '--yes'])).code).toBe(0);
  });

  it('names the missing right and changes nothing', async () => {
    await gateway.kubectl('create', 'serviceaccount', 'visitor');
    await gateway.kubectl('create', 'role', 'visitor', '--verb=get,create,update', '--resource=leases');
    await gateway.kubectl(
      'create',
      'rolebinding',
      'visitor',
      '--role=visitor',
      `--serviceaccount=${gateway.namespace}:visitor`,
    );
    await gateway.kubectl(
      'create',
      'clusterrolebinding',
      uniqueName('visitor'),
      '--clusterrole=view',
      `--serviceaccount=${gateway.namespace}:visitor`,
    );
    const KUBECONFIG = await kubeconfigOf(gateway, 'visitor');
    const refused = await stratus(gateway, ['lock', 'install-fence', '--yes'], { KUBECONFIG });
    expect(refused).toMatchObject({ code: 4, stderr: expect.stringContaining('ask for an RBAC rule with verb get') });
    expect(await gateway.get(inNamespace('serviceaccounts/stratus-writer'))).toBeNull();
    expect((await stratus(gateway, ['lock', 'status'])).stdout).toMatch(/^free; client-side/);
  });
});

describe('an installed fence', () => {
  beforeAll(install);
  beforeEach(async () => {
    await (await writer('cleaner')).lock.breakLock();
  });

  it('is refused while half installed or altered, until it is installed again', async () => {
    const ada = await writer('ada');
    await gateway.kubectl('delete', 'validatingadmissionpolicybinding', 'stratus-guard');
    await expect(ada.lock.acquire('x', never)).rejects.toThrow(
      'only half installed (ValidatingAdmissionPolicyBinding stratus-guard',
    );
    expect(await ada.lock.status()).toMatchObject({ level: 'unusable' });
    await install();
    const weaker = '[{"op":"replace","path":"/spec/validations/0/expression","value":"true"}]';
    await gateway.kubectl('patch', 'validatingadmissionpolicy', 'stratus-fence', '--type=json', '-p', weaker);
    await expect(ada.lock.acquire('x', never)).rejects.toThrow(
      'cannot be trusted (ValidatingAdmissionPolicy stratus-fence',
    );
    const refused = await stratus(gateway, [
      'run',
      '--yes',
      '--namespace',
      gateway.namespace,
      '--',
      'create',
      'configmap',
      'no',
    ]);
    expect(refused).toMatchObject({ code: 4, stderr: expect.stringContaining('cannot be trusted') });
    await install();
    expect(await ada.lock.acquire('x', never)).toEqual({ ok: true, level: 'fenced' });
    await ada.lock.release();
  });

  it('is never left out silently once a fenced writer held the lock', async () => {
    await gateway.kubectl('create', 'serviceaccount', 'engineer');
    const who = `--serviceaccount=${gateway.namespace}:engineer`;
    await gateway.kubectl('create', 'role', 'lease-only', '--verb=get,create,update', '--resource=leases');
    await gateway.kubectl('create', 'rolebinding', 'lease-only', '--role=lease-only', who);
    await gateway.kubectl('create', 'clusterrolebinding', uniqueName('reader'), '--clusterrole=stratus-reader', who);
    const kubeconfig = await kubeconfigOf(gateway, 'engineer');
    const eve = await writer('eve', { kubeconfig });
    await gateway.kubectl('annotate', 'lease', 'stratus-alock', '--overwrite', 'stratus-oncall/level=client-side');
    expect(await eve.lock.status()).toMatchObject({
      level: 'client-side',
      why: expect.stringContaining('serviceaccounts/token'),
    });
    expect(await eve.lock.acquire('x', never)).toEqual({ ok: true, level: 'client-side' });
    await eve.lock.release();
    const ada = await writer('ada');
    await ada.lock.acquire('x', never);
    await ada.lock.release();
    expect(await eve.lock.status()).toMatchObject({ level: 'unusable' });
    await expect(eve.lock.acquire('x', never)).rejects.toThrow('create serviceaccounts/token');
    // The role of the bundle is all that such an engineer needs.
    await gateway.kubectl('create', 'rolebinding', 'stratus-lock', '--role=stratus-lock', who);
    expect(await eve.lock.acquire('x', never)).toEqual({ ok: true, level: 'fenced' });
    await eve.lock.release();
  });

  it('refuses a stale token for create, scale and eviction soon after the hand-over', async () => {
    await gateway.apply(deployment('web'));
    const pod = await eventually('a pod of web', async () =>
      (await gateway.kubectl('get', 'pods', '-l', 'app=web', '-o', 'jsonpath={.items[*].metadata.name}'))
        .split(' ')[0]!
        .trim(),
    );
    const [ada, bob] = [await writer('ada'), await writer('bob')];
    await ada.lock.acquire('tx-1', never);
    const before = await credential();
    const scale = `/apis/apps/v1/namespaces/${gateway.namespace}/deployments/web/scale`;
    const eviction = {
      apiVersion: 'policy/v1',
      kind: 'Eviction',
      metadata: { name: pod, namespace: gateway.namespace },
    };
    const writes: Record<string, () => Promise<Answer>> = {
      create: () => ada.asWriter.send('POST', inNamespace('configmaps'), { body: configMap(uniqueName('stale')) }),
      scale: () =>
        ada.asWriter.send('PATCH', scale, {
          body: { spec: { replicas: 1 } },
          contentType: 'application/merge-patch+json',
        }),
      eviction: () =>
        ada.asWriter.send('POST', `${inNamespace(`pods/${pod}/eviction`)}?dryRun=All`, { body: eviction }),
    };
    for (const [name, write] of Object.entries(writes)) expect((await write()).status, name).toBeLessThan(300);

    await bob.lock.breakLock();
    expect(await bob.lock.acquire('tx-2', never)).toEqual({ ok: true, level: 'fenced' });
    const handedOver = performance.now();
    expect(await credential()).not.toBe(before);
    const times: string[] = [];
    for (const [name, write] of Object.entries(writes)) {
      await eventually(`${name} refused`, async () => deniedBy('stratus-fence', await write()), 10_000);
      times.push(`${name} ${Math.round(performance.now() - handedOver)} ms`);
    }
    console.log(`stale token refused after the hand-over: ${times.join(', ')}`);
    expect((await bob.asWriter.send('POST', inNamespace('configmaps'), { body: configMap('fresh') })).status).toBe(201);
    await bob.lock.release();
  });

  it('passes the lock on when its holder hangs past the expiry, whose token is then refused', async () => {
    const ada = await writer('ada', { seconds: 6, lockClock: new HangingClock() });
    const bob = await writer('bob', { seconds: 6 });
    const create = ({ asWriter }: OpenWriter) =>
      asWriter.send('POST', inNamespace('configmaps'), { body: configMap(uniqueName('expiry')) });
    expect(await ada.lock.acquire('tx-1', never)).toEqual({ ok: true, level: 'fenced' });
    expect((await create(ada)).status).toBe(201);
    expect((await bob.lock.acquire('tx-2', never)).ok).toBe(false);
    await eventually('the hanging holder is succeeded', async () => (await bob.lock.acquire('tx-2', never)).ok);
    await eventually('its token is refused', async () => deniedBy('stratus-fence', await create(ada)), 10_000);
    expect((await create(bob)).status).toBe(201);
    expect(await ada.lock.renew()).toBe(false);
    await bob.lock.release();
  });

  it('refuses exec with a stale token, the rule against exec taken out', async () => {
    await gateway.apply({
      apiVersion: 'v1',
      kind: 'Pod',
      metadata: { name: 'shell' },
      spec: deployment('x').spec.template.spec,
    });
    const name = uniqueName('exec');
    await gateway.kubectl('create', 'role', name, '--verb=create', '--resource=pods/exec');
    await gateway.kubectl(
      'create',
      'rolebinding',
      name,
      `--role=${name}`,
      `--serviceaccount=${gateway.namespace}:stratus-writer`,
    );
    const [ada, bob] = [await writer('ada'), await writer('bob')];
    await ada.lock.acquire('tx-1', never);
    const exec = () => ada.asWriter.send('POST', inNamespace('pods/shell/exec?command=true&stdout=true'));
    await eventually('exec refused by the guard', async () => deniedBy('stratus-guard', await exec()));
    try {
      await gateway.kubectl('delete', 'validatingadmissionpolicybinding', 'stratus-guard');
      const reached = await eventually('exec past admission', async () => {
        const answer = await exec();
        return answer.status === 403 ? null : answer;
      });
      await bob.lock.breakLock();
      const handedOver = performance.now();
      await eventually('exec refused', async () => deniedBy('stratus-fence', await exec()), 10_000);
      console.log(
        `exec answered HTTP ${reached.status} before, refused ${Math.round(performance.now() - handedOver)} ms after the lock was broken`,
      );
    } finally {
      await install();
    }
  });

  it('cannot be got round by the writer itself while it holds the lock', async () => {
    const ada = await writer('ada');
    await ada.lock.acquire('tx-1', never);
    await ada.lock.mark('executing tx-20310101-000000-abcdef');
    const send = (method: string, path: string, body?: unknown, contentType?: string) =>
      ada.asWriter.send(method, path, { body, contentType });
    const merge = 'application/merge-patch+json';
    const subject = { kind: 'ServiceAccount', name: 'stratus-writer', namespace: gateway.namespace };
    const bind = (kind: string) => ({
      apiVersion: 'rbac.authorization.k8s.io/v1',
      kind,
      metadata: { name: 'mine' },
      roleRef: { apiGroup: 'rbac.authorization.k8s.io', kind: 'ClusterRole', name: 'cluster-admin' },
      subjects: [subject],
    });
    const noRight: [string, Promise<Answer>][] = [
      ['delete the binding', send('DELETE', `${ADMISSION}/validatingadmissionpolicybindings/stratus-fence`)],
      ['delete the policy', send('DELETE', `${ADMISSION}/validatingadmissionpolicies/stratus-fence`)],
      ['change a webhook', send('PATCH', `${ADMISSION}/validatingwebhookconfigurations/x`, {}, merge)],
      ['write the Lease', send('PATCH', leasePath(), { metadata: { annotations: { a: 'b' } } }, merge)],
      ['delete the Lease', send('DELETE', leasePath())],
      ['bind cluster-admin', send('POST', `${RBAC}/clusterrolebindings`, bind('ClusterRoleBinding'))],
      [
        'bind in a namespace',
        send('POST', `${RBAC}/namespaces/${gateway.namespace}/rolebindings`, bind('RoleBinding')),
      ],
      ['widen its role', send('PATCH', `${RBAC}/clusterroles/stratus-writer`, { rules: [] }, merge)],
      ['make itself a token', send('POST', inNamespace('serviceaccounts/stratus-writer/token'), { spec: {} })],
      ['read Secrets', send('GET', inNamespace('secrets'))],
      ['delete a collection', send('DELETE', inNamespace('configmaps'))],
    ];
    for (const [what, answer] of noRight) {
      const { status, message } = await answer;
      expect([what, status]).toEqual([what, 403]);
      expect(message).not.toContain('ValidatingAdmissionPolicy');
    }

    await gateway.apply({ ...configMap('held'), metadata: { name: 'held', finalizers: ['test.stratus/keep'] } });
    const rooted = {
      apiVersion: 'v1',
      kind: 'Pod',
      metadata: { name: 'bad' },
      spec: { hostNetwork: true, containers: [{ name: 'a', image: 'b' }] },
    };
    const hostPath = { volumes: [{ name: 'host', hostPath: { path: '/' } }] };
    const victim = uniqueName('victim');
    await gateway.kubectl('create', 'namespace', victim);
    const guarded: [string, Promise<Answer>][] = [
      ['delete a namespace', send('DELETE', `/api/v1/namespaces/${victim}`)],
      ['delete a service account', send('DELETE', inNamespace('serviceaccounts/default'))],
      ['remove a finalizer', send('PATCH', inNamespace('configmaps/held'), { metadata: { finalizers: [] } }, merge)],
      [
        'host paths',
        send('POST', `/apis/apps/v1/namespaces/${gateway.namespace}/deployments`, deployment('bad', hostPath)),
      ],
      ['the host network', send('POST', inNamespace('pods'), rooted)],
      [
        'a token in a Secret',
        send('POST', inNamespace('secrets'), {
          apiVersion: 'v1',
          kind: 'Secret',
          type: 'kubernetes.io/service-account-token',
          metadata: { name: 't', annotations: { 'kubernetes.io/service-account.name': 'default' } },
        }),
      ],
    ];
    for (const [what, answer] of guarded) {
      const got = await answer;
      expect([what, deniedBy('stratus-guard', got), got.message]).toEqual([what, true, got.message]);
    }

    // While it is undone a transaction may restore what the guard would not let it make.
    await ada.lock.mark('undoing tx-20310101-000000-abcdef');
    const dryRun = '?dryRun=All';
    const unmark = () =>
      send('PATCH', inNamespace(`configmaps/held${dryRun}`), { metadata: { finalizers: null } }, merge);
    await eventually('finalizers may go', async () => (await unmark()).status === 200);
    expect((await send('POST', inNamespace(`pods${dryRun}`), rooted)).status).toBe(201);
    const old = await send('DELETE', inNamespace(`serviceaccounts/default${dryRun}`));
    expect([deniedBy('stratus-guard', old), old.message]).toEqual([true, old.message]);
    await gateway.kubectl('patch', 'configmap', 'held', '--type=merge', '-p', '{"metadata":{"finalizers":null}}');
    await gateway.kubectl('delete', 'namespace', victim, '--wait=false');
    await expect(gateway.kubectl('delete', 'lease', 'stratus-alock')).rejects.toThrow(
      'the fence of Stratus reads this Lease',
    );
    await ada.lock.release();
    expect(await credential()).toBe('');
  });

  it('lets a transaction take back what it made, and change what was privileged before', async () => {
    const made = uniqueName('made');
    const undoable = async (argv: string[]) => {
      const ran = await stratus(gateway, ['run', '--yes', '--namespace', gateway.namespace, '--', ...argv]);
      expect([argv.join(' '), ran.code, ran.stderr]).toEqual([argv.join(' '), 0, ran.stderr]);
      const undone = await stratus(gateway, ['undo', '--last', '--yes']);
      expect([argv.join(' '), undone.code, undone.stdout]).toEqual([argv.join(' '), 0, undone.stdout]);
    };
    await undoable(['create', 'namespace', made]);
    await undoable(['create', 'serviceaccount', 'made']);
    expect(await gateway.get(inNamespace('serviceaccounts/made'))).toBeNull();
    await gateway.apply(deployment('rooted', { volumes: [{ name: 'host', hostPath: { path: '/tmp' } }] }));
    await undoable(['set', 'image', 'deployment/rooted', 'main=none.test/none:2']);
  });

  it('hands over to the recovery of another process after kill -9', async () => {
    const names = Array.from({ length: 12 }, (_, index) => `killed-${index}`);
    for (const name of names) await gateway.apply(configMap(name));
    const run = startCli(gateway, [
      'run',
      '--yes',
      '--namespace',
      gateway.namespace,
      '--',
      'label',
      'configmap',
      ...names,
      'by=ada',
    ]);
    // By the API itself: a command takes longer to start than all the writes may take.
    const labelled = async () => {
      const path = `/api/v1/namespaces/${gateway.namespace}/configmaps?labelSelector=by%3Dada`;
      return (await gateway.api.list(path)).items.length;
    };
    await eventually('the first write', async () => (await labelled()) > 0 || run.child.exitCode !== null);
    run.child.kill('SIGKILL');
    await run.done;
    const stale = await credential();
    expect(stale).toMatch(/^JTI=/);
    const recovered = await stratus(gateway, ['recover', '--undo', '--yes']);
    expect(recovered, recovered.stderr).toMatchObject({ code: 0 });
    expect(await labelled()).toBe(0);
    expect(await credential()).toBe('');
    expect((await stratus(gateway, ['lock', 'status'])).stdout).toBe('free; fenced\n');
  });
});
