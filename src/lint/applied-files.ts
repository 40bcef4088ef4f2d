import { DYNAMIC } from '../kubectl/flag-values.ts';
import { judgeArgv } from '../kubectl/judge.ts';
import { flagIsOn } from '../kubectl/parse.ts';
import { COMMAND_RULES } from '../kubectl/rules.ts';
import type { JudgedCall } from './judge-call.ts';
import { isProtected } from './check-call.ts';
import { matchesAny, raised } from './config.ts';
import type { LintConfig } from './config.ts';
import { lineAt, lineStarts } from './directives.ts';
import type { Finding } from './finding.ts';
import { severityOf } from './lint-rules.ts';
import type { ArgWord } from './shell/words.ts';
import { documentRange } from './source-text.ts';
import { manifestObjects } from './manifest/manifest-objects.ts';

/** A command that hands local files, named by a relative path, to the API server. */
export interface FileUse {
  deletes: boolean;
  /** As written; without an unknown folder before it, such as that of the script. */
  path: string;
  /** A folder is read with what is below it. */
  recursive: boolean;
  /** The path is that of a kustomization. */
  kustomization: boolean;
  /** The folder that the script has changed to before, as far as it is known. */
  folder?: string;
  /** Offsets of the word that names it. */
  start: number;
  end: number;
  /** The command names a protected context or namespace. */
  isProtected: boolean;
}

/** A file that a command names, by itself or by its folder. */
export interface NearbyFile {
  /** Relative, for people. */
  path: string;
  text: string;
}

/** The files that a command names; empty: none there, or not to be read. */
export type ReadNearby = (
  use: Pick<FileUse, 'path' | 'recursive' | 'kustomization' | 'folder'>,
) => readonly NearbyFile[];

/** Findings about the manifests in a text, without those about commands in it. */
export type CheckManifestText = (text: string) => readonly Finding[];

const VERBS = new Set(['apply', 'create', 'replace', 'delete']);
/** More files than this in one document are not opened. */
const MAX_FILES = 20;

/** The local files that a command applies or deletes for real. */
export function fileUsesOf(judged: JudgedCall, config: LintConfig): FileUse[] {
  const { parsed, effect } = judged.judgement;
  if (!parsed.ok || !effect?.writes || !VERBS.has(effect.command)) return [];
  const { source, inputFile, settings } = judged.call;
  const common = {
    deletes: effect.command === 'delete',
    recursive: flagIsOn(parsed, 'recursive'),
    isProtected: isProtected(judged, config),
    ...(settings?.folder === undefined ? {} : { folder: settings.folder }),
  };
  const useOf = (path: string, word: ArgWord, kustomization: boolean): FileUse[] => {
    const local = localPath(path);
    return local === undefined
      ? []
      : [{ ...common, path: local, kustomization, ...documentRange(source, word.start, word.end) }];
  };
  const named = parsed.flags.flatMap(({ name, value, valueIndex }) => {
    const word = judged.words[valueIndex];
    if (!word?.node || (name !== 'filename' && name !== 'kustomize')) return [];
    if (name === 'kustomize') return useOf(value, word, true);
    return value.split(',').flatMap((path) => useOf(path, word, false));
  });
  const readsInput = parsed.flags.some(({ name, value }) => name === 'filename' && value === '-');
  return inputFile && readsInput ? [...named, ...useOf(inputFile.value, inputFile, false)] : named;
}

/** A path to look for; an unknown beginning (`$HERE/x`) is taken for the script's own folder. */
function localPath(path: string): string | undefined {
  const rest = path.startsWith(DYNAMIC) ? path.replace(new RegExp(`^${DYNAMIC}+/`), '') : path;
  if (rest === '' || rest === '-' || rest.includes(DYNAMIC) || rest.startsWith('/') || /^[A-Za-z][\w+.-]*:/.test(rest))
    return undefined;
  return rest;
}

/** What is to be said about one object of a manifest. */
export interface Remark {
  rule: string;
  severity: Finding['severity'];
  /** Zero-based. */
  line: number;
  /** Offset of the object's kind. */
  start: number;
  message: string;
}

/** What deleting each object of a manifest means, as if its kind and name stood on the command line. */
export function remarksOnDelete(text: string, config: LintConfig): Remark[] {
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
        : [{ rule, severity, line: lineAt(starts, start), start, message: `${kind} ${name}: ${message}` }];
    });
  });
}

function remarksOnApply(text: string, check: CheckManifestText): Remark[] {
  const starts = lineStarts(text);
  return check(text).map(({ rule, severity, start, message }) => ({
    rule,
    severity,
    line: lineAt(starts, start),
    start,
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
    const remarks = read(use).flatMap(({ path, text }) =>
      (use.deletes ? remarksOnDelete(text, config) : remarksOnApply(text, check)).map((remark) => ({
        ...remark,
        path,
      })),
    );
    const byRule = Map.groupBy(remarks, ({ rule }) => rule);
    return [...byRule.values()].flatMap(([first, ...others]) => {
      if (!first) return [];
      const severity = use.isProtected ? raised(first.severity) : first.severity;
      if (severity === 'off' || severity === 'information') return [];
      const more = others.length === 0 ? '' : ` (and ${others.length} more)`;
      const message = `${first.path}:${first.line + 1}: ${first.message.replaceAll(DYNAMIC, '…')}${more}`;
      return [{ rule: first.rule, severity, start: use.start, end: use.end, message }];
    });
  });
}
