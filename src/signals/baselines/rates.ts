import type { Sample, Series } from '../../domain/telemetry.ts';

/** A gap of more than so many usual distances between samples is a hole: nothing is known of what happened in it. */
const HOLE = 5;

/**
 * What a counter counts a second between its samples, each at the later one. A counter that fell was reset and has counted
 * from 0 since, as Prometheus takes it; so no rate is ever negative. Samples in any order; of two at one time the larger one.
 */
export function ratesOf(counter: Series): Series {
  const samples = inOrder(counter.samples);
  const hole = HOLE * usualStep(samples);
  const rates: Sample[] = [];
  for (const [index, { at, value }] of samples.entries()) {
    const before = samples[index - 1];
    if (!before || at - before.at > hole || value < 0) continue;
    const grown = value < before.value ? value : value - before.value;
    rates.push({ at, value: (grown / (at - before.at)) * 1_000 });
  }
  return { labels: counter.labels, samples: rates };
}

/** Finite samples, oldest first, one for each time. */
export function inOrder(samples: readonly Sample[]): Sample[] {
  // As nearly every source gives them.
  if (samples.every(({ at, value }, index) => isAfter(at, samples[index - 1]) && Number.isFinite(value)))
    return [...samples];
  const sorted = samples
    .filter(({ at, value }) => Number.isFinite(at) && Number.isFinite(value))
    .sort((a, b) => a.at - b.at || a.value - b.value);
  return sorted.filter(({ at }, index) => sorted[index + 1]?.at !== at);
}

function isAfter(at: number, before: Sample | undefined): boolean {
  return Number.isFinite(at) && (before === undefined || at > before.at);
}

/** The middle distance between neighbours, in ms; 0 for less than two. */
export function usualStep(samples: readonly Sample[]): number {
  const steps = samples.slice(1).map(({ at }, index) => at - samples[index]!.at);
  return steps.sort((a, b) => a - b)[Math.floor(steps.length / 2)] ?? 0;
}
