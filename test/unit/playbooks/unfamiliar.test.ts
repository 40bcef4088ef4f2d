import { describe, expect, test } from 'vitest';
import { PlaybookBrain } from '../../../src/agents/playbooks/playbook-brain.ts';
import { refLabel } from '../../../src/domain/kube-object.ts';
import { World } from './builders.ts';
import { commandProblems } from './findings.ts';
import { CALM } from './unfamiliar/calm.ts';
import { CONFIG } from './unfamiliar/config.ts';
import { CONTAINER } from './unfamiliar/container.ts';
import { counted } from './unfamiliar/fault.ts';
import { NETWORK } from './unfamiliar/network.ts';
import { PLACEMENT_AND_STORAGE } from './unfamiliar/placement.ts';
import { RUNNING } from './unfamiliar/running.ts';

/** Faults and look-alikes that were written down before anybody had read the rules. */
const SEED = 7;

describe('a fault that was thought of without the rules', () => {
  test.each([...CONTAINER, ...CONFIG, ...PLACEMENT_AND_STORAGE, ...NETWORK, ...RUNNING])(
    '$name',
    async ({ build, rule, fix }) => {
      const world = new World(SEED);
      const unhealthy = build(world);
      counted(world);
      const brain = new PlaybookBrain();
      const context = world.context(unhealthy);
      const diagnosis = await brain.diagnose(context);
      expect(world.thoughts).toEqual([]);
      expect(commandProblems(diagnosis.findings)).toEqual([]);
      expect(diagnosis.findings[0]?.rule).toBe(rule);
      const proposal = await brain.plan(context, diagnosis, []);
      const steps = proposal.type === 'plan' ? proposal.plan.steps : [];
      const commands = steps.map((step) => ('argv' in step ? step.argv.join(' ') : step.type)).join('\n');
      if (fix) expect(commands).toMatch(fix);
      else expect(commands).toBe('');
    },
  );
});

describe('things in order that look like a fault', () => {
  test.each(CALM)('$name', async ({ build, held }) => {
    const world = new World(SEED);
    build(world);
    counted(world);
    const healthy = await new PlaybookBrain().diagnose({ ...world.context(), severity: { known: true, items: [] } });
    // While something fails and nobody knows why, rules look closer.
    const suspected = held ? [] : await world.diagnose();
    const told = [...healthy.findings, ...suspected].filter(({ severity }) => severity !== 'info');
    expect(told.map(({ rule, object }) => `${rule} ${refLabel(object)}`)).toEqual([]);
  });
});
