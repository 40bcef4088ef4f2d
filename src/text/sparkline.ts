const BARS = '▁▂▃▄▅▆▇█';

/**
 * Numbers as a line of bars for a terminal, lowest to highest of what is given; a gap where a number is missing or not
 * finite. Of more numbers than `width` neighbours are shown as the largest of them, so that no peak is lost.
 */
export function sparkline(values: readonly (number | null)[], width = 60): string {
  const shown = squeezed(values, Math.max(1, Math.floor(width)));
  const finite = shown.filter((value) => value !== null);
  if (finite.length === 0) return '';
  const low = finite.reduce((least, value) => Math.min(least, value), Number.POSITIVE_INFINITY);
  const high = finite.reduce((most, value) => Math.max(most, value), Number.NEGATIVE_INFINITY);
  return shown.map((value) => (value === null ? ' ' : barOf(value, low, high))).join('');
}

function barOf(value: number, low: number, high: number): string {
  // Halves, for the difference of two numbers may be more than a number can be.
  const part = high === low ? 0.5 : (value / 2 - low / 2) / (high / 2 - low / 2);
  return BARS[Math.min(BARS.length - 1, Math.floor(part * BARS.length))]!;
}

function squeezed(values: readonly (number | null)[], width: number): (number | null)[] {
  const known = values.map((value) => (value !== null && Number.isFinite(value) ? value : null));
  if (known.length <= width) return known;
  return Array.from({ length: width }, (_, index) => {
    const from = Math.floor((index * known.length) / width);
    const group = known.slice(from, Math.max(from + 1, Math.floor(((index + 1) * known.length) / width)));
    return group.reduce((most, value) => (most === null || (value !== null && value > most) ? value : most), null);
  });
}
