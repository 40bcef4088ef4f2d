import { mentionsKubectl } from '../shell/script-text.ts';

/** One YAML document of a text, with its offset. */
export interface YamlChunk {
  text: string;
  start: number;
}

/** Cuts a text at its document markers. A marker at the start of a line ends a document even inside a scalar. */
export function yamlChunks(text: string): YamlChunk[] {
  if (/^%/m.test(text)) return [{ text, start: 0 }];
  const chunks: YamlChunk[] = [];
  let start = 0;
  for (const { index } of text.matchAll(/^---(?=\s|$)/gm)) {
    if (index > start) chunks.push({ text: text.slice(start, index), start });
    start = index;
  }
  chunks.push({ text: text.slice(start), start });
  return chunks;
}

const YAML11 = '(?:[yYnN]|yes|Yes|YES|no|No|NO|on|On|ON|off|Off|OFF|0[0-7]+)[^\\S\\n]*(?:[,}\\]]|#.*\\r?$|\\r?$)';
/** Words and marks without which no manifest rule can report anything, repeated keys aside. */
const TRIGGERS = new RegExp(
  String.raw`\\[xuU]|[&*]|^[^\S\n]*(?:-[^\S\n]+)*\?[^\S\n]|privileged|hostPID|hostIPC|hostNetwork|hostPath|finalizers|webhooks|cluster-admin|system:|hook-delete-policy|:[^\S\n]+${YAML11}|^\s*-[^\S\n]+${YAML11}|[[,][^\S\n]*${YAML11}|^[^\S\n]*(?:[yYnN]|yes|no|on|off)[^\S\n]*:`,
  'm',
);
const FLOW_KEY = /[{,]\s*("[^"]*"|'[^']*'|[^\s,{}:[\]"']+)\s*:/g;

/** True if a key may be given twice in a map in braces, or such a map goes over several lines. */
function mayRepeatFlowKeys(text: string): boolean {
  for (let at = text.indexOf('{'); at >= 0; at = text.indexOf('{', at + 1)) {
    const start = text.lastIndexOf('\n', at) + 1;
    const next = text.indexOf('\n', at);
    const line = text.slice(start, next < 0 ? text.length : next).replace(/\{\{[^{}]*\}\}/g, '');
    const keys = [...line.matchAll(FLOW_KEY)].map(([, key = '']) => key.replace(/^["']|["']$/g, ''));
    if (new Set(keys).size < keys.length || line.split('{').length !== line.split('}').length) return true;
    if (next < 0) break;
    at = next;
  }
  return false;
}

const KEY = /^( *)((?:- +)*)("[^"]*"|'[^']*'|[^\s#:][^:]*?)\s*:(?:\s|$)/;

/** True if a key may be given twice in one block map; lines inside block scalars can only cause a needless “true”. */
function mayRepeatKeys(text: string): boolean {
  const open: { indent: number; keys: Set<string> }[] = [];
  for (const line of text.split('\n')) {
    const match = KEY.exec(line);
    if (!match) continue;
    const [, spaces = '', dashes = '', name = ''] = match;
    const indent = spaces.length + dashes.length;
    while ((open.at(-1)?.indent ?? -1) > (dashes ? spaces.length : indent)) open.pop();
    if (dashes && open.at(-1)?.indent === indent) open.pop();
    let level = open.at(-1);
    if (level?.indent !== indent) {
      level = { indent, keys: new Set() };
      open.push(level);
    }
    const key = name.replace(/^["']|["']$/g, '');
    if (level.keys.has(key)) return true;
    level.keys.add(key);
  }
  return false;
}

/** False only if no rule can report anything in this document, so that it need not be parsed. */
export function mayHaveFindings(chunk: string): boolean {
  if (mentionsKubectl(chunk)) return true;
  if (!/\bkind["']?\s*:|\\/.test(chunk)) return false;
  return TRIGGERS.test(chunk) || mayRepeatKeys(chunk) || mayRepeatFlowKeys(chunk);
}
