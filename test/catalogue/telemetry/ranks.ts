import type { ProductEvent } from '../../judge/product.ts';
import { findingsOf } from '../causes.ts';
import type { NamedObject, Shown, TelemetryScene } from './scenes.ts';

/** Places from 1; 0 for none. */
export interface Rank {
  /** Of the first finding about an object at which the fault begins. */
  place: number;
  /** Of the first that also says what is wrong with it. */
  cause: number;
}

type Listed = { object?: NamedObject }[];

/** Where findings, first the one that is held for the cause, name what is really wrong. */
export function rankOf(findings: unknown, scene: TelemetryScene, shown: Shown): Rank {
  const listed = (Array.isArray(findings) ? findings : []) as Listed;
  const texts = findingsOf({ type: '', findings: listed });
  const isAbout = listed.map(({ object }) => object !== undefined && scene.isRoot(object, shown));
  return {
    place: isAbout.indexOf(true) + 1,
    cause: texts.findIndex(({ text }, index) => isAbout[index] && scene.word.test(text)) + 1,
  };
}

/** Place of the first of those whom traces suspect that is right, when the cause was looked for first. */
export function suspectRank(events: readonly ProductEvent[], scene: TelemetryScene, shown: Shown): number {
  const told = events.find(({ type }) => type === 'signals')?.shown as { suspects?: Suspected[] } | undefined;
  const isRight = ({ node, pod }: Suspected) =>
    [node?.object, pod].some((object) => object && scene.isRoot(object, shown)) ||
    // A workload of which one pod is bad is the right place as far as it goes.
    (node?.name !== undefined && node.name === scene.fault.targets[0]);
  return (told?.suspects ?? []).findIndex(isRight) + 1;
}

interface Suspected {
  node?: { name?: string; object?: NamedObject | null };
  pod?: NamedObject | null;
}
