import type { KubeObject, ObjectRef } from '../../domain/kube-object.ts';
import type { Target } from '../../domain/target.ts';
import type {
  Acceptance,
  FieldDifference,
  TransactionStatus,
  UndoForecast,
  UndoProof,
} from '../../domain/transaction.ts';
import type { ReplicaCounts } from '../inventory/derived-state.ts';
import type { Owned } from '../../undo/consequences/facts.ts';
import type { PreparedAction } from '../../runbook/prepared-action.ts';
import type { Companion, JournaledWrite } from '../../undo/journaled-write.ts';

/** Records of one transaction's journal, in the order in which things happened. Times are ISO 8601. */
export type JournalRecord =
  | OpenRecord
  /** One kubectl command starts; `argv` has known Secret values blanked. */
  | { type: 'step'; step: number; argv: string[]; at: string }
  | IntentRecord
  | OutcomeRecord
  | ActionRecord
  | ActionOutcomeRecord
  /** Controller-owned objects of a root (API path `root`) before its first write (equality level L3). */
  | { type: 'derived'; ref: ObjectRef; root: string; objects: KubeObject[]; counts: ReplicaCounts | null }
  /** What there was in a scope (a namespace, or empty: outside of all) before a write that could lose something. */
  | { type: 'inventory'; namespace: string; objects: Owned[] }
  /** `kept`: a person leaves it as it stands. */
  | { type: 'phase'; status: TransactionStatus; at: string; reason?: string; kept?: true }
  /** A write of the undo is about to be sent; `action`: number of the action that is taken back. */
  | { type: 'undo-intent'; ref: ObjectRef; method: string; path: string; action?: number; at: string }
  | { type: 'undo-outcome'; ref: ObjectRef; status: number; at: string }
  | { type: 'proof'; proof: UndoProof; differences: FieldDifference[]; at: string };

export interface OpenRecord {
  type: 'open';
  id: string;
  run: string;
  title: string;
  target: Target;
  maxWrites: number;
  /** Objects of other namespaces are not written; absent: any may be. */
  namespace?: string;
  accept?: Acceptance[];
  /** Field manager of every write of this transaction. */
  manager: string;
  at: string;
}

/** Durable before the write is forwarded (I3). */
export interface IntentRecord {
  type: 'intent';
  seq: number;
  step: number;
  method: JournaledWrite['method'];
  ref: ObjectRef;
  path: string;
  subresource: string;
  /** Query as forwarded. */
  query: string;
  contentType: string;
  /** Body as forwarded, pinned; null for an empty one. */
  body: unknown;
  before: KubeObject | null;
  /** What the server's dry-run (or local evaluation) says it will be. */
  predicted: KubeObject | null;
  forecast: UndoForecast;
  companions: Companion[];
  /** See {@link JournaledWrite}. */
  statusIsContent?: boolean;
  at: string;
}

export interface OutcomeRecord {
  type: 'outcome';
  seq: number;
  /** HTTP status; 0 when the answer was lost and the outcome was found out afterwards. */
  status: number;
  outcome: 'done' | 'rejected';
  after: KubeObject | null;
  message: string;
  /** The answer to a copy of the request was lost: it may arrive after this outcome. */
  copies?: boolean;
  at: string;
}

/** Durable before an action is run (I3). */
export interface ActionRecord {
  type: 'action';
  /** In one numbering with the intents. */
  seq: number;
  step: number;
  /** With every command of it, so that an undo needs no file. */
  action: PreparedAction;
  /** Base64 of what its snapshot printed. */
  snapshot: string;
  at: string;
}

export interface ActionOutcomeRecord {
  type: 'action-outcome';
  seq: number;
  /** `rejected`: it never ran. */
  outcome: 'done' | 'rejected';
  exitCode: number | null;
  /** Base64 of a snapshot taken afterwards; null where there is none. */
  after: string | null;
  message: string;
  at: string;
}

/** The writes of a journal with their outcomes. */
export function writesOf(records: readonly JournalRecord[]): JournaledWrite[] {
  const writes = new Map<number, JournaledWrite>();
  for (const record of records) {
    if (record.type === 'intent') {
      const { seq, step, method, ref, path, subresource, before, companions, statusIsContent } = record;
      writes.set(seq, {
        seq,
        step,
        method,
        ref,
        path,
        subresource,
        before,
        companions,
        ...(statusIsContent ? { statusIsContent } : {}),
        after: null,
        outcome: 'unknown',
        lost: true,
      });
    } else if (record.type === 'outcome') {
      const write = writes.get(record.seq);
      if (!write) continue;
      [write.outcome, write.after] = [record.outcome, record.after];
      write.lost = record.status === 0 || record.copies === true;
      const applied = write.method === 'PATCH' && !write.before && record.outcome === 'done';
      // An apply answers 201 when it created the object.
      if (applied && (record.status === 200 || managersOf(record.after).size > 1)) write.merged = true;
    }
  }
  return [...writes.values()];
}

function managersOf(object: KubeObject | null): Set<string> {
  const entries = (object?.metadata.managedFields ?? []) as Array<{ manager?: string; subresource?: string }>;
  return new Set(entries.filter(({ subresource }) => subresource !== 'status').map(({ manager }) => manager ?? ''));
}

export function statusOf(records: readonly JournalRecord[]): TransactionStatus {
  return records.findLast((record) => record.type === 'phase')?.status ?? 'open';
}
