import { execFile } from 'node:child_process';
import { randomBytes } from 'node:crypto';
import { chmod, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { acquireCluster, type TestCluster } from '../cluster-fixture.ts';
import { deleteLock, openGateway, type GatewayHarness } from '../gateway/gateway-harness.ts';

/**
 * Two engineers with a state folder each: the first one's process dies in the middle of a transaction, the second one
 * finishes the undo from the copy in the cluster. Everything through the command line, as processes of their own.
 */
const ROOT = join(import.meta.dirname, '..', '..', '..');
const TEAM_KEY = randomBytes(32).toString('hex');

interface Ended {
  code: number | null;
  signal: string | null;
  stdout: string;
  stderr: string;
}

let cluster: TestCluster;
let gateway: GatewayHarness;
let scratch: string;

beforeAll(async () => {
  cluster = await acquireCluster();
  gateway = await openGateway(cluster.instance, 'share');
  scratch = await mkdtemp(join(tmpdir(), 'stratus-share-'));
});
afterAll(async () => {
  await gateway?.close();
  await cluster?.release();
  if (scratch) await rm(scratch, { recursive: true, force: true });
});

beforeEach(async () => {
  await gateway.kubectl('create', 'configmap', 'settings', '--from-literal=mode=checkpoint');
  await gateway.kubectl('create', 'configmap', 'other', '--from-literal=mode=checkpoint');
});
afterEach(async () => {
  await gateway.kubectl('delete', 'configmap', 'settings', 'other', '--ignore-not-found');
  await deleteLock(gateway);
  const secrets = (await gateway.kubectl('get', 'secrets', '-o', 'name')).split('\n').filter(Boolean);
  if (secrets.length > 0) await gateway.kubectl('delete', ...secrets);
});

/** The lock lives in the test's own namespace, with the shortest lease there is. */
function stratus(home: string, argv: string[], env: Record<string, string> = {}): Promise<Ended> {
  const { kubeconfig, kubectl } = cluster.instance;
  return new Promise((resolve) => {
    const child = execFile(
      process.execPath,
      [join(ROOT, 'src', 'cli', 'main.ts'), ...argv],
      {
        env: {
          HOME: scratch,
          PATH: '/usr/bin:/bin',
          STRATUS_HOME: join(scratch, home),
          KUBECONFIG: kubeconfig,
          STRATUS_KUBECTL: kubectl,
          STRATUS_LOCK_NAMESPACE: gateway.namespace,
          STRATUS_LOCK_SECONDS: '6',
          STRATUS_SHARED_KEY: TEAM_KEY,
          ...env,
        },
      },
      (_error, stdout, stderr) => resolve({ code: child.exitCode, signal: child.signalCode, stdout, stderr }),
    );
  });
}

const target = () => ['--context', cluster.instance.context, '--namespace', gateway.namespace];
const change = (name: string) => ['patch', 'configmap', name, '--type=merge', '--patch={"data":{"mode":"changed"}}'];
const mode = async (name = 'settings') =>
  (await gateway.get(`/api/v1/namespaces/${gateway.namespace}/configmaps/${name}`))?.data.mode as string;
const secrets = async () =>
  (await gateway.api.list(`/api/v1/namespaces/${gateway.namespace}/secrets`)).items.filter(({ metadata }) =>
    metadata.name.startsWith('stratus-journal-'),
  );
const lease = async () =>
  (await gateway.get(`/apis/coordination.k8s.io/v1/namespaces/${gateway.namespace}/leases/stratus-alock`))!;

/** kubectl that kills its parent once the third run of a patch (after both rehearsals) has written. */
async function deadlyKubectl(home: string): Promise<string> {
  const path = join(scratch, `kubectl-${home}`);
  const { kubectl } = cluster.instance;
  const script = `#!/bin/bash
"${kubectl}" "$@"
code=$?
case " $* " in
  *" patch "*) echo run >> "${path}.runs"; [ "$(/usr/bin/wc -l < "${path}.runs")" -ge 3 ] && kill -9 $PPID ;;
esac
exit $code
`;
  await writeFile(path, script);
  await chmod(path, 0o755);
  return path;
}

async function dieInTheMiddle(home: string): Promise<string> {
  const STRATUS_KUBECTL = await deadlyKubectl(home);
  const died = await stratus(home, ['run', ...target(), '--yes', '--', ...change('settings')], { STRATUS_KUBECTL });
  expect(died.signal, died.stderr).toBe('SIGKILL');
  expect(await mode()).toBe('changed');
  const [first] = await secrets();
  return first!.metadata.annotations!['stratus-oncall/tx']!;
}

describe('a transaction whose process was killed', () => {
  it('is undone by a colleague, who then is the one the cluster names', async () => {
    const tx = await dieInTheMiddle('ada');
    expect(JSON.stringify(await secrets())).not.toContain('checkpoint');

    const blocked = await stratus('bob', ['run', ...target(), '--yes', '--', ...change('other')]);
    expect(blocked.code, blocked.stderr).toBe(7);
    expect(await mode('other')).toBe('checkpoint');

    const seen = await stratus('bob', ['recover', '--from-cluster', ...target()]);
    expect(seen).toMatchObject({ code: 0, stdout: expect.stringContaining(tx) });
    expect(seen.stderr).toContain(`ConfigMap/${gateway.namespace}/settings`);
    expect(await mode()).toBe('changed');

    const undone = await stratus('bob', ['recover', '--from-cluster', '--undo', '--yes', ...target()]);
    expect(undone.code, undone.stderr).toBe(0);
    expect(undone.stdout).toContain('undone and verified');
    expect(await mode()).toBe('checkpoint');
    expect(await secrets()).toEqual([]);
    const { metadata, spec } = await lease();
    expect(spec.holderIdentity).toBe('');
    expect(JSON.parse(metadata.annotations!['stratus-oncall/last-break']!)).toMatchObject({ what: 'taken over' });
    const shown = await stratus('bob', ['journal', 'show', tx, '--json']);
    expect(JSON.parse(shown.stdout)).toMatchObject({ status: 'undone', commands: [change('settings')] });

    const next = await stratus('bob', ['run', ...target(), '--yes', '--', ...change('other')]);
    expect(next.code, next.stderr).toBe(0);
    expect(await secrets()).toEqual([]);
    // The one who came back finds nothing left to do.
    const back = await stratus('ada', ['recover', '--undo', '--yes']);
    expect(back.code, back.stderr).toBe(0);
    expect(await mode()).toBe('checkpoint');
  });

  it('is kept by a colleague', async () => {
    const tx = await dieInTheMiddle('carol');
    const kept = await stratus('dan', ['recover', '--from-cluster', '--keep', '--yes', ...target()]);
    expect(kept.code, kept.stderr).toBe(0);
    expect(kept.stderr).toContain(`kept: ${tx}`);
    expect(await mode()).toBe('changed');
    expect(await secrets()).toEqual([]);
    expect((await lease()).spec.holderIdentity).toBe('');
  });

  it('is not touched with another key, without a key, or when its copy was tampered with', async () => {
    await dieInTheMiddle('eve');
    const recover = ['recover', '--from-cluster', '--undo', '--yes', ...target()];
    const other = await stratus('mallory', recover, { STRATUS_SHARED_KEY: '00'.repeat(32) });
    expect(other.code).toBe(4);
    expect(other.stderr).toMatch(/sealed with another key: set STRATUS_SHARED_KEY/);
    const none = await stratus('mallory', recover, { STRATUS_SHARED_KEY: '' });
    expect(none.code).toBe(4);
    expect(none.stderr).toMatch(/no shared key: set STRATUS_SHARED_KEY/);
    const short = await stratus('mallory', recover, { STRATUS_SHARED_KEY: 'secret' });
    expect(short.code).toBe(4);
    expect(short.stderr).toMatch(/not 32 bytes: make one with 'openssl rand -hex 32'/);

    const [chunk] = await secrets();
    const bytes = Buffer.from(chunk!.data.lines, 'base64');
    bytes[bytes.length - 100] = bytes[bytes.length - 100]! ^ 1;
    const patch = JSON.stringify({ data: { lines: bytes.toString('base64') } });
    await gateway.kubectl('patch', 'secret', chunk!.metadata.name, '--type=merge', '-p', patch);
    const damaged = await stratus('mallory', recover);
    expect(damaged.code).toBe(4);
    expect(damaged.stderr).toMatch(/damaged in Secret .*stratus-journal-0: .*record \d+ \(byte \d+\)/);
    expect(await mode()).toBe('changed');
    expect((await lease()).metadata.annotations!['stratus-oncall/last-break']).toBeUndefined();
  });
});

it('is undone by a colleague also where the cluster enforces the lock', async () => {
  const context = ['--context', cluster.instance.context];
  const installed = await stratus('gail', ['lock', 'install-fence', '--yes', ...context]);
  expect(installed.code, installed.stderr).toBe(0);
  try {
    await dieInTheMiddle('gail');
    const undone = await stratus('hal', ['recover', '--from-cluster', '--undo', '--yes', ...target()]);
    expect(undone.code, undone.stderr).toBe(0);
    expect(await mode()).toBe('checkpoint');
    expect(await secrets()).toEqual([]);
    const status = await stratus('hal', ['lock', 'status', '--json', ...context]);
    expect(JSON.parse(status.stdout)).toMatchObject({ state: 'free', level: 'fenced' });
  } finally {
    const removed = await stratus('hal', ['lock', 'uninstall-fence', '--yes', ...context]);
    expect(removed.code, removed.stderr).toBe(0);
  }
});

it('a transaction that ended leaves nothing in the cluster', async () => {
  const done = await stratus('fred', ['run', ...target(), '--yes', '--', ...change('settings')]);
  expect(done.code, done.stderr).toBe(0);
  expect(await secrets()).toEqual([]);
  const undone = await stratus('fred', ['undo', '--last', '--yes']);
  expect(undone.code, undone.stderr).toBe(0);
  expect(await secrets()).toEqual([]);
});
