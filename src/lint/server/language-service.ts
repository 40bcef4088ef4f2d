import type {
  CodeAction,
  CodeLens,
  Diagnostic,
  Hover,
  Position,
  Range,
  TextEdit as LspTextEdit,
} from 'vscode-languageserver';
import { confine } from '../../kubectl/confine.ts';
import { lastFlag } from '../../kubectl/parse.ts';
import type { ReadNearby } from '../applied-files.ts';
import { analyze, kubectlCalls } from '../analyze.ts';
import { safeEdits } from '../apply-fixes.ts';
import type { LintConfig } from '../config.ts';
import { directiveText } from '../directives.ts';
import type { Finding, TextEdit } from '../finding.ts';
import type { DocumentCall } from '../judge-regions.ts';
import { EDITOR_LANGUAGES } from '../languages.ts';
import { LintMemory } from '../lint-memory.ts';
import { hoverText } from './hover-text.ts';
import { placeFinder } from '../positions.ts';
import { ruleLink } from '../rule-docs.ts';
import { documentRange } from '../source-text.ts';

/** A document as the editor has it. */
export interface OpenDocument {
  uri: string;
  version: number;
  languageId: string;
  getText(): string;
  positionAt(offset: number): Position;
  offsetAt(position: Position): number;
}

/** The commands behind the code lenses; the editor’s side registers them. Their argument is a LensTarget. */
export const LENS_COMMANDS = { rehearse: 'stratus.rehearseCommand', run: 'stratus.runInTransaction' } as const;

/** What a code lens passes to its command. `argv` excludes the word kubectl. */
export interface LensTarget {
  uri: string;
  argv: string[];
}

/** Findings of one version of a document under one configuration. */
export interface Checked {
  findings: readonly Finding[];
  /** Equal ids mean equal diagnostics. */
  resultId: string;
}

const LSP_SEVERITY = { error: 1, warning: 2, information: 3 } as const;
const FIX_ALL = 'source.fixAll.stratus';

/** Everything the language server answers, without any transport: documents in, protocol values out. */
export class LanguageService {
  readonly #cache = new Map<string, Checked & { version: number; config: LintConfig }>();
  #nextResult = 1;
  readonly #memories = new WeakMap<LintConfig, LintMemory>();

  /** Findings of a document; computed once per version and configuration, until `forgetFiles`. */
  check(document: OpenDocument, config: LintConfig, nearby?: ReadNearby): Checked {
    const cached = this.#cache.get(document.uri);
    if (cached && cached.version === document.version && cached.config === config) return cached;
    const language = EDITOR_LANGUAGES[document.languageId];
    const memory = this.#memories.get(config) ?? new LintMemory();
    this.#memories.set(config, memory);
    const findings = language ? analyze(document.getText(), language, config, memory, nearby) : [];
    const same = cached && JSON.stringify(cached.findings) === JSON.stringify(findings);
    const resultId = same ? cached.resultId : String(this.#nextResult++);
    const checked = { version: document.version, config, findings, resultId };
    this.#cache.set(document.uri, checked);
    return checked;
  }

  /** Files that documents name have changed: the next check looks at them again. */
  forgetFiles(): void {
    for (const checked of this.#cache.values()) checked.version = Number.NaN;
  }

  /** Forgets a closed document. */
  close(uri: string): void {
    this.#cache.delete(uri);
  }

  diagnostics(document: OpenDocument, config: LintConfig, nearby?: ReadNearby): Diagnostic[] {
    const { findings } = this.check(document, config, nearby);
    if (findings.length === 0) return [];
    const place = placeFinder(document.getText());
    return findings.map((finding, index) => ({
      range: { start: place(finding.start), end: place(finding.end) },
      severity: LSP_SEVERITY[finding.severity],
      code: finding.rule,
      codeDescription: { href: ruleLink(finding.rule) },
      source: 'stratus',
      message: finding.message,
      data: index,
    }));
  }

  /** Quick fixes for the findings that touch a range, ways to disable them, and fix-all. */
  codeActions(
    document: OpenDocument,
    range: Range,
    only: readonly string[] | undefined,
    config: LintConfig,
    nearby?: ReadNearby,
  ): CodeAction[] {
    const { findings } = this.check(document, config, nearby);
    const wants = (kind: string): boolean =>
      only === undefined || only.some((asked) => kind === asked || kind.startsWith(`${asked}.`));
    const actions: CodeAction[] = [];
    const from = document.offsetAt(range.start);
    const to = document.offsetAt(range.end);
    const diagnostics = this.diagnostics(document, config, nearby);
    if (wants('quickfix')) {
      for (const [index, finding] of findings.entries()) {
        if (finding.end < from || finding.start > to) continue;
        const diagnostic = diagnostics[index];
        const about = diagnostic ? { diagnostics: [diagnostic] } : {};
        if (finding.fix) {
          actions.push({
            title: finding.fix.title,
            kind: 'quickfix',
            ...about,
            isPreferred: finding.fix.safe,
            edit: { changes: { [document.uri]: toLsp(document, finding.fix.edits) } },
          });
        }
        for (const action of disableActions(document, finding)) actions.push({ ...action, kind: 'quickfix', ...about });
      }
    }
    if (wants(FIX_ALL)) {
      const edits = safeEdits(findings);
      if (edits.length > 0) {
        actions.push({
          title: 'Fix all safe kubectl findings',
          kind: FIX_ALL,
          edit: { changes: { [document.uri]: toLsp(document, edits) } },
        });
      }
    }
    return actions;
  }

  /** What the kubectl command at a position does. */
  hover(document: OpenDocument, position: Position): Hover | undefined {
    const offset = document.offsetAt(position);
    for (const call of this.#calls(document)) {
      const range = callRange(call);
      if (offset < range.start || offset > range.end) continue;
      const value = hoverText(call);
      if (value === undefined) continue;
      return {
        contents: { kind: 'markdown', value },
        range: { start: document.positionAt(range.start), end: document.positionAt(range.end) },
      };
    }
    return undefined;
  }

  /** “Rehearse” and “Run in transaction” above literal kubectl commands that write and may be run safely. */
  codeLenses(document: OpenDocument): CodeLens[] {
    const lenses: CodeLens[] = [];
    for (const call of this.#calls(document)) {
      const argv = runnableArgv(call);
      if (!argv) continue;
      const at = callRange(call);
      const range = { start: document.positionAt(at.start), end: document.positionAt(at.end) };
      const target: LensTarget = { uri: document.uri, argv };
      lenses.push({ range, command: { title: 'Rehearse', command: LENS_COMMANDS.rehearse, arguments: [target] } });
      lenses.push({ range, command: { title: 'Run in transaction', command: LENS_COMMANDS.run, arguments: [target] } });
    }
    return lenses;
  }

  #calls(document: OpenDocument): DocumentCall[] {
    const language = EDITOR_LANGUAGES[document.languageId];
    return language ? kubectlCalls(document.getText(), language) : [];
  }
}

function toLsp(document: OpenDocument, edits: readonly TextEdit[]): LspTextEdit[] {
  return edits.map((edit) => ({
    range: { start: document.positionAt(edit.start), end: document.positionAt(edit.end) },
    newText: edit.text,
  }));
}

function callRange(call: DocumentCall): { start: number; end: number } {
  const last = call.call.words.at(-1) ?? call.call.program;
  return documentRange(call.call.source, call.call.program.start, Math.max(call.call.program.end, last.end));
}

/** The argv of a literal command that changes something and that confinement lets through. Files are the user's own. */
function runnableArgv(call: DocumentCall): string[] | undefined {
  const { parsed, effect } = call.judgement;
  if (!parsed.ok || !effect?.writes || call.call.words.some((word) => !word.node)) return undefined;
  const files = parsed.flags.filter((use) => use.name === 'filename').flatMap((use) => use.value.split(','));
  const context = lastFlag(parsed, 'context')?.value;
  const verdict = confine(['kubectl', ...call.call.words.map((word) => word.value)], {
    files,
    ...(context === undefined ? {} : { context }),
  });
  return verdict.ok ? verdict.argv : undefined;
}

function disableActions(document: OpenDocument, finding: Finding): Pick<CodeAction, 'title' | 'edit'>[] {
  const text = document.getText();
  const lineStart = text.lastIndexOf('\n', finding.start - 1) + 1;
  const indent = /^[ \t]*/.exec(text.slice(lineStart, finding.start))?.[0] ?? '';
  const continues = /\\\r?\n$/.test(text.slice(Math.max(0, lineStart - 3), lineStart));
  const eol = text.includes('\r\n') ? '\r\n' : '\n';
  const insert = (offset: number, newText: string): Pick<CodeAction, 'edit'> => {
    const at = document.positionAt(offset);
    return { edit: { changes: { [document.uri]: [{ range: { start: at, end: at }, newText }] } } };
  };
  const actions: Pick<CodeAction, 'title' | 'edit'>[] = [];
  if (!continues) {
    actions.push({
      title: `Disable ${finding.rule} for this line`,
      ...insert(lineStart, `${indent}# ${directiveText('next-line', finding.rule)}${eol}`),
    });
  }
  const first = text.startsWith('#!') ? text.indexOf('\n') + 1 : 0;
  const comment = directiveText('file', finding.rule);
  const shown = document.languageId === 'markdown' ? `<!-- ${comment} -->` : `# ${comment}`;
  actions.push({ title: `Disable ${finding.rule} in this file`, ...insert(first, `${shown}${eol}`) });
  return actions;
}
