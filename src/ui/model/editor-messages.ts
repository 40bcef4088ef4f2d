import type { ChatMessage } from '../../domain/chat.ts';

/** A piece of a message as the editor's models take it. */
export type EditorPart =
  | { type: 'text'; text: string }
  | { type: 'call'; id: string; tool: string; input: Record<string, unknown> }
  | { type: 'result'; id: string; text: string };

export interface EditorMessage {
  role: 'user' | 'assistant';
  parts: EditorPart[];
}

/**
 * A conversation for the editor's models, which know users and assistants only: what the system says comes before the first
 * words of the user, answers of tools are the user's, and messages of one side that follow each other are one.
 */
export function editorMessages(messages: readonly ChatMessage[]): EditorMessage[] {
  const system = messages.flatMap((message) => (message.role === 'system' ? [message.text] : []));
  const result: EditorMessage[] = [];
  const add = (role: EditorMessage['role'], parts: EditorPart[]) => {
    const last = result.at(-1);
    if (last?.role === role) last.parts.push(...parts);
    else if (parts.length > 0) result.push({ role, parts });
  };
  if (system.length > 0) add('user', [{ type: 'text', text: `${system.join('\n\n')}\n\n` }]);
  for (const message of messages) {
    if (message.role === 'user') add('user', [{ type: 'text', text: message.text }]);
    if (message.role === 'tool') add('user', [{ type: 'result', id: message.id, text: message.text }]);
    if (message.role !== 'assistant') continue;
    const { text, calls } = message;
    add('assistant', [
      ...(text === '' ? [] : [{ type: 'text' as const, text }]),
      ...calls.map(({ id, tool, args }) => ({ type: 'call' as const, id, tool, input: inputOf(args) })),
    ]);
  }
  return result;
}

/** All texts of a message, for counting its tokens. */
export function textOf({ parts }: EditorMessage): string {
  return parts
    .map((part) => (part.type === 'call' ? `${part.tool} ${JSON.stringify(part.input)}` : part.text))
    .join('\n');
}

/** Arguments that are no object were answered with what is wrong with them; only that answer counts then. */
function inputOf(args: string): Record<string, unknown> {
  try {
    const value: unknown = JSON.parse(args);
    return typeof value === 'object' && value !== null && !Array.isArray(value)
      ? (value as Record<string, unknown>)
      : {};
  } catch {
    // As above.
    return {};
  }
}
