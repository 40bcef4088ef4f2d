import { spawnSync } from 'node:child_process';
import { join } from 'node:path';

const root = join(import.meta.dirname, '..');
const bin = (name: string) => join(root, 'node_modules', '.bin', name);

/** Static checks, each a named step. Returns the names of those that failed. */
export function runChecks(report: (text: string) => void): string[] {
  const steps: [string, string[]][] = [
    ['types', [bin('tsc'), '-p', 'tsconfig.json']],
    ['types of the webview', [bin('tsc'), '-p', 'tsconfig.webview.json']],
    ['lint and folder boundaries', [bin('eslint'), '.']],
    ['formatting', [bin('prettier'), '--check', '--log-level', 'warn', '.']],
  ];
  const failed: string[] = [];
  for (const [name, [command, ...args]] of steps) {
    const started = performance.now();
    const result = spawnSync(command!, args, { cwd: root, stdio: ['ignore', 2, 2] });
    const seconds = ((performance.now() - started) / 1000).toFixed(1);
    report(`check: ${name} ${result.status === 0 ? 'ok' : 'FAILED'} (${seconds} s)`);
    if (result.status !== 0) failed.push(name);
  }
  return failed;
}

if (import.meta.main) {
  process.exitCode = runChecks((text) => process.stderr.write(`${text}\n`)).length === 0 ? 0 : 1;
}
