import { ENTRIES, entryNamed } from '../catalogue/catalogue.ts';
import type { SoakSuite } from './soak-suite.ts';
import { onCluster, tallyOf } from './soak-suite.ts';

const SEEDS = [1, 2, 3];

/** Each item is one incident with all its seeds, side by side where it stays in its namespace. */
export const INCIDENT_SUITE: SoakSuite = {
  name: 'incidents',
  summary: `${ENTRIES.length} incidents of the fault catalogue on three seeds each, judged by their own oracles`,
  items: ENTRIES.map(({ name }) => name),
  open: onCluster('real', async (instance, item) => {
    const { judgeIncidents } = await import('../catalogue/run/judge-incidents.ts');
    const reports = await judgeIncidents(instance, [entryNamed(item)], SEEDS, SEEDS.length);
    const figures: Record<string, number> = {};
    for (const { kind, verdict } of reports) {
      figures[`${kind} ${verdict}`] = (figures[`${kind} ${verdict}`] ?? 0) + 1;
    }
    const passed = reports.filter((report) => report.passed).length;
    const failures = reports.filter((report) => !report.passed).map((report) => report.line);
    return { ...tallyOf([]), passed, failed: failures.length, failures, figures };
  }),
};
