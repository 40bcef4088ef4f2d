import { missingText } from '../../domain/transaction.ts';
import type { UndoResult } from '../../domain/transaction.ts';
import type { RunEvent } from '../../domain/run-event.ts';
import type { KeptWatchView } from '../../../webview/protocol/kept-watch-view.ts';
import { ageText } from './watch-words.ts';

/** What the status bar says while what a run kept is watched. */
export interface KeptStatusWords {
  icon: string;
  text: string;
  /** Line by line. */
  tooltip: string[];
  isAlarming: boolean;
}

/** @param now milliseconds since the epoch */
export function keptStatusWords({ state, until, objects, reason }: KeptWatchView, now: number): KeptStatusWords {
  const watched = objects.length > 0 ? [`What it wrote to: ${objects.join(', ')}`] : [];
  if (state === 'asking')
    return {
      icon: 'question',
      text: 'worse since the change: undo it?',
      tooltip: [reason, ...watched],
      isAlarming: true,
    };
  if (state === 'undoing')
    return { icon: 'discard', text: 'taking the change back', tooltip: [reason, ...watched], isAlarming: true };
  if (until === null)
    return { icon: 'eye-closed', text: 'change not watched any more', tooltip: [reason], isAlarming: false };
  const left = `change watched for ${ageText(until - now)} more`;
  if (reason === '') return { icon: 'eye', text: left, tooltip: watched, isAlarming: false };
  const unknown = `Nothing is known at the moment: ${reason}`;
  return { icon: 'warning', text: `${left}, no answer`, tooltip: [unknown, ...watched], isAlarming: true };
}

/** Whether nobody was asked before what a run kept was done: then nobody is asked before it is taken back. */
export function ranUnasked(events: readonly RunEvent[], kept: readonly string[]): boolean {
  const unasked = new Set<string>();
  let byPolicy = false;
  for (const event of events) {
    if (event.type === 'approved') byPolicy = event.by.via === 'policy';
    if (event.type === 'checkpointed' && byPolicy) unasked.add(event.tx);
  }
  return kept.length > 0 && kept.every((id) => unasked.has(id));
}

/** Why the undo of what was kept does not leave everything as it was; empty where it does. */
export function undoShortfall(undone: readonly { tx: string; result: UndoResult }[]): string {
  for (const { result } of undone) {
    if (result.outcome !== 'undone') return `the undo did not come to its end: ${result.reason}`;
    const missing = missingText(result.proof);
    if (missing) return `it is undone, but not all is as before: ${missing}`;
  }
  return '';
}
