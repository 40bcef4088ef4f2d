import { forEachChild } from 'unbash';
import type { Command, SyntaxNode, Word } from 'unbash';
import { DYNAMIC } from '../../kubectl/flag-values.ts';
import { plainValue } from './words.ts';

/** A variable with exactly one assignment in the script, whose value is literal. */
export interface KnownVariable {
  value?: string;
  list?: readonly string[];
}

/** What is statically known about names in one script. */
export interface Scope {
  variables: Map<string, KnownVariable>;
  /** Every name that is assigned anywhere, also by read, for or export. */
  assigned: Set<string>;
  /** Alias name to the words it stands for. */
  aliases: Map<string, readonly string[]>;
  /** Functions that only pass their arguments on: name to the words before "$@". */
  forwarders: Map<string, readonly string[]>;
  /** What words became in this scope, by their text: scripts repeat themselves. */
  resolved: Map<string, readonly string[]>;
}

/** A scope in which nothing is known. */
export function emptyScope(): Scope {
  return { variables: new Map(), assigned: new Set(), aliases: new Map(), forwarders: new Map(), resolved: new Map() };
}

const DECLARERS = new Set(['export', 'local', 'declare', 'readonly', 'typeset']);
const READERS = new Set(['read', 'mapfile', 'readarray', 'getopts']);

function isPassAll(word: Word): boolean {
  return /^"?\$(@|\*|\{@\}|\{\*\}|\{@:\d+\})"?$/.test(word.text);
}

/** One thing a script says about a name, in the order it says it. */
export type ScopeFact =
  | { kind: 'assign'; name: string; how: 'set' | 'append' | 'element'; value: Word | readonly Word[] }
  | { kind: 'unknown'; name: string }
  | { kind: 'alias'; name: string; value: Word }
  | { kind: 'function'; node: Extract<SyntaxNode, { type: 'Function' }> };

function commandFacts(command: Command, facts: ScopeFact[]): void {
  const name = command.name?.value;
  const items = name === undefined ? command.prefix : DECLARERS.has(name) ? command.suffix : [];
  for (const item of items) {
    if (item.type !== 'Assignment') continue;
    const how = item.index !== undefined ? 'element' : item.append === true ? 'append' : 'set';
    const value = item.value.type === 'ArrayValue' ? item.value.elements : item.value;
    facts.push({ kind: 'assign', name: item.name, how, value });
  }
  if (name === 'alias') {
    for (const item of command.args) {
      if (item.type === 'Assignment' && item.value.type !== 'ArrayValue')
        facts.push({ kind: 'alias', name: item.name, value: item.value });
    }
  } else if (name !== undefined && READERS.has(name)) {
    for (const item of command.args)
      facts.push({ kind: 'unknown', name: item.type === 'Word' ? item.value : item.name });
  }
}

function recordFunction(node: Extract<SyntaxNode, { type: 'Function' }>, scope: Scope): void {
  const name = node.name.value;
  const [only, ...others] = commandsOf(node.body);
  const passing = [only, ...others]
    .filter((command) => command !== undefined)
    .map((command) => wordsBefore(command, scope));
  const isSingle = others.length === 0;
  // A function that does more passes its arguments on to kubectl somewhere.
  const fixed = passing.find((words) => words && (isSingle || words.some((word) => /(^|\/)(kubectl|oc)$/.test(word))));
  if (fixed && fixed.length > 0 && fixed[0] !== name && !(fixed[0] === 'command' && fixed[1] === name))
    scope.forwarders.set(name, fixed);
}

const MAX_COMMANDS = 50;

function commandsOf(body: SyntaxNode): Command[] {
  const found: Command[] = [];
  const look = (node: SyntaxNode): void => {
    if (found.length >= MAX_COMMANDS) return;
    if (node.type === 'Command') found.push(node);
    else if (node.type !== 'Function' && node.type !== 'Word' && node.type !== 'Assignment') forEachChild(node, look);
  };
  look(body);
  return found;
}

/** The words of a command that ends with all arguments of the function, without those. */
function wordsBefore(command: Command, scope: Scope): string[] | undefined {
  if (!command.name) return undefined;
  const words = [command.name, ...command.args];
  const last = words.at(-1);
  if (!last || last.type !== 'Word' || !isPassAll(last)) return undefined;
  const fixed: string[] = [];
  for (const word of words.slice(0, -1)) {
    if (word.type !== 'Word') return undefined;
    const value = plainValue(word, scope);
    if (value.includes(DYNAMIC) && fixed.length === 0) return undefined;
    fixed.push(value);
  }
  return fixed;
}

/** What a piece of a script says about names. */
export function scopeFacts(root: SyntaxNode): ScopeFact[] {
  const facts: ScopeFact[] = [];
  const visit = (node: SyntaxNode): void => {
    if (node.type === 'Word' || node.type === 'Assignment') return;
    if (node.type === 'Command') {
      commandFacts(node, facts);
      return;
    }
    if (node.type === 'Function') facts.push({ kind: 'function', node });
    if (node.type === 'For' || node.type === 'Select') {
      const [only, ...others] = node.wordlist ?? [];
      const named = only && others.length === 0 && only.text.includes('$(');
      if (named) facts.push({ kind: 'assign', name: node.name.value, how: 'set', value: only });
      else facts.push({ kind: 'unknown', name: node.name.value });
    }
    forEachChild(node, visit);
  };
  visit(root);
  return facts;
}

/** An object of a known kind, as `kubectl get KIND -o name` prints it. */
const NAMED_KIND = new RegExp(`^[a-z][a-z.]*/${DYNAMIC}$`);

function isList(value: Word | readonly Word[] | undefined): value is readonly Word[] {
  return Array.isArray(value);
}

/** What a name stands for after one more fact about it; undefined: unknown. Lists that only grow stay known. */
function valueAfter(
  fact: Extract<ScopeFact, { kind: 'assign' | 'unknown' }>,
  before: Word | readonly Word[] | undefined,
  assigned: boolean,
): Word | readonly Word[] | undefined {
  if (fact.kind === 'unknown' || fact.how === 'element') return undefined;
  if (fact.how === 'set') return assigned ? undefined : fact.value;
  const { value } = fact;
  return isList(before) && isList(value) ? [...before, ...value] : undefined;
}

/** The names of a whole script: first all names in order, then the values that are certain. */
export function scopeOf(facts: Iterable<ScopeFact>): Scope {
  const scope = emptyScope();
  const seen = new Map<string, Word | readonly Word[] | undefined>();
  const functions: Extract<SyntaxNode, { type: 'Function' }>[] = [];
  for (const fact of facts) {
    if (fact.kind === 'function') functions.push(fact.node);
    else if (fact.kind === 'alias') {
      const text = plainValue(fact.value, scope);
      if (!text.includes(DYNAMIC)) scope.aliases.set(fact.name, text.trim().split(/\s+/));
    } else {
      seen.set(fact.name, valueAfter(fact, seen.get(fact.name), scope.assigned.has(fact.name)));
      scope.assigned.add(fact.name);
    }
  }
  for (const [name, value] of seen) {
    if (!value) continue;
    if ('type' in value) {
      const text = plainValue(value, scope);
      if (!text.includes(DYNAMIC) || NAMED_KIND.test(text) || name === 'KUBECONFIG' || /\bkubectl\b/.test(text))
        scope.variables.set(name, { value: text });
    } else {
      const list = value.map((word) => plainValue(word, scope));
      if (list[0]?.includes(DYNAMIC) === false) scope.variables.set(name, { list });
    }
  }
  for (const node of functions) recordFunction(node, scope);
  return scope;
}

/** The names of one script. */
export function collectScope(root: SyntaxNode): Scope {
  return scopeOf(scopeFacts(root));
}
