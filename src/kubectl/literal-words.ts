import { forEachChild, parse } from 'unbash';
import type { Command, SyntaxNode, Word } from 'unbash';
import type { CommandRule } from './rules.ts';

/** A shell word without any expansion, with its range in the text. */
export interface LiteralWord {
  value: string;
  start: number;
  end: number;
}

/** Either all the words of one plain command, or the first construct that makes the text something else. */
export type LiteralCommand =
  { ok: true; words: LiteralWord[] } | { ok: false; rule: CommandRule; message: string; start: number; end: number };

/** Characters that do not show, or that make text read in another order than it runs. */
export const HIDDEN_TEXT = /[\u0000-\u001f\u007f-\u009f\u2028\u2029\u202a-\u202e\u2066-\u2069\ue0ff]/;
/** In a line of text a tab is white space. */
const CONTROL = /[\u0000-\u0008\u000a-\u001f\u007f-\u009f\u2028\u2029\u202a-\u202e\u2066-\u2069\ue0ff]/;
const CONTROL_NAME: Readonly<Record<string, string>> = {
  '\n': 'a line break',
  '\r': 'a carriage return',
  '\0': 'a NUL byte',
};

type Refused = Extract<LiteralCommand, { ok: false }>;

function refuse(rule: CommandRule, node: { pos: number; end: number }, message: string): Refused {
  return { ok: false, rule, message, start: node.pos, end: node.end };
}

const PART_RULE: Readonly<Record<string, [CommandRule, string]>> = {
  SimpleExpansion: ['shell-expansion', 'a variable; write its value'],
  ParameterExpansion: ['shell-expansion', 'a variable; write its value'],
  ArithmeticExpansion: ['shell-expansion', 'arithmetic; write the number'],
  Glob: ['shell-expansion', 'a glob pattern; write the names, or quote it with single quotes'],
  ExtendedGlob: ['shell-expansion', 'a glob pattern; write the names, or quote it with single quotes'],
  BraceExpansion: ['shell-expansion', 'a brace expansion; write each word'],
  LocaleString: ['shell-expansion', 'a translated string; use single quotes'],
  CommandExpansion: ['shell-substitution', 'the output of another command; run that one first and write its result'],
  ProcessSubstitution: ['shell-substitution', 'the output of another command; run that one first and write its result'],
};

/** The first part of a word that the shell would compute. */
export function dynamicPart(word: SyntaxNode): { node: SyntaxNode; rule: CommandRule; message: string } | undefined {
  let found: { node: SyntaxNode; rule: CommandRule; message: string } | undefined;
  forEachChild(word, (child) => {
    if (found) return;
    const known = PART_RULE[child.type];
    if (known) found = { node: child, rule: known[0], message: known[1] };
    else found = dynamicPart(child);
  });
  return found;
}

function literal(word: Word): LiteralWord | Refused {
  const part = dynamicPart(word);
  if (part) return refuse(part.rule, part.node, `${word.text} contains ${part.message}`);
  if (/^~/.test(word.text))
    return refuse('shell-expansion', word, `${word.text} contains a home directory; write the path`);
  return { value: word.value, start: word.pos, end: word.end };
}

const STRUCTURES: Readonly<Record<string, string>> = {
  Pipeline: 'a pipe or a prefix such as ! or time',
  AndOr: 'two commands joined by && or ||',
  If: 'an if statement',
  For: 'a loop',
  ArithmeticFor: 'a loop',
  While: 'a loop',
  Select: 'a menu',
  Case: 'a case statement',
  Function: 'a function definition',
  Subshell: 'a subshell',
  BraceGroup: 'a command group',
  Coproc: 'a coprocess',
  TestCommand: 'a test',
  ArithmeticCommand: 'arithmetic',
  Redirected: 'a redirected group',
};

function wordsOf(command: Command): LiteralCommand {
  const prefix = command.prefix[0];
  if (prefix?.type === 'Assignment')
    return refuse('shell-assignment', prefix, `${prefix.name}=… changes kubectl’s environment; leave it out`);
  const redirect = command.redirects[0];
  if (redirect) {
    const isText = redirect.type !== 'Redirect';
    return refuse(
      'shell-redirect',
      redirect,
      isText
        ? 'a here-document feeds standard input, which is closed; use arguments'
        : 'a redirection reads or writes a file; leave it out',
    );
  }
  const words: LiteralWord[] = [];
  for (const item of [command.name, ...command.args]) {
    if (!item) continue;
    const word = item.type === 'Assignment' ? assignmentWord(item) : literal(item);
    if ('ok' in word) return word;
    words.push(word);
  }
  return { ok: true, words };
}

function assignmentWord(item: Extract<Command['args'][number], { type: 'Assignment' }>): LiteralWord | Refused {
  const part = dynamicPart(item);
  if (part) return refuse(part.rule, part.node, `${item.text} contains ${part.message}`);
  if (item.value.type === 'ArrayValue' || item.index)
    return refuse('shell-assignment', item, `${item.text} is an array; write plain words`);
  return { value: `${item.name}${item.append ? '+=' : '='}${item.value.value}`, start: item.pos, end: item.end };
}

/** Reads text as exactly one simple command of literal words. */
export function readLiteralCommand(text: string): LiteralCommand {
  const control = CONTROL.exec(text.trimEnd());
  if (control) {
    const name = CONTROL_NAME[control[0]] ?? 'a control character';
    return {
      ok: false,
      rule: 'control-character',
      message: `${name} in the command; write one line of plain text`,
      start: control.index,
      end: control.index + 1,
    };
  }
  const script = parse(text);
  const error = script.errors?.[0];
  if (error)
    return {
      ok: false,
      rule: 'shell-syntax',
      message: `not a complete command: ${error.message}`,
      start: error.pos,
      end: Math.min(text.length, error.pos + 1),
    };
  const [statement, second] = script.commands;
  if (!statement)
    return { ok: false, rule: 'shell-syntax', message: 'no command; write kubectl VERB …', start: 0, end: text.length };
  if (second) return refuse('shell-operator', second, 'a second command; send one command per step');
  const command = statement.command;
  if (command.type === 'Pipeline' && command.commands.length > 1) {
    const next = command.commands[1];
    return refuse('shell-operator', next ?? command, 'a pipe; send the kubectl command alone, its output is returned');
  }
  if (command.type === 'AndOr')
    return refuse(
      'shell-operator',
      command.commands[1] ?? command,
      `${STRUCTURES.AndOr ?? ''}; send one command per step`,
    );
  if (command.type !== 'Command')
    return refuse('shell-structure', command, `${STRUCTURES[command.type] ?? 'shell syntax'}; send one plain command`);
  if (statement.background)
    return refuse(
      'shell-background',
      { pos: text.indexOf('&', command.end), end: statement.end },
      'a background command; remove the &',
    );
  const trailing = text.slice(statement.end).trim();
  if (trailing !== '' && !trailing.startsWith('#') && trailing !== ';') {
    return {
      ok: false,
      rule: 'shell-syntax',
      message: 'text after the command; send one command per step',
      start: statement.end,
      end: text.length,
    };
  }
  return wordsOf(command);
}
