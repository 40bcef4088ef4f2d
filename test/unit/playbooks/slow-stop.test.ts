import { describe, expect, it } from 'vitest';
import type { Loose } from './builders.ts';
import { World } from './builders.ts';
import { noFinding, onlyFinding } from './findings.ts';

const SEEDS = [6, 60, 600];
const RULE = 'slow-stop';

/** One whose only pod was told to stop. */
function stopping(seed: number, spec: object, metadata: object) {
  const world = new World(seed);
  const container = world.container({ lifecycle: { preStop: { exec: { command: ['drain'] } } } });
  const workload = world.workload({ replicas: 1, containers: [container], spec });
  const [pod] = world.podsOf(workload) as Loose[];
  Object.assign(
    pod!.metadata,
    { deletionTimestamp: '2031-05-06T07:20:00Z', deletionGracePeriodSeconds: 900 },
    metadata,
  );
  for (const each of pod!.status.conditions) if (each.type === 'Ready') each.status = 'False';
  return { world, pod: pod! };
}

const RECREATE = { strategy: { type: 'Recreate' } };

describe.each(SEEDS)('a pod that takes long to stop (seed %i)', (seed) => {
  it('is named, with when it ends at the latest, where the next one waits for it', async () => {
    const { world, pod } = stopping(seed, RECREATE, {});
    const finding = await onlyFinding(world, RULE);
    expect(finding).toMatchObject({ severity: 'critical', fixes: [] });
    expect(finding.message).toContain(`pod ${pod.metadata.name} to stop, which it has until 2031-05-06T07:20:00Z`);
    expect(JSON.stringify(finding.evidence)).toContain('preStop');
  });

  it('is no matter where nobody waits for it, or it stops soon', async () => {
    await noFinding(stopping(seed, { strategy: { type: 'RollingUpdate' } }, {}).world, RULE);
    await noFinding(stopping(seed, RECREATE, { deletionGracePeriodSeconds: 30 }).world, RULE);
    await noFinding(stopping(seed, RECREATE, { deletionTimestamp: '2031-05-06T07:00:00Z' }).world, RULE);
  });
});
