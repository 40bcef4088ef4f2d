import type { ChatModel, ChatPart, ChatRequest, ToolCall, ToolSpec } from '../domain/chat.ts';
import type { Clock } from '../domain/clock.ts';
import { oneLine } from '../text/plain-text.ts';
import { objectOf } from './json-in-text.ts';

export interface Probe {
  name: 'plain' | 'tool call' | 'forced tool' | 'stream' | 'long context';
  works: boolean;
  text: string;
  milliseconds: number;
}

/** For each; the last one may have to read for minutes on a machine without a graphics card. */
const LIMIT_MS = 120_000;
const LONG_LIMIT_MS = 300_000;
const LONG_TOKENS = 6_000;
const MOST_SHOWN = 80;
/** Of a line of the long text, about. */
const LINE_TOKENS = 18;
/** Of the context, besides the answer: tokenisers differ. */
const FILLED = 0.8;
const WORD = 'heron';

const POD_TOOL: ToolSpec = {
  name: 'describe_pod',
  description: 'Shows the state of one pod.',
  parameters: {
    type: 'object',
    properties: { name: { type: 'string', description: 'name of the pod' } },
    required: ['name'],
    additionalProperties: false,
  },
};

class Limit extends Error {}

/**
 * Five small questions that show what a model can do; `tell` hears of each as it ends. A probe that fails or takes too long
 * says so and the next one follows.
 * @throws the signal's reason
 */
export async function probeModel(
  model: ChatModel,
  clock: Clock,
  signal: AbortSignal,
  tell: (probe: Probe) => void,
): Promise<Probe[]> {
  const probes: Probe[] = [];
  for (const { name, limitMs, run } of probesFor(model)) {
    const started = clock.monotonic();
    const seen = await within(limitMs, clock, signal, run);
    const probe = { name, ...seen, milliseconds: Math.round(clock.monotonic() - started) };
    probes.push(probe);
    tell(probe);
  }
  return probes;
}

interface Seen {
  works: boolean;
  text: string;
}

interface Planned {
  name: Probe['name'];
  limitMs: number;
  run: (signal: AbortSignal) => Promise<Seen>;
}

function probesFor(model: ChatModel): Planned[] {
  const ask = (request: Omit<ChatRequest, 'maxTokens'>, maxTokens: number, signal: AbortSignal) =>
    answerOf(model, { ...request, maxTokens }, signal);
  const user = (text: string) => ({ messages: [{ role: 'user' as const, text }] });
  return [
    {
      name: 'plain',
      limitMs: LIMIT_MS,
      run: async (signal) => {
        const { text } = await ask(user('Answer with the one word ready.'), 256, signal);
        return { works: text.trim() !== '', text: text.trim() ? `answers ${quote(text)}` : 'answers with nothing' };
      },
    },
    {
      name: 'tool call',
      limitMs: LIMIT_MS,
      run: async (signal) => {
        const request = { ...user('Is the pod geo-1 healthy? Use the tool to find out.'), tools: [POD_TOOL] };
        return judgedCall(await ask(request, 512, signal));
      },
    },
    {
      name: 'forced tool',
      limitMs: LIMIT_MS,
      run: async (signal) => {
        const request = { ...user('Look at the pod geo-1.'), tools: [POD_TOOL], force: POD_TOOL.name };
        return judgedCall(await ask(request, 512, signal));
      },
    },
    {
      name: 'stream',
      limitMs: LIMIT_MS,
      run: async (signal) => {
        const { pieces } = await ask(user('Count from one to twenty in words, one after the other.'), 256, signal);
        return {
          works: pieces > 1,
          text: pieces > 1 ? `came in ${pieces} pieces` : pieces === 1 ? 'came as one piece' : 'nothing came',
        };
      },
    },
    {
      name: 'long context',
      limitMs: LONG_LIMIT_MS,
      run: async (signal) => {
        const tokens = Math.min(LONG_TOKENS, Math.floor((model.contextTokens - 512) * FILLED));
        const { text } = await ask(user(longText(tokens)), 256, signal);
        const works = text.toLowerCase().includes(WORD);
        const found = works ? 'found' : 'did not find';
        return {
          works,
          text: `${found} a word in the middle of about ${tokens} tokens${works ? '' : `: ${quote(text)}`}`,
        };
      },
    },
  ];
}

interface Answer {
  text: string;
  calls: ToolCall[];
  /** Parts with text. */
  pieces: number;
}

async function answerOf(model: ChatModel, request: ChatRequest, signal: AbortSignal): Promise<Answer> {
  const answer: Answer = { text: '', calls: [], pieces: 0 };
  for await (const part of model.complete(request, signal)) take(answer, part);
  return answer;
}

function take(answer: Answer, part: ChatPart): void {
  if (part.type === 'call') answer.calls.push(part.call);
  if (part.type !== 'text') return;
  answer.text += part.text;
  answer.pieces++;
}

function judgedCall({ text, calls }: Answer): Seen {
  const call = calls.find(({ tool }) => tool === POD_TOOL.name);
  if (!call)
    return {
      works: false,
      text: calls[0] ? `called ${quote(calls[0].tool)}, which is no tool` : `called nothing: ${quote(text)}`,
    };
  const args = objectOf(call.args);
  const right = args?.['name'] === 'geo-1';
  if (typeof args?.['name'] !== 'string')
    return { works: false, text: `called it with ${quote(call.args)}, which the schema does not allow` };
  return { works: true, text: right ? 'called it as asked' : `called it, for another pod: ${quote(args['name'])}` };
}

function longText(tokens: number): string {
  const lines = Math.max(2, Math.floor(tokens / LINE_TOKENS));
  const text = Array.from(
    { length: lines },
    (_, at) => `Line ${at}: this pod of the shop is ready and has no news to tell.`,
  );
  text[Math.floor(lines / 2)] = `Line ${Math.floor(lines / 2)}: remember that the secret bird is the ${WORD}.`;
  return `${text.join('\n')}\n\nWhich bird do the lines name? Answer with the one word.`;
}

function quote(text: string): string {
  return `“${oneLine(text, MOST_SHOWN)}”`;
}

async function within(limitMs: number, clock: Clock, signal: AbortSignal, run: Planned['run']): Promise<Seen> {
  signal.throwIfAborted();
  const stop = new AbortController();
  const done = new AbortController();
  const limit = clock.sleep(limitMs, done.signal).then(
    () => stop.abort(new Limit()),
    // The probe ended first.
    () => undefined,
  );
  try {
    return await run(AbortSignal.any([signal, stop.signal]));
  } catch (error) {
    signal.throwIfAborted();
    if (error instanceof Limit) return { works: false, text: `took longer than ${limitMs / 1000} s` };
    return { works: false, text: oneLine(error instanceof Error ? error.message : error) };
  } finally {
    done.abort();
    await limit;
  }
}
