import { chosen, judgeConsequences, summaryOf } from '../judge/consequences/consequence-judge.ts';
import { readRows } from '../judge/consequences/row.ts';
import type { SoakSuite } from './soak-suite.ts';
import { onCluster } from './soak-suite.ts';

const rows = readRows();

export const CONSEQUENCE_SUITE: SoakSuite = {
  name: 'consequences',
  summary: `${rows.length} traps and plain writes: what is lost or changed was named before the write, judged by a full dump`,
  items: [...new Set(rows.map(({ trap }) => trap))],
  open: onCluster('simulated', async (instance, item) => {
    const say = (text: string) => void process.stderr.write(`  ${text}\n`);
    const tally = await judgeConsequences(instance, chosen(rows, [item]), say);
    say(summaryOf(tally));
    const { passed, failed, skipped, failures, reports } = tally;
    const figures: Record<string, number> = { rows: reports.length, 'for a real node': skipped };
    for (const { verdict } of reports) figures[`verdict ${verdict}`] = (figures[`verdict ${verdict}`] ?? 0) + 1;
    return { passed, failed, failures, figures };
  }),
};
