import { seededRandom } from '../statistics/random.ts';

const SAMPLES = 200;

/**
 * How often each candidate comes first in samples drawn from the traces with replacement (bootstrap): 0..1.
 * @param scoreIn score of every candidate in a sample: `draw(size)` gives as many places of traces, each below `size`
 */
export function sampledWins(
  candidates: readonly string[],
  seed: number,
  scoreIn: (draw: (size: number) => number[]) => ReadonlyMap<string, number>,
): Map<string, number> {
  const wins = new Map(candidates.map((id) => [id, 0]));
  if (candidates.length === 0) return wins;
  const random = seededRandom(seed);
  const draw = (size: number): number[] => Array.from({ length: size }, () => Math.floor(random() * size));
  for (let sample = 0; sample < SAMPLES; sample++) {
    const scores = scoreIn(draw);
    let best: string | null = null;
    for (const id of candidates) {
      const score = scores.get(id) ?? 0;
      if (score > 0 && (best === null || score > scores.get(best)!)) best = id;
    }
    if (best !== null) wins.set(best, wins.get(best)! + 1);
  }
  return new Map([...wins].map(([id, count]) => [id, count / SAMPLES]));
}
