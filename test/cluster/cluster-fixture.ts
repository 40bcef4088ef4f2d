import { downCluster, readInstance, upCluster, type Instance } from '../testbed/instance.ts';
import { StreamReport } from '../testbed/report.ts';

export interface TestCluster {
  instance: Instance;
  /** Stops the cluster if this test run started it. */
  release(): Promise<void>;
}

/**
 * The cluster that tests run on: the running testbed instance named by `$STRATUS_TEST_INSTANCE`, else one with
 * simulated nodes that is started for the caller and stopped by `release`.
 */
export async function acquireCluster(): Promise<TestCluster> {
  const given = process.env.STRATUS_TEST_INSTANCE;
  if (given) {
    const instance = readInstance(given);
    if (!instance?.healthy)
      throw new Error(`testbed instance ${given} is not running: npm run testbed -- up --name ${given}`);
    return { instance, release: async () => undefined };
  }
  const report = new StreamReport();
  const name = `test-${process.pid}`;
  const instance = await upCluster({ name, nodes: 'simulated' }, report);
  return {
    instance,
    release: async () => {
      await downCluster(name, report);
    },
  };
}
