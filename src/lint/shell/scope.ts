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
  /** All function names. */
  functions: Set<string>;
}

/** A scope in which nothing is known. */
export function emptyScope(): Scope {
  return { variables: new Map(), assigned: new Set(), aliases: new Map(), forwarders: new Map(), functions: new Set() };
}

const DECLARERS = new Set(['export', 'local', 'declare', 'readonly', 'typeset']);
const READERS = new Set(['read', 'mapfile', 'readarray', 'getopts']);

function isPassAll(word: Word): boolean {
  return /^"?\$(@|\*|\{@\}|\{\*\}|\{@:\d+\})"?$/.test(word.text);
}

function recordCommand(command: Command, scope: Scope, seen: Map<string, Word | readonly Word[] | undefined>): void {
  const declares = DECLARERS.has(command.name?.value ?? '');
  const items = [...(command.name ? [] : command.prefix), ...(declares ? command.suffix : [])];
  for (const item of items) {
    if (item.type !== 'Assignment') continue;
    const again = scope.assigned.has(item.name) || item.append === true || item.index !== undefined;
    scope.assigned.add(item.name);
    seen.set(item.name, again ? undefined : item.value.type === 'ArrayValue' ? item.value.elements : item.value);
  }
  const name = command.name?.value;
  if (name === 'alias') {
    for (const item of command.args) {
      if (item.type !== 'Assignment' || item.value.type === 'ArrayValue') continue;
      const text = plainValue(item.value, scope);
      if (!text.includes(DYNAMIC)) scope.aliases.set(item.name, text.trim().split(/\s+/));
    }
  } else if (name !== undefined && READERS.has(name)) {
    for (const item of command.args) {
      const target = item.type === 'Word' ? item.value : item.name;
      scope.assigned.add(target);
      seen.set(target, undefined);
    }
  }
}

function recordFunction(node: Extract<SyntaxNode, { type: 'Function' }>, scope: Scope): void {
  const name = node.name.value;
  scope.functions.add(name);
  let body: SyntaxNode = node.body;
  if (body.type === 'Redirected') body = body.command;
  if (body.type === 'BraceGroup' || body.type === 'Subshell') body = body.body;
  if (body.type !== 'CompoundList' || body.commands.length !== 1) return;
  const command = body.commands[0]?.command;
  if (command?.type !== 'Command' || !command.name) return;
  const words = [command.name, ...command.args];
  const last = words.at(-1);
  if (!last || last.type !== 'Word' || !isPassAll(last)) return;
  const fixed: string[] = [];
  for (const word of words.slice(0, -1)) {
    if (word.type !== 'Word') return;
    const value = plainValue(word, scope);
    if (value.includes(DYNAMIC)) return;
    fixed.push(value);
  }
  if (fixed.length > 0 && fixed[0] !== name && !(fixed[0] === 'command' && fixed[1] === name))
    scope.forwarders.set(name, fixed);
}

/** Collects the names of a script in one pass, then the values that are certain. */
export function collectScope(root: SyntaxNode): Scope {
  const scope = emptyScope();
  const seen = new Map<string, Word | readonly Word[] | undefined>();
  const functions: Extract<SyntaxNode, { type: 'Function' }>[] = [];
  const visit = (node: SyntaxNode): void => {
    if (node.type === 'Word' || node.type === 'Assignment') return;
    if (node.type === 'Command') {
      recordCommand(node, scope, seen);
      return;
    }
    if (node.type === 'Function') functions.push(node);
    if (node.type === 'For' || node.type === 'Select') {
      scope.assigned.add(node.name.value);
      seen.set(node.name.value, undefined);
    }
    forEachChild(node, visit);
  };
  visit(root);
  for (const [name, value] of seen) {
    if (!value) continue;
    if ('type' in value) {
      const text = plainValue(value, scope);
      if (!text.includes(DYNAMIC)) scope.variables.set(name, { value: text });
    } else {
      const list = value.map((word) => plainValue(word, scope));
      if (!list.some((text) => text.includes(DYNAMIC))) scope.variables.set(name, { list });
    }
  }
  for (const node of functions) recordFunction(node, scope);
  return scope;
}
