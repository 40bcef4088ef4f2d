import { afterAll, beforeAll, expect, it } from 'vitest';
import { healthyComplaints } from '../catalogue/public/healthy-trial.ts';
import { acquireCluster, type TestCluster } from './cluster-fixture.ts';

let cluster: TestCluster;
beforeAll(async () => {
  cluster = await acquireCluster();
});
afterAll(async () => {
  await cluster?.release();
});

/** One of each generator; ten: `npm run soak -- healthy`. */
it.each([1, 2])('a drawn application in which nothing is wrong has no warning (seed %i)', async (seed) => {
  expect(await healthyComplaints(cluster.instance, seed)).toEqual([]);
});
