import type * as z from 'zod';
import type { ToolCall } from '../../../domain/chat.ts';
import { StratusError } from '../../../domain/stratus-error.ts';
import { oneLine } from '../../../text/plain-text.ts';
import { toolSpec } from '../tools/tools.ts';
import type { Conversation, Turn } from './conversation.ts';

/** A structured answer: a tool that the model has to call with it. */
export interface AnswerForm<T> {
  name: string;
  description: string;
  schema: z.ZodType<T>;
  /** What is wrong beyond the schema, told to the model; null when nothing is. */
  check?: (value: T) => string | null;
}

/** How often an answer that cannot be used is sent back with what is wrong about it. */
export const MAX_REPAIRS = 2;
const MAX_PROBLEMS = 5;

/** The answer, or what is wrong with it. */
export function readAnswer<T>({ schema, check }: AnswerForm<T>, call: ToolCall): { value: T } | { problem: string } {
  let json: unknown;
  try {
    json = JSON.parse(call.args);
  } catch (error) {
    return { problem: `the arguments are no JSON (${oneLine(String(error), 120)})` };
  }
  const parsed = schema.safeParse(json);
  if (!parsed.success) {
    const problems = parsed.error.issues
      .slice(0, MAX_PROBLEMS)
      .map(({ path, message }) => `${path.join('.') || 'the arguments'}: ${oneLine(message, 160)}`);
    return { problem: problems.join('; ') };
  }
  const problem = check?.(parsed.data) ?? null;
  return problem === null ? { value: parsed.data } : { problem };
}

/**
 * Has the model answer in this form. What cannot be used is sent back, {@link MAX_REPAIRS} times at most.
 * @throws ChatError, or StratusError `model` that says what was wrong last
 */
export async function askFor<T>(conversation: Conversation, form: AnswerForm<T>, maxTokens: number): Promise<T> {
  const tools = [toolSpec(form)];
  let problem = '';
  for (let repairs = 0; repairs <= MAX_REPAIRS; repairs++) {
    const turn = await conversation.turn({ tools, force: form.name, maxTokens });
    const read = answerIn(form, turn);
    if ('value' in read) return acknowledged(conversation, turn, read.value);
    problem = read.problem;
    sendBack(conversation, turn, `${problem}. Call ${form.name} again with all of it put right.`);
  }
  throw unusable(form, problem);
}

/** The form's call among those of a turn, read. */
export function answerIn<T>(form: AnswerForm<T>, turn: Turn): { value: T } | { problem: string } {
  const call = turn.calls.find(({ tool }) => tool === form.name);
  if (call) {
    const read = readAnswer(form, call);
    return 'problem' in read && turn.end === 'length' ? { problem: 'the answer was cut off: make it shorter' } : read;
  }
  if (turn.end === 'filtered') return { problem: 'the answer was held back by the provider' };
  if (turn.end === 'length')
    return { problem: `the answer was cut off before ${form.name} was called: make it shorter` };
  const [other] = turn.calls;
  if (other) return { problem: `${form.name} was not called, but ${oneLine(other.tool, 60)}` };
  return { problem: turn.text.trim() ? `${form.name} was not called` : 'the answer was empty' };
}

/** Every call has to be answered before the talk can go on. */
export function sendBack(conversation: Conversation, { calls }: Turn, problem: string): void {
  for (const call of calls) conversation.answer(call, problem);
  if (calls.length === 0) conversation.say(problem);
}

function acknowledged<T>(conversation: Conversation, { calls }: Turn, value: T): T {
  for (const call of calls) conversation.answer(call, 'taken');
  return value;
}

export function unusable(form: { name: string }, problem: string): StratusError {
  return new StratusError('model', `the model gave no usable answer (${form.name}): ${problem}`);
}
