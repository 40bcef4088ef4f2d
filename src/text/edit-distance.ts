/** Edit distance (Levenshtein with transpositions of neighbours), stopped above `limit`. */
export function editDistance(a: string, b: string, limit = 8): number {
  if (Math.abs(a.length - b.length) > limit) return limit + 1;
  let before: number[] = [];
  let previous = Array.from({ length: b.length + 1 }, (_, index) => index);
  for (let i = 1; i <= a.length; i++) {
    const row = [i];
    for (let j = 1; j <= b.length; j++) {
      const change = a[i - 1] === b[j - 1] ? 0 : 1;
      let best = Math.min(previous[j]! + 1, row[j - 1]! + 1, previous[j - 1]! + change);
      if (i > 1 && j > 1 && a[i - 1] === b[j - 2] && a[i - 2] === b[j - 1]) best = Math.min(best, before[j - 2]! + 1);
      row.push(best);
    }
    before = previous;
    previous = row;
  }
  return Math.min(previous[b.length]!, limit + 1);
}

/** `; did you mean 'diagnose'?`, when one of the known words is close to what was typed; else empty. */
export function didYouMean(typed: string, known: readonly string[]): string {
  if (typed === '') return '';
  const limit = typed.replace(/^-+/, '').length <= 4 ? 1 : 2;
  const near = known
    .map((word) => ({
      word,
      distance: typed.length > 1 && word.startsWith(typed) ? 1 : editDistance(typed, word, limit),
    }))
    .filter(({ distance }) => distance <= limit)
    .sort((a, b) => a.distance - b.distance)[0];
  return near ? `; did you mean '${near.word}'?` : '';
}
