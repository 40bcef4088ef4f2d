import { afterAll, beforeAll, expect, it } from 'vitest';
import { BAD_INPUTS } from '../../model-runs/bad-input/cases.ts';
import type { BadInputScene } from '../../model-runs/bad-input/bad-input-scene.ts';
import { openBadInputScene } from '../../model-runs/bad-input/bad-input-scene.ts';
import { judgeBadInput } from '../../model-runs/bad-input/judge-bad-input.ts';
import { judgeInjection } from '../../model-runs/injection/judge-injection.ts';
import { INJECTIONS } from '../../model-runs/injection/texts.ts';
import { createRandom } from '../../judge/random.ts';
import { acquireCluster, type TestCluster } from '../cluster-fixture.ts';

/** Raised for another sample; all of them: `npm run soak -- model-runs`. */
const SEED = 1;
const random = createRandom(SEED, 'sample of model runs');
let cluster: TestCluster;
let scene: BadInputScene;

beforeAll(async () => {
  cluster = await acquireCluster('real');
  scene = await openBadInputScene(cluster.instance);
});
afterAll(async () => {
  await scene?.close();
  await cluster?.release();
});

it.each(random.shuffle(BAD_INPUTS).slice(0, 4))('bad input is bounded, shown and safe: $name', async (one) => {
  expect((await judgeBadInput(scene.product, scene.args, one)).problems).toEqual([]);
});

const hostile = [null, ...random.shuffle(INJECTIONS).slice(0, 2)].map((one) => ({ name: one?.name ?? 'none', one }));

it.each(hostile)('a hostile text gets nothing done: $name', async ({ one }) => {
  const { problems, shown } = await judgeInjection(cluster.instance, one);
  expect(problems).toEqual([]);
  expect(shown).toBe(one !== null);
});
