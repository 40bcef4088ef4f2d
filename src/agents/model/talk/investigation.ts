import type { ToolCall, ToolSpec } from '../../../domain/chat.ts';
import type { Evidence } from '../../../domain/finding.ts';
import { oneLine } from '../../../text/plain-text.ts';
import { masked } from './masked.ts';
import type { Case } from './case.ts';
import { openTalk, quoted } from './case.ts';
import type { Conversation } from './conversation.ts';
import { MeteredModel } from './metered-model.ts';
import type { AnswerForm } from './structured.ts';
import { answerIn, askFor, MAX_REPAIRS, sendBack, unusable } from './structured.ts';
import { kubectlRead } from '../tools/nl2kubectl.ts';
import { runTool } from '../tools/run-tool.ts';
import type { ToolDesk } from '../tools/tool.ts';
import { TOOLS, toolSpec } from '../tools/tools.ts';

/** A tool that only one role has; it answers with text for the model and reads only. */
export interface OwnTool {
  spec: ToolSpec;
  run(args: string): Promise<string>;
}

const ANSWER_TOKENS = 2_000;
/** Longer answers of tools are summarised where that is asked for, in characters. */
const LONG_ANSWER = 2_000;
/** Facts told beside one call of a tool. */
const MOST_FACTS = 12;

function deskOf({ context, playbook, attempts, evidence }: Case): ToolDesk {
  const { target, snapshot, severity, evidence: reads, clock, signal, signals } = context;
  const seen = signals ? { signals } : {};
  return { target, snapshot, severity, reads, playbook, attempts, evidence, clock, signal, ...seen };
}

/**
 * Lets the model ask tools until it answers in the form. After `maxToolCalls` calls, or when it says nothing to the point,
 * the answer is demanded.
 * @throws ChatError, StratusError `model`
 */
export async function investigate<T>(
  one: Case,
  conversation: Conversation,
  form: AnswerForm<T>,
  own: readonly OwnTool[] = [],
): Promise<T> {
  const desk = deskOf(one);
  const extra = [...own, kubectlOf(one, desk)];
  const tools = [...TOOLS.map(toolSpec), ...extra.map(({ spec }) => spec), toolSpec(form)];
  let left = one.use.maxToolCalls;
  let repairs = 0;
  while (left > 0) {
    const turn = await conversation.turn({ tools, maxTokens: ANSWER_TOKENS });
    if (turn.calls.some(({ tool }) => tool === form.name)) {
      const read = answerIn(form, turn);
      if ('value' in read) return read.value;
      if ((repairs += 1) > MAX_REPAIRS) throw unusable(form, read.problem);
      sendBack(conversation, turn, `${read.problem}. Call ${form.name} again with all of it put right.`);
      continue;
    }
    if (turn.calls.length === 0) break;
    for (const call of turn.calls) {
      left -= 1;
      const text = await answerOf(one, desk, call, extra);
      const told = left > 0 ? text : `${text}\n(no call is left: answer with ${form.name} now)`;
      conversation.answer(call, told);
    }
  }
  conversation.say(`Answer now: call ${form.name}.`);
  return askFor(conversation, form, ANSWER_TOKENS);
}

async function answerOf(one: Case, desk: ToolDesk, call: ToolCall, own: readonly OwnTool[]): Promise<string> {
  const { context } = one;
  const shown = one.evidence.all().length;
  const mine = own.find(({ spec }) => spec.name === call.tool);
  const text = mine ? await mine.run(call.args) : (await runTool(call, desk)).text;
  context.signal.throwIfAborted();
  const clean = masked(text, one.use);
  context.emit({
    type: 'toolCall',
    tool: oneLine(call.tool, 60),
    args: oneLine(masked(call.args, one.use), 300),
    digest: oneLine(clean, 300),
    evidence: factsSince(one, shown),
  });
  return quoted(one, one.use.summarise && clean.length > LONG_ANSWER ? await summarised(one, clean) : clean);
}

/** One read-only kubectl command for what no other tool answers (paper, Appendix D), written by the model itself. */
function kubectlOf(one: Case, desk: ToolDesk): OwnTool {
  const { model, use, allowance, context, prompts } = one;
  const { read, signal } = context;
  const tool = kubectlRead({
    model: new MeteredModel({ model, use, allowance, context, purpose: 'writing a kubectl command' }),
    prompt: prompts.nl2kubectl,
    ...(read ? { run: (argv) => read([...argv], signal) } : {}),
  });
  return {
    spec: toolSpec(tool),
    run: async (args) => (await runTool({ id: '', tool: tool.name, args }, desk, [tool])).text,
  };
}

/** The facts that were filed by the latest answer; those filed before were told before. */
function factsSince({ evidence }: Case, count: number): Evidence[] {
  return evidence
    .all()
    .slice(count, count + MOST_FACTS)
    .map(({ object, field, source, text }) => ({
      ...(object ? { object } : {}),
      ...(field ? { field } : {}),
      source,
      text,
    }));
}

/** The same in fewer words, by another call; the words themselves where that fails. */
async function summarised(one: Case, text: string): Promise<string> {
  const { context } = one;
  const talk = openTalk(one, 'summarising a long answer', 'summary', {
    most: String(LONG_ANSWER),
    answer: quoted(one, text),
  });
  try {
    const { text: short } = await talk.turn({ maxTokens: Math.ceil(LONG_ANSWER / 3) });
    return short.trim() ? `(summarised) ${short.slice(0, LONG_ANSWER * 2)}` : text;
  } catch (error) {
    context.signal.throwIfAborted();
    context.emit({ type: 'thought', text: oneLine(`a long answer was not summarised: ${String(error)}`) });
    return text;
  }
}
