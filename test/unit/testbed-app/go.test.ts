import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { ensureGo, goEnvironment } from '../../testbed/go-toolchain.ts';
import { silentReport } from '../../testbed/report.ts';
import { runCommand } from '../../testbed/run-command.ts';

const testbed = join(import.meta.dirname, '..', '..', 'testbed');
/** A machine that never compiled Go's standard library needs minutes for the first run. */
const TIMEOUT_MS = 300_000;

describe.for([
  ["the shop's program", 'app'],
  ['programs beside the servers of telemetry', 'go/agents'],
] as const)('Go: %s', ([, folder]) => {
  it.for([['vet'], ['test']])('passes go %s', { timeout: TIMEOUT_MS }, async ([command]) => {
    const go = await ensureGo(silentReport);
    const { code, stdout, stderr } = await runCommand([go, command ?? '', './...'], {
      cwd: join(testbed, folder),
      env: goEnvironment(),
      timeoutMs: TIMEOUT_MS,
    });
    expect(stdout + stderr).not.toContain('FAIL');
    expect(code).toBe(0);
  });
});
