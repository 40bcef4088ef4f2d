/**
 * Reads a list of seeds such as `1..10` or `1,4,7..9`. Throws an error that says what is wrong with it.
 */
export function parseSeeds(text: string): number[] {
  const seeds = text.split(',').flatMap((part) => {
    const range = /^(\d+)(?:\.\.(\d+))?$/.exec(part.trim());
    if (!range) throw new Error(`seeds look like 1..10 or 1,4,7..9, not '${text}'`);
    const [first, last] = [Number(range[1]), Number(range[2] ?? range[1])];
    if (first < 1 || last < first || last - first >= 10_000) {
      throw new Error(`seeds count up from 1, at most 10000 of them, not '${part}'`);
    }
    return Array.from({ length: last - first + 1 }, (_, index) => first + index);
  });
  return [...new Set(seeds)];
}
