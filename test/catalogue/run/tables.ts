import type { RecordedReport } from './records.ts';
import type { TrialReport } from './trial.ts';

export function lineOf(report: TrialReport): string {
  const { entry, seed, verdict, passed, outcome, cause, writes, seconds, findings, problems, reason } = report;
  const said = problems[0] ?? (verdict === 'resolved' ? '' : (findings[0]?.message ?? reason));
  return `${passed ? 'passed' : 'FAILED'} ${entry} ${seed}: ${verdict} (${outcome}, cause ${cause || '-'}, ${writes} writes, ${seconds.total ?? '-'} s) ${said.slice(0, 160)}`;
}

/** @param here the commit at hand: rows of other ones are marked */
export function tableOf(reports: readonly RecordedReport[], here: string): string {
  const head = [
    'kind',
    'incident',
    'seed',
    'verdict',
    'outcome',
    'cause',
    'detect',
    'diagnose',
    'fix',
    'total',
    'bare',
    'writes',
    'undo',
    'note',
  ];
  const rows = reports.map((report) => {
    const { kind, entry, seed, verdict, passed, outcome, cause, seconds, writes, undoDifferences } = report;
    return [
      kind,
      entry,
      String(seed),
      passed ? verdict : verdict.toUpperCase(),
      outcome,
      String(cause || '-'),
      ...[seconds.detect, seconds.diagnose, seconds.firstFix, seconds.total, seconds.bare].map((one) =>
        String(one ?? '-'),
      ),
      String(writes),
      String(undoDifferences.length),
      [...(report.alone ? [] : ['in company']), ...(report.commit === here ? [] : [`of ${report.commit}`])].join(', '),
    ];
  });
  const widths = head.map((_, column) => Math.max(...[head, ...rows].map((row) => row[column]!.length)));
  const lines = [head, ...rows].map((row) =>
    row
      .map((cell, index) => cell.padEnd(widths[index]!))
      .join('  ')
      .trimEnd(),
  );
  return [...lines, '', ...summaryOf(reports)].join('\n');
}

function summaryOf(reports: readonly TrialReport[]): string[] {
  const kinds = [...new Set(reports.map(({ kind }) => kind))];
  return kinds.map((kind) => {
    const mine = reports.filter((report) => report.kind === kind);
    const count = (test: (report: TrialReport) => boolean) => mine.filter(test).length;
    const times = mine.flatMap(({ verdict, alone, seconds }) =>
      verdict === 'resolved' && alone && seconds.total ? [seconds.total] : [],
    );
    return [
      `${kind}: ${count(({ passed }) => passed)} of ${mine.length} as wanted`,
      `objects first ${count(({ place }) => place === 1)}`,
      `cause first ${count(({ cause }) => cause === 1)}, among three ${count(({ cause }) => cause >= 1 && cause <= 3)}`,
      `wrong ${count(({ verdict }) => verdict === 'wrong')}`,
      `invalid ${count(({ verdict }) => verdict === 'invalid')}`,
      `median ${median(times) ?? '-'} s of ${times.length} alone`,
    ].join('; ');
  });
}

/** The lower middle one; undefined of none. */
export function median(numbers: readonly number[]): number | undefined {
  return numbers.toSorted((a, b) => a - b)[Math.ceil(numbers.length / 2) - 1];
}
