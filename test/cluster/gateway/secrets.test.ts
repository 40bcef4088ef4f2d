import { spawn } from 'node:child_process';
import { mkdtemp, readdir, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import type { KubeObject } from '../../../src/domain/kube-object.ts';
import { acquireCluster, type TestCluster } from '../cluster-fixture.ts';
import { openGateway, type GatewayHarness } from './gateway-harness.ts';
import { attempts, requests, seenIn } from './secret-attempts.ts';
import { EDITS } from './secret-edits.ts';
import { deployment } from '../undo/undo-actions.ts';

/** Secrets through `stratus run` and `stratus shell` as processes of their own; the server is asked directly. */
const CLI = join(import.meta.dirname, '..', '..', '..', 'src', 'cli', 'main.ts');
const VALUES = ['Vq7mZx2kLp9tRw4s', 'Hn5cBd8jWf3gXe6y', 'Jd8nYb3hGc6fTq1v', 'Rk2wPs9vMz4xQa7u', 'Ty6bNd1kUj8mEo3c'];
const [PASSWORD, USER, OLD, BLOB, REGISTRY] = VALUES as [string, string, string, string, string];
/** Only in the engineer's own file. */
const TYPED = 'Fq3hLs8cXv5nEy2g';
const APPLIED = 'kubectl.kubernetes.io/last-applied-configuration';

interface Ended {
  code: number | null;
  stdout: string;
  stderr: string;
}

let cluster: TestCluster;
let gateway: GatewayHarness;
let home: string;
let manifest: string;

const made = (data: Record<string, string>, copy = PASSWORD): object => ({
  apiVersion: 'v1',
  kind: 'Secret',
  metadata: {
    name: 'login',
    annotations: { 'example.test/copy': JSON.stringify({ password: copy }), plain: 'yes' },
  },
  type: 'Opaque',
  data: Object.fromEntries(Object.entries(data).map(([key, text]) => [key, Buffer.from(text).toString('base64')])),
});

beforeAll(async () => {
  cluster = await acquireCluster();
  gateway = await openGateway(cluster.instance, 'secrets');
  home = await mkdtemp(join(tmpdir(), 'stratus-secrets-'));
  manifest = join(home, 'manifest.json');
  const auth = Buffer.from(`robot:${REGISTRY}`).toString('base64');
  await gateway.kubectl('create', 'configmap', 'settings', '--from-literal=mode=a');
  await gateway.kubectl('create', 'secret', 'generic', 'tls', `--from-literal=tls.key=${BLOB}`);
  await gateway.kubectl(
    ...['create', 'secret', 'generic', 'registry', '--type=kubernetes.io/dockerconfigjson'],
    `--from-literal=.dockerconfigjson=${JSON.stringify({ auths: { 'r.test': { password: REGISTRY, auth } } })}`,
  );
  await gateway.apply(deployment(gateway.namespace, 'web', { paused: true, replicas: 0 }));
});
afterAll(async () => {
  await gateway?.close();
  await cluster?.release();
  if (home) await rm(home, { recursive: true, force: true });
});
beforeEach(async () => {
  await gateway.kubectl('delete', 'secret/login', 'secret/copy', 'configmap/stolen', '--ignore-not-found');
  await writeFile(manifest, JSON.stringify(made({ password: PASSWORD, user: USER, old: OLD })));
  await gateway.kubectl('apply', '-f', manifest);
  await writeFile(manifest, JSON.stringify(made({ password: PASSWORD, user: 'new' })));
});

const environment = () => ({
  HOME: home,
  PATH: `${dirname(cluster.instance.kubectl)}:/usr/bin:/bin`,
  SHELL: '/bin/bash',
  STRATUS_HOME: join(home, 'state'),
  KUBECONFIG: cluster.instance.kubeconfig,
  STRATUS_KUBECTL: cluster.instance.kubectl,
  STRATUS_LOCK_NAMESPACE: gateway.namespace,
  MANIFEST: manifest,
});

function stratus(...argv: string[]): Promise<Ended> {
  return new Promise((resolve, reject) => {
    const child = spawn(process.execPath, [CLI, ...argv], { env: environment() });
    const ended: Ended = { code: null, stdout: '', stderr: '' };
    child.stdout.on('data', (text: Buffer) => (ended.stdout += text.toString()));
    child.stderr.on('data', (text: Buffer) => (ended.stderr += text.toString()));
    child.stdin.end();
    child.on('error', reject).on('close', (code) => resolve({ ...ended, code }));
  });
}
const target = () => ['--context', cluster.instance.context, '--namespace', gateway.namespace];
const shell = (options: string[], script: string) =>
  stratus('shell', ...target(), ...options, '--', 'bash', '-c', script);
const secret = (name = 'login') => gateway.get(`/api/v1/namespaces/${gateway.namespace}/secrets/${name}`);
const quoted = (word: string) => `'${word.replaceAll("'", `'\\''`)}'`;
const all = ({ stdout, stderr }: Ended) => stdout + stderr;

/** Everything that the state folder holds in plain text. */
async function stateText(): Promise<string> {
  const entries = await readdir(join(home, 'state'), { recursive: true, withFileTypes: true });
  const files = entries.filter((entry) => entry.isFile());
  return (await Promise.all(files.map((file) => readFile(join(file.parentPath, file.name), 'latin1')))).join('\n');
}

/** What a later look at the journal tells. */
async function journalText(newest: number): Promise<string> {
  const list = await stratus('journal', 'list', '--json');
  const ids = (JSON.parse(list.stdout) as Array<{ id: string }>).map(({ id }) => id);
  const shown = await Promise.all(ids.slice(0, newest).map((id) => stratus('journal', 'show', id)));
  const parts = [list, await stratus('journal', 'list'), await stratus('recover'), ...shown];
  return parts.map(all).join('\n') + (await stateText());
}

/** Each command is a process of its own: all of them are for a long evening (STRATUS_TEST_ALL=1). */
const EVERY = process.env.STRATUS_TEST_ALL === '1' ? 1 : 6;

describe('no spelling shows what is in a Secret', () => {
  // The engineer's own file is no Secret of the cluster's: kubectl may say what stands in it.
  beforeEach(() => writeFile(manifest, JSON.stringify(made({ password: TYPED, user: 'new' }, TYPED))));

  it.each([
    ['read', []],
    ['write', ['--write', '--undo']],
  ])('in a terminal that may %s', { timeout: 300_000 }, async (_mode, options) => {
    const commands = [
      ...attempts(gateway.namespace, manifest).map((argv) => ['kubectl', ...argv].map(quoted).join(' ')),
      ...requests(gateway.namespace),
    ];
    const find = `GATEWAY=$(kubectl config view --minify -o jsonpath='{.clusters[0].cluster.server}')`;
    const script = [find, ...commands.map((command, at) => `echo; echo "#${at}#"; { ${command}; } 2>&1`)].join('\n');
    const ended = await shell(options, script);
    const parts = ended.stdout.split(/#(\d+)#\n/).slice(1);
    expect(parts.length / 2).toBe(commands.length);
    const leaks = commands.flatMap((command, at) => {
      const seen = seenIn(parts[at * 2 + 1]!, VALUES);
      return seen.length > 0 ? [{ command, seen, text: parts[at * 2 + 1]!.slice(0, 2_000) }] : [];
    });
    expect(leaks).toEqual([]);
    expect(seenIn(ended.stderr, VALUES)).toEqual([]);
    const useful = parts.join('').match(/kind: Secret|"kind": ?"Secret"/g) ?? [];
    expect(useful.length, 'reads were answered at all').toBeGreaterThan(10);
    const data = (await secret())!.data as Record<string, string>;
    expect(Buffer.from(data.password!, 'base64').toString()).toBe(PASSWORD);
  });

  it('in a command of its own, nor in its journal', { timeout: 1_800_000 }, async () => {
    const leaks: unknown[] = [];
    let template = 0;
    for (const [index, argv] of attempts(gateway.namespace, manifest).entries()) {
      if (argv.includes('--watch') || index % EVERY !== 0) continue;
      const json = argv.length % 2 === 0 ? ['--json'] : [];
      const ended = await stratus('run', ...target(), '--yes', ...json, '--', ...argv);
      const seen = seenIn(all(ended), [...VALUES, TYPED]);
      if (seen.length > 0) leaks.push({ argv, seen, text: all(ended).slice(0, 2_000) });
      if (ended.code !== 0 && /could print parts of a Secret/.test(all(ended))) template++;
    }
    expect(leaks).toEqual([]);
    expect(template, 'templates were refused early').toBeGreaterThan(20 / EVERY);
    expect(seenIn(await journalText(Math.ceil(12 / EVERY)), [...VALUES, TYPED])).toEqual([]);
    const data = (await secret())!.data as Record<string, string>;
    expect(Buffer.from(data.password!, 'base64').toString()).toBe(PASSWORD);
  });
});

const content = (object: KubeObject | null) =>
  object && {
    data: object.data as unknown,
    type: object.type as unknown,
    labels: object.metadata.labels ?? {},
    annotations: object.metadata.annotations ?? {},
  };

describe('a useful edit works exactly and is undone exactly', () => {
  it.each(EDITS)('$name', { timeout: 120_000 }, async (edit) => {
    const before = content(await secret());
    const kept = await shell(['--write', '--keep', '--accept', 'unknown'], `set -e -o pipefail; ${edit.script}`);
    const after = content(await secret());
    expect(await secret('copy')).toBeNull();
    expect(seenIn(all(kept), [PASSWORD, USER, OLD])).toEqual([]);
    if (edit.refused) {
      expect(all(kept)).toMatch(edit.refused);
      expect(kept.code).not.toBe(0);
      expect(after).toEqual(before);
      return;
    }
    expect(kept.code, all(kept)).toBe(0);
    const expected: Record<string, string> = { password: PASSWORD, user: USER, old: OLD };
    for (const [key, value] of Object.entries(edit.data ?? {})) {
      if (value === null) delete expected[key];
      else expected[key] = value;
    }
    const data = Object.entries(after!.data as Record<string, string>);
    expect(Object.fromEntries(data.map(([key, text]) => [key, Buffer.from(text, 'base64').toString()]))).toEqual(
      expected,
    );
    expect(after!.labels).toEqual(edit.labels ?? {});
    const { [APPLIED]: applied, ...notes } = after!.annotations;
    const { [APPLIED]: appliedBefore, ...notesBefore } = before!.annotations;
    expect(applied ?? '').not.toContain('stratus-hidden');
    // kubectl apply, replace and create write anew what they applied.
    if (!/apply|make anew|replace|create again/.test(edit.name)) expect(applied).toBe(appliedBefore);
    if (applied !== appliedBefore) expect(JSON.parse(applied!)).toMatchObject({ data: after!.data });
    if (!/make anew/.test(edit.name)) expect(notes).toEqual({ ...notesBefore, ...edit.annotations });
    const tx = /kept: 'stratus undo --tx (tx-\S+)'/.exec(kept.stderr)?.[1];
    if (!tx) return;
    const undone = await stratus('undo', '--tx', tx, '--yes');
    expect(undone.code, all(undone)).toBe(0);
    expect(content(await secret())).toEqual(before);
    expect(seenIn(all(undone), VALUES)).toEqual([]);
  });
});

const FRESH = 'Lk4sVb7nQz2xMw9d';
const ENCODED = Buffer.from(FRESH).toString('base64');

describe('what is typed into a command', () => {
  it.each<[string, string[], number]>([
    ['a merge patch', ['patch', 'secret', 'login', '-p', `{"data":{"user":"${ENCODED}"}}`, '-o', 'yaml'], 0],
    ['a patch with blanks', ['patch', 'secret', 'login', '-p', `{"stringData": {"user": "${FRESH}"}}`], 0],
    [
      'a JSON patch',
      ['patch', 'secret/login', '--type=json', `-p=[{"op":"add","path":"/data/n","value":"${ENCODED}"}]`],
      0,
    ],
    ['a new Secret', ['create', 'secret', 'generic', 'copy', `--from-literal=k=${FRESH}`, '-o', 'json'], 0],
    ['a literal in a word of its own', ['create', 'secret', 'generic', 'copy', '--from-literal', `k=${FRESH}`], 0],
    [
      'a registry',
      ['create', 'secret', 'docker-registry', 'copy', '--docker-username=u', `--docker-password=${FRESH}`],
      0,
    ],
    [
      'a patch that is refused',
      ['patch', 'secret', 'login', '-p', `{"immutable":true,"stringData":{"n":"${FRESH}"}}`],
      1,
    ],
    ['a patch that the server refuses', ['patch', 'secret', 'login', '-p', `{"data":{"n":"${FRESH}!"}}`], 1],
    ['a patch that cannot be read', ['patch', 'secret', 'login', '-p', `{"data":{"n":"${FRESH}"`], 1],
    ['an annotation', ['annotate', 'secret', 'login', `note=${FRESH}`], 0],
  ])('is shown nowhere later: %s', { timeout: 120_000 }, async (_name, argv, fails) => {
    const before = content(await secret());
    const ran = await stratus('run', ...target(), '--yes', '--', ...argv);
    expect(ran.code === 0, all(ran)).toBe(fails === 0);
    // What was typed as an annotation is no value of the Secret; only the record of the command is blank.
    if (argv[0] !== 'annotate') expect(seenIn(all(ran), [FRESH])).toEqual([]);
    const later = (await journalText(1)) + (fails ? '' : all(await stratus('undo', '--last', '--yes')));
    if (argv[0] !== 'annotate') expect(seenIn(later, [FRESH])).toEqual([]);
    expect(content(await secret())).toEqual(before);
  });
});
