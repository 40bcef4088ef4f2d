import { spawn } from 'node:child_process';
import { mkdtemp, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { acquireCluster, type TestCluster } from '../cluster-fixture.ts';
import { openGateway, type GatewayHarness } from './gateway-harness.ts';

/** `stratus shell` as processes of their own: programs in it, and an interactive shell in a real pseudo-terminal. */
const CLI = join(import.meta.dirname, '..', '..', '..', 'src', 'cli', 'main.ts');

interface Ended {
  code: number | null;
  stdout: string;
  stderr: string;
}

let cluster: TestCluster;
let gateway: GatewayHarness;
let home: string;

beforeAll(async () => {
  cluster = await acquireCluster();
  gateway = await openGateway(cluster.instance, 'shell');
  home = await mkdtemp(join(tmpdir(), 'stratus-shell-'));
});
afterAll(async () => {
  await gateway?.close();
  await cluster?.release();
  if (home) await rm(home, { recursive: true, force: true });
});
beforeEach(async () => {
  await gateway.kubectl('create', 'configmap', 'settings', '--from-literal=mode=checkpoint');
  await gateway.kubectl('create', 'secret', 'generic', 'login', '--from-literal=password=correct-horse');
});
afterEach(async () => {
  await gateway.kubectl('delete', 'configmap/settings', 'configmap/added', 'secret/login', '--ignore-not-found');
});

const environment = () => ({
  HOME: home,
  PATH: `${dirname(cluster.instance.kubectl)}:/usr/bin:/bin`,
  SHELL: '/bin/bash',
  STRATUS_HOME: join(home, 'state'),
  KUBECONFIG: cluster.instance.kubeconfig,
  STRATUS_KUBECTL: cluster.instance.kubectl,
  STRATUS_LOCK_NAMESPACE: gateway.namespace,
});

function run(program: string, argv: string[], input = ''): Promise<Ended> {
  return new Promise((resolve, reject) => {
    const child = spawn(program, argv, { env: environment() });
    const ended: Ended = { code: null, stdout: '', stderr: '' };
    child.stdout.on('data', (text: Buffer) => (ended.stdout += text.toString()));
    child.stderr.on('data', (text: Buffer) => (ended.stderr += text.toString()));
    child.stdin.on('error', () => undefined).end(input);
    child.on('error', reject).on('close', (code) => resolve({ ...ended, code }));
  });
}
const stratus = (...argv: string[]) => run(process.execPath, [CLI, ...argv]);
const target = () => ['--context', cluster.instance.context, '--namespace', gateway.namespace];
const shell = (options: string[], script: string) =>
  stratus('shell', ...target(), ...options, '--', 'bash', '-c', script);
const mode = async () =>
  (await gateway.get(`/api/v1/namespaces/${gateway.namespace}/configmaps/settings`))?.data.mode as string;
const exists = async (name: string) =>
  (await gateway.get(`/api/v1/namespaces/${gateway.namespace}/configmaps/${name}`)) !== null;
const PATCH = `kubectl patch configmap settings --type=merge -p '{"data":{"mode":"changed"}}'`;

describe('a safe terminal', () => {
  it('reads, blanks Secrets, and refuses every write and stream', async () => {
    const script = `kubectl get configmap settings -o name; kubectl get secret login -o yaml; ${PATCH}; echo "patch $?";
      kubectl delete --raw /api/v1/namespaces/${gateway.namespace}/configmaps/settings; echo "raw $?";
      kubectl exec nothing -- true; echo "exec $?"; kubectl config view --minify -o jsonpath='shown={.clusters[0].cluster.server}'; echo; cat "$KUBECONFIG"; exit 7`;
    const { code, stdout, stderr } = await shell([], script);
    expect(code).toBe(7);
    expect(stderr).toMatch(/read only, values of Secrets are blank\nexec, attach and port-forward are refused/);
    expect(stdout).toContain('configmap/settings');
    expect(stdout).not.toContain(Buffer.from('correct-horse').toString('base64'));
    expect(stdout).toMatch(/patch 1[^]*raw 1[^]*exec 1/);
    expect(stderr).toContain('this mode cannot write');
    expect(await mode()).toBe('checkpoint');
    expect(stdout, 'kubectl does not tell the prefix').toMatch(/shown=http:\/\/127\.0\.0\.1:\d+\n/);
    const url = /http:\/\/127\.0\.0\.1:\d+\/[0-9a-f]+/.exec(stdout)![0];
    await expect(fetch(`${url}/version`), 'it ends with its gateway').rejects.toThrow();
  });

  it('with --write is one transaction that can be kept and taken back later', async () => {
    const kept = await shell(['--write', '--keep'], `${PATCH} && kubectl create configmap added --from-literal=a=b`);
    expect(kept.code, kept.stderr).toBe(0);
    expect(await mode()).toBe('changed');
    const tx = /kept: 'stratus undo --tx (tx-\S+)'/.exec(kept.stderr)![1]!;
    const shown = JSON.parse((await stratus('journal', 'show', tx, '--json')).stdout);
    expect(shown).toMatchObject({ status: 'committed', title: 'Safe terminal', writes: 2 });
    const undone = await stratus('undo', '--tx', tx, '--yes');
    expect(undone.code, undone.stderr).toBe(0);
    expect([await mode(), await exists('added')]).toEqual(['checkpoint', false]);
  });

  it('with --write --undo leaves nothing behind, whatever its program did', async () => {
    const script = `${PATCH}; kubectl create configmap added --from-literal=a=b; kubectl delete namespace ${gateway.namespace}; exit 3`;
    const { code, stdout, stderr } = await shell(['--write', '--undo'], script);
    expect(code).toBe(3);
    expect(stdout).toContain('undone and verified');
    expect(stderr).toContain('never delete a Namespace');
    expect([await mode(), await exists('added')]).toEqual(['checkpoint', false]);
    expect((await stratus('lock', 'status', ...target().slice(0, 2))).stdout).toMatch(/^free/);
  });

  it('with --write says what the undo of a write would not bring back, and nothing of exact ones', async () => {
    await gateway.kubectl('create', 'deployment', 'web', '--image=shop:1');
    try {
      const script = `${PATCH}; echo patched >&2; kubectl set image deployment/web '*=shop:2'`;
      const { stderr } = await shell(['--write', '--undo'], script);
      const [before, after] = stderr.split('patched');
      expect(before).not.toContain('Warning');
      expect(after).toMatch(/Warning: Stratus: undo of Deployment\/\S+\/web: consequences: pods/);
    } finally {
      await gateway.kubectl('delete', 'deployment', 'web');
    }
  });

  it('holds the writer lock while it is open', async () => {
    const inner = `node=${process.execPath}; KUBECONFIG=${cluster.instance.kubeconfig} STRATUS_HOME=${home}/other $node ${CLI} run --context ${cluster.instance.context} --namespace ${gateway.namespace} --yes -- ${PATCH.slice('kubectl '.length)}; echo "inner $?"`;
    const { stdout } = await shell(['--write', '--undo'], inner);
    expect(stdout).toContain('inner 7');
    expect(await mode()).toBe('checkpoint');
  });

  it.each([
    [['--write'], /no terminal to ask on at the end; add --keep or --undo/],
    [['--keep'], /belong to --write/],
    [['--write', '--keep', '--undo'], /exclude each other/],
  ])('refuses %j without touching the cluster', async (options, message) => {
    const { code, stderr } = await shell(options, 'true');
    expect(code).toBe(64);
    expect(stderr).toMatch(message);
  });

  it('in a real terminal asks at the end, and undoes when told not to keep', async () => {
    const log = join(home, 'typescript');
    const command = [process.execPath, CLI, 'shell', '--write', ...target()].map((word) => `'${word}'`).join(' ');
    const pty = (typed: string) => run('script', ['-qefc', command, log], typed);
    const undone = await pty(`${PATCH}\nexit\nn\n`);
    expect(undone.code, undone.stdout).toBe(0);
    const seen = await readFile(log, 'utf8');
    expect(seen).toMatch(/written in this terminal:\s+ConfigMap\/[\w-]+\/settings/);
    expect(seen).toContain('undone and verified');
    expect(await mode()).toBe('checkpoint');

    const kept = await pty(`${PATCH}\nexit\ny\n`);
    expect(kept.code, kept.stdout).toBe(0);
    expect(await readFile(log, 'utf8')).toMatch(/kept: 'stratus undo --tx tx-/);
    expect(await mode()).toBe('changed');
  });
});
