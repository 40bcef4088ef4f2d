import type { Parameter, Part, RunbookAction } from './runbook-action.ts';
import { MAX_VALUE } from './runbook-action.ts';

/** `{{name}}`: the value of a parameter. */
const PLACEHOLDER = /\{\{([a-z][a-z0-9-]*)\}\}/g;
/** Programs that read one of their arguments as a program. */
const INTERPRETER =
  /^(?:[a-z]?sh|bash|dash|ksh|mksh|fish|[gmn]?awk|sed|python[\d.]*|perl|ruby|node|php|lua|tclsh|eval)$/;
/** Programs that run the command that follows. */
const WRAPPER = /^(?:busybox|env|xargs|timeout|nice|nohup|setsid|sudo|su|chroot|exec)$/;
const SCRIPT_OPTION = /^-[A-Za-z]*[ce]$/;
/** Where one of these stands beside a placeholder, something else than the program reads the word, too. */
const SYNTAX = /[\s"'`$;&|<>()\\*?[\]#~!]/;
const CONTROL = /[\u0000-\u001f\u007f-\u009f\u200e\u200f\u2028-\u202e\u2066-\u2069]/;

/** Names of the placeholders of a word. */
export function placeholdersOf(word: string): string[] {
  return [...word.matchAll(PLACEHOLDER)].map(([, name]) => name!);
}

/**
 * Why a word of a command cannot be filled in safely; empty when it can. A value must never be read as anything but data:
 * not as a program, not as a part of one.
 */
export function wordProblem(
  command: readonly string[],
  index: number,
  parameters: Readonly<Record<string, unknown>>,
): string {
  const word = command[index]!;
  const names = placeholdersOf(word);
  const rest = word.replace(PLACEHOLDER, '');
  if (names.length === 0) {
    // A script may hold braces of its own; a word that is nothing but braces was meant as a placeholder.
    return /^\{\{[^{}\s]*\}\}$/.test(word)
      ? `'${word}' is no placeholder: they are written {{name}}, in lower-case letters, digits and dashes`
      : '';
  }
  if (names.includes('snapshot'))
    return "the snapshot cannot stand in a command, which the API server's audit log keeps: give it as 'stdin: snapshot'";
  const unknown = names.find((name) => !Object.hasOwn(parameters, name));
  if (unknown !== undefined) return `there is no parameter '${unknown}'`;
  if (index === 0) return 'the program itself cannot be a placeholder';
  if (SYNTAX.test(rest))
    return `a placeholder cannot stand inside a script or a quoted text: give {{${names[0]!}}} as a word of its own, after the script, and read it as "$1"`;
  if (index <= scriptEnd(command))
    return `{{${names[0]!}}} would be run as a program by ${command[0]!}: put it after the script`;
  return '';
}

/** Index of the word up to which an interpreter reads options and its program; 0 for other programs. */
function scriptEnd(command: readonly string[]): number {
  const base = (word: string) => word.slice(word.lastIndexOf('/') + 1);
  const wrapped = WRAPPER.test(base(command[0] ?? ''));
  const at = wrapped ? command.findIndex((word) => INTERPRETER.test(base(word))) : 0;
  const plain = command.flatMap((word, index) => (index > Math.max(at, 0) && !word.startsWith('-') ? [index] : []));
  // What a wrapper runs may be its second word of that kind (`timeout 5 PROGRAM`).
  if (wrapped && at < 0) return plain[1] ?? command.length;
  if (!INTERPRETER.test(base(command[at] ?? ''))) return 0;
  const option = command.findIndex((word, index) => index > at && SCRIPT_OPTION.test(word));
  return Math.max(plain[0] ?? command.length, option + 1);
}

/** Why a value is not one for the parameter; empty when it is. */
export function valueProblem(name: string, { pattern }: Parameter, value: string): string {
  if (value.length > MAX_VALUE) return `${name} is longer than ${MAX_VALUE} characters`;
  if (CONTROL.test(value)) return `${name} holds a control character`;
  if (value.startsWith('-')) return `${name} begins with '-' and would be read as an option`;
  if (!new RegExp(`^(?:${pattern})$`, 'u').test(value)) return `${name} does not match ${pattern}`;
  return '';
}

/** Values for every parameter, defaults included. @returns the first problem as text */
export function inputsFor(
  { parameters }: Pick<RunbookAction, 'parameters'>,
  given: Readonly<Record<string, string>>,
): Record<string, string> | string {
  const unknown = Object.keys(given).find((name) => !Object.hasOwn(parameters, name));
  if (unknown !== undefined) return `there is no parameter '${unknown}'`;
  const inputs: Record<string, string> = {};
  for (const [name, parameter] of Object.entries(parameters)) {
    const value = Object.hasOwn(given, name) ? given[name]! : parameter.default;
    if (value === undefined) return `${name} has to be given: ${parameter.about}`;
    const problem = valueProblem(name, parameter, value);
    if (problem) return problem;
    inputs[name] = value;
  }
  return inputs;
}

/** The command with its placeholders filled in; each value stays inside its own word. */
export function filledCommand({ command }: Part, inputs: Readonly<Record<string, string>>): string[] {
  return command.map((word) => word.replace(PLACEHOLDER, (whole, name: string) => inputs[name] ?? whole));
}
