import { figuresOf } from './figures.ts';
import type { LookReport } from './looks.ts';
import type { Recorded } from './records.ts';
import type { TrialReport } from './report.ts';

export function lineOf(report: TrialReport): string {
  const { entry, seed, way, verdict, passed, outcome, cause, writes, seconds, findings, problems, reason } = report;
  const said = problems[0] ?? (verdict === 'resolved' ? '' : (findings[0]?.message ?? reason));
  const by = way === 'stratus' ? '' : ` by ${way}`;
  return `${passed ? 'passed' : 'FAILED'} ${entry} ${seed}${by}: ${verdict} (${outcome}, cause ${cause || '-'}, ${writes} writes, ${seconds.total ?? '-'} s) ${said.slice(0, 160)}`;
}

export function lookLine({ entry, seed, looks, problem }: LookReport): string {
  if (problem) return `INVALID ${entry} ${seed}: ${problem.slice(0, 200)}`;
  const said = looks.map(({ tool, cause, named, falseAlarms, seconds }) => {
    const found = cause ? 'cause' : named ? 'objects' : 'nothing';
    return `${tool} ${found}, ${falseAlarms} false, ${seconds} s`;
  });
  return `looked  ${entry} ${seed}: ${said.join('; ')}`;
}

/** @param here the commit at hand: rows of other ones are marked */
export function tableOf(reports: readonly Recorded<TrialReport>[], here: string): string {
  const head = [
    ...['kind', 'incident', 'seed', 'way', 'verdict', 'outcome', 'cause'],
    ...['detect', 'diagnose', 'fix', 'settle', 'total', 'bare', 'writes', 'rise', 'undo', 'note'],
  ];
  const rows = reports.map((report) => {
    const { kind, entry, seed, way, verdict, passed, outcome, cause, writes, muRise, undoDifferences } = report;
    const { detect, diagnose, firstFix, settle, total, bare } = report.seconds;
    return [
      ...[kind, entry, String(seed), way, passed ? verdict : verdict.toUpperCase(), outcome, String(cause || '-')],
      ...[detect, diagnose, firstFix, settle, total, bare].map((one) => String(one ?? '-')),
      ...[String(writes), String(muRise ?? '?'), String(undoDifferences.length)],
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
  const groups = [...new Set(reports.map(({ way, kind }) => `${way} ${kind}`))];
  return groups.map((group) => {
    const mine = reports.filter(({ way, kind }) => `${way} ${kind}` === group);
    const held = mine.filter(({ verdict }) => verdict !== 'invalid');
    const figures = figuresOf(held);
    return [
      `${group}: ${figures.asWanted} of ${mine.length} as wanted`,
      `objects first ${figures.objectsFirst}`,
      `cause first ${figures.causeFirst}, among three ${figures.causeAmongThree}`,
      `wrong ${figures.wrong}`,
      `invalid ${mine.length - held.length}`,
      `median ${figures.seconds.total ?? '-'} s of ${figures.timed} alone`,
    ].join('; ');
  });
}
