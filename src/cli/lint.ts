import { readFileSync, writeFileSync } from 'node:fs';
import { dirname, resolve } from 'node:path';
import { harmless, oneLine } from '../text/plain-text.ts';
import { parseArgs } from 'node:util';
import { analyze } from '../lint/analyze.ts';
import { languageOf } from '../lint/languages.ts';
import { applyEdits, safeEdits } from '../lint/apply-fixes.ts';
import { DEFAULT_CONFIG } from '../lint/config.ts';
import type { LintConfig } from '../lint/config.ts';
import { readConfigFile } from '../lint/config-file.ts';
import type { Finding } from '../lint/finding.ts';
import { findFiles } from '../lint/lint-files.ts';
import type { LintFile } from '../lint/lint-files.ts';
import { severityOf } from '../lint/lint-rules.ts';
import { nearbyFiles, nearestConfig } from '../lint/nearby-files.ts';
import { placeFinder } from '../lint/positions.ts';
import { ruleUrl } from '../lint/rule-docs.ts';
import { sarifLog } from '../lint/sarif.ts';
import { VERSION } from './version.ts';
import type { FileFindings } from '../lint/sarif.ts';

/** What the command reads and writes; the caller supplies the process's own. */
export interface LintIo {
  stdout: (text: string) => void;
  stderr: (text: string) => void;
  /** All of standard input; asked for only if `-` is a path. */
  stdin: () => Promise<string>;
  cwd: string;
}

const USAGE = `usage: stratus lint [--format text|json|sarif] [--fix] [--config FILE] [--stdin-filename NAME] PATH…

Checks kubectl commands in shell scripts, YAML, Dockerfiles, Makefiles and Markdown, and Kubernetes manifests.
PATH is a file, a folder, a glob, or - for standard input (then --stdin-filename gives its kind).
Exit status: 0 clean (information allowed), 1 a warning or an error was found, 2 something could not be read, 64 usage.
`;
const EXIT = { clean: 0, found: 1, unreadable: 2, usage: 64 } as const;
const MAX_FIX_ROUNDS = 5;

class ConfigError extends Error {}

function readConfig(path: string | undefined, io: LintIo): LintConfig {
  if (path === undefined) return DEFAULT_CONFIG;
  let text: string;
  try {
    text = readFileSync(path, 'utf8');
  } catch (error) {
    throw new ConfigError(`cannot read ${path}: ${unreadableText(error)}`);
  }
  const { config, problems, broken } = readConfigFile(text);
  const place = placeFinder(text);
  const lines = problems.map(({ message, start }) => `${path}:${place(start).line + 1}: ${message}`);
  if (broken) throw new ConfigError(`cannot read ${lines[0] ?? path}`);
  for (const line of lines) io.stderr(`stratus lint: ${line}\n`);
  return config;
}

function unreadableText(error: unknown): string {
  const { code = '', message } = error as NodeJS.ErrnoException;
  if (code === 'ENOENT') return 'there is no such file';
  if (code === 'EISDIR') return 'it is a folder';
  return code === 'EACCES' ? 'you may not read it' : message;
}

function findingsOf(file: LintFile, config: LintConfig, cwd: string): Finding[] {
  const nearby = nearbyFiles(cwd, dirname(file.absolute || resolve(cwd, file.path)));
  if (file.language) return analyze(file.text, file.language, config, undefined, nearby);
  const severity = severityOf('not-checked', config);
  return severity === 'off'
    ? []
    : [{ rule: 'not-checked', severity, start: 0, end: 0, message: file.problem ?? 'this file was not checked' }];
}

/** Applies safe fixes until none is left; returns the text. */
function fixed(file: LintFile, config: LintConfig): string {
  let { text } = file;
  for (let round = 0; file.language && round < MAX_FIX_ROUNDS; round++) {
    const edits = safeEdits(analyze(text, file.language, config));
    if (edits.length === 0) break;
    text = applyEdits(text, edits);
  }
  return text;
}

/** True if a file starts with a byte order mark, which is no part of its text but must survive a fix. */
function startsWithMark(path: string): boolean {
  return readFileSync(path)
    .subarray(0, 3)
    .equals(Buffer.from([0xef, 0xbb, 0xbf]));
}

function textReport(files: readonly FileFindings[], io: LintIo): void {
  const counts = { error: 0, warning: 0, information: 0 };
  for (const { path, text, findings } of files) {
    const place = placeFinder(text);
    for (const finding of findings) {
      counts[finding.severity]++;
      const { line, character } = place(finding.start);
      const fix = finding.fix ? ` [${finding.fix.safe ? '--fix' : 'fix'}: ${finding.fix.title}]` : '';
      io.stdout(
        `${harmless(path.replaceAll(/[\n\t]/g, ' '))}:${line + 1}:${character + 1}: ${finding.severity}: ${oneLine(finding.message, 2_000)} (${finding.rule})${fix}\n`,
      );
    }
  }
  const total = counts.error + counts.warning + counts.information;
  if (total > 0)
    io.stdout(
      `${counts.error} errors, ${counts.warning} warnings, ${counts.information} notes; rules: ${ruleUrl('README')}\n`,
    );
}

function jsonReport(files: readonly FileFindings[]): string {
  const rows = files.flatMap(({ path, text, findings }) => {
    const place = placeFinder(text);
    return findings.map((finding) => ({
      path,
      rule: finding.rule,
      severity: finding.severity,
      range: { start: place(finding.start), end: place(finding.end) },
      message: finding.message,
      ...(finding.fix
        ? {
            fix: {
              title: finding.fix.title,
              safe: finding.fix.safe,
              edits: finding.fix.edits.map((edit) => ({
                range: { start: place(edit.start), end: place(edit.end) },
                newText: edit.text,
              })),
            },
          }
        : {}),
    }));
  });
  return `${JSON.stringify(rows, null, 2)}\n`;
}

interface Options {
  format: string;
  fix: boolean;
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
        config: { type: 'string' },
        'stdin-filename': { type: 'string' },
        help: { type: 'boolean', short: 'h' },
      },
    });
    if (values.help) return 'help';
    if (!['text', 'json', 'sarif'].includes(values.format))
      return `--format must be text, json or sarif, not "${values.format}"`;
    if (positionals.length === 0) return 'name at least one file or folder, or - for standard input';
    if (positionals.includes('-') && values['stdin-filename'] === undefined)
      return '- needs --stdin-filename NAME, so that its kind is known';
    if (positionals.includes('-') && values.fix) return '--fix cannot change standard input';
    return {
      format: values.format,
      fix: values.fix,
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
  let config: LintConfig;
  try {
    config = readConfig(options.config ?? nearestConfig(io.cwd), io);
  } catch (error) {
    if (!(error instanceof ConfigError)) throw error;
    io.stderr(`stratus lint: ${error.message}\n`);
    return EXIT.unreadable;
  }
  const { files, unreadable } = findFiles(
    options.paths.filter((path) => path !== '-'),
    io.cwd,
  );
  if (options.paths.includes('-')) {
    const path = options.name ?? '';
    const text = (await io.stdin()).replace(/^\uFEFF/, '');
    const language = languageOf(path, text);
    files.push({
      path,
      absolute: '',
      text,
      ...(language ? { language } : { problem: 'this kind of file is not known and was not checked' }),
    });
  }
  const reports: FileFindings[] = [];
  for (const file of files) {
    let { text } = file;
    if (options.fix) {
      text = fixed(file, config);
      if (text !== file.text) {
        try {
          writeFileSync(file.absolute, startsWithMark(file.absolute) ? `\uFEFF${text}` : text);
        } catch {
          // The finding says so; the file is reported as it is.
          unreadable.push({ path: file.path, reason: 'cannot be written' });
          text = file.text;
        }
      }
    }
    reports.push({ path: file.path, text, findings: findingsOf({ ...file, text }, config, io.cwd) });
  }
  if (options.format === 'json') io.stdout(jsonReport(reports));
  else if (options.format === 'sarif') io.stdout(`${JSON.stringify(sarifLog(reports, VERSION), null, 2)}\n`);
  else textReport(reports, io);
  for (const { path, reason } of unreadable) io.stderr(`stratus lint: ${path}: ${reason}\n`);
  if (unreadable.length > 0) return EXIT.unreadable;
  return reports.some((report) => report.findings.some((finding) => finding.severity !== 'information'))
    ? EXIT.found
    : EXIT.clean;
}
