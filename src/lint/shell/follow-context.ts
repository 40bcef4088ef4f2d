import type { Command, Redirection } from 'unbash';
import type { SourceText } from '../source-text.ts';
import type { Ambient } from './ambient.ts';
import type { Scope } from './scope.ts';
import type { CallSettings, ScriptReport } from './script-report.ts';
import { assignmentWord, resolveWord } from './words.ts';
import type { ArgWord } from './words.ts';

/** What is known while one script is followed. */
export interface Context {
  source: SourceText;
  ambient: Ambient;
  /** No bracket or backquote stands in the text from `from` up to `at`. */
  opening: { from: number; at: number };
  scope: Scope;
  depth: number;
  report: ScriptReport;
  editable: boolean;
  /** Follows a script inside the one at hand; its text was taken out of `source`. */
  inside: (text: SourceText) => void;
}

/** What stands around one command. */
export interface Surroundings {
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

/** A command on its own. */
export const PLAIN: Surroundings = { bounded: false, hasReader: false, fedInput: false, openEnded: false };

/** Sets a fact, or takes it away. */
export function set<Key extends keyof Surroundings>(
  around: Surroundings,
  key: Key,
  value: Surroundings[Key] | undefined,
): void {
  if (value === undefined) delete around[key];
  else around[key] = value;
}

/** The words of a command after expansion, as far as they are known. */
export function wordsOf(node: Command, context: Context): ArgWord[] {
  const words: ArgWord[] = node.name ? resolveWord(node.name, context.scope) : [];
  for (const item of node.args) {
    if (item.type === 'Word') words.push(...resolveWord(item, context.scope));
    else words.push(assignmentWord(item, context.scope));
  }
  return words;
}

/** True for redirections that give a command its input. */
export function feedsInput(redirect: Redirection): boolean {
  return (
    redirect.type !== 'Redirect' ||
    redirect.operator === '<' ||
    redirect.operator === '<>' ||
    redirect.operator === '<&'
  );
}
