import type { OpenAI } from 'openai';
import type { ChatMessage, ChatRequest, ToolSpec } from '../domain/chat.ts';
import type { ModelEndpoint } from '../domain/model-settings.ts';
import type { Abilities, Form } from './abilities.ts';
import { objectOf } from './json-in-text.ts';

type Body = OpenAI.ChatCompletionCreateParamsStreaming;
type Message = OpenAI.ChatCompletionMessageParam;

/** A request in the words of Chat Completions. */
export function bodyOf(
  { model, temperature = 0 }: Pick<ModelEndpoint, 'model' | 'temperature'>,
  request: ChatRequest,
  form: Form,
  abilities: Abilities,
): Body {
  const native = form === 'plain' || form === 'tools' || form === 'tool' || form === 'required';
  const asked = native ? [...request.messages] : inWords(request, form);
  const messages = (abilities.system ? asked : withoutSystem(asked)).map(message);
  return {
    model,
    messages,
    stream: true,
    [abilities.limit]: request.maxTokens,
    ...(abilities.temperature ? { temperature } : {}),
    ...(abilities.usage ? { stream_options: { include_usage: true } } : {}),
    ...toolPart(request, form),
  };
}

function toolPart({ tools = [], force }: ChatRequest, form: Form): Partial<Body> {
  const only = tools.find(({ name }) => name === force);
  if (form === 'tools') return { tools: tools.map(toolOf) };
  if (!only || !force) return {};
  // All of them, as in the calls before: servers keep what they have read of a conversation that begins alike.
  if (form === 'tool')
    return { tools: tools.map(toolOf), tool_choice: { type: 'function', function: { name: force } } };
  if (form === 'required') return { tools: [toolOf(only)], tool_choice: 'required' };
  if (form === 'schema')
    return { response_format: { type: 'json_schema', json_schema: { name: only.name, schema: only.parameters } } };
  return {};
}

function toolOf({ name, description, parameters }: ToolSpec): OpenAI.ChatCompletionTool {
  return { type: 'function', function: { name, description, parameters } };
}

function message(one: ChatMessage): Message {
  switch (one.role) {
    case 'tool':
      return { role: 'tool', tool_call_id: one.id, content: one.text };
    case 'assistant':
      return {
        role: 'assistant',
        content: one.text || (one.calls.length > 0 ? null : ''),
        ...(one.calls.length > 0
          ? {
              tool_calls: one.calls.map(({ id, tool, args }) => ({
                id,
                type: 'function' as const,
                function: { name: tool, arguments: objectText(args) },
              })),
            }
          : {}),
      };
    default:
      return { role: one.role, content: one.text };
  }
}

/** Servers refuse a conversation in which the arguments of a former call are none. */
function objectText(args: string): string {
  return objectOf(args) ? args : JSON.stringify({ invalid: args });
}

/** The conversation without tools as such: calls and their answers as words, at the end what is wanted. */
function inWords({ messages, tools = [], force }: ChatRequest, form: Form): ChatMessage[] {
  const words = messages.map((one): ChatMessage => {
    if (one.role === 'tool') return { role: 'user', text: `Answer of the tool ${one.tool}:\n${one.text}` };
    if (one.role !== 'assistant') return one;
    return { role: 'assistant', text: [one.text, ...one.calls.map(callText)].filter(Boolean).join('\n\n'), calls: [] };
  });
  return merged([
    ...words,
    {
      role: 'user',
      text: wanted(
        tools,
        tools.find(({ name }) => name === force),
        form,
      ),
    },
  ]);
}

function callText({ tool, args }: { tool: string; args: string }): string {
  return `\`\`\`json\n${JSON.stringify({ tool, args: objectOf(args) ?? args })}\n\`\`\``;
}

function wanted(tools: readonly ToolSpec[], only: ToolSpec | undefined, form: Form): string {
  if (!only) {
    const list = tools.map((tool) => `- ${tool.name}: ${tool.description}\n  args: ${JSON.stringify(tool.parameters)}`);
    return [
      'You may use one of these tools:',
      ...list,
      'To use one, end your answer with a fenced block and write nothing after it:',
      '```json\n{"tool": "NAME", "args": {}}\n```',
      'Without such a block your answer is final.',
    ].join('\n');
  }
  const what = `${only.name} (${only.description})\nJSON schema of the object: ${JSON.stringify(only.parameters)}`;
  return form === 'schema'
    ? `Answer with one JSON object and nothing else: ${what}`
    : `Answer with one JSON object in a fenced block that begins with \`\`\`json: ${what}`;
}

/** Templates of models without tools want users and assistants to take turns. */
function merged(messages: readonly ChatMessage[]): ChatMessage[] {
  const result: ChatMessage[] = [];
  for (const one of messages) {
    const last = result.at(-1);
    if (last?.role === one.role && one.role !== 'tool')
      result[result.length - 1] = { ...last, text: `${last.text}\n\n${one.text}` };
    else result.push(one);
  }
  return result;
}

function withoutSystem(messages: readonly ChatMessage[]): ChatMessage[] {
  return merged(messages.map((one) => (one.role === 'system' ? { role: 'user', text: one.text } : one)));
}
