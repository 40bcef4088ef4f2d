import type { CommandEffect } from './effect.ts';
import type { Grammar } from './grammar/grammar-types.ts';
import { judgeArgv } from './judge.ts';
import { HIDDEN_TEXT, readLiteralCommand } from './literal-words.ts';
import type { LiteralWord } from './literal-words.ts';
import { applyRewrite } from './problem.ts';
import type { JudgeOptions } from './problem.ts';
import { COMMAND_RULES } from './rules.ts';
import type { CommandRule } from './rules.ts';
import { quoteArgv } from '../text/shell-quote.ts';

/** Limits for an agent's command; see JudgeOptions. */
export interface ConfineOptions extends JudgeOptions {
  /** The grammar of the kubectl that will run; default: the built-in one. */
  grammar?: Grammar;
}

/** The command may be passed to the gateway. */
export interface Confined {
  ok: true;
  /** Arguments for kubectl, without the word kubectl itself. */
  argv: string[];
  /** The command path, for example `rollout undo`. */
  command: string;
  effect: CommandEffect;
  /** `write` also where nothing is kept: a server dry run asks the API server for a write, which readers may not. */
  access: 'read' | 'write';
}

/** The command is refused. `range` is in UTF-16 units of the text, or of `kubectl` + argv joined as shell text. */
export interface Refusal {
  ok: false;
  rule: CommandRule;
  /** One line: the construct and what to write instead. */
  message: string;
  range: { start: number; end: number };
  /** A whole command that would be allowed in its place, if there is one. */
  rewrite?: string;
}

/** Programs that contain kubectl or behave like it. */
const LOOKALIKES = new Set(['oc', 'kubecolor', 'k3s', 'microk8s', 'minikube', 'k0s', 'rke2', 'k', 'kubectl.exe']);

function wordsOfArgv(argv: readonly string[]): { words: LiteralWord[]; text: string } {
  const words: LiteralWord[] = [];
  let text = '';
  for (const value of argv) {
    if (text !== '') text += ' ';
    const shown = quoteArgv([value]);
    words.push({ value, start: text.length, end: text.length + shown.length });
    text += shown;
  }
  return { words, text };
}

/** Why the first word is not plain kubectl. */
function programRefusal(
  word: LiteralWord | undefined,
  words: readonly LiteralWord[],
  text: string,
): Refusal | undefined {
  if (!word)
    return {
      ok: false,
      rule: 'shell-syntax',
      message: 'no command; write kubectl VERB …',
      range: { start: 0, end: text.length },
    };
  const range = { start: word.start, end: word.end };
  if (word.value === 'kubectl') return undefined;
  if (/(^|\/)kubectl(\.exe)?$/.test(word.value)) {
    const rewrite = `kubectl${text.slice(word.end)}`;
    return {
      ok: false,
      rule: 'kubectl-path',
      message: `${word.value} is kubectl by a path; write kubectl`,
      range,
      rewrite,
    };
  }
  const wrapped = words.some((other) => /(^|[\s/])kubectl(\s|$)/.test(other.value));
  if (wrapped || LOOKALIKES.has(word.value)) {
    return {
      ok: false,
      rule: 'wrapped-command',
      message: `${word.value} runs another command; write the kubectl command alone`,
      range,
    };
  }
  return {
    ok: false,
    rule: 'not-kubectl',
    message: `${word.value} is not kubectl; only kubectl commands may run`,
    range,
  };
}

/**
 * The closed world of the agents: text (or an argv starting with `kubectl`) becomes an argv only if it is one simple
 * command of literal words, every word of which is known to the grammar and every effect of which was judged. Whatever
 * is not understood is refused. Never throws.
 */
export function confine(argvOrText: readonly string[] | string, options: ConfineOptions = {}): Confined | Refusal {
  let words: LiteralWord[];
  let text: string;
  if (typeof argvOrText === 'string') {
    const read = readLiteralCommand(argvOrText);
    if (!read.ok)
      return { ok: false, rule: read.rule, message: read.message, range: { start: read.start, end: read.end } };
    words = read.words;
    text = argvOrText;
  } else {
    ({ words, text } = wordsOfArgv(argvOrText));
    const control = words.find((word) => HIDDEN_TEXT.test(word.value));
    if (control)
      return {
        ok: false,
        rule: 'control-character',
        message: 'a control character in an argument; write plain text',
        range: { start: control.start, end: control.end },
      };
  }
  const program = programRefusal(words[0], words, text);
  if (program) return program;
  const argv = words.slice(1).map((word) => word.value);
  const { parsed, effect, problems } = judgeArgv(argv, 'agent', options, options.grammar);
  const problem = problems.find((candidate) => COMMAND_RULES[candidate.rule].agent);
  if (problem) {
    const range = { start: words[problem.first + 1]?.start ?? 0, end: words[problem.last + 1]?.end ?? text.length };
    const refusal: Refusal = { ok: false, rule: problem.rule, message: problem.message, range };
    if (!problem.rewrite) return refusal;
    const rewritten = applyRewrite(argv, problem.rewrite);
    const rest = judgeArgv(rewritten, 'agent', options, options.grammar).problems.some(
      (other) => COMMAND_RULES[other.rule].agent,
    );
    return rest ? refusal : { ...refusal, rewrite: quoteArgv(['kubectl', ...rewritten]) };
  }
  if (!parsed.ok || !effect)
    return {
      ok: false,
      rule: 'unjudged-command',
      message: 'nobody has judged this command; use another',
      range: { start: 0, end: text.length },
    };
  const asksToWrite = effect.writes || effect.dryRun === 'server' || effect.command === 'diff';
  return { ok: true, argv, command: effect.command, effect, access: asksToWrite ? 'write' : 'read' };
}

/** True for a command (without the word kubectl) that writes nothing, as far as its words tell. */
export function readsOnly(argv: readonly string[], options: ConfineOptions = {}): boolean {
  const verdict = confine(['kubectl', ...argv], options);
  return verdict.ok && verdict.access === 'read';
}
