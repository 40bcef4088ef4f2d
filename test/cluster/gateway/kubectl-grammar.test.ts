import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { readGrammar } from '../../../scripts/generate-kubectl-grammar.ts';
import stored from '../../../src/kubectl/grammar/generated/kubectl-1.34.json' with { type: 'json' };
import { acquireCluster, type TestCluster } from '../cluster-fixture.ts';

let cluster: TestCluster;

beforeAll(async () => {
  cluster = await acquireCluster();
});
afterAll(async () => {
  await cluster?.release();
});

describe('the stored grammar of kubectl', () => {
  it('is what the generator makes of the kubectl that was built with the cluster', async () => {
    const fresh = await readGrammar(cluster.instance.kubectl);
    expect(fresh).toEqual(stored);
  });
});
