import { fileUsesOf, findingsOfFiles } from './applied-files.ts';
import type { FileUse, ReadNearby } from './applied-files.ts';
import { DEFAULT_CONFIG } from './config.ts';
import type { LintConfig } from './config.ts';
import { findingsOfCall } from './check-call.ts';
import { judgeCall } from './judge-call.ts';
import { applyDirectives } from './directives.ts';
import type { Finding } from './finding.ts';
import { depthNote, judgeRegions, note, unreadNotes } from './judge-regions.ts';
import type { Contents, DocumentCall } from './judge-regions.ts';
import type { ChunkResult, LintMemory } from './lint-memory.ts';
import { checkManifests } from './manifest/check-manifest.ts';
import type { LintLanguage } from './languages.ts';
import { findingsOfInput } from './manifest/fed-manifest.ts';
import { LINT_RULES } from './lint-rules.ts';
import { MANIFEST_RULES } from './manifest/manifest-rules.ts';
import { checkRunbook } from './runbook-file.ts';
import { documentRegions } from './regions/document-regions.ts';
import { dependsOnOrder } from './shell/ambient.ts';
import { analyzeStatements } from './shell/analyze-script.ts';
import { scopeOf } from './shell/scope.ts';
import { scriptPieces } from './shell/script-pieces.ts';
import { mentionsKubectl, tooDeep, withoutReturns } from './shell/script-text.ts';
import { scopeText, watchedScope } from './shell/watched-scope.ts';
import { verbatim } from './source-text.ts';
import type { SourceText } from './source-text.ts';
import { withoutComments } from './yaml/json-comments.ts';
import { jsonMayMatter } from './yaml/json-glance.ts';
import { maskTemplates } from './yaml/mask.ts';
import { mayHaveFindings, yamlChunks } from './yaml/yaml-chunks.ts';
import { yamlRegions } from './yaml/yaml-regions.ts';
import { parseYaml } from './yaml/yaml-tree.ts';

/** Larger documents (UTF-16 units) are not checked; one note says so. */
export const MAX_LENGTH = 1_000_000;
const MAX_FINDINGS = 2_000;
const MAX_LINE = 100_000;
/** Scripts up to this length are read as a whole. */
const WHOLE_LENGTH = 2_000;

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

function readChunk(text: string, config: LintConfig): Contents {
  const contents: Contents = { calls: [], findings: [] };
  if (!mayHaveFindings(text)) return contents;
  if (nestingOf(text) > 300) {
    contents.findings.push(...note('not-checked', 'brackets are nested too deeply, so this was not checked', config));
    return contents;
  }
  if (/^\s*[[{]/.test(text) && !jsonMayMatter(text)) return contents;
  const masked = maskTemplates(withoutComments(text));
  const documents = parseYaml(masked);
  contents.findings.push(...checkManifests(documents, config, text.includes('{{')));
  if (mentionsKubectl(text)) judgeRegions(yamlRegions(masked, documents), contents, config);
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
  const reading: Reading = { findings: checkRunbook(text, config), uses: [] };
  for (const chunk of yamlChunks(text)) {
    const compute = (): ChunkResult => {
      const { calls, findings } = readChunk(chunk.text, config);
      return {
        findings: [
          ...findings,
          ...calls.flatMap((call) => [...findingsOfCall(call, 'script', config), ...findingsOfInput(call, config)]),
        ],
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
  // Which cluster a command reaches may depend on commands far above it.
  if (tooDeep(text) || dependsOnOrder(text)) return null;
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
          ...calls.flatMap((call) => [...findingsOfCall(call, 'script', config), ...findingsOfInput(call, config)]),
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
  for (const call of calls)
    findings.push(...findingsOfCall(call, call.place, config), ...findingsOfInput(call, config));
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
  judgeRegions(documentRegions(text, language), contents, config);
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

/** What a look at one document brought. */
export interface Analysis {
  /** In document order. */
  findings: Finding[];
  /** How many more there would be without the comments that disable rules. */
  suppressed: number;
}

/**
 * Everything wrong in one document. Never throws: a failure of the linter itself is one note. Offsets are UTF-16 units of
 * `text`.
 * @param nearby opens the manifests that kubectl commands of the document name; without it they are left alone
 */
export function analyzeDocument(
  text: string,
  language: LintLanguage,
  config: LintConfig = DEFAULT_CONFIG,
  memory?: LintMemory,
  nearby?: ReadNearby,
): Analysis {
  const long = tooLong(text);
  if (long !== undefined) return { findings: note('not-checked', long, config), suppressed: 0 };
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
    const { findings: kept, suppressed } = applyDirectives(text, unique, (id) => Object.hasOwn(LINT_RULES, id));
    kept.sort((a, b) => a.start - b.start || a.end - b.end);
    if (kept.length <= MAX_FINDINGS) return { findings: kept, suppressed };
    const rest = note('not-checked', `only the first ${MAX_FINDINGS} findings are shown`, config);
    return { findings: [...kept.slice(0, MAX_FINDINGS), ...rest], suppressed };
  } catch (error) {
    return { findings: failure(error, config), suppressed: 0 };
  }
}

function failure(error: unknown, config: LintConfig): Finding[] {
  // The readers of YAML and of shell text follow nesting by recursion.
  if (error instanceof RangeError) return note('not-checked', 'this is nested too deeply and was not checked', config);
  const message = error instanceof Error ? error.message : String(error);
  return note('internal-error', `the linter failed on this document: ${message}`, config);
}

/** The findings of {@link analyzeDocument}. */
export function analyze(...args: Parameters<typeof analyzeDocument>): Finding[] {
  return analyzeDocument(...args).findings;
}

/** The kubectl invocations of one document, judged; empty if the document is too large or cannot be read. */
export function kubectlCalls(text: string, language: LintLanguage): DocumentCall[] {
  if (tooLong(text) !== undefined) return [];
  try {
    return read(text, language, DEFAULT_CONFIG).calls;
  } catch {
    // The analysis of the same text reports it.
    return [];
  }
}
