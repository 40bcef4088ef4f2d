import { forEachChild, parse } from 'unbash';
import type { Assignment, Command, PipelineNode, Redirection, SyntaxNode, Word } from 'unbash';
import { DYNAMIC } from '../../kubectl/flag-values.ts';
import { sourceFrom, within } from '../source-text.ts';
import type { SourceText } from '../source-text.ts';
import { fedText, joined, pipedText, withoutEscapes } from './fed-text.ts';
import { collectScope, emptyScope } from './scope.ts';
import type { Scope } from './scope.ts';
import { emptyReport } from './script-report.ts';
import type { ScriptReport } from './script-report.ts';
import { tooDeep, withoutReturns } from './script-text.ts';
import { assignmentWord, mapWord, resolveWord } from './words.ts';
import type { ArgWord } from './words.ts';
import { base, kubectlPrefix, passedOnCommand, programKind, unwrap } from './wrappers.ts';

const MAX_DEPTH = 4;
/** A variable named after kubectl, or a search for its file. */
const KUBECTL_EXPANSION =
  /^"?\$\{?_?(\w*kubectl\w*|KUBECMD|OC|oc)\}?"?$|^"?(?:\$\(|`)\s*(?:which|type|command|echo|printf|readlink|realpath)\b[^|;&]*\bkubectl\s*[)`]"?$/i;
/** Words that make a kubectl command in a text that another program prints. */
const PRINTS_COMMAND = /\bkubectl\s+[a-z]/;

interface Context {
  source: SourceText;
  /** No bracket or backquote stands in the text from `from` up to `at`. */
  opening: { from: number; at: number };
  scope: Scope;
  depth: number;
  report: ScriptReport;
  editable: boolean;
}

interface Surroundings {
  bounded: boolean;
  fedInput: boolean;
  openEnded: boolean;
}

const PLAIN: Surroundings = { bounded: false, fedInput: false, openEnded: false };

/** Finds every kubectl invocation a script makes, directly or through wrappers, nested shells, aliases and functions. */
export function analyzeScript(source: SourceText, options: { nested?: boolean } = {}): ScriptReport {
  const report = emptyReport();
  run(source, report, 0, undefined, !options.nested);
  return report;
}

function run(
  given: SourceText,
  report: ScriptReport,
  depth: number,
  outer: Scope | undefined,
  editable: boolean,
): void {
  if (depth > MAX_DEPTH) return;
  const source = { ...given, text: withoutReturns(given.text) };
  if (tooDeep(source.text)) {
    report.errors.push({ source, message: 'brackets are nested too deeply to be checked', at: 0 });
    return;
  }
  const script = parse(source.text);
  for (const error of script.errors ?? []) report.errors.push({ source, message: error.message, at: error.pos });
  const scope = collectScope(script);
  if (outer) inherit(scope, outer);
  visit(script, { source, opening: { from: 0, at: -1 }, scope, depth, report, editable }, PLAIN);
}

function inherit(scope: Scope, outer: Scope): void {
  for (const [name, value] of outer.variables) if (!scope.assigned.has(name)) scope.variables.set(name, value);
  for (const [name, words] of outer.aliases) if (!scope.aliases.has(name)) scope.aliases.set(name, words);
  for (const [name, words] of outer.forwarders) if (!scope.forwarders.has(name)) scope.forwarders.set(name, words);
}

function visit(node: SyntaxNode, context: Context, around: Surroundings): void {
  switch (node.type) {
    case 'Statement':
      visit(node.command, context, node.background ? { ...around, bounded: true } : around);
      return;
    case 'Pipeline':
      pipeline(node.commands, context, around);
      return;
    case 'Redirected': {
      const fed = node.redirects.some(feedsInput);
      for (const redirect of node.redirects) visit(redirect, context, PLAIN);
      visit(node.command, context, fed ? { ...around, fedInput: true } : around);
      return;
    }
    case 'Command':
      command(node, context, around);
      return;
    case 'Word':
      if (!mayRun(node)) return;
      break;
    case 'CommandExpansion':
      if (node.script?.source !== undefined) {
        backquoted(node.script.source, node, context);
        return;
      }
      break;
    default:
  }
  forEachChild(node, (child) => visit(child, context, around));
}

/**
 * A script inside escaped backquotes has its own text, of which each character was written as one or, with a backslash,
 * two. `node` is the substitution around it.
 */
function backquoted(text: string, node: SyntaxNode, context: Context): void {
  const written = context.source.text.slice(node.pos, node.end);
  const inner = withoutEscapes(text, written, node.pos) ?? {
    text,
    base: node.pos,
    starts: new Array<number>(text.length).fill(node.pos),
    ends: new Array<number>(text.length).fill(node.end),
  };
  run(within(context.source, inner), context.report, context.depth + 1, context.scope, false);
}

function feedsInput(redirect: Redirection): boolean {
  return (
    redirect.type !== 'Redirect' ||
    redirect.operator === '<' ||
    redirect.operator === '<>' ||
    redirect.operator === '<&'
  );
}

/** False only if a word runs no command of its own; its parts are costly to compute. */
function mayRun(word: Word | Assignment): boolean {
  return word.text.includes('(') || word.text.includes('`');
}

/** Visits the children of a command that are not its own words: substitutions, here-documents, redirect targets. */
function nestedScripts(node: SyntaxNode, context: Context): void {
  forEachChild(node, (child) => {
    if ((child.type === 'Word' || child.type === 'Assignment') && !mayRun(child)) return;
    if (child.type === 'CommandExpansion' || child.type === 'Script') visit(child, context, PLAIN);
    else nestedScripts(child, context);
  });
}

/** False only if no word between the offsets runs a command of its own; one search serves all commands before its hit. */
function mayRunWithin(start: number, end: number, { opening, source }: Context): boolean {
  if (start < opening.from || start > opening.at) {
    const paren = source.text.indexOf('(', start);
    const quote = source.text.indexOf('`', start);
    opening.from = start;
    opening.at = Math.min(paren < 0 ? Infinity : paren, quote < 0 ? Infinity : quote);
  }
  return opening.at < end;
}

function scriptsOfCommand(node: Command, context: Context): void {
  const inWords = mayRunWithin(node.pos, node.end, context);
  const look = (item: Assignment | Word | Redirection): void => {
    const isWord = item.type === 'Word' || item.type === 'Assignment';
    if (!isWord || (inWords && mayRun(item))) nestedScripts(item, context);
  };
  for (const item of node.prefix) look(item);
  if (inWords && node.name) look(node.name);
  for (const item of node.suffix) look(item);
}

function pipeline(commands: readonly (PipelineNode & SyntaxNode)[], context: Context, around: Surroundings): void {
  for (const [index, node] of commands.entries()) {
    const before = commands[index - 1];
    const hasReader = index < commands.length - 1;
    const here = { ...around, fedInput: around.fedInput || before !== undefined, bounded: around.bounded || hasReader };
    visit(node, context, here);
    const reader = before && node.type === 'Command' ? scriptReader(node, context) : undefined;
    if (!before || !reader) continue;
    const text = pipedText(commands.slice(0, index), context.scope);
    if (text) run(within(context.source, text), context.report, context.depth + 1, context.scope, false);
    else if (printsCommand(commands.slice(0, index), context)) {
      const { source, report } = context;
      const { start, end } = reader;
      report.unread.push({
        source,
        start,
        end,
        message: 'this shell runs kubectl commands that another program prints',
      });
    }
  }
}

/** True when a program other than kubectl has the text of a kubectl command among its words. */
function printsCommand(nodes: readonly (PipelineNode & SyntaxNode)[], context: Context): boolean {
  return nodes.some((node) => {
    if (node.type !== 'Command' || !PRINTS_COMMAND.test(context.source.text.slice(node.pos, node.end))) return false;
    return wordsOf(node, context).some(({ value }) => PRINTS_COMMAND.test(value));
  });
}

/** The word that names the shell which reads its commands from standard input. */
function scriptReader(node: Command, context: Context): ArgWord | undefined {
  for (let rest: readonly ArgWord[] = wordsOf(node, context), hops = 0; hops < 6 && rest.length > 0; hops++) {
    const inner = unwrap(rest);
    if (inner.kind === 'stdin-script') return rest[0];
    if (inner.kind !== 'command') return undefined;
    rest = inner.words;
  }
  return undefined;
}

/** The scripts that process substitutions print, for a shell or `source` that is given one as a file. */
function substitutedScripts(node: Command, context: Context): void {
  for (const item of node.args) {
    if (item.type !== 'Word' || !item.text.startsWith('<(')) continue;
    const [part] = item.parts ?? [];
    if (part?.type !== 'ProcessSubstitution') continue;
    const statements = part.script?.commands ?? [];
    const [statement] = statements;
    if (statements.length !== 1 || !statement) continue;
    const { command: inner } = statement;
    const text = pipedText(inner.type === 'Pipeline' ? inner.commands : [inner], context.scope);
    if (text) run(within(context.source, text), context.report, context.depth + 1, context.scope, false);
  }
}

function wordsOf(node: Command, context: Context): ArgWord[] {
  const words: ArgWord[] = node.name ? resolveWord(node.name, context.scope) : [];
  for (const item of node.args) {
    if (item.type === 'Word') words.push(...resolveWord(item, context.scope));
    else words.push(assignmentWord(item, context.scope));
  }
  return words;
}

/** True if a command can be skipped unread: its program is a plain word with no meaning here and kubectl is not named. */
function isOrdinary(node: Command, context: Context): boolean {
  const { name } = node;
  if (!name || name.parts) return false;
  const { value } = name;
  if (context.scope.aliases.has(value) || context.scope.forwarders.has(value)) return false;
  const kind = programKind(value);
  if (kind !== 'other') return kind === 'inert';
  return !/kubectl|[$`\\]/.test(context.source.text.slice(node.pos, node.end));
}

function command(node: Command, context: Context, around: Surroundings): void {
  scriptsOfCommand(node, context);
  if (!node.name || isOrdinary(node, context)) return;
  const words = wordsOf(node, context);
  const fed = node.redirects.some(feedsInput);
  const here = fed ? { ...around, fedInput: true } : around;
  const fedTexts = (): SourceText[] =>
    node.redirects.map((redirect) => fedText(redirect, context.scope)).filter((text) => text !== undefined);
  if (READS_FILE.test(base(words[0]?.value ?? ''))) substitutedScripts(node, context);
  followWords(words, context, here, fedTexts, 0);
}

/** Programs that run the script in a file. */
const READS_FILE = /^(source|\.|(ba|da|z|k|a)?sh)$/;

/** Follows one list of words through aliases, functions and wrappers until kubectl is reached or nothing is left. */
function followWords(
  words: readonly ArgWord[],
  context: Context,
  around: Surroundings,
  fed: () => SourceText[],
  hops: number,
): void {
  const first = words[0];
  if (!first || hops > 8) return;
  const { scope } = context;
  const prefix = kubectlPrefix(words);
  if (prefix > 0) return emit(words, prefix, context, around, fed);
  if (first.value.includes(DYNAMIC)) {
    if (first.node && KUBECTL_EXPANSION.test(first.node.text)) return emit(words, 1, context, around, fed);
    return;
  }
  const stands = scope.aliases.get(first.value) ?? scope.forwarders.get(first.value);
  if (stands && stands[0] !== first.value) {
    const { start, end } = first;
    return followWords(
      [...stands.map((value) => ({ value, start, end })), ...words.slice(1)],
      context,
      around,
      fed,
      hops + 1,
    );
  }
  const inner = unwrap(words);
  const script = (text: SourceText): void =>
    run(within(context.source, text), context.report, context.depth + 1, scope, false);
  switch (inner.kind) {
    case 'command':
      followWords(
        inner.words,
        context,
        {
          ...around,
          bounded: around.bounded || inner.bounded === true,
          openEnded: around.openEnded || inner.appendsWords === true,
        },
        fed,
        hops + 1,
      );
      return;
    case 'script':
      script(sourceFrom(mapWord(inner.word, scope), inner.from ?? 0));
      if (inner.readsInput) for (const text of fed()) script(text);
      return;
    case 'joined-script':
      script(joined(inner.words, scope));
      if (base(first.value) === 'ssh') for (const text of fed()) script(text);
      return;
    case 'stdin-script':
      for (const text of fed()) script(text);
      return;
    case 'other': {
      const at = passedOnCommand(words);
      if (at > 0) followWords(words.slice(at), context, { ...around, bounded: true }, fed, hops + 1);
      return;
    }
    case 'foreign':
      context.report.unread.push({
        source: context.source,
        start: first.start,
        end: first.end,
        message: 'this program in another language runs kubectl',
      });
      return;
    default:
  }
}

/** Reports the call, and looks into what exec, run and debug start in a container. */
function emit(
  words: readonly ArgWord[],
  prefix: number,
  context: Context,
  around: Surroundings,
  fed: () => SourceText[],
): void {
  const program = words[prefix - 1] ?? words[0];
  if (!program) return;
  const args = words.slice(prefix);
  context.report.calls.push({ source: context.source, words: args, program, ...around, editable: context.editable });
  const dashes = args.findIndex((word) => word.value === '--');
  if (dashes >= 0 && dashes + 1 < args.length)
    followWords(args.slice(dashes + 1), context, { ...PLAIN, fedInput: around.fedInput }, fed, 1);
}

/** Statements of a script whose names are already known, such as one piece of it. */
export function analyzeStatements(source: SourceText, statements: readonly SyntaxNode[], scope: Scope): ScriptReport {
  const report = emptyReport();
  const context: Context = { source, opening: { from: 0, at: -1 }, scope, depth: 0, report, editable: true };
  for (const statement of statements) visit(statement, context, PLAIN);
  return report;
}

/** An argv without a shell (`command:` and `args:` of a container) as words. */
export function analyzeArgv(words: readonly ArgWord[], source: SourceText): ScriptReport {
  const report = emptyReport();
  const opening = { from: 0, at: -1 };
  const context: Context = { source, opening, scope: emptyScope(), depth: 0, report, editable: false };
  followWords(words, context, PLAIN, () => [], 0);
  return report;
}
