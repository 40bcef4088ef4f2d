const ANSI = /\u001b(?:\[[0-9;?]*[ -/]*[@-~]|\][^\u0007\u001b]*(?:\u0007|\u001b\\)?)/g;
const BREAKS = /[\t\n\v\f\r\u0085\p{Zl}\p{Zp}]/gu;
/** Controls, formatting (bidirectional, zero-width, tags), unpaired surrogates, private and unassigned characters. */
const UNSEEN = /[\p{Cc}\p{Cf}\p{Cs}\p{Co}\p{Cn}]/gu;
const UNSEEN_IN_LINES = /(?![\t\n])[\p{Cc}\p{Cf}\p{Cs}\p{Co}\p{Cn}]/gu;
/** What is far longer than may be shown is cut before it is looked at. */
const AHEAD = 20;

/**
 * Untrusted text as one line fit to be shown: without terminal codes and characters that do not show or that turn the
 * order of others round, white space collapsed, at most `limit` UTF-16 units.
 */
export function oneLine(text: unknown, limit = 300): string {
  const clean = String(text ?? '')
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
  const clean = String(text ?? '')
    .slice(0, limit * AHEAD)
    .replace(ANSI, '')
    .replace(/\r\n?|[\u0085\u2028\u2029]/g, '\n')
    .replace(UNSEEN_IN_LINES, '');
  return cut(clean, limit);
}

/** Terminal codes but for plain colours, other controls, and what turns the order of characters round. */
const HARMFUL =
  /\u001b(?!\[(?:0|1|2|31|32|33|34|36)m)|(?![\t\n\u001b])[\u0000-\u001f]|[\u007f-\u009f\u202a-\u202e\u2066-\u2069]/gu;

/** Text for a terminal, whatever it is made of: nothing in it acts on the terminal but our own colours. */
export function harmless(text: string): string {
  return text.replace(HARMFUL, '');
}

function cut(text: string, limit: number): string {
  if (text.length <= limit) return text;
  return `${text.slice(0, limit - 1).replace(/[\uD800-\uDBFF]$/, '')}…`;
}
