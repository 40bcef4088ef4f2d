import { setTimeout as sleep } from 'node:timers/promises';
import { deployShop } from '../testbed/app/deploy.ts';
import { healFault, injectFault } from '../testbed/faults/catalog.ts';
import { TELEMETRY_FAULTS } from '../testbed/faults/telemetry/faults.ts';
import { hasAnswer } from '../testbed/faults/telemetry/measured.ts';
import { downCluster, upCluster, type Instance } from '../testbed/instance.ts';
import { SHOP_NAMESPACE } from '../testbed/app/topology.ts';
import { StreamReport } from '../testbed/report.ts';
import { type SoakSuite, tallyOf } from './soak-suite.ts';

/** Rates over half a minute, and rollouts, have to pass. */
const QUIET_TIMEOUT_MS = 240_000;

/** Each fault that only telemetry shows: silent before, seen, silent again. Builds the servers of telemetry. */
export const TELEMETRY_SUITE: SoakSuite = {
  name: 'telemetry',
  summary: 'every fault that only telemetry shows, on real servers: not seen before, seen, and gone when healed',
  items: TELEMETRY_FAULTS.map(({ name }) => name),
  async open() {
    const report = new StreamReport();
    const name = `soak-${process.pid}`;
    const instance = await upCluster({ name, nodes: 'real', telemetry: 'all' }, report);
    await deployShop(instance, report);
    return {
      run: async (item) => tallyOf(await tryFault(instance, item)),
      close: async () => {
        await downCluster(name, report);
      },
    };
  },
};

async function tryFault(instance: Instance, name: string): Promise<string[]> {
  const fault = TELEMETRY_FAULTS.find((candidate) => candidate.name === name)!;
  const query = fault.shows!({ namespace: SHOP_NAMESPACE, target: fault.targets[0]! });
  if (await hasAnswer(instance, query)) return [`${name} shows before it is injected`];
  const started = performance.now();
  await injectFault(instance, name);
  const seen = (performance.now() - started) / 1000;
  await healFault(instance, name);
  const deadline = performance.now() + QUIET_TIMEOUT_MS;
  while (await hasAnswer(instance, query)) {
    if (performance.now() > deadline) return [`${name} still shows after it was healed`];
    await sleep(1000);
  }
  process.stderr.write(`  ${name} showed after ${seen.toFixed(0)} s\n`);
  return [];
}
