import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { acquireCluster, type TestCluster } from './cluster-fixture.ts';
import { Agreement, allAttempts, sampleOf, stateDifference } from './lint-agreement.ts';

/** The dangerous and the harmless commands of the linter's corpora, a sample of them: the soak runs all. */
const sample = sampleOf(allAttempts(), 40);
let cluster: TestCluster;
let agreement: Agreement;
let before: Map<string, string>;

beforeAll(async () => {
  cluster = await acquireCluster();
  agreement = await Agreement.open(cluster.instance);
  before = await agreement.state();
});
afterAll(async () => {
  await agreement?.close();
  await cluster?.release();
});

describe('confinement and gateway agree', () => {
  it('in read mode: nothing is changed, and what confinement calls a read is let through', async () => {
    const { problems, stopped } = await agreement.read(sample);
    expect(problems).toEqual([]);
    // Or the commands would not have reached the gateway at all.
    expect(stopped).toBeGreaterThan(20);
    expect(stateDifference(before, await agreement.state())).toEqual([]);
  });

  it('in journal mode: what is written is journalled, not on the deny list, and undone', async () => {
    const { problems, stopped, writes } = await agreement.journal(sample);
    expect(problems).toEqual([]);
    expect(stopped).toBeGreaterThan(10);
    expect(writes).toBeGreaterThan(0);
    expect(stateDifference(before, await agreement.state())).toEqual([]);
  });
});
