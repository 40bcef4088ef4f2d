/** Makes of a median absolute deviation the standard deviation of a normal law with the same (1 / Φ⁻¹(¾)). */
const MAD_TO_DEVIATION = 1.4826;
/** The same of a mean absolute deviation: √(π/2). */
const MEAN_TO_DEVIATION = 1.2533;

/** Sorted copy without what is no finite number. */
export function sortedFinite(values: readonly number[]): Float64Array {
  return Float64Array.from(values.filter(Number.isFinite)).sort();
}

/** Of sorted numbers, linear between neighbours; NaN of none. @param part 0..1 */
export function quantileOf(sorted: ArrayLike<number>, part: number): number {
  if (sorted.length === 0) return Number.NaN;
  const place = Math.min(1, Math.max(0, part)) * (sorted.length - 1);
  const low = sorted[Math.floor(place)]!;
  const high = sorted[Math.ceil(place)]!;
  return low === high ? low : low + (high - low) * (place - Math.floor(place));
}

export function median(values: readonly number[]): number {
  return quantileOf(sortedFinite(values), 0.5);
}

export function mean(values: readonly number[]): number {
  return values.length === 0 ? Number.NaN : values.reduce((sum, value) => sum + value / values.length, 0);
}

/**
 * Median and what stands for the standard deviation around it. Half of the values may be of another kind (an earlier
 * incident, a burst) without moving either far; a mean is moved by one of them. Where more than half of the values are equal
 * the median of the deviations is 0 whatever the others are: their mean takes its place (Iglewicz and Hoaglin, "How to
 * Detect and Handle Outliers", 1993).
 */
export function robustSpread(values: readonly number[]): { center: number; deviation: number } {
  const center = median(values);
  const deviations = values.filter(Number.isFinite).map((value) => Math.abs(value - center));
  const middle = median(deviations);
  const deviation = middle > 0 ? middle * MAD_TO_DEVIATION : mean(deviations) * MEAN_TO_DEVIATION;
  return { center, deviation: Number.isFinite(deviation) ? deviation : 0 };
}
