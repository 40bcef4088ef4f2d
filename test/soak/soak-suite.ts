import { downCluster, upCluster, type Instance } from '../testbed/instance.ts';
import { StreamReport } from '../testbed/report.ts';

export interface SoakTally {
  passed: number;
  failed: number;
  failures: string[];
  /** Counts to be added up over the items and reported, whatever they are. */
  figures?: Record<string, number>;
}

/** A long suite cut into items that can be run one by one. */
export interface SoakSuite {
  name: string;
  summary: string;
  items: string[];
  open(): Promise<{ run(item: string): Promise<SoakTally>; close(): Promise<void> }>;
}

/** `1` … `length`. */
export const count = (length: number): string[] => [...Array(length).keys()].map((index) => String(index + 1));

/** One thing that was tried, passed when nothing speaks against it. */
export const tallyOf = (failures: string[]): SoakTally => ({
  passed: failures.length === 0 ? 1 : 0,
  failed: failures.length === 0 ? 0 : 1,
  failures,
});

/** `name 1/4` … `name 4/4`. */
export const shards = (name: string, of: number): string[] => count(of).map((one) => `${name} ${one}/${of}`);

/** Those of `all` that belong to shard `n/of`; everything without one. */
export function shardOf<T>(all: T[], shard: string | undefined): T[] {
  const [n = 1, of = 1] = (shard ?? '').split('/').map(Number);
  return shard ? all.filter((_, index) => index % of === n - 1) : all;
}

/** Tries all, some side by side; one that throws has failed. */
export async function tryAll<T>(
  all: T[],
  sideBySide: number,
  attempt: (one: T) => Promise<string[]>,
): Promise<SoakTally> {
  const tally: SoakTally = { passed: 0, failed: 0, failures: [] };
  const waiting = [...all];
  const work = async () => {
    for (let one = waiting.shift(); one !== undefined; one = waiting.shift()) {
      const problems = await attempt(one).catch((error: unknown) => [String(error)]);
      if (problems.length === 0) tally.passed += 1;
      else {
        tally.failed += 1;
        tally.failures.push(...problems.map((problem) => `${JSON.stringify(one)}: ${problem}`));
      }
    }
  };
  await Promise.all(Array.from({ length: sideBySide }, work));
  return tally;
}

/** Starts a cluster of its own for the suite and stops it afterwards. */
export function onCluster(nodes: 'real' | 'simulated', run: (instance: Instance, item: string) => Promise<SoakTally>) {
  return async () => {
    const report = new StreamReport();
    const name = `soak-${process.pid}`;
    const instance = await upCluster({ name, nodes }, report);
    return {
      run: (item: string) => run(instance, item),
      close: async () => {
        await downCluster(name, report);
      },
    };
  };
}
