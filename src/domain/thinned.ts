import type { Sample } from './telemetry.ts';

/** At most `most` of the samples: of neighbours the smallest and the largest, so that neither peak nor trough is lost. */
export function thinned(samples: readonly Sample[], most: number): Sample[] {
  if (samples.length <= most) return [...samples];
  const groups = Math.floor(most / 2);
  return Array.from({ length: groups }, (_, index) => {
    const from = Math.floor((index * samples.length) / groups);
    const group = samples.slice(from, Math.floor(((index + 1) * samples.length) / groups));
    const low = group.reduce((least, sample) => (sample.value < least.value ? sample : least));
    const high = group.reduce((largest, sample) => (sample.value > largest.value ? sample : largest));
    return low === high ? [low] : low.at < high.at ? [low, high] : [high, low];
  }).flat();
}
