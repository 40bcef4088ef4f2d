import type { ObjectRef } from '../../domain/kube-object.ts';
import { refKey, refLabel } from '../../domain/kube-object.ts';
import type { Acceptance, Consequence, UndoClass, UndoForecast } from '../../domain/transaction.ts';

/** One thing that a write brings about beyond the content of its object, found before it runs. */
export type Effect =
  | (Consequence & { grade: 'consequence' })
  /** Nobody can tell what follows, or what could tell it cannot be read. */
  | { grade: 'unknown'; text: string }
  | { grade: 'one-way'; text: string };

export const comesBack = (text: string, object?: ObjectRef, below?: string[]): Effect =>
  effect(text, true, object, below);
export const isLost = (text: string, object?: ObjectRef, below?: string[]): Effect =>
  effect(text, false, object, below);
export const unknown = (text: string): Effect => ({ grade: 'unknown', text });
export const oneWay = (text: string): Effect => ({ grade: 'one-way', text });

function effect(text: string, back: boolean, object?: ObjectRef, below?: string[]): Effect {
  return { grade: 'consequence', text, back, ...(object ? { object } : {}), ...(below ? { below } : {}) };
}

/** So many objects are named in a sentence; the list of consequences has all of them. */
const SPOKEN = 5;

/** One effect per object, the first of them with the sentence that people read. */
export function eachOf(objects: ObjectRef[], back: boolean, sentence: (names: string) => string): Effect[] {
  const names = objects.slice(0, SPOKEN).map(refLabel).join(', ');
  const text = sentence(objects.length > SPOKEN ? `${names} and ${objects.length - SPOKEN} more` : names);
  return objects.map((object) => effect(text, back, object));
}

/** The forecast that follows from all effects of a write; without any it is exact. */
export function forecastOf(effects: Effect[], inverse: string): UndoForecast {
  const of = (grade: Effect['grade']) => effects.filter((one) => one.grade === grade);
  const consequences = uniqueBy(
    effects.flatMap((one): Consequence[] => {
      if (one.grade !== 'consequence') return [];
      const { text, back, usual, object, below } = one;
      return [{ text, back, ...(usual ? { usual } : {}), ...(object ? { object } : {}), ...(below ? { below } : {}) }];
    }),
    ({ text, object, below, back }) => `${text} ${object ? refKey(object) : ''} ${below?.join() ?? ''} ${back}`,
  );
  const oneWays = of('one-way');
  const needs: Acceptance[] = [
    ...(of('unknown').length > 0 ? (['unknown'] as const) : []),
    ...(consequences.some(({ back, usual }) => !back && !usual) ? (['losses'] as const) : []),
  ];
  const grade: UndoClass =
    oneWays.length > 0
      ? 'one-way'
      : needs.includes('losses')
        ? 'losses'
        : needs.includes('unknown')
          ? 'unknown'
          : consequences.length > 0
            ? 'consequences'
            : 'exact';
  return {
    class: grade,
    // What cannot be taken back is the reason of the refusal: it stands alone.
    residue: uniqueBy(
      (oneWays.length > 0 ? oneWays : effects).map(({ text }) => text),
      String,
    ),
    inverse: grade === 'one-way' ? 'none' : inverse,
    ...(consequences.length > 0 ? { consequences } : {}),
    ...(needs.length > 0 && grade !== 'one-way' ? { needs } : {}),
  };
}

function uniqueBy<T>(items: T[], key: (item: T) => string): T[] {
  return [...new Map(items.map((item) => [key(item), item])).values()];
}
