import { spawnSync } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { VERSION } from '../../../src/cli/version.ts';

const ROOT = join(import.meta.dirname, '..', '..', '..');
let folder: string;
beforeAll(() => void (folder = mkdtempSync(join(tmpdir(), 'stratus-test-'))));
afterAll(() => rmSync(folder, { recursive: true, force: true }));

function stratus(args: string[], options: { cwd?: string; env?: NodeJS.ProcessEnv } = {}) {
  const command = [process.execPath, '--disable-warning=ExperimentalWarning', join(ROOT, 'src/cli/main.ts'), ...args];
  const env = { PATH: process.env.PATH, HOME: folder, STRATUS_HOME: join(folder, 'state'), ...options.env };
  const { status, stdout, stderr } = spawnSync(command[0]!, command.slice(1), {
    cwd: options.cwd ?? folder,
    env,
    encoding: 'utf8',
  });
  return { status, stdout, stderr };
}

it('tells its version, which is that of the package', () => {
  const { version } = JSON.parse(readFileSync(join(ROOT, 'package.json'), 'utf8')) as { version: string };
  expect(VERSION).toBe(version);
  expect(stratus(['--version'])).toEqual({ status: 0, stdout: `stratus ${version}\n`, stderr: '' });
});

it.each<[string[], number, string]>([
  [['mitigat'], 64, "unknown command 'mitigat'; did you mean 'mitigate'?"],
  [['help', 'udno'], 64, "unknown command 'udno'; did you mean 'undo'?"],
  [['--context', 'a', 'diagnose'], 64, 'options come after the command: stratus COMMAND --context …'],
  [['journal', 'lst'], 64, "journal: one of list, show ID, verify; did you mean 'list'?"],
  [['undo', '--last', '--yes'], 4, 'nothing to undo: the journal is empty, Stratus has changed nothing yet'],
  [['lint', '--config', 'nowhere', '.'], 2, 'cannot read nowhere: no such file'],
])('%j says what is wrong in a sentence', (args, status, text) => {
  const said = stratus(args);
  expect(said).toMatchObject({ status, stdout: '' });
  expect(said.stderr).toMatch(/^stratus( lint)?: [^\n]*\n$/);
  expect(said.stderr).toContain(text);
});

it('does not take the name of any namespace for the lock', () => {
  for (const name of ['Kube-System', 'a/b', '../x', 'a b']) {
    const { status, stderr } = stratus(['lock', 'install-fence', '--manifests'], {
      env: { STRATUS_LOCK_NAMESPACE: name },
    });
    expect(status).toBe(4);
    expect(stderr).toContain(`STRATUS_LOCK_NAMESPACE wants the name of a namespace`);
  }
  const { stdout } = stratus(['lock', 'install-fence', '--manifests'], { env: { STRATUS_LOCK_NAMESPACE: 'locks' } });
  expect(stdout).toContain('locks');
});
