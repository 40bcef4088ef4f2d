const ANSI = /\u001b(?:\[[0-9;?]*[ -/]*[@-~]|\][^\u0007\u001b]*(?:\u0007|\u001b\\)?)/g;
const BREAKS = /[\t\n\v\f\r\u0085\p{Zl}\p{Zp}]/gu;
/** Controls, formatting (bidirectional, zero-width, tags), unpaired surrogates, private and unassigned characters. */
const UNSEEN = /[\p{Cc}\p{Cf}\p{Cs}\p{Co}\p{Cn}]/gu;
const UNSEEN_IN_NAME = /[\p{Cc}\p{Cf}\p{Cs}\p{Co}\p{Cn}\p{Zl}\p{Zp}]/gu;
const UNSEEN_IN_LINES = /(?![\t\n])[\p{Cc}\p{Cf}\p{Cs}\p{Co}\p{Cn}]/gu;
/** What is far longer than may be shown is cut before it is looked at. */
const AHEAD = 20;

/** Whatever it is as text; empty for null and for objects of JSON that only look as if they could say what they are. */
export function asText(value: unknown): string {
  try {
    return String(value ?? '');
  } catch {
    // `{"toString": []}` has no text.
    return '';
  }
}

/**
 * Untrusted text as one line fit to be shown: without terminal codes and characters that do not show or that turn the
 * order of others round, white space collapsed, at most `limit` UTF-16 units.
 */
export function oneLine(text: unknown, limit = 300): string {
  const clean = asText(text)
    .slice(0, limit * AHEAD)
    .replace(ANSI, '')
    .replace(BREAKS, ' ')
    .replace(UNSEEN, '')
    .replace(/\s+/gu, ' ')
    .trim();
  return cut(clean, limit);
}

/** As {@link oneLine}, but lines, tabs and spaces stay. */
export function plainLines(text: unknown, limit: number): string {
  const clean = asText(text)
    .slice(0, limit * AHEAD)
    .replace(ANSI, '')
    .replace(/\r\n?|[\u0085\u2028\u2029]/g, '\n')
    .replace(UNSEEN_IN_LINES, '');
  return cut(clean, limit);
}

const OUR_COLOUR = /\u001b\[(?:0|1|2|31|32|33|34|36)m/g;
/** Controls, and what turns the order of characters round. */
const ACTING =
  '(?![\\t\\n\\u001b])[\\u0000-\\u001f]|[\\u007f-\\u009f\\u061c\\u200e\\u200f\\u202a-\\u202e\\u2066-\\u2069]';
const HARMFUL = new RegExp(`\\u001b(?!${OUR_COLOUR.source.slice('\\u001b'.length)})|${ACTING}`, 'gu');

/**
 * Text for a terminal, whatever it is made of: nothing in it acts on the terminal but our own colours.
 * @param colours whether these are left in it
 */
export function harmless(text: string, colours = true): string {
  return (colours ? text : text.replace(OUR_COLOUR, '')).replace(HARMFUL, '');
}

/**
 * A name on one line with what does not show spelled out (`\u{202e}`): what is shown is what there is, and two names
 * that differ are shown differently.
 */
export function spelledName(name: string): string {
  return name.replaceAll('\\', '\\\\').replace(UNSEEN_IN_NAME, spell);
}

function spell(character: string): string {
  return `\\u{${character.codePointAt(0)!.toString(16)}}`;
}

function cut(text: string, limit: number): string {
  if (text.length <= limit) return text;
  return `${text.slice(0, limit - 1).replace(/[\uD800-\uDBFF]$/, '')}…`;
}

/** `1 write`, `2 writes`. */
export function counted(count: number, noun: string): string {
  return `${count} ${noun}${count === 1 ? '' : 's'}`;
}
