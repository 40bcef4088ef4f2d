import type { LogEntry } from './log-entries.ts';
import { logEntries } from './log-entries.ts';

/** What a program said again and again, but for numbers, ids and the like. */
export interface LogTemplate {
  /** The text; where the entries differ stands `<*>`, or `<num>`, `<id>`, `<ip>` … for what does. */
  text: string;
  /** Entries that it stands for, and the lines of the log that these are. */
  count: number;
  lines: number;
  /** As the program wrote its times; null where it did not. */
  first: string | null;
  last: string | null;
  /** It is the last thing in the log. */
  closing: boolean;
  /** It speaks of trouble. */
  trouble: boolean;
}

/**
 * Tokens that a template is made of. Delimiters are tokens too, so that the pieces joined are the text again and
 * `key=value` differs in its value alone.
 */
const TOKEN = /\s+|[^\s"'`=,;{}()[\]<>|]+|["'`=,;{}()[\]<>|]/g;
/** Words that are masked before entries are compared, most special first. */
const MASKS: readonly [RegExp, string][] = [
  [/^[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}$/i, '<id>'],
  [/^\d{4}-\d\d-\d\d(?:T\d\d:\d\d.*)?$|^\d\d:\d\d:\d\d(?:[.,]\d+)?Z?$/, '<time>'],
  [/^\d{1,3}(?:\.\d{1,3}){3}(?:\/\d{1,2})?(?::\d{1,5})?$/, '<ip>'],
  [/^(?:sha256:)?[0-9a-f]{12,128}$/i, '<id>'],
  [/^0x[0-9a-f]{1,16}$/i, '<id>'],
  [/^[+-]?\d+(?:[.,:]\d+)*(?:[a-zµ%]{1,3}(?:\d+(?:\.\d+)?[a-zµ]{1,2})*)?$/i, '<num>'],
];
/** Entries that share at least this part of their words are one template. */
const SIMILAR = 0.6;
/** Of a log that says something new in each line, only so many templates are compared with. */
const COMPARED = 100;
const TROUBLE =
  /\b(?:error|err|fatal|panic|exception|fail(?:ed|ure|s)?|refused|denied|timed? ?out|timeout|cannot|can't|unable|invalid|missing|not found|no such|unauthorized|forbidden|killed|crash|abort(?:ed|ing)?|unreachable|warn(?:ing)?|oom|traceback|unexpected|unknown)\b|^[EF] |\b[45]\d\d\b/i;

interface Cluster {
  masked: string[];
  /** The words of the first entry; null where a later one has another. */
  words: (string | null)[];
  entries: LogEntry[];
  /** Of the entries among all, in order. */
  places: number[];
}

/**
 * The templates of a log (after Drain: He et al., "Drain: An Online Log Parsing Approach with Fixed Depth Tree", 2017):
 * what speaks of trouble first, then what is said seldom, then what was said last. A value that is the same in every
 * entry of a template is shown.
 */
export function logTemplates(lines: readonly string[]): LogTemplate[] {
  const entries = logEntries(lines).filter(({ text }) => text !== '');
  return templateGroups(entries)
    .sort(
      ({ template: a, places: atA }, { template: b, places: atB }) =>
        Number(b.trouble) - Number(a.trouble) ||
        Number(b.closing) - Number(a.closing) ||
        a.count - b.count ||
        atB.at(-1)! - atA.at(-1)!,
    )
    .map(({ template }) => template);
}

/** Templates of entries of any origin, and the places of those that each stands for. */
export function templateGroups(entries: readonly LogEntry[]): { template: LogTemplate; places: number[] }[] {
  const byShape = new Map<string, Cluster[]>();
  entries.forEach((entry, at) => addEntry(byShape, entry, at));
  const clusters = [...byShape.values()].flat();
  return clusters.map((cluster) => ({ template: templateOf(cluster, entries.length), places: cluster.places }));
}

/** True if a text is one of those that a template stands for. */
export function isOfTemplate(template: string, text: string): boolean {
  const pieces = template.split(/<(?:\*|id|time|ip|num)>/);
  if (pieces.length === 1) return template === text;
  const last = pieces.pop()!;
  let at = 0;
  for (const [index, piece] of pieces.entries()) {
    const found = text.indexOf(piece, at);
    if (found < 0 || (index === 0 && found !== 0)) return false;
    at = found + piece.length;
  }
  return text.length - last.length >= at && text.endsWith(last);
}

/** A text with numbers, ids, addresses and times masked: equal for what differs in nothing else. */
export function maskedText(text: string): string {
  return tokensOf(text).map(masked).join('');
}

function tokensOf(text: string): string[] {
  return text.match(TOKEN) ?? [];
}

function masked(token: string): string {
  return MASKS.find(([pattern]) => pattern.test(token))?.[1] ?? token;
}

function addEntry(byShape: Map<string, Cluster[]>, entry: LogEntry, at: number): void {
  const words = tokensOf(entry.text);
  const mask = words.map(masked);
  const shape = `${words.length}|${mask.find((token) => /\w/.test(token) && !token.startsWith('<')) ?? ''}`;
  const clusters = byShape.get(shape);
  const like = clusters?.slice(-COMPARED).find((cluster) => similarity(cluster.masked, mask) >= SIMILAR);
  if (!like) {
    const fresh = { masked: mask, words: [...words], entries: [entry], places: [at] };
    if (clusters) clusters.push(fresh);
    else byShape.set(shape, [fresh]);
    return;
  }
  like.entries.push(entry);
  like.places.push(at);
  words.forEach((word, index) => {
    if (like.masked[index] !== mask[index]) like.masked[index] = '<*>';
    if (like.words[index] !== word) like.words[index] = null;
  });
}

/** Part of the words (not of the delimiters) that are equal, place by place; 0 where delimiters differ. */
function similarity(a: readonly string[], b: readonly string[]): number {
  let [same, all] = [0, 0];
  for (const [index, token] of a.entries()) {
    if (!/[^\s"'`=,;{}()[\]<>|]/.test(b[index]!)) {
      if (token !== b[index]) return 0;
      continue;
    }
    all++;
    if (token === b[index] || token === '<*>') same++;
  }
  return all === 0 ? 1 : same / all;
}

function templateOf({ masked: mask, words, entries, places }: Cluster, total: number): LogTemplate {
  const text = words.map((word, index) => word ?? mask[index]!).join('');
  const times = entries.flatMap(({ time }) => time ?? []);
  return {
    text,
    count: entries.length,
    lines: entries.reduce((sum, { lines }) => sum + lines, 0),
    first: times[0] ?? null,
    last: times.at(-1) ?? null,
    closing: places.at(-1) === total - 1,
    trouble: TROUBLE.test(text),
  };
}
