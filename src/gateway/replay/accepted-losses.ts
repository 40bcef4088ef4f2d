import { refKey } from '../../domain/kube-object.ts';
import type { Loss } from '../../domain/transaction.ts';
import type { InverseStep } from '../../undo/inverse.ts';
import type { JournalRecord } from '../journal/journal-records.ts';
import type { UndoAccess } from './undo-access.ts';

/**
 * Written objects that are gone themselves, as a person accepted before the write (a volume that its reclaim policy
 * deletes, a job whose time to live has passed). Nothing can bring them back, and there is nothing to decide: they are
 * losses of the undo, not fields that diverged. `plan` is what is left to do.
 */
export async function setAsideLosses(
  access: UndoAccess,
  all: InverseStep[],
  records: readonly JournalRecord[],
): Promise<{ plan: InverseStep[]; losses: Loss[] }> {
  const accepted = new Set<string>();
  for (const record of records) {
    if (record.type !== 'intent') continue;
    const key = refKey(record.ref);
    const isItself = record.forecast.consequences?.some(
      ({ object, below, back }) => !back && !below && object && refKey(object) === key,
    );
    if (isItself) accepted.add(key);
  }
  const plan: InverseStep[] = [];
  const losses: Loss[] = [];
  for (const step of all) {
    if (step.action === 'restore' && accepted.has(refKey(step.ref))) {
      const uid = step.edits[0]!.before.metadata.uid ?? '';
      const live = await access.get(step.path);
      if (live?.metadata.uid !== uid || live.metadata.deletionTimestamp) {
        losses.push({ ref: step.ref, uid, replaced: live !== null && live.metadata.uid !== uid, accepted: true });
        continue;
      }
    }
    plan.push(step);
  }
  return { plan, losses };
}
