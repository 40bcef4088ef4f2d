import { DEFAULT_CONFIG } from './config.ts';
import type { LintConfig } from './config.ts';
import { findingsOfCall, judgeCall } from './check-call.ts';
import type { JudgedCall } from './check-call.ts';
import { applyDirectives } from './directives.ts';
import type { Finding } from './finding.ts';
import { severityOf } from './lint-rules.ts';
import { checkManifests } from './manifest/check-manifest.ts';
import { dockerfileRegions } from './regions/dockerfile.ts';
import { makefileRegions } from './regions/makefile.ts';
import { markdownRegions } from './regions/markdown.ts';
import type { Region } from './regions/region.ts';
import { analyzeArgv, analyzeScript, mentionsKubectl } from './shell/analyze-script.ts';
import { verbatim } from './source-text.ts';
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

/** What was found in one YAML document, with offsets from its own start. */
interface ChunkResult {
  findings: readonly Finding[];
  calls: readonly DocumentCall[];
}

/** Remembers the results of YAML documents by their text, so that an edit costs one document. The caller keeps one per configuration. */
export class LintMemory {
  private readonly chunks = new Map<string, ChunkResult>();

  /** The result for a text, computed if it is new; the oldest of 2,000 is forgotten. */
  chunk(text: string, compute: () => ChunkResult): ChunkResult {
    const known = this.chunks.get(text);
    if (known) return known;
    const result = compute();
    this.chunks.set(text, result);
    const oldest = this.chunks.keys().next();
    if (this.chunks.size > 2_000 && !oldest.done) this.chunks.delete(oldest.value);
    return result;
  }
}

function runRegions(regions: readonly Region[], contents: Contents, config: LintConfig): void {
  for (const region of regions) {
    const report = region.kind === 'script' ? analyzeScript(region.source) : analyzeArgv(region.words, region.source);
    const interactive = region.kind === 'script' && region.interactive === true;
    for (const call of report.calls) contents.calls.push({ ...judgeCall(call), interactive });
    if (report.errors.some((error) => error.message.includes('nested too deeply'))) {
      contents.findings.push(
        ...note('not-checked', 'brackets are nested too deeply, so this script was not checked', config),
      );
    }
  }
}

function readChunk(text: string, config: LintConfig): ChunkResult {
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

/** The findings of all YAML documents of a text. */
function yamlFindings(text: string, config: LintConfig, memory: LintMemory | undefined): Finding[] {
  return yamlChunks(text).flatMap((chunk) => {
    const compute = (): ChunkResult => {
      const { calls, findings } = readChunk(chunk.text, config);
      return { calls: [], findings: [...findings, ...calls.flatMap((call) => findingsOfCall(call, false, config))] };
    };
    const { findings } = memory ? memory.chunk(chunk.text, compute) : compute();
    return findings.map((finding) => movedFinding(finding, chunk.start));
  });
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
 */
export function analyze(
  text: string,
  language: LintLanguage,
  config: LintConfig = DEFAULT_CONFIG,
  memory?: LintMemory,
): Finding[] {
  const long = tooLong(text);
  if (long !== undefined) return note('not-checked', long, config);
  try {
    let findings: Finding[];
    if (language === 'yaml') findings = yamlFindings(text, config, memory);
    else {
      const contents = read(text, language, config);
      findings = contents.findings;
      for (const call of contents.calls) findings.push(...findingsOfCall(call, call.interactive, config));
    }
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
