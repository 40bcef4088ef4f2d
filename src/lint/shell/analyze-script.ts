import { forEachChild, parse } from 'unbash';
import type { Assignment, Command, PipelineNode, Redirection, SyntaxNode, Word } from 'unbash';
import { commandIn } from '../regions/command-text.ts';
import { within } from '../source-text.ts';
import type { SourceText } from '../source-text.ts';
import { noteTarget, settingsOf } from './ambient.ts';
import type { Ambient } from './ambient.ts';
import { fedText, pipedText, withoutEscapes } from './fed-text.ts';
import { finalizeRequest } from './finalizers.ts';
import { feedsInput, PLAIN, set, wordsOf } from './follow-context.ts';
import type { Context, Surroundings } from './follow-context.ts';
import { finalizersRemoved, objectReader, printsCommand, scriptReader, WITHOUT_FINALIZERS } from './follow-pipes.ts';
import { followWords } from './follow-words.ts';
import { printedObjects } from './named-objects.ts';
import { collectScope, emptyScope } from './scope.ts';
import type { Scope } from './scope.ts';
import { emptyReport } from './script-report.ts';
import type { ScriptReport } from './script-report.ts';
import { isShebang, tooDeep, withoutReturns } from './script-text.ts';
import { resolveWord } from './words.ts';
import type { ArgWord } from './words.ts';
import { base, programKind } from './wrappers.ts';

const MAX_DEPTH = 4;

/**
 * Finds every kubectl invocation a script makes, directly or through wrappers, nested shells, aliases and functions.
 * @param options.variables what is set before the script starts, by name
 */
export function analyzeScript(
  source: SourceText,
  options: { nested?: boolean; variables?: ReadonlyMap<string, string> | undefined } = {},
): ScriptReport {
  const report = emptyReport();
  const scope = options.variables ? emptyScope() : undefined;
  for (const [name, value] of options.variables ?? []) scope?.variables.set(name, { value });
  run(source, { report, depth: 0, ambient: {}, editable: !options.nested, ...(scope ? { scope } : {}) });
  return report;
}

/** The first command behind the place where the parser lost its way, unless it was followed nevertheless. */
function unfollowed(source: SourceText, from: number, report: ScriptReport): void {
  const at = commandIn(source.text.slice(from));
  if (at === undefined) return;
  const start = from + at;
  if (
    report.calls.some((call) => call.source === source && call.program.start <= start + 1 && call.program.end > start)
  )
    return;
  const message = 'this stands behind something that cannot be read, or is nested too deeply';
  report.unread.push({ source, start, end: start + 'kubectl'.length, message });
}

interface Outer {
  report: ScriptReport;
  depth: number;
  ambient: Ambient;
  editable: boolean;
  scope?: Scope;
}

function run(given: SourceText, { report, depth, ambient, editable, scope: outer }: Outer): void {
  if (depth > MAX_DEPTH) {
    report.errors.push({ source: given, message: 'scripts are nested too deeply to be checked', at: 0 });
    return;
  }
  const source = { ...given, text: withoutReturns(given.text) };
  if (tooDeep(source.text)) {
    report.errors.push({ source, message: 'brackets are nested too deeply to be checked', at: 0 });
    return;
  }
  const script = parse(source.text);
  for (const error of script.errors ?? []) report.errors.push({ source, message: error.message, at: error.pos });
  const scope = collectScope(script);
  if (outer) inherit(scope, outer);
  visit(script, contextOf({ source, ambient, scope, depth, report, editable }), PLAIN);
  const [error] = script.errors ?? [];
  if (error) unfollowed(source, error.pos, report);
}

function contextOf(known: Omit<Context, 'opening' | 'inside'>): Context {
  const { source, report, depth, ambient, scope } = known;
  const inside = (text: SourceText): void =>
    run(within(source, text), { report, depth: depth + 1, ambient, editable: false, scope });
  return { ...known, opening: { from: 0, at: -1 }, inside };
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
  context.inside(inner);
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
  finalizersRemoved(commands, context);
  for (const [index, node] of commands.entries()) {
    const before = commands[index - 1];
    const hasReader = around.hasReader || index < commands.length - 1;
    const earlier = index > MAX_PIPE ? [] : commands.slice(0, index);
    const piped = before ? pipedText(earlier, context.scope) : undefined;
    const names = before ? printedObjects(earlier) : around.names;
    const handedTo = objectReader(commands[index + 1], context) ?? around.handedTo;
    const here: Surroundings = { ...around, fedInput: around.fedInput || before !== undefined, hasReader };
    if (before) delete here.inputFile;
    set(here, 'input', before ? piped && within(context.source, piped) : around.input);
    set(here, 'names', names);
    set(here, 'handedTo', handedTo);
    visit(node, context, here);
    const reader = before && node.type === 'Command' ? scriptReader(node, context) : undefined;
    if (!before || !reader) continue;
    if (piped) context.inside(piped);
    else if (printsCommand(earlier, context)) {
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

/** What longer pipes hand on is not known. */
const MAX_PIPE = 30;

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
    if (text) context.inside(text);
  }
}

const MAY_FINALIZE = /^(curl|wget|https?|xh)$/;

/** True if a command can be skipped unread: its program is a plain word with no meaning here and kubectl is not named. */
function isOrdinary(node: Command, context: Context): boolean {
  const { name } = node;
  if (!name || name.parts) return false;
  const { value } = name;
  if (/^(cd|pushd|kubectx|kubie)$/.test(value)) return false;
  if (MAY_FINALIZE.test(value) && context.source.text.slice(node.pos, node.end).includes('/finalize')) return false;
  if (context.scope.aliases.has(value) || context.scope.forwarders.has(value)) return false;
  const kind = programKind(value);
  if (kind !== 'other') return kind === 'inert' && !WRITES_FILE.test(value);
  return !/kubectl|[$`\\]/.test(context.source.text.slice(node.pos, node.end));
}

function command(node: Command, context: Context, around: Surroundings): void {
  scriptsOfCommand(node, context);
  if (!node.name || isOrdinary(node, context)) return;
  const words = wordsOf(node, context);
  noteTarget(words, context.ambient);
  const request = finalizeRequest(words);
  if (request)
    context.report.unread.push({
      source: context.source,
      start: request.start,
      end: request.end,
      message: WITHOUT_FINALIZERS,
      rule: 'finalizer-removal',
    });
  const here: Surroundings = { ...around };
  const fed: SourceText[] = [];
  for (const redirect of node.redirects.filter(feedsInput)) {
    here.fedInput = true;
    const text = fedText(redirect, context.scope);
    if (text) fed.push(text);
    set(here, 'input', text && within(context.source, text));
    const [file] = redirect.operator === '<' && redirect.target ? resolveWord(redirect.target, context.scope) : [];
    set(here, 'inputFile', file);
  }
  set(here, 'settings', settingsOf(node, context.scope, context.ambient));
  if (READS_FILE.test(base(words[0]?.value ?? ''))) substitutedScripts(node, context);
  // A script that is written to a file will be run.
  if (WRITES_FILE.test(words.find(({ value }) => value !== 'sudo')?.value ?? ''))
    for (const text of fed) if (isShebang(text.text)) context.inside(text);
  followWords(words, context, here, fed, 0);
}

const WRITES_FILE = /^(cat|tee)$/;
/** Programs that run the script in a file. */
const READS_FILE = /^(source|\.|(ba|da|z|k|a)?sh)$/;

/** Statements of a script whose names are already known, such as one piece of it. */
export function analyzeStatements(source: SourceText, statements: readonly SyntaxNode[], scope: Scope): ScriptReport {
  const report = emptyReport();
  const context = contextOf({ source, ambient: {}, scope, depth: 0, report, editable: true });
  for (const statement of statements) visit(statement, context, PLAIN);
  return report;
}

/** An argv without a shell (`command:` and `args:` of a container) as words. */
export function analyzeArgv(words: readonly ArgWord[], source: SourceText): ScriptReport {
  const report = emptyReport();
  const context = contextOf({ source, ambient: {}, scope: emptyScope(), depth: 0, report, editable: false });
  followWords(words, context, PLAIN, [], 0);
  return report;
}
