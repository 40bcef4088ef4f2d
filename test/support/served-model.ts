import { afterEach } from 'vitest';
import type { ChatPart, ChatRequest, ToolSpec } from '../../src/domain/chat.ts';
import { AbilityMemory } from '../../src/model/abilities.ts';
import { connectModel, type ModelOptions } from '../../src/model/connect-model.ts';
import { FakeClock, settleTasks } from './fake-clock.ts';
import { scriptedModel, type Script, type ScriptedModel } from './scripted-model.ts';

export const TOOL: ToolSpec = {
  name: 'submit',
  description: 'hands in the diagnosis',
  parameters: { type: 'object', properties: { cause: { type: 'string' } }, required: ['cause'] },
};
export const OTHER: ToolSpec = {
  name: 'logs',
  description: 'reads logs',
  parameters: { type: 'object', properties: {} },
};
export const ASK: ChatRequest = { messages: [{ role: 'user', text: 'what is wrong?' }], maxTokens: 100 };

const servers: ScriptedModel[] = [];
afterEach(async () => {
  for (const server of servers.splice(0)) await server.close();
});

/** Remembers what it was asked to wait. */
class PauseClock extends FakeClock {
  readonly pauses: number[] = [];

  override sleep(ms: number, signal?: AbortSignal): Promise<void> {
    this.pauses.push(ms);
    return super.sleep(ms, signal);
  }

  /** Comes back once somebody waits for so long. */
  async pausing(ms: number): Promise<void> {
    while (!this.pauses.includes(ms)) await settleTasks();
  }
}

/** Of limits that no test may reach by chance, however slow the machine is. */
const NEVER = { firstMs: 1e12, idleMs: 1e12 };

/** A model behind a script. What it opened is closed after each test. */
export async function setUp(script: Script, key: string | null = null, options: ModelOptions = NEVER) {
  const server = await scriptedModel(script);
  servers.push(server);
  const clock = new PauseClock();
  const model = connectModel({ ...server.endpoint, apiKey: key }, clock, { memory: new AbilityMemory(), ...options });
  const ask = async (request: Partial<ChatRequest> = {}, signal = new AbortController().signal) => {
    const parts: ChatPart[] = [];
    for await (const part of model.complete({ ...ASK, ...request }, signal)) parts.push(part);
    return parts;
  };
  return { server, clock, model, ask };
}

export const textOf = (parts: readonly ChatPart[]) =>
  parts.map((part) => (part.type === 'text' ? part.text : '')).join('');
export const callsOf = (parts: readonly ChatPart[]) =>
  parts.flatMap((part) => (part.type === 'call' ? [part.call] : []));
export const endOf = (parts: readonly ChatPart[]) => parts.at(-1);
export const event = (value: unknown) => `data: ${JSON.stringify(value)}\n\n`;
export const says = (content: string, finish: string | null = null) =>
  event({ model: 'm', choices: [{ index: 0, delta: { content }, finish_reason: finish }] });
