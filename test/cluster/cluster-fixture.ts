import { join } from 'node:path';
import { withFolderLock } from '../testbed/folder-lock.ts';
import { downCluster, readInstance, upCluster, type Instance, type NodeKind } from '../testbed/instance.ts';
import { stateHome } from '../testbed/paths.ts';
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
/** As long as a hook may take: the files before may have much to do. */
const TURN_MS = 1_200_000;

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
    // Of simulated ones each worker has its own; a real one has one writer lock for all of them.
    if (nodes === 'real') return { instance, release: await takeTurn(given) };
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

/** Waits until no other file is at work on the instance, and keeps the others away until what it returns is called. */
async function takeTurn(name: string): Promise<() => Promise<void>> {
  const taken = Promise.withResolvers<void>();
  const over = Promise.withResolvers<void>();
  const lock = join(stateHome(), `${name}.in-use`);
  const turn = withFolderLock(lock, { timeoutMs: TURN_MS }, () => {
    taken.resolve();
    return over.promise;
  });
  await Promise.race([taken.promise, turn]);
  return async () => {
    over.resolve();
    await turn;
  };
}
