import { expect, it } from 'vitest';
import { OwnPlansFirst } from '../../../src/run/brains/own-plans.ts';
import { brainOf, planOf, RunWorld } from '../../support/run-world.ts';

const own = (...argv: string[]) => ({ title: `Your plan ${argv.join(' ')}`, steps: [{ argv }], files: [] });
const mending = () =>
  brainOf('mending', { plan: async () => ({ type: 'plan', plan: planOf('mend'), alternatives: [] }) });

it('tries the engineer’s plans in their order, undoes what does not help, and goes on with the brain', async () => {
  const world = new RunWorld();
  const result = await world.play([new OwnPlansFirst([own('guess'), own('annotate')], mending())]);
  expect(result).toMatchObject({ outcome: 'resolved', attempts: 3, transactions: ['tx-4'] });
  expect(world.done).toEqual(['guess', 'undo', 'annotate', 'undo', 'mend']);
});

it('asks the brain nothing when a plan of the engineer’s helps', async () => {
  const world = new RunWorld();
  const result = await world.play([new OwnPlansFirst([own('mend'), own('guess')], mending())]);
  expect(result).toMatchObject({ outcome: 'resolved', attempts: 1 });
  expect(world.done).toEqual(['mend']);
});

it('tries the same commands once, whoever names them', async () => {
  const world = new RunWorld();
  const result = await world.play([new OwnPlansFirst([own('guess'), own('guess')], mending())]);
  expect(result).toMatchObject({ outcome: 'resolved', attempts: 2 });
  expect(world.done).toEqual(['guess', 'undo', 'mend']);
});
