import { forEachChild, parse } from 'unbash';
import type { Assignment, Command, PipelineNode, Redirection, SyntaxNode, Word } from 'unbash';
import { DYNAMIC } from '../../kubectl/flag-values.ts';
import { commandIn } from '../regions/command-text.ts';
import { sourceFrom, within } from '../source-text.ts';
import type { SourceText } from '../source-text.ts';
import { fedText, joined, pipedText, withoutEscapes } from './fed-text.ts';
import { collectScope, emptyScope } from './scope.ts';
import type { Scope } from './scope.ts';
import { emptyReport } from './script-report.ts';
import type { CallSettings, ScriptReport } from './script-report.ts';
import { tooDeep, withoutReturns } from './script-text.ts';
import { assignmentWord, mapWord, resolveWord } from './words.ts';
import type { ArgWord } from './words.ts';
import {
  base,
  isKubectlImage,
  isKubectlName,
  kubectlPrefix,
  passedOnCommand,
  programKind,
  unwrap,
} from './wrappers.ts';
import { noteTarget, settingsOf } from './ambient.ts';
import type { Ambient } from './ambient.ts';
import { finalizeRequest, finalizerEdit } from './finalizers.ts';
import { printedObjects } from './named-objects.ts';

const MAX_DEPTH = 4;
/** A variable named after kubectl, or a search for its file. */
const KUBECTL_EXPANSION =
  /^"?\$\{?_?(\w*kubectl\w*|KUBECMD|OC|oc)\}?"?$|^"?(?:\$\(|`)\s*(?:which|type|command|echo|printf|readlink|realpath)\b[^|;&]*\bkubectl\s*[)`]"?$/i;
/** Variables that stand for a program which only prints its arguments, and for one that only gives rights. */
const PRINTS = /^"?\$\{?_?(echo|print|log|say|show)\w*\}?"?$/i;
const GIVES_RIGHTS = /sudo|doas|root|become/i;
/** Words that make a kubectl command in a text that another program prints. */
const PRINTS_COMMAND = /\bkubectl\s+[a-z]/;

interface Context {
  source: SourceText;
  ambient: Ambient;
  /** No bracket or backquote stands in the text from `from` up to `at`. */
  opening: { from: number; at: number };
  scope: Scope;
  depth: number;
  report: ScriptReport;
  editable: boolean;
}

interface Surroundings {
  bounded: boolean;
  hasReader: boolean;
  fedInput: boolean;
  openEnded: boolean;
  /** The program before it in the pipe prints the names of objects of this kind, as `KIND/…`. */
  names?: string;
  input?: SourceText;
  inputFile?: ArgWord;
  handedTo?: string;
  settings?: CallSettings;
}

const PLAIN: Surroundings = { bounded: false, hasReader: false, fedInput: false, openEnded: false };

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

/** The first command in a part of a script that is nested deeper than it can be followed. */
function unfollowed(source: SourceText, from: number, report: ScriptReport): void {
  const at = commandIn(source.text.slice(from));
  if (at === undefined) return;
  const start = from + at;
  report.unread.push({
    source,
    start,
    end: start + 'kubectl'.length,
    message: 'this stands in commands nested too deeply to be followed',
  });
}

interface Outer {
  report: ScriptReport;
  depth: number;
  ambient: Ambient;
  editable: boolean;
  scope?: Scope;
}

/** A script inside the one that is followed. */
function runInside(text: SourceText, { source, report, depth, ambient, scope }: Context): void {
  run(within(source, text), { report, depth: depth + 1, ambient, editable: false, scope });
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
  for (const error of script.errors ?? []) {
    report.errors.push({ source, message: error.message, at: error.pos });
    if (error.message.includes('depth exceeded')) unfollowed(source, error.pos, report);
  }
  const scope = collectScope(script);
  if (outer) inherit(scope, outer);
  visit(script, { source, ambient, opening: { from: 0, at: -1 }, scope, depth, report, editable }, PLAIN);
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
  runInside(inner, context);
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
  finalizersRemoved(commands, context);
  for (const [index, node] of commands.entries()) {
    const before = commands[index - 1];
    const hasReader = around.hasReader || index < commands.length - 1;
    const earlier = index > MAX_PIPE ? [] : commands.slice(0, index);
    const input = before ? pipedText(earlier, context.scope) : around.input;
    const names = before ? printedObjects(earlier) : around.names;
    const handedTo = objectReader(commands[index + 1], context) ?? around.handedTo;
    const here: Surroundings = { ...around, fedInput: around.fedInput || before !== undefined, hasReader };
    if (before) delete here.inputFile;
    set(here, 'input', input && within(context.source, input));
    set(here, 'names', names);
    set(here, 'handedTo', handedTo);
    visit(node, context, here);
    const reader = before && node.type === 'Command' ? scriptReader(node, context) : undefined;
    if (!before || !reader) continue;
    const text = pipedText(earlier, context.scope);
    if (text) runInside(text, context);
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

const WITHOUT_FINALIZERS = 'taking finalizers away skips the clean-up they wait for; fix what they wait for instead';

/** What longer pipes hand on is not known. */
const MAX_PIPE = 30;

/** A pipe in which some program takes finalizers out of what kubectl, or a request by hand, then writes. */
function finalizersRemoved(commands: readonly (PipelineNode & SyntaxNode)[], context: Context): void {
  const { source, report } = context;
  if (!source.text.includes('finalizers')) return;
  // From the end, so that what comes after each is known.
  let isWritten = false;
  for (const node of [...commands].reverse()) {
    if (node.type !== 'Command') continue;
    const edit = isWritten ? finalizerEdit(wordsOf(node, context)) : undefined;
    if (edit)
      report.unread.push({
        source,
        start: edit.start,
        end: edit.end,
        message: WITHOUT_FINALIZERS,
        rule: 'finalizer-removal',
      });
    isWritten ||= objectReader(node, context) !== undefined;
  }
}

function set<Key extends keyof Surroundings>(
  around: Surroundings,
  key: Key,
  value: Surroundings[Key] | undefined,
): void {
  if (value === undefined) delete around[key];
  else around[key] = value;
}

const READS_OBJECTS = new Set(['apply', 'create', 'replace', 'delete', 'patch']);

/** The verb of a kubectl that reads objects from standard input. */
function objectReader(node: (PipelineNode & SyntaxNode) | undefined, context: Context): string | undefined {
  if (node?.type !== 'Command') return undefined;
  const words = wordsOf(node, context);
  const values = words.slice(words.findIndex(({ value }) => isKubectlName(base(value))) + 1).map(({ value }) => value);
  const reads = values.some(
    (value, index) =>
      value === '-f-' || /^--filename=-$/.test(value) || (/^(-f|--filename)$/.test(value) && values[index + 1] === '-'),
  );
  return reads ? values.find((value) => READS_OBJECTS.has(value)) : undefined;
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
    if (text) runInside(text, context);
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
  if (kind !== 'other') return kind === 'inert';
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
  for (const redirect of node.redirects.filter(feedsInput)) {
    here.fedInput = true;
    const text = fedText(redirect, context.scope);
    set(here, 'input', text && within(context.source, text));
    const [file] = redirect.operator === '<' && redirect.target ? resolveWord(redirect.target, context.scope) : [];
    set(here, 'inputFile', file);
  }
  set(here, 'settings', settingsOf(node, context.scope, context.ambient));
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
    const text = first.node?.text ?? '';
    if (KUBECTL_EXPANSION.test(text)) return emit(words, 1, context, around, fed);
    // `$SUDO kubectl …`: whatever stands before it, the rest is a kubectl command.
    const at = PRINTS.test(text) ? -1 : passedOnCommand(words);
    if (at > 0)
      followWords(
        words.slice(at),
        context,
        { ...around, bounded: around.bounded || !GIVES_RIGHTS.test(text) },
        fed,
        hops + 1,
      );
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
  const script = (text: SourceText): void => runInside(text, context);
  switch (inner.kind) {
    case 'command':
      followWords(
        inner.appendsWords && around.names !== undefined ? withNames(inner.words, around.names) : inner.words,
        context,
        {
          ...around,
          bounded: around.bounded || inner.bounded === true,
          openEnded: around.openEnded || (inner.appendsWords === true && around.names === undefined),
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

/** The words of xargs' command with the names it is given, where `{}` stands or at the end. */
function withNames(words: readonly ArgWord[], names: string): ArgWord[] {
  if (words.some(({ value }) => value === '{}'))
    return words.map((word) => (word.value === '{}' ? { value: names, start: word.start, end: word.end } : word));
  const last = words.at(-1);
  return last ? [...words, { value: names, start: last.start, end: last.end }] : [];
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
  const { bounded, hasReader, fedInput, openEnded, input, inputFile, handedTo, settings } = around;
  context.report.calls.push({
    source: context.source,
    words: args,
    program,
    bounded,
    hasReader,
    fedInput,
    openEnded,
    editable: context.editable,
    ...(input ? { input } : {}),
    ...(inputFile ? { inputFile } : {}),
    ...(handedTo === undefined ? {} : { handedTo }),
    ...(settings ? { settings } : {}),
  });
  const dashes = args.findIndex((word) => word.value === '--');
  const inside = args.slice(dashes + 1);
  if (dashes < 0 || inside.length === 0) return;
  const within = { ...PLAIN, fedInput: around.fedInput };
  const isWhole = isKubectlName(base(inside[0]?.value ?? '')) || programKind(inside[0]?.value ?? '') === 'leads-on';
  if (!isWhole && runsKubectlImage(args.slice(0, dashes))) emit([program, ...inside], 1, context, within, fed);
  else followWords(inside, context, within, fed, 1);
}

/** True for `kubectl run --image=IMAGE` of an image whose program is kubectl, unless `--command` replaces it. */
function runsKubectlImage(args: readonly ArgWord[]): boolean {
  const values = args.map(({ value }) => value);
  if (!values.includes('run') || values.includes('--command')) return false;
  return values.some((value, index) =>
    isKubectlImage(value.startsWith('--image=') ? value.slice(8) : values[index - 1] === '--image' ? value : ''),
  );
}

/** Statements of a script whose names are already known, such as one piece of it. */
export function analyzeStatements(source: SourceText, statements: readonly SyntaxNode[], scope: Scope): ScriptReport {
  const report = emptyReport();
  const context: Context = {
    source,
    ambient: {},
    opening: { from: 0, at: -1 },
    scope,
    depth: 0,
    report,
    editable: true,
  };
  for (const statement of statements) visit(statement, context, PLAIN);
  return report;
}

/** An argv without a shell (`command:` and `args:` of a container) as words. */
export function analyzeArgv(words: readonly ArgWord[], source: SourceText): ScriptReport {
  const report = emptyReport();
  const opening = { from: 0, at: -1 };
  const context: Context = { source, ambient: {}, opening, scope: emptyScope(), depth: 0, report, editable: false };
  followWords(words, context, PLAIN, () => [], 0);
  return report;
}
