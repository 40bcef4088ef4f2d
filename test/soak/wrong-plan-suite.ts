import { downCluster, upCluster, type Instance, type NodeKind } from '../testbed/instance.ts';
import { StreamReport } from '../testbed/report.ts';
import type { SoakSuite } from './soak-suite.ts';
import { count } from './soak-suite.ts';

/** Incidents in one item. */
const RUNS = 10;
/** They wait more than they work. */
const LANES: Record<NodeKind, number> = { real: 3, simulated: 4 };

/** 60 on real nodes, where programs run and answer, and 140 where only the API server and its controllers do. */
export const WRONG_PLAN_SUITE: SoakSuite = {
  name: 'wrong-plans',
  summary: '200 incidents with one to three random wrong plans put first, observed beside an untreated twin',
  items: [...count(6).map((item) => `real ${item}`), ...count(14).map((item) => `simulated ${item}`)],
  open: async () => {
    const report = new StreamReport();
    const running = new Map<NodeKind, Instance>();
    return {
      async run(item) {
        const { judgeWrongPlans } = await import('../catalogue/wrong-plans/judge-wrong-plans.ts');
        const [nodes, number] = item.split(' ') as [NodeKind, string];
        const instance =
          running.get(nodes) ?? (await upCluster({ name: `soak-${nodes}-${process.pid}`, nodes }, report));
        running.set(nodes, instance);
        const seeds = count(RUNS).map((seed) => (Number(number) - 1) * RUNS + Number(seed));
        return judgeWrongPlans(instance, seeds, LANES[nodes]);
      },
      async close() {
        for (const { name } of running.values()) await downCluster(name, report);
      },
    };
  },
};
