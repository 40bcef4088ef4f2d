import { afterAll, beforeAll, expect, it } from 'vitest';
import { judgeConsequences } from '../judge/consequences/consequence-judge.ts';
import { readRows } from '../judge/consequences/row.ts';
import { sampleRows } from '../judge/consequences/sample.ts';
import { acquireCluster, type TestCluster } from './cluster-fixture.ts';

/** Another number tries other rows; the soak `consequences` tries all. */
const SEED = Number(process.env.STRATUS_SAMPLE_SEED ?? 1);
const SIZE = 12;

let cluster: TestCluster;
beforeAll(async () => {
  cluster = await acquireCluster();
});
afterAll(async () => {
  await cluster?.release();
});

it('what a write may take away is named before it, in a sample of the corpus', async () => {
  const rows = sampleRows(readRows(), SEED, SIZE);
  const say = (text: string) => void process.stderr.write(`  ${text}\n`);
  const { failures, passed } = await judgeConsequences(cluster.instance, rows, say);
  expect(failures).toEqual([]);
  expect(passed).toBe(SIZE);
});
