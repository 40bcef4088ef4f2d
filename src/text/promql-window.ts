const UNIT_MS: Readonly<Record<string, number>> = {
  ms: 1, s: 1_000, m: 60_000, h: 3_600_000, d: 86_400_000, w: 604_800_000, y: 31_536_000_000,
}; // prettier-ignore
const DURATION = String.raw`(?:\d+(?:ms|[smhdwy]))+`;
/** `[5m]`, `[1h:1m]`, and the windows in names of recorded rates: `job:errors:rate5m`. */
const WINDOW = new RegExp(String.raw`\[(${DURATION})(?::(?:${DURATION})?)?\]|rate(${DURATION})\b`, 'g');

/**
 * How far back an expression looks, in ms, so that it is over that long after its cause at most. Of conditions that must
 * hold together the one that is over first decides, as in burn rates over two windows. Read off the text, without
 * parsing: an estimate.
 */
export function lookBackOf(query: string): number {
  const parts = query.split(/\bor\b/i).map((part) => {
    const windows = part.split(/\band\b/i).map(longestWindow);
    const real = windows.filter((ms) => ms > 0);
    return real.length > 0 ? Math.min(...real) : 0;
  });
  return Math.max(0, ...parts);
}

function longestWindow(text: string): number {
  const found = [...text.matchAll(WINDOW)].map(([, range, rate]) => durationMs(range ?? rate ?? ''));
  return Math.max(0, ...found);
}

function durationMs(text: string): number {
  const parts = [...text.matchAll(/(\d+)(ms|[smhdwy])/g)];
  return parts.reduce((sum, [, count, unit]) => sum + Number(count) * (UNIT_MS[unit!] ?? 0), 0);
}
