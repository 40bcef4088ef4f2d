import { execFileSync } from 'node:child_process';
import { mkdirSync, readFileSync, renameSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import type { Entry } from '../catalogue.ts';
import { loadImages } from '../images.ts';
import type { TrialOptions, TrialReport } from './trial.ts';
import { runTrial } from './trial.ts';

const root = join(import.meta.dirname, '..', '..', '..');

export interface Selection {
  entries: readonly Entry[];
  seeds: readonly number[];
  /** Forgets what was recorded for this commit. */
  fresh?: boolean;
}

/** One after the other; each report is recorded for the commit, so that a run that was stopped goes on where it was. */
export async function runIncidents(
  options: TrialOptions,
  { entries, seeds, fresh }: Selection,
): Promise<TrialReport[]> {
  await loadImages(options.instance);
  const record = new Reports(fresh ?? false);
  const reports: TrialReport[] = [];
  for (const seed of seeds) {
    for (const entry of entries) {
      const key = `${entry.name} ${seed}`;
      const report = record.of(key) ?? (await runTrial(options, entry, seed));
      record.keep(key, report);
      reports.push(report);
      process.stderr.write(`  ${lineOf(report)}\n`);
    }
  }
  return reports;
}

export function lineOf(report: TrialReport): string {
  const { entry, seed, verdict, passed, outcome, cause, writes, seconds, findings, problems, reason } = report;
  const said = problems[0] ?? (verdict === 'resolved' ? '' : (findings[0]?.message ?? reason));
  return `${passed ? 'passed' : 'FAILED'} ${entry} ${seed}: ${verdict} (${outcome}, cause ${cause || '-'}, ${writes} writes, ${seconds.total ?? '-'} s) ${said.slice(0, 160)}`;
}

export function tableOf(reports: readonly TrialReport[]): string {
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
  ];
  const rows = reports.map(
    ({ kind, entry, seed, verdict, passed, outcome, cause, seconds, writes, undoDifferences }) => [
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
    ],
  );
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
    const times = mine.flatMap(({ verdict, seconds }) =>
      verdict === 'resolved' && seconds.total ? [seconds.total] : [],
    );
    const median = times.sort((a, b) => a - b)[Math.floor(times.length / 2)];
    return [
      `${kind}: ${count(({ passed }) => passed)} of ${mine.length} as wanted`,
      `objects first ${count(({ place }) => place === 1)}`,
      `cause first ${count(({ cause }) => cause === 1)}, among three ${count(({ cause }) => cause >= 1 && cause <= 3)}`,
      `wrong ${count(({ verdict }) => verdict === 'wrong')}`,
      `invalid ${count(({ verdict }) => verdict === 'invalid')}`,
      `median ${median ?? '-'} s`,
    ].join('; ');
  });
}

/** Reports by incident and seed, in a file of the commit. */
class Reports {
  readonly #file: string;
  readonly #reports: Record<string, TrialReport>;

  constructor(fresh: boolean) {
    const folder = join(root, 'test-results');
    mkdirSync(folder, { recursive: true });
    const git = (...args: string[]) => execFileSync('git', args, { cwd: root }).toString().trim();
    const commit = git('rev-parse', '--short=12', 'HEAD') + (git('status', '--porcelain') ? '+changes' : '');
    this.#file = join(folder, `incidents-${commit}.json`);
    this.#reports = fresh ? {} : this.#load();
  }

  /** What was found before; a trial that could not be held is held again. */
  of(key: string): TrialReport | undefined {
    const report = this.#reports[key];
    return report?.verdict === 'invalid' ? undefined : report;
  }

  keep(key: string, report: TrialReport): void {
    this.#reports[key] = report;
    writeFileSync(`${this.#file}.new`, `${JSON.stringify(this.#reports, null, 2)}\n`);
    renameSync(`${this.#file}.new`, this.#file);
  }

  #load(): Record<string, TrialReport> {
    try {
      return JSON.parse(readFileSync(this.#file, 'utf8')) as Record<string, TrialReport>;
    } catch {
      return {};
    }
  }
}
