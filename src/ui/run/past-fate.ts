import type { Outcome } from '../../domain/run-event.ts';
import { OUTCOME_TEXT } from '../../domain/run-event.ts';
import type { TransactionSummary } from '../../domain/transaction.ts';
import type { PastRun } from '../../run/run-history.ts';
import type { Tone } from '../../../webview/protocol/run-snapshot.ts';
import type { Aftermath } from './aftermath.ts';
import { aftermathOf, noteOf } from './aftermath.ts';

/** How an earlier run ended and what became of it since, in a few words. */
export interface PastFate {
  text: string;
  tone: Exclude<Tone, 'ask'>;
}

const ENDINGS: Record<Outcome, PastFate> = {
  resolved: { text: OUTCOME_TEXT.resolved, tone: 'good' },
  healthy: { text: OUTCOME_TEXT.healthy, tone: 'good' },
  improved: { text: OUTCOME_TEXT.improved, tone: 'warn' },
  restored: { text: OUTCOME_TEXT.restored, tone: 'warn' },
  cancelled: { text: OUTCOME_TEXT.cancelled, tone: 'warn' },
  diverged: { text: 'Kept as it stands', tone: 'warn' },
  stranded: { text: 'Kept as it stands', tone: 'warn' },
  locked: { text: 'Not begun. Nothing was changed', tone: 'warn' },
};

const LATER: Record<Exclude<Aftermath, 'stands'>, PastFate> = {
  undone: { text: 'Undone', tone: 'warn' },
  partly: { text: 'Partly undone', tone: 'warn' },
  undoing: { text: 'Being undone', tone: 'busy' },
  diverged: { text: 'Not fully undone', tone: 'bad' },
  interrupted: { text: 'Undo unfinished', tone: 'bad' },
};

/** @param journal all transactions: those of the run are picked out */
export function pastFate(run: PastRun, journal: readonly TransactionSummary[]): PastFate {
  if (run.active) return { text: 'Goes on elsewhere', tone: 'busy' };
  const own = journal.filter((summary) => summary.run === run.id);
  const notes = new Map(own.map((summary) => [summary.id, noteOf(summary, true)]));
  const { outcome, kept } = run;
  if (outcome === 'resolved' || outcome === 'improved') {
    const aftermath = aftermathOf(kept, notes);
    return aftermath === 'stands' ? ENDINGS[outcome] : LATER[aftermath];
  }
  const left = own.filter(({ status }) => status !== 'undone').map(({ id }) => id);
  const aftermath = aftermathOf(left, notes);
  if (outcome === null) return interruptedFate(own.length, left.length, aftermath);
  if (aftermath !== 'stands') return LATER[aftermath];
  const undone = left.length === 0 && (outcome === 'diverged' || outcome === 'stranded');
  if (undone) return LATER.undone;
  const untouched = own.length === 0 && (outcome === 'restored' || outcome === 'cancelled');
  if (!untouched) return ENDINGS[outcome];
  return { text: `${outcome === 'restored' ? 'Not resolved' : 'Cancelled'}. Nothing was changed`, tone: 'warn' };
}

function interruptedFate(opened: number, left: number, aftermath: Aftermath): PastFate {
  if (opened === 0) return { text: 'Interrupted before any change', tone: 'warn' };
  if (left === 0) return { text: 'Interrupted, undone', tone: 'warn' };
  if (aftermath === 'stands') return { text: 'Interrupted, its change stands', tone: 'warn' };
  return { text: aftermath === 'undoing' ? 'Being undone' : 'Interrupted amid a change', tone: LATER[aftermath].tone };
}
