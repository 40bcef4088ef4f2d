/** Deterministic random source: the same seed and purpose always give the same draws, on every machine. */
export interface Random {
  /** Integer from `low` to `high`, both included. */
  int(low: number, high: number): number;
  /** True with the given probability (0..1). */
  chance(probability: number): boolean;
  pick<T>(values: readonly T[]): T;
  /** A copy in random order. */
  shuffle<T>(values: readonly T[]): T[];
  /** `length` lower-case letters and digits, the first one a letter. */
  token(length: number): string;
}

/** @param purpose separates the streams of one seed, so that a new draw in one place does not shift the others */
export function createRandom(seed: number, purpose: string): Random {
  let state = hash(`${seed}/${purpose}`);
  // mulberry32, public domain (Tommy Ettinger)
  const next = (): number => {
    state = (state + 0x6d2b79f5) | 0;
    let t = Math.imul(state ^ (state >>> 15), 1 | state);
    t = (t + Math.imul(t ^ (t >>> 7), 61 | t)) ^ t;
    return ((t ^ (t >>> 14)) >>> 0) / 2 ** 32;
  };
  const int = (low: number, high: number): number => low + Math.floor(next() * (high - low + 1));
  const pick = <T>(values: readonly T[]): T => {
    if (values.length === 0) throw new Error(`nothing to pick from (${purpose}, seed ${seed})`);
    return values[int(0, values.length - 1)] as T;
  };
  return {
    int,
    pick,
    chance: (probability) => next() < probability,
    shuffle: (values) => {
      const copy = [...values];
      for (let i = copy.length - 1; i > 0; i--) {
        const j = int(0, i);
        [copy[i], copy[j]] = [copy[j] as (typeof copy)[number], copy[i] as (typeof copy)[number]];
      }
      return copy;
    },
    token: (length) =>
      Array.from({ length }, (_, i) =>
        pick([...(i === 0 ? 'abcdefghijklmnopqrstuvwxyz' : 'abcdefghijklmnopqrstuvwxyz0123456789')]),
      ).join(''),
  };
}

/** FNV-1a, 32 bit. */
function hash(text: string): number {
  let value = 0x811c9dc5;
  for (const char of text) value = Math.imul(value ^ (char.codePointAt(0) ?? 0), 0x01000193);
  return value;
}
