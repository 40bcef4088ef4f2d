import type * as z from 'zod';
import { messageOf } from '../../../domain/cluster-error.ts';
import type { ToolCall } from '../../../domain/chat.ts';
import { stableJson } from '../../../json/stable-json.ts';
import { didYouMean } from '../../../text/edit-distance.ts';
import { plainLines } from '../../../text/plain-text.ts';
import { untrustedLine } from '../../../text/redact.ts';
import type { EvidenceDesk } from '../evidence/evidence-desk.ts';
import { LONGEST_ANSWER } from './answer.ts';
import type { Tool, ToolDesk } from './tool.ts';
import { TOOLS } from './tools.ts';

export interface ToolResult {
  /** False where `text` says what was wrong with the call, or why there is no answer. */
  ok: boolean;
  text: string;
}

/** A call may be repeated after this many others: what it answered may be out of the model's sight by then. */
const FORGOTTEN_AFTER = 6;
const made = new WeakMap<EvidenceDesk, { snapshot: unknown; calls: string[] }>();

/**
 * Answers a model's call. Whatever is wrong with it (no such tool, no JSON, other arguments than the schema has, the same
 * call again, a read that fails) is said in the text, with what to ask instead; nothing is thrown but the signal's reason.
 */
export async function runTool(call: ToolCall, desk: ToolDesk, tools: readonly Tool[] = TOOLS): Promise<ToolResult> {
  desk.signal.throwIfAborted();
  const names = tools.map(({ name }) => name);
  const tool = tools.find(({ name }) => name === call.tool);
  if (!tool)
    return wrong(`there is no tool '${call.tool}'${didYouMean(call.tool, names)}; there are ${names.join(', ')}`);
  const args = readArgs(call.args);
  if (!args) return wrong(`the arguments of ${tool.name} are no JSON object; write for example ${example(tool)}`);
  const read = tool.schema.safeParse(args.value);
  if (!read.success)
    return wrong(`wrong arguments of ${tool.name}: ${issues(read.error)}; write for example ${example(tool)}`);
  if (isRepeated(desk, `${tool.name} ${stableJson(read.data)}`))
    return wrong(
      `you made this very call of ${tool.name} before and nothing has changed: use that answer, or ask something else`,
    );
  try {
    const text = await tool.run(read.data, desk);
    return { ok: true, text: plainLines(text, LONGEST_ANSWER) };
  } catch (error) {
    desk.signal.throwIfAborted();
    return wrong(messageOf(error));
  }
}

function wrong(text: string): ToolResult {
  return { ok: false, text: untrustedLine(text, 1_500) };
}

/** Models wrap JSON into Markdown or into a string, and write null for what they leave out. */
function readArgs(text: string): { value: unknown } | null {
  const bare = text.trim().replace(/^```(?:json)?\s*|\s*```$/g, '');
  if (bare === '') return { value: {} };
  let value: unknown;
  try {
    value = JSON.parse(bare);
    if (typeof value === 'string') value = JSON.parse(value);
  } catch {
    // Said to the model by the caller.
    return null;
  }
  if (value === null) return { value: {} };
  if (typeof value !== 'object' || Array.isArray(value)) return null;
  return { value: Object.fromEntries(Object.entries(value).filter(([, item]) => item !== null)) };
}

function issues({ issues: list }: z.ZodError): string {
  return list
    .slice(0, 3)
    .map(({ path, message }) => `${path.join('.') || 'arguments'}: ${message}`)
    .join('; ');
}

/** The required arguments with a word each. */
function example(tool: Tool): string {
  const shape = (tool.schema as { shape?: Record<string, z.ZodType> }).shape ?? {};
  const required = Object.entries(shape).filter(([, type]) => !type.safeParse(undefined).success);
  return JSON.stringify(Object.fromEntries(required.map(([key, type]) => [key, exampleOf(key, type)])));
}

function exampleOf(key: string, type: z.ZodType): string {
  const options = (type as { options?: readonly unknown[] }).options;
  if (Array.isArray(options)) return String(options[0]);
  return key === 'kind' ? 'Deployment' : 'geo';
}

function isRepeated(desk: ToolDesk, call: string): boolean {
  let record = made.get(desk.evidence);
  if (!record || record.snapshot !== desk.snapshot)
    made.set(desk.evidence, (record = { snapshot: desk.snapshot, calls: [] }));
  const again = record.calls.slice(-FORGOTTEN_AFTER).includes(call);
  record.calls.push(call);
  return again;
}
