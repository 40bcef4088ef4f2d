/** The end of the year 9999: what is later is no moment, and no date can be written of it. */
const LAST_MOMENT = Date.UTC(10_000, 0) - 1;
/** About thirty years, in seconds. */
const LONGEST_DURATION_S = 1e9;

/** @param ms since the epoch, as a source counts them; null for what is no moment between 1970 and 9999 */
export function momentAt(ms: number): number | null {
  return ms >= 0 && ms <= LAST_MOMENT ? ms : null;
}

/** In ms; what is longer than thirty years is taken for thirty. @param seconds not negative */
export function millisOfDuration(seconds: number): number {
  return Math.min(seconds, LONGEST_DURATION_S) * 1000;
}

/** RFC 3339 in ms since the epoch; null for other text and for Go's zero time. */
export function timeOf(text: unknown): number | null {
  if (typeof text !== 'string' || text.length > 50) return null;
  const time = Date.parse(text);
  return time > 0 ? momentAt(time) : null;
}

/** Nanoseconds since the epoch, as JSON of protobuf has them, in ms with fractions; null for anything else. */
export function millisOfNanos(nanos: unknown): number | null {
  if (typeof nanos === 'number') return momentAt(nanos / 1e6);
  if (typeof nanos !== 'string' || !/^\d{1,20}$/.test(nanos)) return null;
  // In one step it would lose what a double cannot hold.
  return momentAt(Number(BigInt(nanos) / 1000n) / 1000);
}

/** As sources of logs and traces take a moment: a whole number of nanoseconds. */
export function nanosOf(millis: number): string {
  return String(BigInt(Math.round(millis * 1000)) * 1000n);
}

/** A span of time in words: `45 s`, `12 min`, `3 h`. */
export function spelledDuration(ms: number): string {
  const seconds = Math.round(ms / 1000);
  if (seconds < 120) return `${seconds} s`;
  return seconds < 7200 ? `${Math.round(seconds / 60)} min` : `${Math.round(seconds / 3600)} h`;
}
