import { downCluster, readInstance, upCluster, type Instance, type NodeKind } from '../testbed/instance.ts';
import { StreamReport } from '../testbed/report.ts';

export interface TestCluster {
  instance: Instance;
  /** Stops the cluster if this test run started it. */
  release(): Promise<void>;
}

/**
 * Running instances that `npm test` started for everybody, by kind of node. Of several simulated ones, separated by
 * commas, each worker of the test runner has its own.
 */
const SHARED: Record<NodeKind, string> = { real: 'STRATUS_TEST_INSTANCE', simulated: 'STRATUS_TEST_SIMULATED' };

/**
 * The cluster that tests run on: the running testbed instance that the environment names, else one that is started for
 * the caller and stopped by `release`.
 * @param nodes `simulated` (default) where only the API server matters: any image "runs" there at once
 */
export async function acquireCluster(nodes: NodeKind = 'simulated'): Promise<TestCluster> {
  const all = process.env[SHARED[nodes]]?.split(',') ?? [];
  const given = all[(Number(process.env.VITEST_POOL_ID ?? 1) - 1) % Math.max(all.length, 1)];
  if (given) {
    const instance = readInstance(given);
    if (!instance?.healthy)
      throw new Error(`testbed instance ${given} is not running: npm run testbed -- up --name ${given}`);
    return { instance, release: async () => undefined };
  }
  const report = new StreamReport();
  const name = `test-${nodes}-${process.pid}`;
  const instance = await upCluster({ name, nodes }, report);
  return {
    instance,
    release: async () => {
      await downCluster(name, report);
    },
  };
}
