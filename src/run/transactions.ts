import type { ObjectRef } from '../domain/kube-object.ts';
import type { Target } from '../domain/target.ts';
import type { TransactionSummary, UndoResult } from '../domain/transaction.ts';
import type { WriteDetail } from '../gateway/journal/journal-details.ts';
import type { ObjectDivergence } from './divergence.ts';

export type TransactionWrite = WriteDetail;

export interface TransactionDetail extends TransactionSummary {
  details: TransactionWrite[];
  undo: UndoResult | null;
  /** Why it has its status, when somebody said so; for example who kept it as it stands. */
  note?: string;
}

/** A transaction that another state folder began. */
export interface SharedSummary {
  id: string;
  title: string;
  namespace: string;
  /** ISO 8601. */
  openedAt: string;
  /** Name that its owner gave to the cluster. */
  context: string;
  roots: ObjectRef[];
  commands: string[][];
}

/** The journal: what was done, and taking it back. */
export interface Transactions {
  /** Newest first. */
  list(): Promise<TransactionSummary[]>;
  read(id: string): Promise<TransactionDetail>;
  /**
   * Those that need a person: left open by a process that is gone, or diverged. Until each is undone or kept, nothing
   * new is written to its cluster from this state folder. Newest first, no network.
   */
  unfinished(): Promise<TransactionSummary[]>;
  /**
   * To be called before anything is read or asked for the sake of a write: by whoever begins something new on a target,
   * or undoes a transaction (itself unfinished or not). No network.
   * @throws UndoUnfinished when another one is owed to the same cluster
   */
  refuseWhileOwed(subject: Pick<Target, 'server'> | { transaction: string }): Promise<void>;
  /** Undoes a committed or unfinished transaction under the writer lock. */
  undo(id: string, signal: AbortSignal, progress: (text: string) => void): Promise<UndoResult>;
  /**
   * Closes an unfinished or diverged transaction as it stands and frees its lock; the journal records who decided so.
   * @returns what could not be done on the cluster, empty when all is well
   */
  keep(id: string): Promise<string>;
  /** Objects that an undo could not restore, three ways. @throws Error when the transaction has not diverged */
  divergence(id: string): Promise<ObjectDivergence[]>;
  /**
   * What a colleague's unfinished transaction left in the cluster, encrypted with the team's key; null when nothing is
   * there. @throws Error no shared key, another key, damage (named), no right to read it
   */
  shared(target: Target): Promise<SharedSummary | null>;
  /**
   * Takes that transaction over: its lock (audited; only of a dead holder) and its journal, which from then on is in
   * this state folder for `undo` or `keep`. @returns its id
   */
  adoptShared(target: Target, signal: AbortSignal): Promise<string>;
  /**
   * What is wrong with the list of transactions itself, in one sentence; empty when it is whole. A damaged one is made
   * anew from the journals, so that what it alone knew (a journal that was cut or removed) is not noticed any more.
   */
  listDamage(): Promise<string>;
  /** Damage in the journal folder, each named; empty when every chain is whole. */
  verify(): Promise<string[]>;
  /** Fires when the journal changed, also by another process. */
  onChange(listener: () => void): { dispose(): void };
}
