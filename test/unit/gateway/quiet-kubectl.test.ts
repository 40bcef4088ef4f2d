import { spawnSync } from 'node:child_process';
import { chmodSync, mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import { quietKubectl } from '../../../src/gateway/child/quiet-kubectl.ts';

const prefix = 'f00dfeed'.repeat(6);
const address = `http://127.0.0.1:9/${prefix}`;
let home: string;

beforeEach(() => {
  home = mkdtempSync(join(tmpdir(), 'stratus-quiet-'));
});
afterEach(() => {
  vi.unstubAllEnvs();
  rmSync(home, { recursive: true, force: true });
});

/** A terminal in which `kubectl` is this script. */
async function terminal(script: string) {
  const tools = join(home, "kubectl's folder");
  mkdirSync(tools);
  writeFileSync(join(tools, 'kubectl'), `#!/bin/sh\n${script}\n`);
  chmodSync(join(tools, 'kubectl'), 0o755);
  vi.stubEnv('PATH', `${tools}:${process.env.PATH}`);
  const programs = await quietKubectl(home, address);
  return (argv: string[], input = '') =>
    spawnSync('kubectl', argv, {
      env: { ...process.env, PATH: `${programs}:${process.env.PATH}`, ADDRESS: address },
      input,
      encoding: 'utf8',
    });
}

describe('kubectl in a safe terminal', () => {
  it('says nothing of the prefix in verbose output and errors, and ends as it ends', async () => {
    const run = await terminal('echo "GET $ADDRESS/api/v1/pods?limit=500" >&2; echo answer; exit 7');
    const { stdout, stderr, status } = run(['get', 'pods', '-v=8']);
    expect(stderr).toBe('GET http://127.0.0.1:9/api/v1/pods?limit=500\n');
    expect(stdout).toBe('answer\n');
    expect(status).toBe(7);
  });

  it('says nothing of it in what config prints', async () => {
    const run = await terminal('printf "    server: %s\\n" "$ADDRESS"; echo "$ADDRESS" >&2');
    const { stdout, status } = run(['config', 'view', '--raw']);
    expect(stdout).not.toContain(prefix.slice(0, 8));
    expect(stdout).toContain('server: http://127.0.0.1:9\n');
    expect(status).toBe(0);
  });

  it('hands on words and input as they are', async () => {
    const run = await terminal('for word in "$@"; do echo "[$word]"; done; cat');
    const argv = ['apply', '-f', '-', 'a b', "it's", '$(id)', ''];
    const { stdout } = run(argv, 'kind: Pod\n');
    expect(stdout).toBe(`${argv.map((word) => `[${word}]\n`).join('')}kind: Pod\n`);
  });

  it('is the one on PATH, wherever that is, and stays away where there is none', async () => {
    vi.stubEnv('PATH', join(home, 'nothing'));
    expect(await quietKubectl(home, address)).toBeNull();
  });
});
