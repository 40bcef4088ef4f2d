import { mkdtemp, mkdir, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { delimiter, join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { stringify } from 'yaml';
import { ClusterError } from '../../../src/domain/cluster-error.ts';
import type { Target } from '../../../src/domain/target.ts';
import type { KubeconfigSource } from '../../../src/cluster/connect/kubeconfig.ts';
import { loadKubeconfig, targetChange } from '../../../src/cluster/connect/kubeconfig.ts';
import { TargetWatch } from '../../../src/cluster/connect/target-watch.ts';
import { aliceCertificate, authorityCertificate, bobCertificate } from './certificates.ts';

let folder: string;
beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'kubeconfig-'));
});
afterEach(() => rm(folder, { recursive: true, force: true }));

async function file(name: string, content: unknown): Promise<string> {
  const path = join(folder, name);
  await mkdir(join(path, '..'), { recursive: true });
  await writeFile(path, typeof content === 'string' ? content : stringify(content));
  return path;
}

const b64 = (text: string) => Buffer.from(text).toString('base64');

function config(over: { server?: string; user?: object; cluster?: object; namespace?: string } = {}) {
  return {
    'current-context': 'prod',
    clusters: [{ name: 'c1', cluster: { server: over.server ?? 'https://10.0.0.1:6443/', ...over.cluster } }],
    users: [{ name: 'u1', user: over.user ?? { token: 'opaque' } }],
    contexts: [
      {
        name: 'prod',
        context: { cluster: 'c1', user: 'u1', ...(over.namespace ? { namespace: over.namespace } : {}) },
      },
    ],
  };
}

async function failure(promise: Promise<unknown>): Promise<ClusterError> {
  const error = await promise.then(
    () => null,
    (reason: unknown) => reason,
  );
  expect(error).toBeInstanceOf(ClusterError);
  expect((error as ClusterError).message).not.toContain('\n');
  return error as ClusterError;
}

describe('loadKubeconfig', () => {
  it('pins context, server without trailing slash, and the namespace of the context', async () => {
    const path = await file('config', config({ namespace: 'shop' }));
    const target = await (await loadKubeconfig({ kubeconfig: path })).target();
    expect(target).toMatchObject({ context: 'prod', server: 'https://10.0.0.1:6443', namespace: 'shop' });
    expect(target.fingerprint).toMatch(/^[0-9a-f]{64}$/);
  });

  it.each(['../..', 'a\u001b[31m', 'Shop', 'a'.repeat(64), '-a'])('refuses %j as a namespace', async (name) => {
    const kubeconfig = await loadKubeconfig({ kubeconfig: await file('config', config()) });
    await expect(kubeconfig.target(undefined, name)).rejects.toThrow('the namespace that was given cannot be one');
  });

  it('prefers the namespace that was asked for, and falls back to default', async () => {
    const kubeconfig = await loadKubeconfig({ kubeconfig: await file('config', config()) });
    expect((await kubeconfig.target('prod')).namespace).toBe('default');
    expect((await kubeconfig.target('prod', 'other')).namespace).toBe('other');
  });

  it('reads ~/.kube/config when KUBECONFIG is empty', async () => {
    await file('.kube/config', config());
    expect((await loadKubeconfig({ kubeconfig: '', home: folder })).currentContext).toBe('prod');
  });

  it('merges several files as kubectl does: first definition wins, missing files are skipped', async () => {
    const first = await file('one', { ...config(), 'current-context': undefined });
    const second = await file('two', {
      'current-context': 'stage',
      clusters: [
        { name: 'c1', cluster: { server: 'https://other:1' } },
        { name: 'c2', cluster: { server: 'https://10.0.0.2:6443' } },
      ],
      contexts: [{ name: 'stage', context: { cluster: 'c2', user: 'u1', namespace: 'web' } }],
    });
    const kubeconfig = await loadKubeconfig({ kubeconfig: [join(folder, 'absent'), first, second].join(delimiter) });
    expect(kubeconfig.contexts()).toEqual([
      { name: 'prod', server: 'https://10.0.0.1:6443/', namespace: 'default', current: false },
      { name: 'stage', server: 'https://10.0.0.2:6443', namespace: 'web', current: true },
    ]);
  });

  it('resolves relative file names from the folder of the file that holds them', async () => {
    const user = { 'client-certificate': 'pki/a.crt', tokenFile: 'token', exec: { command: './bin/login' } };
    const path = await file('sub/config', config({ user, cluster: { 'certificate-authority': 'ca.crt' } }));
    const entries = (await loadKubeconfig({ kubeconfig: path })).entries('prod');
    expect(entries.cluster['certificate-authority']).toBe(join(folder, 'sub/ca.crt'));
    expect(entries.user['client-certificate']).toBe(join(folder, 'sub/pki/a.crt'));
    expect(entries.user.tokenFile).toBe(join(folder, 'sub/token'));
    expect(entries.user.exec?.command).toBe(join(folder, 'sub/bin/login'));
  });

  it('leaves exec commands without a slash to PATH', async () => {
    const path = await file('config', config({ user: { exec: { command: 'login-tool' } } }));
    expect((await loadKubeconfig({ kubeconfig: path })).entries('prod').user.exec?.command).toBe('login-tool');
  });

  it.each([
    ['no file', undefined, 'no-kubeconfig', 'no kubeconfig at'],
    ['broken YAML', 'a: [', 'bad-kubeconfig', 'not valid YAML'],
    ['a list', '- a', 'bad-kubeconfig', 'must be a mapping'],
  ])('says what to do: %s', async (_name, content, reason, text) => {
    const path = content === undefined ? join(folder, 'absent') : await file('config', content);
    const error = await failure(loadKubeconfig({ kubeconfig: path }));
    expect(error.reason).toBe(reason);
    expect(error.message).toContain(text);
    expect(error.message).toContain(path);
  });

  it('names the known contexts when one is unknown or none is selected', async () => {
    const kubeconfig = await loadKubeconfig({ kubeconfig: await file('config', config()) });
    const unknown = await failure(kubeconfig.target('prood'));
    expect(unknown.reason).toBe('unknown-context');
    expect(unknown.message).toContain('choose one of prod');
    const none = await loadKubeconfig({ kubeconfig: await file('none', { ...config(), 'current-context': '' }) });
    expect((await failure(none.target())).message).toContain('give --context');
  });

  it.each([
    ['cluster', { clusters: [] }, "names cluster 'c1'"],
    ['user', { users: [] }, "names user 'u1'"],
    ['server', { clusters: [{ name: 'c1', cluster: { server: 'localhost:80' } }] }, 'no usable server address'],
  ])('reports a context with a missing %s', async (_name, over, text) => {
    const kubeconfig = await loadKubeconfig({ kubeconfig: await file('config', { ...config(), ...over }) });
    const error = await failure(kubeconfig.target());
    expect(error.reason).toBe('bad-kubeconfig');
    expect(error.message).toContain(text);
  });
});

describe('fingerprint', () => {
  const fingerprintOf = async (over: Parameters<typeof config>[0]) =>
    (await (await loadKubeconfig({ kubeconfig: await file('config', config(over)) })).target()).fingerprint;
  const jwt = (claims: object, signature: string) =>
    `h.${Buffer.from(JSON.stringify(claims)).toString('base64url')}.${signature}`;

  it.each([
    ['server', { server: 'https://10.0.0.9:6443' }],
    ['authority', { cluster: { 'certificate-authority-data': b64(authorityCertificate) } }],
    ['tls check', { cluster: { 'insecure-skip-tls-verify': true } }],
    ['token', { user: { token: 'another' } }],
    ['impersonation', { user: { token: 'opaque', as: 'root' } }],
    ['exec argument', { user: { exec: { command: 'x', args: ['a'] } } }],
  ])('changes with the %s', async (_name, over) => {
    expect(await fingerprintOf(over)).not.toBe(await fingerprintOf({}));
  });

  it('tells certificates of two people apart', async () => {
    const certificate = (pem: string) => ({ user: { 'client-certificate-data': b64(pem) } });
    expect(await fingerprintOf(certificate(aliceCertificate))).not.toBe(
      await fingerprintOf(certificate(bobCertificate)),
    );
  });

  it('stays when a token of the same subject is renewed', async () => {
    const claims = { iss: 'https://issuer', sub: 'ada', exp: 1 };
    const before = await fingerprintOf({ user: { token: jwt(claims, 's1') } });
    expect(await fingerprintOf({ user: { token: jwt({ ...claims, exp: 2 }, 's2') } })).toBe(before);
    expect(await fingerprintOf({ user: { token: jwt({ ...claims, sub: 'eve' }, 's1') } })).not.toBe(before);
  });

  it('stays when an auth provider renews its cached access token', async () => {
    const provider = (token: string) => ({
      user: { 'auth-provider': { name: 'oidc', config: { 'client-id': 'c', 'id-token': token } } },
    });
    expect(await fingerprintOf(provider('one'))).toBe(await fingerprintOf(provider('two')));
  });
});

describe.each([
  ['targetChange', (source: KubeconfigSource, pinned: Target) => () => targetChange(source, pinned)],
  [
    'TargetWatch',
    (source: KubeconfigSource, pinned: Target) => {
      const watch = new TargetWatch(source, pinned);
      return () => watch.change();
    },
  ],
])('%s', (_name, watch) => {
  const watched = async (content: object) => {
    const source = { kubeconfig: await file('config', content) };
    return watch(source, await (await loadKubeconfig(source)).target());
  };

  it('is null while the entries stay, also when current-context moves elsewhere', async () => {
    const change = await watched(config());
    expect(await change()).toBeNull();
    expect(await change()).toBeNull();
    await file('config', { ...config(), 'current-context': 'elsewhere' });
    expect(await change()).toBeNull();
  });

  it.each([
    ['server', config({ server: 'https://evil:1' }), 'now points to https://evil:1'],
    ['user', config({ user: { token: 'another' } }), 'the user of context'],
    ['context', { ...config(), contexts: [] }, "context 'prod' is not in"],
  ])('names a changed %s, and sees it changed back', async (_name, content, text) => {
    const change = await watched(config());
    expect(await change()).toBeNull();
    await file('config', content);
    expect(await change()).toContain(text);
    expect(await change()).toContain(text);
    await file('config', config());
    expect(await change()).toBeNull();
  });

  it('sees that the file went away and came back', async () => {
    const change = await watched(config());
    expect(await change()).toBeNull();
    await rm(join(folder, 'config'));
    expect(await change()).toContain('no kubeconfig at');
    expect(await change()).toContain('no kubeconfig at');
    await file('config', config());
    expect(await change()).toBeNull();
  });

  it('sees another certificate authority in the file that the kubeconfig names', async () => {
    const authority = join(folder, 'ca.crt');
    await writeFile(authority, 'one');
    const change = await watched(config({ cluster: { 'certificate-authority': authority } }));
    expect(await change()).toBeNull();
    await writeFile(authority, 'two');
    expect(await change()).toContain('the certificate authority or the user of context');
  });
});
