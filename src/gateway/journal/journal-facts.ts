import type { ObjectRef } from '../../domain/kube-object.ts';
import { refKey } from '../../domain/kube-object.ts';
import { rootsOf } from '../../undo/inverse.ts';
import type { JournalRecord } from './journal-records.ts';
import { writesOf } from './journal-records.ts';
import { actionsOf, podOf } from './journaled-action.ts';

/** True for the record that is durable before something is changed (I3). */
export function isIntent({ type }: JournalRecord): boolean {
  return type === 'intent' || type === 'action';
}

/** Number of the next write or action; they have one order. */
export function nextSeq(records: readonly JournalRecord[]): number {
  return records.filter(isIntent).length + 1;
}

/** Writes and actions that reached, or may have reached, the cluster. */
export function sentIn(records: readonly JournalRecord[]): number {
  return [...writesOf(records), ...actionsOf(records)].filter(({ outcome }) => outcome !== 'rejected').length;
}

/** What a transaction wrote to, pods in which its actions ran last. */
export function rootsIn(records: readonly JournalRecord[]): ObjectRef[] {
  const ran = actionsOf(records).filter(({ outcome }) => outcome !== 'rejected');
  const all = [...rootsOf(writesOf(records)), ...ran.map(podOf)];
  return [...new Map(all.map((ref) => [refKey(ref), ref])).values()];
}
