import type { FileReport } from '../lint/files/check-file.ts';
import type { ConfigFileProblem } from '../lint/files/config-files.ts';
import type { Unfound } from '../lint/files/lint-files.ts';
import { sarifFrame, sarifResults } from '../lint/sarif.ts';
import { counted, harmless, oneLine } from '../text/plain-text.ts';
import { lineDifference } from './line-difference.ts';
import { VERSION } from './version.ts';

/** Writes what is found, file by file. */
export interface LintReporter {
  begin(): void;
  /** @param dryRun corrections are shown, not made */
  report(report: FileReport, dryRun: boolean): void;
  end(problems: readonly ConfigFileProblem[], unfound: Unfound): void;
}

interface Streams {
  stdout: (text: string) => void;
  stderr: (text: string) => void;
}

export const LINT_FORMATS: readonly string[] = ['text', 'json', 'sarif'];

export function lintReporter(format: string, streams: Streams): LintReporter {
  if (format === 'json') return new JsonReporter(streams);
  return format === 'sarif' ? new SarifReporter(streams) : new TextReporter(streams);
}

const shownPath = (path: string): string => harmless(path.replaceAll(/[\n\t]/g, ' '));

class TextReporter implements LintReporter {
  readonly #streams: Streams;
  readonly #counts = { error: 0, warning: 0, information: 0 };
  #read = 0;
  #others = 0;
  #suppressed = 0;

  constructor(streams: Streams) {
    this.#streams = streams;
  }

  begin(): void {}

  report({ path, findings, suppressed, read, fixed }: FileReport, dryRun: boolean): void {
    if (read) this.#read++;
    else this.#others++;
    this.#suppressed += suppressed;
    if (fixed) this.#fixed(path, fixed, dryRun);
    for (const { rule, severity, range, message, fix } of findings) {
      this.#counts[severity]++;
      const hint = fix ? ` [${fix.safe ? '--fix' : 'fix'}: ${fix.title}]` : '';
      const { line, character } = range.start;
      this.#streams.stdout(
        `${shownPath(path)}:${line + 1}:${character + 1}: ${severity}: ${oneLine(message, 2_000)} (${rule})${hint}\n`,
      );
    }
  }

  #fixed(path: string, { before, after, titles }: NonNullable<FileReport['fixed']>, dryRun: boolean): void {
    const many = [...Map.groupBy(titles, (title) => title)].map(([title, all]) =>
      all.length > 1 ? `${title} (${all.length} times)` : title,
    );
    this.#streams.stdout(`${shownPath(path)}: ${dryRun ? 'would be corrected' : 'corrected'}: ${many.join(', ')}\n`);
    if (dryRun) this.#streams.stdout(harmless(lineDifference(path, before, after)));
  }

  end(_problems: readonly ConfigFileProblem[], { skipped }: Unfound): void {
    const { error, warning, information } = this.#counts;
    const parts = [`${counted(this.#read, 'file')} read`];
    if (this.#others > 0) parts.push(`${this.#others} of other kinds passed over`);
    if (skipped.length > 0)
      parts.push(
        `${counted(skipped.length, 'folder')} left out (${skipped.slice(0, 3).map(shownPath).join(', ')}${skipped.length > 3 ? ', …' : ''})`,
      );
    if (this.#suppressed > 0) parts.push(`${counted(this.#suppressed, 'finding')} disabled by comments`);
    if (this.#read === 0) parts.push('nothing here is of a kind that is checked');
    this.#streams.stdout(
      `${counted(error, 'error')}, ${counted(warning, 'warning')}, ${counted(information, 'note')}; ${parts.join('; ')}\n`,
    );
  }
}

class JsonReporter implements LintReporter {
  readonly #streams: Streams;
  #isFirst = true;

  constructor(streams: Streams) {
    this.#streams = streams;
  }

  begin(): void {
    this.#streams.stdout('[');
  }

  report({ path, findings }: FileReport): void {
    if (findings.length === 0) return;
    const rows = findings.map(({ rule, severity, range, message, fix }) =>
      JSON.stringify({ path, rule, severity, range, message, ...(fix ? { fix } : {}) }),
    );
    this.#streams.stdout(`${this.#isFirst ? '' : ','}\n  ${rows.join(',\n  ')}`);
    this.#isFirst = false;
  }

  end(): void {
    this.#streams.stdout(this.#isFirst ? ']\n' : '\n]\n');
  }
}

class SarifReporter implements LintReporter {
  readonly #streams: Streams;
  readonly #frame = sarifFrame(VERSION);
  #isFirst = true;

  constructor(streams: Streams) {
    this.#streams = streams;
  }

  begin(): void {
    this.#streams.stdout(this.#frame.head);
  }

  report(report: FileReport): void {
    const results = sarifResults(report);
    if (results.length === 0) return;
    this.#streams.stdout(`${this.#isFirst ? '' : ','}\n${results.join(',\n')}`);
    this.#isFirst = false;
  }

  end(problems: readonly ConfigFileProblem[], { unreadable }: Unfound): void {
    const files = unreadable.map(({ path, reason }) => ({ path, message: reason }));
    const settings = problems.map(({ path, line, message }) => ({ message: `${path}:${line}: ${message}` }));
    this.#streams.stdout(this.#frame.tail([...files, ...settings]));
  }
}
