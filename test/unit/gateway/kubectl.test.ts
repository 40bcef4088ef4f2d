import { access, chmod, mkdtemp, readdir, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import { findKubectl } from '../../../src/gateway/child/kubectl-binary.ts';
import { Kubectl } from '../../../src/gateway/child/kubectl.ts';

let folder: string;
beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'stratus-test-'));
});
afterEach(() => rm(folder, { recursive: true, force: true }));

/** A shell script in kubectl's place. */
async function standIn(body: string, name = 'kubectl'): Promise<string> {
  const path = join(folder, name);
  await writeFile(path, `#!/bin/sh\n${body}\n`);
  await chmod(path, 0o755);
  return path;
}
const answering = (version: string) => standIn(`echo '{"clientVersion":{"gitVersion":"${version}"}}'`);
const runner = async (body: string) =>
  new Kubectl({ path: await standIn(body), version: 'v1.34.0' }, join(folder, 'state'), 'cluster');
const order = { argv: ['get'], server: 'http://127.0.0.1:9/secret', namespace: 'shop', timeoutMs: 20_000 };

describe('findKubectl', () => {
  it('takes the setting, then the variable, then the path', async () => {
    const path = await answering('v1.30.2');
    expect(await findKubectl(path, {})).toEqual({ path, version: 'v1.30.2' });
    expect(await findKubectl(undefined, { STRATUS_KUBECTL: path })).toMatchObject({ path });
    expect(await findKubectl(undefined, { PATH: `relative:${folder}` })).toMatchObject({ path });
  });

  it.each<[string, () => Promise<[string | undefined, NodeJS.ProcessEnv]>, RegExp]>([
    ['nothing there', async () => [undefined, { PATH: folder }], /not found on PATH: install it, or set/],
    ['a relative path', async () => ['./kubectl', {}], /must be an absolute path/],
    ['a missing file', async () => ['/nonexistent/kubectl', {}], /no executable kubectl at \/nonexistent\/kubectl/],
    ['an old version', async () => [await answering('v1.26.9'), {}], /is v1.26.9; Stratus needs 1.27 or newer/],
    ['another program', async () => [await standIn('echo hello'), {}], /does not answer .* like kubectl/],
  ])('names what to do about %s', async (_name, make, message) => {
    const [configured, env] = await make();
    await expect(findKubectl(configured, env)).rejects.toThrow(message);
  });
});

describe('Kubectl', () => {
  it('gives the child nothing of this machine', async () => {
    process.env.STRATUS_TEST_SECRET = 'leak';
    try {
      const { stdout } = await (await runner('/usr/bin/env; cat')).run(order);
      expect(stdout).not.toContain('leak');
      const names = stdout.split('\n').map((line) => line.split('=')[0]);
      expect(names).not.toContain('KUBECTL_EXTERNAL_DIFF');
      expect(names).not.toContain('HTTPS_PROXY');
      expect(stdout).toContain('KUBECTL_KUBERC=false');
      expect(stdout).toContain('EDITOR=false');
      const [, home] = /^HOME=(.*)$/m.exec(stdout)!;
      expect(home).toMatch(new RegExp(`^${join(tmpdir(), 'stratus-kubectl-')}`));
      expect(await readdir(home!)).toEqual([]);
    } finally {
      delete process.env.STRATUS_TEST_SECRET;
    }
  });

  it('points it to the loopback by a private kubeconfig and removes everything afterwards', async () => {
    const kubectl = await runner('echo "$KUBECONFIG"; /bin/cat "$KUBECONFIG"; /bin/ls -l "$KUBECONFIG"');
    const { stdout } = await kubectl.run({ ...order, context: 'prod' });
    const [path] = stdout.split('\n');
    expect(await readFile(path!, 'utf8')).toContain('"server":"http://127.0.0.1:9/secret"');
    expect(stdout).toContain('"current-context":"prod"');
    expect(stdout).toContain('-rw-------');
    await kubectl.forget(order.server);
    await expect(readFile(path!)).rejects.toThrow('ENOENT');
  });

  it('never says by which prefix the gateway lets it in', async () => {
    const prefix = 'f00dfeed'.repeat(6);
    const server = `http://127.0.0.1:9/${prefix}`;
    const kubectl = await runner(
      `echo "GET ${server}/api/v1/pods"; echo "I1121 curl -v -XGET '${server}/api?timeout=32s'" >&2; /bin/cat "$KUBECONFIG"; printf '%s' '${server.slice(0, -5)}' >&2`,
    );
    const { stdout, stderr } = await kubectl.run({ ...order, argv: ['get', 'pods', '-v=8'], server });
    expect(stdout + stderr).not.toContain(prefix.slice(0, 8));
    expect(stdout).toContain('GET http://127.0.0.1:9/api/v1/pods\n');
    expect(stderr).toContain("curl -v -XGET 'http://127.0.0.1:9/api?timeout=32s'");
  });

  it('shares what it discovered between the addresses of one cluster', async () => {
    const kubectl = await runner(
      'name=$(echo "$1" | /bin/sed "s#^http://##; s#:#_#"); cd "$KUBECACHEDIR/discovery/$name"; [ -f known ] && echo yes; echo > known',
    );
    const ask = (server: string) => kubectl.run({ ...order, argv: [server], server });
    expect(await ask('http://127.0.0.1:9/a')).toMatchObject({ exitCode: 0, stdout: '' });
    await kubectl.forget('http://127.0.0.1:9/a');
    expect(await ask('http://127.0.0.1:10/b')).toMatchObject({ exitCode: 0, stdout: 'yes\n' });
    await kubectl.forget('http://127.0.0.1:10/b');
  });

  it('passes arguments as they are, never through a shell', async () => {
    const argv = ['a b', '$(id)', '; rm -rf /', "'", '-n', ''];
    const { stdout } = await (await runner('for word in "$@"; do echo "[$word]"; done')).run({ ...order, argv });
    expect(stdout.trim().split('\n')).toEqual(argv.map((word) => `[${word}]`));
  });

  it('puts files where their names stand', async () => {
    const kubectl = await runner('/bin/cat "$2"');
    const files = [{ name: 'fix', content: 'kind: Service' }];
    expect((await kubectl.run({ ...order, argv: ['-f', '{{fix}}'], files })).stdout).toBe('kind: Service');
    expect((await kubectl.run({ ...order, argv: ['-f', '{{other}}'], files })).exitCode).not.toBe(0);
  });

  it('ends it with everything it started when the time is up or the caller gives up', async () => {
    const pids = join(folder, 'pids');
    const kubectl = await runner(`/bin/sleep 600 & echo $! > ${pids}; wait`);
    const gone = async () => {
      const pid = Number(await readFile(pids, 'utf8'));
      for (let look = 0; look < 200; look++) {
        try {
          process.kill(pid, 0);
        } catch {
          return true;
        }
        await new Promise((resolve) => setTimeout(resolve, 20));
      }
      return false;
    };
    expect(await kubectl.run({ ...order, timeoutMs: 1_500 })).toMatchObject({
      exitCode: -1,
      killed: 'no end within 2 s',
    });
    expect(await gone()).toBe(true);
    await rm(pids);
    const abort = new AbortController();
    const running = kubectl.run({ ...order, signal: abort.signal });
    await vi.waitFor(() => access(pids), 20_000);
    abort.abort();
    expect(await running).toMatchObject({ exitCode: -1, killed: 'cancelled' });
  });

  it('cuts endless output', async () => {
    const result = await (
      await runner('while :; do echo aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa; done')
    ).run(order);
    expect(result.killed).toContain('characters of output');
    expect(result.stdout.length).toBeLessThanOrEqual(4 * 1024 * 1024);
  });
});
