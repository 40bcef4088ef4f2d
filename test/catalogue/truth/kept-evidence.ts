import type { FieldTruth, Truth } from './truth.ts';

export interface Kept {
  /** Every object that the cause, or one of its alternatives, names. */
  objects: boolean;
  /** The words that tell what is wrong with them, as the benchmark asks of a diagnosis. */
  words: boolean;
  /** What the fault wrote: a wrong value, or where it has none, the field; true where it wrote no object. */
  deciding: boolean;
}

/** Whether a text still has what tells the cause. */
export function keptIn(text: string, truth: Pick<Truth, 'causes' | 'injected' | 'repaired'>): Kept {
  const low = text.toLowerCase();
  const named = truth.causes.filter(({ names }) => names.every((name) => low.includes(name.toLowerCase())));
  const marks = decidingMarks(truth);
  return {
    objects: named.length > 0,
    words: named.some(({ word, flags }) => new RegExp(word, flags).test(text)),
    deciding: marks.length === 0 || marks.some((mark) => hasWord(low, mark.toLowerCase())),
  };
}

/** What tells the fault, any of it: see {@link Kept.deciding}. */
export function decidingMarks({ injected, repaired }: Pick<Truth, 'injected' | 'repaired'>): string[] {
  const written = injected.flatMap(({ key, how, fields }) =>
    how === 'changed' ? fields.flatMap(marksOf) : [key.split('/').at(-1)!],
  );
  // Made anew, or broken inside of a container: what its repair replaces.
  const replaced = repaired.flatMap(({ fields }) =>
    fields.flatMap(({ path, before, after }) => marksOf({ path, before: after, after: before })),
  );
  return [...new Set(written.length > 0 ? written : replaced)].filter((mark) => mark.length > 0);
}

function marksOf({ path, before, after }: FieldTruth): string[] {
  const [was, is] = [leaves(before).flatMap(words), leaves(after).flatMap(words)];
  const wrong = is.filter((word) => !was.includes(word));
  return wrong.length > 0 ? wrong : [lastOf(path)];
}

/** Last name of a path; a key that was quoted without its quotes. */
function lastOf(path: string): string {
  const quoted = /\["((?:[^"\\]|\\.)*)"\](?:\[\d+\])*$/.exec(path)?.[1];
  return quoted ?? /([A-Za-z_][A-Za-z0-9_]*)(?:\[\d+\])*$/.exec(path)?.[1] ?? '';
}

function leaves(value: unknown): string[] {
  if (value === null || value === undefined) return [];
  return typeof value === 'object' ? Object.values(value).flatMap(leaves) : [String(value)];
}

const words = (text: string): string[] => text.split(/[^\w./:%@*-]+/).filter(Boolean);

function hasWord(text: string, word: string): boolean {
  const escaped = word.replaceAll(/[.*+?^${}()|[\]\\]/g, String.raw`\$&`);
  return new RegExp(`(?<![a-z0-9])${escaped}(?![a-z0-9])`).test(text);
}
