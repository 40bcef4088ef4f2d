import type { ObjectRef } from '../../domain/kube-object.ts';
import type { PreparedAction } from '../../runbook/prepared-action.ts';
import type { JournalRecord } from './journal-records.ts';

/** A declared action as the journal knows it. */
export interface JournaledAction {
  /** In one numbering with the writes. */
  seq: number;
  step: number;
  action: PreparedAction;
  snapshot: Buffer;
  /** A snapshot taken after it; null where there is none. */
  after: Buffer | null;
  /** `rejected`: it never ran. `unknown`: process or connection died between intent and answer. */
  outcome: 'done' | 'rejected' | 'unknown';
  exitCode: number | null;
  /** Its undo was at least begun. */
  undoTried: boolean;
}

/** The actions of a journal with their outcomes. */
export function actionsOf(records: readonly JournalRecord[]): JournaledAction[] {
  const actions = new Map<number, JournaledAction>();
  for (const record of records) {
    if (record.type === 'action') {
      const { seq, step, action } = record;
      const snapshot = Buffer.from(record.snapshot, 'base64');
      actions.set(seq, {
        ...{ seq, step, action, snapshot },
        after: null,
        outcome: 'unknown',
        exitCode: null,
        undoTried: false,
      });
    } else if (record.type === 'action-outcome') {
      const known = actions.get(record.seq);
      if (!known) continue;
      known.outcome = record.outcome;
      known.exitCode = record.exitCode;
      known.after = record.after === null ? null : Buffer.from(record.after, 'base64');
    } else if (record.type === 'undo-intent' && record.action !== undefined) {
      const known = actions.get(record.action);
      if (known) known.undoTried = true;
    }
  }
  return [...actions.values()];
}

/** The pod in which it ran. */
export function podOf({ action }: Pick<JournaledAction, 'action'>): ObjectRef {
  const { namespace, pod } = action.call.at;
  return { apiVersion: 'v1', kind: 'Pod', namespace, name: pod };
}
