import * as z from 'zod';
import type { ChatMessage, ChatModel, ToolSpec } from '../../../domain/chat.ts';
import { didYouMean } from '../../../text/edit-distance.ts';
import { oneLine } from '../../../text/plain-text.ts';
import { presentable, untrustedLine } from '../../../text/redact.ts';
import { confine } from '../../../kubectl/confine.ts';
import { readLiteralCommand } from '../../../kubectl/literal-words.ts';
import { quoteArgv } from '../../../text/shell-quote.ts';
import { LONGEST_ANSWER } from './answer.ts';
import type { Tool } from './tool.ts';

/** Null where the command may run as it is (arguments without the word kubectl), else why not and what to write instead. */
export type ReadRefusal = (argv: readonly string[]) => string | null;

export interface KubectlReadParts {
  /** Writes the command. */
  model: ChatModel;
  /** What it is told: how to write one command that only reads. */
  prompt: string;
  /** Default: {@link readRefusal}. */
  refusal?: ReadRefusal;
  /** Runs it in read mode and answers with its output. Absent: the command itself is the answer. */
  run?: (argv: readonly string[], signal: AbortSignal) => Promise<string>;
}

const QUESTION = z.object({
  question: z.string().min(3).max(500).describe('What to look up, in plain words: "which node does pod geo-1 run on".'),
});

/** A refused command may be written anew so often. */
const REPAIRS = 2;
const MOST_TOKENS = 300;
const ANSWER = 'kubectl_command';
const COMMAND: ToolSpec = {
  name: ANSWER,
  description: 'The one kubectl command that answers the question.',
  parameters: {
    type: 'object',
    properties: { command: { type: 'string', description: 'kubectl get pods -n shop -o wide' } },
    required: ['command'],
    additionalProperties: false,
  },
};

/**
 * A question in plain words becomes one confined kubectl command (paper, Appendix D: NL2Kubectl with its linter). What is refused
 * is quoted back to the model that wrote it, at most twice.
 */
export function kubectlRead({
  model,
  prompt,
  refusal = readRefusal,
  run,
}: KubectlReadParts): Tool<z.infer<typeof QUESTION>> {
  return {
    name: 'kubectl_read',
    description:
      'Writes (and where possible runs) one kubectl command that only reads, for what no other tool answers.',
    schema: QUESTION,
    async run({ question }, { target, signal }) {
      const messages: ChatMessage[] = [
        { role: 'system', text: prompt },
        { role: 'user', text: `Namespace: ${target.namespace}\nQuestion: ${oneLine(question, 500)}` },
      ];
      let problem = '';
      for (let attempt = 0; attempt <= REPAIRS; attempt++) {
        const answer = await answerOf(model, messages, signal);
        const read = argvOf(answer);
        problem = typeof read === 'string' ? read : (refusal(read) ?? '');
        if (typeof read !== 'string' && problem === '') {
          const command = untrustedLine(quoteArgv(['kubectl', ...read]), 500);
          if (!run) return `${command}\n(not run: this tool only writes the command here)`;
          return `${command}\n${presentable(await run(read, signal), LONGEST_ANSWER - command.length - 1)}`;
        }
        messages.push(
          { role: 'assistant', text: oneLine(answer, 500), calls: [] },
          { role: 'user', text: `Refused: ${oneLine(problem, 400)}. Write one command that is allowed.` },
        );
      }
      throw new Error(`no command was allowed: ${oneLine(problem, 400)}; ask with another tool`);
    },
  };
}

/** Of the built-in grammar: one kubectl command that is a read, follows nothing and shows no Secret's values. */
export function readRefusal(argv: readonly string[]): string | null {
  const verdict = confine(['kubectl', ...argv]);
  if (!verdict.ok) return verdict.rewrite ? `${verdict.message} (allowed: ${verdict.rewrite})` : verdict.message;
  return verdict.access === 'read' ? null : `kubectl ${verdict.command} writes; this tool only reads`;
}

async function answerOf(model: ChatModel, messages: readonly ChatMessage[], signal: AbortSignal): Promise<string> {
  let text = '';
  let args = '';
  const request = { messages: [...messages], tools: [COMMAND], force: ANSWER, maxTokens: MOST_TOKENS };
  for await (const part of model.complete(request, signal)) {
    if (part.type === 'text') text += part.text;
    if (part.type === 'call') args ||= part.call.args;
  }
  return args || text;
}

/** The command of an answer: of its JSON, or the one line that begins with kubectl; else what is wrong with it. */
function argvOf(answer: string): string[] | string {
  const command = commandOf(answer.trim().replace(/^```\w*\s*|\s*```$/g, ''));
  if (command === '') return 'the answer holds no command; answer with {"command": "kubectl …"}';
  const read = readLiteralCommand(command);
  if (!read.ok) return read.message;
  const [program = '', ...argv] = read.words.map(({ value }) => value);
  return program === 'kubectl' ? argv : `${program} is not kubectl${didYouMean(program, ['kubectl'])}`;
}

function commandOf(answer: string): string {
  try {
    const parsed: unknown = JSON.parse(answer);
    const command = (parsed as { command?: unknown } | null)?.command;
    return typeof command === 'string' ? command.trim() : '';
  } catch {
    // No JSON: a model without tools answers in its own way.
    const lines = answer.split('\n').filter((line) => line.trim().startsWith('kubectl '));
    return lines.length === 1 ? lines[0]!.trim() : '';
  }
}
