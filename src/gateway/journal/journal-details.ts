import type { RehearsedWrite, UndoResult } from '../../domain/transaction.ts';
import { blankSecret } from '../../undo/difference.ts';
import { forecastOf } from '../../runbook/prepared-action.ts';
import { counted } from '../../text/plain-text.ts';
import type { JournaledAction } from './journaled-action.ts';
import { actionsOf, podOf } from './journaled-action.ts';
import type { JournalRecord } from './journal-records.ts';
import { statusOf } from './journal-records.ts';

/** One journalled write as people see it; Secret values are blank. */
export interface WriteDetail extends RehearsedWrite {
  /** Index of the command it belongs to. */
  command: number;
  /** `failed`: the server refused it; `unknown`: its answer never came. */
  outcome: 'done' | 'failed' | 'unknown';
}

export function writeDetails(records: JournalRecord[]): WriteDetail[] {
  const outcomes = new Map(
    records.flatMap((record) => (record.type === 'outcome' ? [[record.seq, record] as const] : [])),
  );
  const actions = new Map(actionsOf(records).map((action) => [action.seq, action]));
  return records.flatMap((record): WriteDetail[] => {
    if (record.type === 'action') return [actionDetail(actions.get(record.seq)!)];
    if (record.type !== 'intent') return [];
    const outcome = outcomes.get(record.seq);
    const after = outcome?.outcome === 'done' ? outcome.after : record.predicted;
    return [
      {
        ref: record.ref,
        method: record.method,
        ...(record.subresource ? { subresource: record.subresource } : {}),
        before: record.before && blankSecret(record.before),
        after: after && blankSecret(after, record.before),
        undo: record.forecast,
        command: record.step,
        outcome: outcome ? (outcome.outcome === 'done' ? 'done' : 'failed') : 'unknown',
      },
    ];
  });
}

/** Snapshots stay in the journal. */
function actionDetail(action: JournaledAction): WriteDetail {
  return {
    ref: podOf(action),
    method: 'POST',
    subresource: 'exec',
    before: null,
    after: null,
    undo: forecastOf(action.action),
    command: action.step,
    outcome: action.outcome === 'rejected' ? 'failed' : action.outcome,
  };
}

/** Result of the last finished undo, from its proof; null when there was none. `writes` counts all inverse writes sent. */
export function undoOf(records: JournalRecord[]): UndoResult | null {
  const proof = records.findLast((record) => record.type === 'proof');
  if (!proof) return null;
  const writes = records.filter((record) => record.type === 'undo-outcome' && record.status < 300).length;
  if (statusOf(records) === 'diverged' || proof.differences.length > 0) {
    const reason = `${counted(proof.differences.length, 'field')} could not be restored`;
    return { outcome: 'diverged', writes, differences: proof.differences, reason };
  }
  return { outcome: 'undone', writes, proof: proof.proof };
}
