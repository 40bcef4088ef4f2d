/** RFC 3339 in ms since the epoch; null for other text and for Go's zero time. */
export function timeOf(text: unknown): number | null {
  if (typeof text !== 'string' || text.length > 50) return null;
  const time = Date.parse(text);
  return Number.isFinite(time) && time > 0 ? time : null;
}

/** Nanoseconds since the epoch, as JSON of protobuf has them, in ms with fractions; null for anything else. */
export function millisOfNanos(nanos: unknown): number | null {
  if (typeof nanos === 'number') return Number.isFinite(nanos) && nanos >= 0 ? nanos / 1e6 : null;
  if (typeof nanos !== 'string' || !/^\d{1,20}$/.test(nanos)) return null;
  // In one step it would lose what a double cannot hold.
  return Number(BigInt(nanos) / 1000n) / 1000;
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
