import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { isMainThread } from 'node:worker_threads';
import { parseArgs } from 'node:util';
import { FileChecker } from '../lint/files/check-file.ts';
import type { FileReport } from '../lint/files/check-file.ts';
import { ConfigFiles } from '../lint/files/config-files.ts';
import type { ConfigFileProblem } from '../lint/files/config-files.ts';
import { findFiles } from '../lint/files/lint-files.ts';
import type { Unfound } from '../lint/files/lint-files.ts';
import { checkFiles } from '../lint/files/lint-pool.ts';
import { languageOf } from '../lint/languages.ts';
import type { LintReporter } from './lint-report.ts';
import { LINT_FORMATS, lintReporter } from './lint-report.ts';

/** What the command reads and writes; the caller supplies the process's own. */
export interface LintIo {
  stdout: (text: string) => void;
  stderr: (text: string) => void;
  /** All of standard input; asked for only if `-` is a path. */
  stdin: () => Promise<string>;
  cwd: string;
  /** The program that workers run; without it files are checked one after another. */
  script?: URL;
}

const USAGE = `usage: stratus lint [--format text|json|sarif] [--fix [--dry-run]] [--config FILE] [--stdin-filename NAME] PATH…

Checks kubectl commands in shell scripts, YAML and JSON of any tool, Dockerfiles, Makefiles, justfiles, systemd units,
crontabs, Markdown, AsciiDoc, PowerShell and programs, and Kubernetes manifests.
PATH is a file, a folder, a glob, or - for standard input (then --stdin-filename gives its kind).
--fix makes the safe corrections and says which; with --dry-run it shows them and writes nothing.
Settings: the nearest .stratus.yaml at or above each file, or --config FILE.
Exit status: 0 clean (information allowed), 1 a warning or an error was found, 2 something could not be read, 64 usage.
`;
const EXIT = { clean: 0, found: 1, unreadable: 2, usage: 64 } as const;

interface Options {
  format: string;
  fix: boolean;
  dryRun: boolean;
  config?: string;
  name?: string;
  paths: string[];
}

function readOptions(args: string[]): Options | string {
  try {
    const { values, positionals } = parseArgs({
      args,
      allowPositionals: true,
      options: {
        format: { type: 'string', default: 'text' },
        fix: { type: 'boolean', default: false },
        'dry-run': { type: 'boolean', default: false },
        config: { type: 'string' },
        'stdin-filename': { type: 'string' },
        help: { type: 'boolean', short: 'h' },
      },
    });
    if (values.help) return 'help';
    if (!LINT_FORMATS.includes(values.format)) return `--format must be text, json or sarif, not "${values.format}"`;
    if (positionals.length === 0) return 'name at least one file or folder, or - for standard input';
    if (positionals.includes('-') && values['stdin-filename'] === undefined)
      return '- needs --stdin-filename NAME, so that its kind is known';
    if (positionals.includes('-') && values.fix) return '--fix cannot change standard input';
    if (values['dry-run'] && !values.fix) return '--dry-run shows what --fix would change; give both';
    return {
      format: values.format,
      fix: values.fix,
      dryRun: values['dry-run'],
      paths: positionals,
      ...(values.config === undefined ? {} : { config: values.config }),
      ...(values['stdin-filename'] === undefined ? {} : { name: values['stdin-filename'] }),
    };
  } catch (error) {
    return error instanceof Error ? (error.message.split('\n')[0] ?? 'bad arguments') : 'bad arguments';
  }
}

/** `stratus lint …`; `args` are the words after `lint`. Returns the exit status and never throws on bad input. */
export async function lintCommand(args: string[], io: LintIo): Promise<number> {
  const options = readOptions(args);
  if (options === 'help') {
    io.stdout(USAGE);
    return EXIT.clean;
  }
  if (typeof options === 'string') {
    io.stderr(`stratus lint: ${options}\n`);
    return EXIT.usage;
  }
  const unfound: Unfound = { unreadable: [], skipped: [] };
  const reporter = lintReporter(options.format, io);
  const settings = { config: options.config, fix: options.fix };
  // A settings file that was asked for and cannot be read is told before anything is checked.
  const broken = options.config === undefined ? undefined : brokenConfig(options.config);
  if (broken) {
    io.stderr(`stratus lint: cannot read ${broken.path}: ${broken.message}\n`);
    return EXIT.unreadable;
  }
  let found = false;
  const take = (report: FileReport): void => {
    found ||= report.findings.some(({ severity }) => severity !== 'information');
    if (report.unreadable !== undefined) unfound.unreadable.push({ path: report.path, reason: report.unreadable });
    if (report.fixed && !options.dryRun) write(report, io.cwd, unfound);
    reporter.report(report, options.dryRun);
  };
  reporter.begin();
  const paths = options.paths.filter((path) => path !== '-');
  const script = isMainThread ? io.script : undefined;
  const problems = await checkFiles(findFiles(paths, io.cwd, unfound), settings, script, take);
  if (options.paths.includes('-')) {
    const { report, problems: more } = checkInput(
      options.name ?? '',
      (await io.stdin()).replace(/^\uFEFF/, ''),
      settings,
      io.cwd,
    );
    take(report);
    problems.push(...more);
  }
  end(reporter, problems, unfound, io);
  if (unfound.unreadable.length > 0 || problems.some((problem) => problem.broken)) return EXIT.unreadable;
  return found || problems.length > 0 ? EXIT.found : EXIT.clean;
}

function brokenConfig(config: string): ConfigFileProblem | undefined {
  return new ConfigFiles(config).problems().find((problem) => problem.broken);
}

function checkInput(name: string, text: string, settings: { config?: string | undefined; fix: boolean }, cwd: string) {
  const checker = new FileChecker(settings);
  const file = { path: name, absolute: join(cwd, name), named: true };
  const language = languageOf(name, text);
  const report = language ? checker.checkText(file, text, language) : checker.unknownKind(file);
  return { report, problems: checker.problems() };
}

function write({ path, fixed }: FileReport, cwd: string, unfound: Unfound): void {
  if (!fixed) return;
  try {
    writeFileSync(join(cwd, path), fixed.hasMark ? `\uFEFF${fixed.after}` : fixed.after);
  } catch {
    // Told with what could not be read; the findings that are left are those of the corrected text.
    unfound.unreadable.push({ path, reason: 'cannot be written' });
  }
}

function end(reporter: LintReporter, problems: readonly ConfigFileProblem[], unfound: Unfound, io: LintIo): void {
  reporter.end(problems, unfound);
  for (const { path, line, message, broken } of problems)
    io.stderr(`stratus lint: ${broken ? 'cannot read ' : ''}${path}:${line}: ${message}\n`);
  for (const { path, reason } of unfound.unreadable) io.stderr(`stratus lint: ${path}: ${reason}\n`);
}
