import { editDistance } from '../../../../text/edit-distance.ts';
import { areMembers } from './family.ts';

/** Lower case without separators: `DB_URL`, `db-url` and `dbUrl` are one. */
function folded(name: string): string {
  return name.toLowerCase().replace(/[^\p{L}\p{N}]/gu, '');
}

/** From here on names differ by a typing error, case or separators; below, by a word. */
const MISSPELT = 0.75;

/**
 * 0..1: how likely one name is a misspelling or variant of the other. 1 equal, 0.95 same but for case and separators,
 * about 0.8 one or two typing errors, about 0.6 one is the other plus a prefix or suffix; 0 otherwise, and for the names
 * of two members of a family.
 */
export function nameSimilarity(a: string, b: string): number {
  if (a === b) return 1;
  const [x, y] = [folded(a), folded(b)];
  if (x === '' || y === '') return 0;
  if (x === y) return 0.95;
  if (areMembers(a, b)) return 0;
  const shorter = Math.min(x.length, y.length);
  const longer = Math.max(x.length, y.length);
  const distance = editDistance(x, y);
  if (shorter >= 3 && distance === 1) return 0.85;
  if (shorter >= 3 && (x.startsWith(y) || y.startsWith(x) || x.endsWith(y) || y.endsWith(x))) {
    return 0.5 + 0.25 * (shorter / longer);
  }
  return shorter >= 6 && distance === 2 ? MISSPELT : 0;
}

/** One name is the other with a typing error or two, or in another spelling: not the other with a word more or less. */
export function isMisspelling(a: string, b: string): boolean {
  return a !== b && nameSimilarity(a, b) >= MISSPELT;
}

/** A misspelling, or the same name but for what is added to that of a program for its Service: `-svc`, a version. */
export function isSameProgram(a: string, b: string): boolean {
  const bare = (name: string): string => name.replace(/-(?:svc|service|v\d+)$/, '');
  return isMisspelling(a, b) || bare(a) === bare(b);
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
