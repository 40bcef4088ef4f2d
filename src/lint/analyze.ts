import { fileUsesOf, findingsOfFiles } from './applied-files.ts';
import type { FileUse, ReadNearby } from './applied-files.ts';
import { DEFAULT_CONFIG } from './config.ts';
import type { LintConfig } from './config.ts';
import { findingsOfCall, judgeCall } from './check-call.ts';
import type { JudgedCall } from './check-call.ts';
import { applyDirectives } from './directives.ts';
import type { Finding } from './finding.ts';
import { severityOf } from './lint-rules.ts';
import { checkManifests } from './manifest/check-manifest.ts';
import { MANIFEST_RULES } from './manifest/manifest-rules.ts';
import { dockerfileRegions } from './regions/dockerfile.ts';
import { makefileRegions } from './regions/makefile.ts';
import { markdownRegions } from './regions/markdown.ts';
import type { Region } from './regions/region.ts';
import {
  analyzeArgv,
  analyzeScript,
  analyzeStatements,
  mentionsKubectl,
  tooDeep,
  withoutReturns,
} from './shell/analyze-script.ts';
import type { ScriptReport } from './shell/analyze-script.ts';
import { foreignLines } from './shell/foreign-lines.ts';
import { scopeOf } from './shell/scope.ts';
import type { Scope } from './shell/scope.ts';
import { PieceMemory, scriptPieces } from './shell/script-pieces.ts';
import { answersSame, scopeText, watchedScope } from './shell/watched-scope.ts';
import type { Lookups } from './shell/watched-scope.ts';
import { documentRange, verbatim } from './source-text.ts';
import type { SourceText } from './source-text.ts';
import { maskTemplates } from './yaml/mask.ts';
import { mayHaveFindings, yamlChunks } from './yaml/yaml-chunks.ts';
import { yamlRegions } from './yaml/yaml-regions.ts';
import { parseYaml } from './yaml/yaml-tree.ts';

/** Documents the linter reads, by the editor's language ids. */
export type LintLanguage = 'shellscript' | 'yaml' | 'dockerfile' | 'makefile' | 'markdown';

/** Larger documents (UTF-16 units) are not checked; one note says so. */
export const MAX_LENGTH = 1_000_000;
const MAX_FINDINGS = 2_000;
const MAX_LINE = 100_000;
/** Scripts up to this length are read as a whole. */
const WHOLE_LENGTH = 2_000;

/** A kubectl invocation of a document, for hover and code lenses. */
export interface DocumentCall extends JudgedCall {
  interactive: boolean;
}

interface Contents {
  calls: DocumentCall[];
  findings: Finding[];
}

function note(rule: string, message: string, config: LintConfig, end = 0): Finding[] {
  const severity = severityOf(rule, config);
  return severity === 'off' ? [] : [{ rule, severity, start: 0, end, message }];
}

function tooLong(text: string): string | undefined {
  if (text.length > MAX_LENGTH) return `this file has more than ${MAX_LENGTH} characters and was not checked`;
  let start = 0;
  for (let at = text.indexOf('\n'); ; at = text.indexOf('\n', start)) {
    if ((at < 0 ? text.length : at) - start > MAX_LINE)
      return `a line has more than ${MAX_LINE} characters, so this file was not checked`;
    if (at < 0) return undefined;
    start = at + 1;
  }
}

/** What was found in one YAML document or piece of a script, with offsets from its own start. */
interface ChunkResult {
  findings: readonly Finding[];
  uses: readonly FileUse[];
}

/** What was found in one piece of a script, and which names of the script that depends on. */
interface PieceResult {
  findings: readonly Finding[];
  uses: readonly FileUse[];
  lookups: Lookups;
  /** The whole scope it was computed in. */
  scope: string;
}

/**
 * Remembers the results of YAML documents and of pieces of scripts by their text, so that an edit costs one of them.
 * The caller keeps one per configuration.
 */
export class LintMemory {
  readonly pieces = new PieceMemory();
  private readonly chunks = new Map<string, ChunkResult>();
  private readonly results = new Map<string, PieceResult>();
  private readonly manifests = new Map<string, readonly Finding[]>();

  /** The result for a text, computed if it is new; the oldest of 2,000 is forgotten. */
  chunk(text: string, compute: () => ChunkResult): ChunkResult {
    const known = this.chunks.get(text);
    if (known) return known;
    const result = compute();
    remember(this.chunks, text, result);
    return result;
  }

  /** The findings about a manifest that a document names, computed if its text is new. */
  manifest(text: string, compute: () => readonly Finding[]): readonly Finding[] {
    const known = this.manifests.get(text);
    if (known) return known;
    const result = compute();
    remember(this.manifests, text, result);
    return result;
  }

  /** The result for a piece of a script, computed if it is new or a name it uses means something else now. */
  piece(text: string, scope: Scope, scopeId: string, compute: () => PieceResult): PieceResult {
    const known = this.results.get(text);
    if (known) {
      if (known.scope === scopeId) return known;
      if (known.lookups !== 'all' && answersSame(scope, known.lookups)) {
        known.scope = scopeId;
        return known;
      }
    }
    const result = compute();
    remember(this.results, text, result);
    return result;
  }
}

function remember<V>(memory: Map<string, V>, text: string, result: V): void {
  memory.set(text, result);
  const oldest = memory.keys().next();
  if (memory.size > 2_000 && !oldest.done) memory.delete(oldest.value);
}

function runRegions(regions: readonly Region[], contents: Contents, config: LintConfig): void {
  for (const region of regions) {
    if (region.kind === 'foreign') {
      runForeign(region, contents, config);
      continue;
    }
    const report = region.kind === 'script' ? analyzeScript(region.source) : analyzeArgv(region.words, region.source);
    const interactive = region.kind === 'script' && region.interactive === true;
    for (const call of report.calls) contents.calls.push({ ...judgeCall(call, config), interactive });
    contents.findings.push(...depthNote(report, config));
    if (!interactive) contents.findings.push(...unreadNotes(report, config));
  }
}

/** Commands that seem to run kubectl in a way that nobody here can follow. */
function unreadNotes({ unread }: ScriptReport, config: LintConfig): Finding[] {
  const severity = severityOf('cannot-verify', config);
  if (severity === 'off') return [];
  return unread.map(({ source, start, end, message }) => ({
    rule: 'cannot-verify',
    severity,
    ...documentRange(source, start, end),
    message: `${message}, so it cannot be checked; call kubectl directly`,
  }));
}

/** Lines that mean the same in every shell are judged; for the rest one note says that nobody did. */
function runForeign(region: Region & { kind: 'foreign' }, contents: Contents, config: LintConfig): void {
  const { source, shell } = region;
  const interactive = region.interactive === true;
  const { commands, unread } = foreignLines(source.text, shell);
  for (const words of commands)
    for (const call of analyzeArgv(words, source).calls)
      contents.calls.push({ ...judgeCall(call, config), interactive });
  const severity = severityOf('cannot-verify', config);
  if (!unread || interactive || severity === 'off') return;
  contents.findings.push({
    rule: 'cannot-verify',
    severity,
    ...documentRange(source, unread.start, unread.end),
    message: `${shell} is not analysed, so this command cannot be checked; write it as a line of its own in plain words, or use bash`,
  });
}

function depthNote(report: ScriptReport, config: LintConfig): Finding[] {
  if (!report.errors.some((error) => error.message.includes('nested too deeply'))) return [];
  return note('not-checked', 'brackets are nested too deeply, so this script was not checked', config);
}

function readChunk(text: string, config: LintConfig): Contents {
  const contents: Contents = { calls: [], findings: [] };
  if (!mayHaveFindings(text)) return contents;
  if (nestingOf(text) > 300) {
    contents.findings.push(...note('not-checked', 'brackets are nested too deeply, so this was not checked', config));
    return contents;
  }
  const masked = maskTemplates(text);
  const documents = parseYaml(masked);
  contents.findings.push(...checkManifests(documents, config, text.includes('{{')));
  if (mentionsKubectl(text)) runRegions(yamlRegions(masked, documents), contents, config);
  return contents;
}

function moved(source: SourceText, offset: number): SourceText {
  if (offset === 0) return source;
  return {
    ...source,
    base: source.base + offset,
    ...(source.starts ? { starts: Array.from(source.starts, (at) => at + offset) } : {}),
    ...(source.ends ? { ends: Array.from(source.ends, (at) => at + offset) } : {}),
  };
}

/** What a document says before the files that it names are looked at. */
interface Reading {
  findings: Finding[];
  uses: FileUse[];
}

function movedUse(use: FileUse, offset: number): FileUse {
  return offset === 0 ? use : { ...use, start: use.start + offset, end: use.end + offset };
}

function movedFinding(finding: Finding, offset: number): Finding {
  if (offset === 0) return finding;
  const { fix } = finding;
  const edits = fix?.edits.map((edit) => ({ ...edit, start: edit.start + offset, end: edit.end + offset }));
  return {
    ...finding,
    start: finding.start + offset,
    end: finding.end + offset,
    ...(fix && edits ? { fix: { ...fix, edits } } : {}),
  };
}

/** All YAML documents of a text. */
function readYaml(text: string, config: LintConfig, memory: LintMemory | undefined): Reading {
  const reading: Reading = { findings: [], uses: [] };
  for (const chunk of yamlChunks(text)) {
    const compute = (): ChunkResult => {
      const { calls, findings } = readChunk(chunk.text, config);
      return {
        findings: [...findings, ...calls.flatMap((call) => findingsOfCall(call, false, config))],
        uses: calls.flatMap((call) => fileUsesOf(call, config)),
      };
    };
    const { findings, uses } = memory ? memory.chunk(chunk.text, compute) : compute();
    for (const finding of findings) reading.findings.push(movedFinding(finding, chunk.start));
    for (const use of uses) reading.uses.push(movedUse(use, chunk.start));
  }
  return reading;
}

/** A script, piece by piece; null when it has to be read as a whole. */
function readPieces(given: string, config: LintConfig, memory: LintMemory): Reading | null {
  const text = withoutReturns(given);
  if (tooDeep(text)) return null;
  const pieces = scriptPieces(text, memory.pieces);
  if (!pieces) return null;
  const scope = scopeOf(pieces.flatMap(({ piece }) => piece.facts));
  const scopeId = scopeText(scope);
  const reading: Reading = { findings: [], uses: [] };
  for (const { piece, start } of pieces) {
    const { findings, uses } = memory.piece(piece.text, scope, scopeId, () => {
      const watched = watchedScope(scope);
      const report = analyzeStatements(verbatim(piece.text), piece.statements, watched.scope);
      const calls = report.calls.map((call) => judgeCall(call, config));
      return {
        findings: [
          ...calls.flatMap((call) => findingsOfCall(call, false, config)),
          ...unreadNotes(report, config),
          ...depthNote(report, config),
        ],
        uses: calls.flatMap((call) => fileUsesOf(call, config)),
        lookups: watched.lookups(),
        scope: scopeId,
      };
    });
    // A note about the whole document stays at its beginning.
    for (const finding of findings)
      reading.findings.push(finding.rule === 'not-checked' ? finding : movedFinding(finding, start));
    for (const use of uses) reading.uses.push(movedUse(use, start));
  }
  return reading;
}

function readWhole(text: string, language: LintLanguage, config: LintConfig): Reading {
  const { calls, findings } = read(text, language, config);
  for (const call of calls) findings.push(...findingsOfCall(call, call.interactive, config));
  return { findings, uses: calls.flatMap((call) => fileUsesOf(call, config)) };
}

/** Warnings about the objects of a manifest; its own comments may disable some. */
function manifestFindings(text: string, config: LintConfig, memory: LintMemory | undefined): readonly Finding[] {
  const compute = (): Finding[] =>
    analyze(text, 'yaml', config).filter(({ rule }) => Object.hasOwn(MANIFEST_RULES, rule));
  return memory ? memory.manifest(text, compute) : compute();
}

function read(text: string, language: LintLanguage, config: LintConfig): Contents {
  const contents: Contents = { calls: [], findings: [] };
  if (language === 'yaml') {
    for (const chunk of yamlChunks(text)) {
      for (const call of readChunk(chunk.text, config).calls) {
        contents.calls.push({ ...call, call: { ...call.call, source: moved(call.call.source, chunk.start) } });
      }
    }
    return contents;
  }
  if (!mentionsKubectl(text)) return contents;
  let regions: Region[];
  if (language === 'shellscript') regions = [{ kind: 'script', source: verbatim(text) }];
  else if (language === 'dockerfile') regions = dockerfileRegions(text);
  else if (language === 'makefile') regions = makefileRegions(text);
  else regions = markdownRegions(text);
  runRegions(regions, contents, config);
  return contents;
}

/** The deepest nesting of flow brackets, which YAML readers follow recursively. */
function nestingOf(text: string): number {
  let depth = 0;
  let deepest = 0;
  for (let index = 0; index < text.length; index++) {
    const char = text.charCodeAt(index);
    if (char === 91 || char === 123) deepest = Math.max(deepest, ++depth);
    else if (char === 93 || char === 125) depth = Math.max(0, depth - 1);
  }
  return deepest;
}

function key(finding: Finding): string {
  return `${finding.start} ${finding.end} ${finding.rule}`;
}

/**
 * Everything wrong in one document, in document order. Never throws: a failure of the linter itself is one note.
 * Offsets are UTF-16 units of `text`.
 * @param nearby opens the manifests that kubectl commands of the document name; without it they are left alone
 */
export function analyze(
  text: string,
  language: LintLanguage,
  config: LintConfig = DEFAULT_CONFIG,
  memory?: LintMemory,
  nearby?: ReadNearby,
): Finding[] {
  const long = tooLong(text);
  if (long !== undefined) return note('not-checked', long, config);
  try {
    let reading: Reading | null = null;
    if (language === 'yaml') reading = readYaml(text, config, memory);
    else if (language === 'shellscript' && memory && text.length > WHOLE_LENGTH && mentionsKubectl(text))
      reading = readPieces(text, config, memory);
    reading ??= readWhole(text, language, config);
    const { findings, uses } = reading;
    if (nearby && uses.length > 0)
      findings.push(...findingsOfFiles(uses, nearby, config, (manifest) => manifestFindings(manifest, config, memory)));
    const unique = [...new Map(findings.map((finding) => [key(finding), finding])).values()];
    const kept = applyDirectives(text, unique).sort((a, b) => a.start - b.start || a.end - b.end);
    if (kept.length <= MAX_FINDINGS) return kept;
    return [
      ...kept.slice(0, MAX_FINDINGS),
      ...note('not-checked', `only the first ${MAX_FINDINGS} findings are shown`, config),
    ];
  } catch (error) {
    return note(
      'internal-error',
      `the linter failed on this document: ${error instanceof Error ? error.message : String(error)}`,
      config,
    );
  }
}

/** The kubectl invocations of one document, judged; empty if the document is too large or cannot be read. */
export function kubectlCalls(text: string, language: LintLanguage): DocumentCall[] {
  if (tooLong(text) !== undefined) return [];
  try {
    return read(text, language, DEFAULT_CONFIG).calls;
  } catch {
    return [];
  }
}

const BY_EXTENSION: Readonly<Record<string, LintLanguage>> = {
  sh: 'shellscript',
  bash: 'shellscript',
  zsh: 'shellscript',
  ksh: 'shellscript',
  yaml: 'yaml',
  yml: 'yaml',
  json: 'yaml',
  md: 'markdown',
  markdown: 'markdown',
  mk: 'makefile',
  dockerfile: 'dockerfile',
  tpl: 'yaml',
};

/** The language of a file by its name, or by its shebang; undefined: not a file the linter reads. */
export function languageOf(path: string, text: string): LintLanguage | undefined {
  const name = path.slice(Math.max(path.lastIndexOf('/'), path.lastIndexOf('\\')) + 1);
  if (/^(Dockerfile|Containerfile)(\..*)?$/i.test(name)) return 'dockerfile';
  if (/^(GNU)?Makefile(\..*)?$/i.test(name)) return 'makefile';
  const dot = name.lastIndexOf('.');
  const known = dot >= 0 ? BY_EXTENSION[name.slice(dot + 1).toLowerCase()] : undefined;
  if (known) return known;
  return /^(?:\uFEFF)?#!.*\b(ba|da|z|k|a)?sh\b/.test(text.slice(0, 200)) ? 'shellscript' : undefined;
}
