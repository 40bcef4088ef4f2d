import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it, vi } from 'vitest';
import { deployShop } from '../../testbed/app/deploy.ts';
import { downCluster, upCluster } from '../../testbed/instance.ts';
import { silentReport } from '../../testbed/report.ts';
import { seedHistory } from '../../testbed/telemetry/history.ts';
import { EXPECTED, IncidentRounds } from './incident-round.ts';

const HISTORY_HOURS = 2;
/** A baseline is read, rates look back for minutes, and the machine may be busy. */
const LONGEST_MS = 1_800_000;

const asRoot = process.getuid?.() === 0;

describe.runIf(asRoot)('an incident of which no alert tells, for nobody has installed a rule', () => {
  const name = `own-${process.pid}`;
  let home: string;
  let rounds: IncidentRounds;

  beforeAll(async () => {
    home = mkdtempSync(join(tmpdir(), 'stratus-testbed-'));
    vi.stubEnv('STRATUS_TESTBED_HOME', home);
    const instance = await upCluster({ name, nodes: 'real', telemetry: 'metrics', noRules: true }, silentReport);
    await deployShop(instance, silentReport);
    await seedHistory(instance, HISTORY_HOURS, silentReport);
    rounds = new IncidentRounds(instance, false);
  }, LONGEST_MS);
  afterAll(async () => {
    rounds?.close();
    await downCluster(name, silentReport);
    vi.unstubAllEnvs();
    rmSync(home, { recursive: true, force: true });
  });

  it(
    'is found by what Stratus evaluates itself, mended until that is over, and taken back exactly',
    async () => {
      expect((await rounds.problems('error-ratio', EXPECTED['error-ratio']!)).join('\n')).toBe('');
    },
    LONGEST_MS,
  );
});
