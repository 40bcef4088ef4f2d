import { amountText, durationText } from '../text/amount.ts';
import { counted } from '../text/plain-text.ts';
import type { SignalLevel, Suspect } from './signals.ts';
import type { LogsSeen, LogTemplateSeen } from './signals-now.ts';

/** How a signal stands, as it is told to people. */
export const LEVEL_TEXT: Readonly<Record<SignalLevel, string>> = {
  incident: 'wrong now',
  early: 'early sign',
  forecast: 'forecast',
};

/** From which confidence on a suspect is called so. */
const SURE: readonly (readonly [from: number, word: string])[] = [
  [0.9, 'almost certain'],
  [0.7, 'likely'],
  [0.4, 'uncertain'],
  [0, 'a guess'],
];

/** How sure it is that the trouble begins at a suspect, and what that rests on: one phrase. */
export function suspectWords({ score, confidence }: Pick<Suspect, 'score' | 'confidence'>): string {
  const [, word] = SURE.find(([from]) => confidence >= from) ?? SURE.at(-1)!;
  return `${word}: comes first in ${percent(confidence)} of resampled traces, with ${percent(score)} of what is worse than usual`;
}

function percent(part: number): string {
  return amountText(Math.round(part * 100) / 100, 'ratio');
}

/** How often a template was said since, and how often before: one phrase. */
export function saidWords(
  { count, before, isNew }: Pick<LogTemplateSeen, 'count' | 'before' | 'isNew'>,
  { from, beforeFrom }: Pick<LogsSeen, 'from' | 'beforeFrom'>,
): string {
  const compared = `in the ${durationText(from - beforeFrom)} before`;
  if (isNew) return `${counted(count, 'time')}, never ${compared}`;
  if (before === null) return `${counted(count, 'time')}, how often ${compared} is not known`;
  return `${counted(count, 'time')}, ${before === 0 ? 'not' : counted(before, 'time')} ${compared}`;
}
