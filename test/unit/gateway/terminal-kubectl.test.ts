import { spawnSync } from 'node:child_process';
import { chmodSync, mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { terminalKubectl } from '../../../src/gateway/child/terminal-kubectl.ts';

const prefix = 'f00dfeed'.repeat(6);
const address = `http://127.0.0.1:9/${prefix}`;
let home: string;

beforeEach(() => {
  home = mkdtempSync(join(tmpdir(), 'stratus-terminal-'));
});
afterEach(() => rmSync(home, { recursive: true, force: true }));

/** A terminal in which `kubectl` is this script. */
async function terminal(script: string) {
  const tools = join(home, "kubectl's folder");
  mkdirSync(tools);
  writeFileSync(join(tools, 'kubectl'), `#!/bin/sh\n${script}\n`);
  chmodSync(join(tools, 'kubectl'), 0o755);
  const programs = await terminalKubectl(home, address, join(tools, 'kubectl'));
  const env = { ...process.env, PATH: `${programs}:${process.env.PATH}`, ADDRESS: address };
  return {
    run: (argv: string[], input = '') => spawnSync('kubectl', argv, { env, input, encoding: 'utf8' }),
    /** With a real terminal for its output, as `script` (util-linux) gives one. */
    shown: (command: string) =>
      spawnSync('script', ['-qec', command, '/dev/null'], { env, input: '', encoding: 'latin1' }).stdout,
  };
}

const WORDS = 'for word in "$@"; do echo "[$word]"; done';

describe('kubectl in a safe terminal', () => {
  it('says nothing of the prefix in verbose output and errors, and ends as it ends', async () => {
    const { run } = await terminal('echo "GET $ADDRESS/api/v1/pods?limit=500" >&2; echo answer; exit 7');
    const { stdout, stderr, status } = run(['get', 'pods', '-v=8']);
    expect(stderr).toBe('GET http://127.0.0.1:9/api/v1/pods?limit=500\n');
    expect(stdout).toBe('answer\n');
    expect(status).toBe(7);
  });

  it.each([['config', 'view', '--raw'], ['cluster-info'], ['get', 'pods']])(
    'nor in what it prints: %s %s',
    async (...argv) => {
      const { run } = await terminal('printf "    server: %s\\n" "$ADDRESS"; echo "$ADDRESS" >&2');
      const { stdout, stderr, status } = run(argv);
      expect(stdout + stderr).not.toContain(prefix.slice(0, 8));
      expect(stdout).toContain('server: http://127.0.0.1:9\n');
      expect(status).toBe(0);
    },
  );

  it('hands on words, input and bytes as they are', async () => {
    const { run } = await terminal(`${WORDS}; cat`);
    const argv = ['apply', '-f', '-', 'a b', "it's", '$(id)', ''];
    const input = 'kind: Pod \u001b[31m \u202e \u009b \r\n';
    expect(run(argv, input).stdout).toBe(`${argv.map((word) => `[${word}]\n`).join('')}${input}`);
  });

  it.each([
    [['get', '--raw', '/healthz'], '[get]\n[--raw]\n[/healthz]\n'],
    [['get', '--raw=/api/v1'], '[get]\n[--raw=/api/v1]\n'],
  ])('asks for raw paths behind the prefix: %j', async (argv, shown) => {
    const { run } = await terminal(`${WORDS}; case "$*" in *${prefix}/*) exit 0 ;; esac; exit 9`);
    const { stdout, status } = run(argv);
    expect(status).toBe(0);
    expect(stdout).toBe(shown);
  });

  it('leaves the raw of config alone', async () => {
    const { run } = await terminal(WORDS);
    expect(run(['config', 'view', '--raw', '-o', 'json']).stdout).toBe('[config]\n[view]\n[--raw]\n[-o]\n[json]\n');
  });

  it('lets nothing act on a terminal', async () => {
    const { shown } = await terminal(
      "printf '\\033[2Jcleared \\033]0;title\\007 \\033[31mred \\302\\233 \\342\\200\\256 plain \\303\\251\\n'",
    );
    const text = shown('kubectl logs x');
    expect(text).toContain('cleared');
    expect(text).toContain('plain \u00c3\u00a9');
    expect(text).not.toMatch(/[\x00-\x08\x0b\x0c\x0e-\x1f\x7f]|\u00c2[\x80-\x9f]|\u00e2\x80\u00ae/);
  });

  it('gives an editor the terminal itself', async () => {
    const { shown } = await terminal('[ -t 1 ] && echo "a terminal"; exit 0');
    expect(shown('kubectl edit deployment x')).toContain('a terminal');
    expect(shown('kubectl get pods')).not.toContain('a terminal');
  });
});
