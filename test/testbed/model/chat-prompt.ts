/** A request as the server reads it; what is missing or of another kind is refused before. */
export interface ChatBody {
  messages: readonly ChatBodyMessage[];
  tools?: readonly { function: { name: string; description?: string; parameters?: object } }[];
  tool_choice?: string | { function: { name: string } };
  response_format?: { type: string; json_schema?: { schema?: object } };
  max_tokens?: number;
  max_completion_tokens?: number;
  temperature?: number;
  stream?: boolean;
  stream_options?: { include_usage?: boolean };
}

export interface ChatBodyMessage {
  role: string;
  content?: string | null;
  tool_calls?: readonly { function: { name: string; arguments: string } }[];
}

/** How an answer is to look: words, JSON of a schema, or calls (of this one tool, or of one of several). */
export type Shape =
  { kind: 'words' } | { kind: 'json'; schema: object } | { kind: 'call'; tool: string | null; schema: object };

const MOST_CHARACTERS = 120;
const MOST_ITEMS = 6;
const DEEPEST = 8;

/** ChatML, which SmolLM2 was trained on, up to the place where the answer begins. */
export function promptOf({ messages, tools = [] }: ChatBody, shape: Shape): string {
  const offered = shape.kind === 'json' ? [] : tools;
  const list = offered.map(
    (tool) =>
      `- ${tool.function.name}: ${tool.function.description ?? ''} ${JSON.stringify(tool.function.parameters ?? {})}`,
  );
  const about = list.length > 0 ? `You can call these tools:\n${list.join('\n')}` : '';
  const wanted =
    shape.kind === 'call' ? (shape.tool ? `Write the arguments of ${shape.tool} as JSON.` : 'Call a tool.') : '';
  const system = messages.filter(({ role }) => role === 'system' || role === 'developer').map(textOf);
  const head = [...system, about, wanted].filter(Boolean).join('\n\n');
  const rest = messages.filter(({ role }) => role !== 'system' && role !== 'developer');
  const turns = [
    ...(head ? [{ role: 'system', text: head }] : []),
    ...rest.map((one) => ({ role: one.role, text: textOf(one) })),
  ];
  return `${turns.map(({ role, text }) => `<|im_start|>${role === 'tool' ? 'user' : role}\n${text}<|im_end|>\n`).join('')}<|im_start|>assistant\n`;
}

function textOf({ content, tool_calls = [] }: ChatBodyMessage): string {
  const calls = tool_calls.map((call) => JSON.stringify({ tool: call.function.name, args: call.function.arguments }));
  // Marks of a turn in a text begin no turn.
  return [content ?? '', ...calls]
    .filter(Boolean)
    .join('\n')
    .replace(/<\|im_(start|end)\|>/g, '');
}

/** @throws Error for a tool that is not there */
export function shapeOf({ tools = [], tool_choice, response_format }: ChatBody): Shape {
  if (typeof tool_choice === 'object') {
    const named = tools.find((tool) => tool.function.name === tool_choice.function.name);
    if (!named) throw new Error(`tool_choice names ${tool_choice.function.name}, which is none of the tools`);
    return { kind: 'call', tool: named.function.name, schema: grammarSchema(named.function.parameters ?? {}) };
  }
  if (tool_choice === 'required' && tools.length > 0) {
    const one = tools.length === 1 ? tools[0]!.function : null;
    if (one) return { kind: 'call', tool: one.name, schema: grammarSchema(one.parameters ?? {}) };
    const any = tools.map((tool) => ({
      type: 'object',
      properties: { tool: { const: tool.function.name }, args: grammarSchema(tool.function.parameters ?? {}) },
    }));
    return { kind: 'call', tool: null, schema: { oneOf: any } };
  }
  if (response_format?.type === 'json_schema')
    return { kind: 'json', schema: grammarSchema(response_format.json_schema?.schema ?? {}) };
  if (response_format?.type === 'json_object')
    return {
      kind: 'json',
      schema: { type: 'object', additionalProperties: { type: 'string', maxLength: MOST_CHARACTERS } },
    };
  return { kind: 'words' };
}

type Schema = Record<string, unknown>;

/**
 * What the grammar of the engine understands of a JSON schema, with limits where it has none, so that a weak model comes to
 * an end. The engine writes every property, so what is not required is left out where something else is.
 */
export function grammarSchema(schema: object, depth = 0, root: Schema = schema as Schema): object {
  const {
    type,
    properties,
    required,
    items,
    enum: values,
    const: value,
    oneOf,
    anyOf,
    allOf,
    $ref,
    maxLength,
    maxItems,
    minItems,
  } = schema as Schema;
  const inner = (one: unknown) => grammarSchema(one as object, depth + 1, root);
  if (depth > DEEPEST) return { type: 'null' };
  if (typeof $ref === 'string') return inner(refOf($ref, root));
  if (value !== undefined) return { const: value };
  if (Array.isArray(values)) return { enum: values };
  const choices = oneOf ?? anyOf;
  if (Array.isArray(choices)) return { oneOf: choices.map(inner) };
  if (Array.isArray(allOf) && allOf.length === 1) return inner(allOf[0]);
  if (type === 'object' || properties) {
    const all = Object.entries((properties ?? {}) as Schema);
    const needed =
      Array.isArray(required) && required.length > 0 ? all.filter(([name]) => required.includes(name)) : all;
    return { type: 'object', properties: Object.fromEntries(needed.map(([name, one]) => [name, inner(one)])) };
  }
  if (type === 'array')
    return {
      type,
      items: inner(items ?? { type: 'string' }),
      minItems: Number(minItems ?? 0),
      maxItems: Math.min(Number(maxItems ?? MOST_ITEMS), MOST_ITEMS),
    };
  if (typeof type === 'string' && type !== 'string') return { type };
  if (Array.isArray(type)) return { oneOf: type.map((one) => inner({ ...schema, type: one })) };
  return { type: 'string', maxLength: Math.min(Number(maxLength ?? MOST_CHARACTERS), MOST_CHARACTERS) };
}

function refOf(ref: string, root: Schema): object {
  const path = ref.replace(/^#\/?/, '').split('/').filter(Boolean);
  const found = path.reduce<unknown>((at, key) => (at as Schema | undefined)?.[key], root);
  return typeof found === 'object' && found !== null ? found : {};
}
