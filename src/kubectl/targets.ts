import { flagIsOn, lastFlag } from './parse.ts';
import type { ParsedCommand, Positional } from './parse.ts';
import { resolveResource } from './resources.ts';
import type { ResourceKind } from './resources.ts';

/** One object, or one kind without a name, that a command names. */
export interface Target {
  /** The resource word as written, without the name. */
  word: string;
  /** Undefined: not a built-in kind. */
  kind: ResourceKind | undefined;
  name?: string;
  /** Position in argv of the word that names it. */
  index: number;
}

/** The categories that stand for several kinds at once. */
const CATEGORIES = new Set(['all', 'api-extensions']);

/** How a command reads its positionals. */
export type Positionals = 'typed' | 'nodes' | 'pod' | 'none' | 'typed-then-pairs';

const PAIR = /^[^=]+=|^[^=/]+-$|^[^/=:]+(=[^:]*)?:(NoSchedule|PreferNoSchedule|NoExecute)-?$/;

function words(parsed: ParsedCommand): Positional[] {
  return [...parsed.positionals];
}

function typed(list: readonly Positional[]): Target[] {
  const targets: Target[] = [];
  const first = list[0];
  if (!first) return targets;
  if (list.some((item) => item.value.includes('/'))) {
    for (const item of list) {
      const [word = '', name] = item.value.split('/');
      for (const part of word.split(',')) targets.push(target(part, item.index, name));
    }
    return targets;
  }
  const names = list.slice(1);
  for (const word of first.value.split(',')) {
    if (names.length === 0) targets.push(target(word, first.index));
    for (const name of names) targets.push(target(word, first.index, name.value));
  }
  return targets;
}

function target(word: string, index: number, name?: string): Target {
  const result: Target = { word, kind: resolveResource(word), index };
  if (name !== undefined && name !== '') result.name = name;
  return result;
}

/** The objects a command names in its positionals (not those in files). */
export function targetsOf(parsed: ParsedCommand, shape: Positionals): Target[] {
  const list = words(parsed);
  switch (shape) {
    case 'typed':
      return typed(list);
    case 'typed-then-pairs':
      return typed(list.filter((item) => !PAIR.test(item.value)));
    case 'nodes':
      return list.map((item) => target('nodes', item.index, item.value.replace(/^nodes?\//, '')));
    case 'pod': {
      const first = list.find((item) => !item.afterDash);
      if (!first) return [];
      return first.value.includes('/') ? typed([first]) : [target('pods', first.index, first.value)];
    }
    default:
      return [];
  }
}

/** True for the word `all` and other categories, which expand on the server. */
export function isCategory(word: string): boolean {
  return CATEGORIES.has(word);
}

/** The namespace flag's value; undefined if the command leaves the kubeconfig's namespace in force. */
export function namespaceOf(parsed: ParsedCommand): string | undefined {
  return lastFlag(parsed, 'namespace')?.value;
}

/** True if the command reaches into every namespace. */
export function reachesAllNamespaces(parsed: ParsedCommand): boolean {
  return flagIsOn(parsed, 'all-namespaces');
}
