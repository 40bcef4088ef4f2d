/**
 * Lower end of the Wilson interval of a ratio: how much of `total` fails at least, if `failed` did.
 * @param deviations of the normal law: 3 leaves 0.13 % below
 */
export function wilsonLower(failed: number, total: number, deviations: number): number {
  if (!(total > 0)) return 0;
  const ratio = Math.min(1, Math.max(0, failed / total));
  const square = deviations ** 2;
  const middle = ratio + square / (2 * total);
  const reach = deviations * Math.sqrt((ratio * (1 - ratio)) / total + square / (4 * total ** 2));
  return Math.max(0, (middle - reach) / (1 + square / total));
}

/** Chance that at least `hits` of `trials` succeed where each does with `chance`; whole numbers. */
export function binomialTail(hits: number, trials: number, chance: number): number {
  if (hits <= 0) return 1;
  if (hits > trials || chance <= 0) return 0;
  if (chance >= 1) return 1;
  let sum = 0;
  let term = logChoose(trials, hits) + hits * Math.log(chance) + (trials - hits) * Math.log1p(-chance);
  for (let count = hits; count <= trials; count++) {
    const part = Math.exp(term);
    sum += part;
    // Past the middle terms only get smaller.
    if (count > trials * chance && part < sum * 1e-12) break;
    term += Math.log((trials - count) / (count + 1)) + Math.log(chance) - Math.log1p(-chance);
  }
  return Math.min(1, sum);
}

/**
 * Chance that of all hits of two samples so many fall into the first if both have the same rate: whether `hits` of `size` is
 * more than `otherHits` of `otherSize`.
 */
export function moreThan(hits: number, size: number, otherHits: number, otherSize: number): number {
  if (size <= 0) return 1;
  return binomialTail(hits, hits + otherHits, size / (size + otherSize));
}

function logChoose(n: number, k: number): number {
  let sum = 0;
  for (let index = 1; index <= Math.min(k, n - k); index++) sum += Math.log((n - Math.min(k, n - k) + index) / index);
  return sum;
}
