import { editDistance } from '../../../text/edit-distance.ts';

/** Lower case without separators: `DB_URL`, `db-url` and `dbUrl` are one. */
function folded(name: string): string {
  return name.toLowerCase().replace(/[^\p{L}\p{N}]/gu, '');
}

/**
 * 0..1: how likely one name is a misspelling or variant of the other. 1 equal, 0.95 same but for case and separators,
 * about 0.8 one or two typing errors, about 0.6 one is the other plus a prefix or suffix; 0 otherwise.
 */
export function nameSimilarity(a: string, b: string): number {
  if (a === b) return 1;
  const [x, y] = [folded(a), folded(b)];
  if (x === '' || y === '') return 0;
  if (x === y) return 0.95;
  const shorter = Math.min(x.length, y.length);
  const longer = Math.max(x.length, y.length);
  const distance = editDistance(x, y);
  // Two names that differ only in their numbers name two things (shard-1, shard-2), not one misspelt.
  if (x.replace(/\d+/g, '') === y.replace(/\d+/g, '') && /\d/.test(x) && /\d/.test(y)) return 0;
  if (shorter >= 3 && distance === 1) return 0.85;
  if (shorter >= 6 && distance === 2) return 0.75;
  if (shorter >= 3 && (x.startsWith(y) || y.startsWith(x) || x.endsWith(y) || y.endsWith(x))) {
    return 0.5 + 0.25 * (shorter / longer);
  }
  return 0;
}

export interface Similar<T> {
  item: T;
  similarity: number;
}

/**
 * The one item whose name is clearly the closest to `name`; null if none is close or two are about equally close.
 */
export function clearlySimilar<T>(name: string, items: readonly T[], nameOf: (item: T) => string): Similar<T> | null {
  const ranked = items
    .map((item) => ({ item, similarity: nameSimilarity(name, nameOf(item)) }))
    .filter(({ similarity }) => similarity > 0 && similarity < 1)
    .sort((a, b) => b.similarity - a.similarity || (nameOf(a.item) < nameOf(b.item) ? -1 : 1));
  const [first, second] = ranked;
  if (!first) return null;
  if (second && first.similarity - second.similarity < 0.08) return null;
  return first;
}
