import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it, vi } from 'vitest';
import { deployShop } from '../../testbed/app/deploy.ts';
import { downCluster, upCluster } from '../../testbed/instance.ts';
import { silentReport } from '../../testbed/report.ts';
import { EXPECTED, IncidentRounds } from './incident-round.ts';

/** With the rule that has to find each, the quickest first; the soak `telemetry` has them all. */
const ROUNDS = [
  ['certificate-near-expiry', 'certificate-expiring'],
  ['wrong-answer', 'degraded-after-change'],
  ['tight-limit', 'memory-near-limit'],
  ['one-bad-replica', 'one-bad-replica'],
] as const;
/** What `npm test` has time for. */
const QUICK = ROUNDS.slice(0, 2);

/** Alerts wait and look back, on a busy machine for long. */
const LONGEST_MS = 1_800_000;

const asRoot = process.getuid?.() === 0;

describe.runIf(asRoot)('an incident that only telemetry shows', () => {
  const name = `incidents-${process.pid}`;
  let home: string;
  let rounds: IncidentRounds;

  beforeAll(async () => {
    home = mkdtempSync(join(tmpdir(), 'stratus-testbed-'));
    vi.stubEnv('STRATUS_TESTBED_HOME', home);
    const instance = await upCluster({ name, nodes: 'real', telemetry: 'metrics' }, silentReport);
    await deployShop(instance, silentReport);
    rounds = new IncidentRounds(instance);
  });
  afterAll(async () => {
    rounds?.close();
    await downCluster(name, silentReport);
    vi.unstubAllEnvs();
    rmSync(home, { recursive: true, force: true });
  });

  it.each(QUICK)(
    '%s is found by %s, mended where it can be, and taken back exactly',
    async (fault, rule) => {
      expect(EXPECTED[fault]!.rule).toBe(rule);
      expect((await rounds.problems(fault, EXPECTED[fault]!)).join('\n')).toBe('');
    },
    LONGEST_MS,
  );
});
