import { messageOf } from '../domain/cluster-error.ts';
import type { KubeObject, ObjectRef } from '../domain/kube-object.ts';
import { refKey, refLabel } from '../domain/kube-object.ts';
import type { WriteDetail } from '../gateway/journal/journal-details.ts';
import { othersSince } from '../undo/field-owners.ts';

/** Field managers of transactions begin with it. */
const OURS = 'stratus-';
const NAMED = 3;

/**
 * Who else has written since to what transactions left, in words without a full stop; empty where nobody has. What cannot
 * be read may have been written to.
 * @param writes of those transactions, in order
 */
export async function changedSince(
  writes: readonly WriteDetail[],
  get: (ref: ObjectRef) => Promise<KubeObject | null>,
): Promise<string> {
  const left = new Map<string, WriteDetail>();
  for (const write of writes) if (write.outcome !== 'failed') left.set(refKey(write.ref), write);
  const found = await Promise.all([...left.values()].map((write) => changeOf(write, get)));
  const told = found.filter((text) => text !== '');
  const more = told.length > NAMED ? ` and ${told.length - NAMED} more` : '';
  return `${told.slice(0, NAMED).join(', ')}${more}`;
}

async function changeOf(
  { ref, after }: WriteDetail,
  get: (ref: ObjectRef) => Promise<KubeObject | null>,
): Promise<string> {
  // It was deleted, or an action ran there: nobody's fields stand for it.
  if (!after) return '';
  const label = refLabel(ref);
  let now: KubeObject | null;
  try {
    now = await get(ref);
  } catch (error) {
    return `whether ${label} was changed cannot be read: ${messageOf(error)}`;
  }
  if (!now) return `${label} was deleted`;
  if (now.metadata.uid !== after.metadata.uid) return `${label} was made anew`;
  const others = othersSince(after, now, '').filter((manager) => !manager.startsWith(OURS));
  return others.length > 0 ? `${label} was changed by ${others.slice(0, NAMED).join(', ')}` : '';
}
