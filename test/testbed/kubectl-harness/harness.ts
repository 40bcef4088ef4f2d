import { execFileSync, spawnSync } from 'node:child_process';
import { createHash } from 'node:crypto';
import { existsSync, mkdirSync, readFileSync } from 'node:fs';
import { homedir } from 'node:os';
import { join } from 'node:path';

const FOLDER = import.meta.dirname;

/** What kubectl's own command tree says about one argv. */
export interface HarnessVerdict {
  path: string[];
  uses: [name: string, value: string][];
  args: string[];
  dash: number;
  kind: 'ok' | 'help' | 'unknown-command' | 'flag-error';
  err?: string;
}

/** Where the binary for this source is (or would be) cached. */
export function harnessPath(): string {
  const hash = createHash('sha256');
  for (const name of ['main.go', 'go.mod', 'go.sum']) hash.update(readFileSync(join(FOLDER, name)));
  const cache = process.env['STRATUS_CACHE'] ?? join(homedir(), '.cache', 'stratus');
  return join(cache, `kubectl-harness-${hash.digest('hex').slice(0, 12)}`);
}

/** True if the binary is there, so that nothing needs to be built. */
export function isHarnessCached(): boolean {
  return existsSync(harnessPath());
}

/** Builds the binary (a few minutes when nothing is cached; needs Go) and returns its path. */
export function buildHarness(): string {
  const path = harnessPath();
  if (existsSync(path)) return path;
  mkdirSync(join(path, '..'), { recursive: true });
  execFileSync('go', ['build', '-trimpath', '-ldflags', '-s -w', '-o', path, '.'], {
    cwd: FOLDER,
    env: { ...process.env, CGO_ENABLED: '0', GOFLAGS: '-mod=mod' },
    stdio: 'inherit',
    timeout: 20 * 60_000,
  });
  return path;
}

/** Runs a binary in an empty home; `dump` takes no input, `judge` one JSON argv per line. */
function runHarness(binary: string, mode: 'dump' | 'judge', input: string): string {
  const result = spawnSync(binary, [mode], {
    input,
    env: { HOME: '/nonexistent', KUBECONFIG: '/dev/null' },
    maxBuffer: 1 << 30,
    timeout: 15 * 60_000,
  });
  if (result.status !== 0) throw new Error(`kubectl-harness ${mode} failed: ${result.stderr.toString()}`);
  return result.stdout.toString();
}

/** kubectl's verdicts on many argvs, in order; `binary` is the harness of another release than the default. */
export function judgeWithKubectl(
  argvs: readonly (readonly string[])[],
  binary: string = harnessPath(),
): HarnessVerdict[] {
  const lines = runHarness(binary, 'judge', argvs.map((argv) => `${JSON.stringify(argv)}\n`).join(''));
  return lines
    .trimEnd()
    .split('\n')
    .map((line) => JSON.parse(line) as HarnessVerdict);
}

/** One command of kubectl's tree as the harness prints it. */
export interface DumpedCommand {
  path: string;
  aliases?: string[];
  flags: { name: string; short?: string; type: string; implied?: string; hidden?: boolean }[] | null;
}

/** kubectl's whole tree, hidden flags included. */
export function dumpTree(binary: string = harnessPath()): DumpedCommand[] {
  return JSON.parse(runHarness(binary, 'dump', '')) as DumpedCommand[];
}
