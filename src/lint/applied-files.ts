import { DYNAMIC } from '../kubectl/flag-values.ts';
import { judgeArgv } from '../kubectl/judge.ts';
import { COMMAND_RULES } from '../kubectl/rules.ts';
import type { JudgedCall } from './check-call.ts';
import { isProtected } from './check-call.ts';
import { matchesAny, raised } from './config.ts';
import type { LintConfig } from './config.ts';
import { lineAt, lineStarts } from './directives.ts';
import type { Finding } from './finding.ts';
import { severityOf } from './lint-rules.ts';
import { documentRange } from './source-text.ts';
import { manifestObjects } from './manifest/manifest-objects.ts';

/** A command that hands a local file, named literally by a relative path, to the API server. */
export interface FileUse {
  deletes: boolean;
  /** As written. */
  path: string;
  /** Offsets of the word that names it. */
  start: number;
  end: number;
  /** The command names a protected context or namespace. */
  isProtected: boolean;
}

/** Text of a file by the relative path a command names it with; undefined: none there, or not to be read. */
export type ReadNearby = (path: string) => string | undefined;

/** Findings about the manifests in a text, without those about commands in it. */
export type CheckManifestText = (text: string) => readonly Finding[];

const VERBS = new Set(['apply', 'create', 'replace', 'delete']);
/** More files than this in one document are not opened. */
const MAX_FILES = 20;

/** The local files that a command applies or deletes for real. */
export function fileUsesOf(judged: JudgedCall, config: LintConfig): FileUse[] {
  const { parsed, effect } = judged.judgement;
  if (!parsed.ok || !effect?.writes || !VERBS.has(effect.command)) return [];
  return parsed.flags
    .filter(({ name }) => name === 'filename')
    .flatMap(({ value, valueIndex }) => {
      const word = judged.words[valueIndex];
      if (!word?.node || value.includes(DYNAMIC)) return [];
      const range = documentRange(judged.call.source, word.start, word.end);
      return value
        .split(',')
        .filter(
          (path) => path !== '' && path !== '-' && !path.startsWith('/') && !/[*?[\\]|^[A-Za-z][\w+.-]*:/.test(path),
        )
        .map((path) => ({
          deletes: effect.command === 'delete',
          path,
          ...range,
          isProtected: isProtected(judged, config),
        }));
    });
}

interface Remark {
  rule: string;
  severity: Finding['severity'];
  line: number;
  message: string;
}

/** What deleting each object of a manifest means, as if its kind and name stood on the command line. */
function remarksOnDelete(text: string, config: LintConfig): Remark[] {
  const starts = lineStarts(text);
  return manifestObjects(text).flatMap(({ kind, name, namespace, start }) => {
    if (kind.includes(DYNAMIC) || name.includes(DYNAMIC)) return [];
    const { problems } = judgeArgv(['delete', `${kind}/${name}`], 'human');
    const guarded = namespace !== undefined && matchesAny(namespace, config.protectedNamespaces);
    return problems.flatMap(({ rule, message }) => {
      const base = severityOf(rule, config);
      const severity = guarded ? raised(base) : base;
      return severity === 'off' || !Object.hasOwn(COMMAND_RULES, rule)
        ? []
        : [{ rule, severity, line: lineAt(starts, start), message: `${kind} ${name}: ${message}` }];
    });
  });
}

function remarksOnApply(text: string, check: CheckManifestText): Remark[] {
  const starts = lineStarts(text);
  return check(text).map(({ rule, severity, start, message }) => ({
    rule,
    severity,
    line: lineAt(starts, start),
    message,
  }));
}

/**
 * What the named manifests would do, reported where a script names them: one finding for each rule and file, warnings and
 * errors only. A file that is not there is passed over: scripts also write the files they apply.
 */
export function findingsOfFiles(
  uses: readonly FileUse[],
  read: ReadNearby,
  config: LintConfig,
  check: CheckManifestText,
): Finding[] {
  return uses.slice(0, MAX_FILES).flatMap((use) => {
    const text = read(use.path);
    if (text === undefined) return [];
    const byRule = Map.groupBy(
      use.deletes ? remarksOnDelete(text, config) : remarksOnApply(text, check),
      ({ rule }) => rule,
    );
    return [...byRule.values()].flatMap(([first, ...others]) => {
      if (!first) return [];
      const severity = use.isProtected ? raised(first.severity) : first.severity;
      if (severity === 'off' || severity === 'information') return [];
      const more = others.length === 0 ? '' : ` (and ${others.length} more)`;
      const message = `${use.path}:${first.line + 1}: ${first.message.replaceAll(DYNAMIC, '…')}${more}`;
      return [{ rule: first.rule, severity, start: use.start, end: use.end, message }];
    });
  });
}
