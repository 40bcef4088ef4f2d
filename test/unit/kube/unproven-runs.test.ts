import { describe, expect, it } from 'vitest';
import type { KubeObject } from '../../../src/domain/kube-object.ts';
import { unprovenRuns } from '../../../src/kube/cron-runs.ts';

const CHANGED = Date.parse('2031-02-03T04:05:00Z');
const NOW = CHANGED + 5_000;

const cronJob = (spec: object = {}): KubeObject => ({
  ...{ apiVersion: 'batch/v1', kind: 'CronJob' },
  metadata: { name: 'nightly', namespace: 'n' },
  spec: { schedule: '0 2 * * *', ...spec },
});

const run = (startTime: number, type: string): KubeObject => ({
  ...{ apiVersion: 'batch/v1', kind: 'Job' },
  metadata: { name: `run-${startTime}`, namespace: 'n' },
  status: { startTime: new Date(startTime).toISOString(), conditions: [{ type, status: 'True' }] },
});

describe('a CronJob that was changed', () => {
  it('is unproven until a run of it has succeeded since', () => {
    const before = run(CHANGED - 60_000, 'Complete');
    expect(unprovenRuns(cronJob(), [before], CHANGED, NOW)).toContain('has not run since it was changed');
    expect(unprovenRuns(cronJob(), [before, run(CHANGED + 1_000, 'Failed')], CHANGED, NOW)).not.toBeNull();
    expect(unprovenRuns(cronJob(), [before, run(CHANGED + 1_000, 'Complete')], CHANGED, NOW)).toBeNull();
  });

  it('tells when it runs next only where no time zone has to be guessed', () => {
    expect(unprovenRuns(cronJob(), [], CHANGED, NOW)).toContain('schedule 0 2 * * *');
    expect(unprovenRuns(cronJob({ schedule: '30 * * * *' }), [], CHANGED, NOW)).toContain('2031-02-03T04:30:00.000Z');
    expect(unprovenRuns(cronJob({ schedule: 'now and\nthen' }), [], CHANGED, NOW)).not.toContain('\n');
  });

  it('has nothing to prove while it is suspended', () => {
    expect(unprovenRuns(cronJob({ suspend: true }), [], CHANGED, NOW)).toBeNull();
  });
});
