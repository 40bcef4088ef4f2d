import type { ToolCall, ToolSpec } from '../domain/chat.ts';
import { isMap } from '../json/json-map.ts';

const FENCED = /(?:^|\n)[ \t]*(```+|~~~+)[^\n]*\n([\s\S]*?)\n?[ \t]*\1/g;
const THOUGHTS = /<think(?:ing)?>[\s\S]*?(?:<\/think(?:ing)?>|$)/gi;
/** Braces that are looked behind; a text of nothing but braces is not worth more. */
const MOST_STARTS = 200;
const MOST_TEXT = 400_000;
const NAMES = ['tool', 'name', 'function'];
const ARGUMENTS = ['args', 'arguments', 'parameters', 'input'];

type Obj = Record<string, unknown>;

interface Found {
  value: Obj;
  json: string;
  /** Where it starts in the text. */
  at: number;
}

/**
 * The JSON object in what a model wrote, with Markdown and words around it in whatever language: of fenced ones the last,
 * else the last that stands in the text. Null when there is none that is whole.
 */
export function jsonInText(text: string): Found | null {
  const shown = text.slice(0, MOST_TEXT).replace(THOUGHTS, (thought) => ' '.repeat(thought.length));
  let fenced: Found | null = null;
  for (const match of shown.matchAll(FENCED)) {
    const inside = objectsIn(match[2] ?? '').at(-1);
    if (inside) fenced = { ...inside, at: match.index };
  }
  return fenced ?? objectsIn(shown).at(-1) ?? null;
}

/** What was said before a call that stands in a text, and the call. */
export interface CallInText {
  before: string;
  call: ToolCall;
}

/**
 * The call that a model wrote as text: the arguments alone of the `forced` tool, or `{"tool": NAME, "args": {…}}` of any
 * of the tools. Null when there is none.
 */
export function callInText(text: string, tools: readonly ToolSpec[], forced: string | undefined): CallInText | null {
  const found = jsonInText(text);
  if (!found) return null;
  const before = text.slice(0, found.at).replace(THOUGHTS, '').trim();
  const wrapped = unwrapped(found.value, tools);
  if (wrapped && (forced === undefined || wrapped.tool === forced))
    return { before, call: called(wrapped.tool, wrapped.args) };
  return forced === undefined ? null : { before, call: called(forced, found.json) };
}

function called(tool: string, args: string): ToolCall {
  return { id: `text-${tool}`, tool, args };
}

function unwrapped(value: Obj, tools: readonly ToolSpec[]): { tool: string; args: string } | null {
  const named = NAMES.map((key) => value[key]).find((name) => tools.some((tool) => tool.name === name));
  const args = ARGUMENTS.map((key) => value[key]).find(isMap);
  return typeof named === 'string' && args ? { tool: named, args: JSON.stringify(args) } : null;
}

function objectsIn(text: string): Found[] {
  const found: Found[] = [];
  let from = 0;
  for (let tries = 0; tries < MOST_STARTS; tries++) {
    const at = text.indexOf('{', from);
    if (at < 0) break;
    const end = closing(text, at);
    const json = end < 0 ? '' : text.slice(at, end + 1);
    const value = json ? objectOf(json) : null;
    if (value) found.push({ value, json, at });
    from = value ? end + 1 : at + 1;
  }
  return found;
}

/** Where the brace at `start` is closed, with an eye for strings; -1 when it is not. */
function closing(text: string, start: number): number {
  let depth = 0;
  let quoted = false;
  for (let at = start; at < text.length; at++) {
    const sign = text[at];
    if (quoted) {
      if (sign === '\\') at++;
      else if (sign === '"') quoted = false;
    } else if (sign === '"') quoted = true;
    else if (sign === '{') depth++;
    else if (sign === '}' && --depth === 0) return at;
  }
  return -1;
}

/** A text that is a JSON object as a whole; null for every other. */
export function objectOf(json: string): Obj | null {
  try {
    const value: unknown = JSON.parse(json);
    return isMap(value) ? value : null;
  } catch {
    // What is no JSON is no object.
    return null;
  }
}
