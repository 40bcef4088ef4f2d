import type { KubeObject, ObjectRef } from '../domain/kube-object.ts';
import type { WrittenObject } from '../domain/transaction.ts';
import { sameJson } from '../json/same-json.ts';
import type { Segment, Value } from './difference.ts';
import { difference, pointer, valueAt } from './difference.ts';
import { ownersOf } from './field-owners.ts';
import { normalise } from './normalise.ts';

/** Field managers of transactions begin with it. */
const OURS = 'stratus-';

/** A field that a transaction set, and what was there before. */
export interface OwnField {
  path: Segment[];
  /** For people, e.g. `spec.replicas`. */
  field: string;
  before: Value;
  after: Value;
}

/** What a transaction set of an object that was there before and after it. */
export function ownFields({ before, after }: WrittenObject): OwnField[] {
  if (!before || !after || before.metadata.uid !== after.metadata.uid) return [];
  const [was, left] = [normalise(before), normalise(after)];
  return difference(was, left).map((change) => ({
    path: change.path,
    field: pointer(change.path, left, was).slice(1).replaceAll('/', '.').replaceAll('~1', '/').replaceAll('~0', '~'),
    before: change.before,
    after: change.after,
  }));
}

/** A field that is again what it was before the transaction. What others set otherwise is judged by what comes of it. */
export interface TakenBack {
  ref: ObjectRef;
  field: string;
  written: Value;
  actual: Value;
  /** Managers that own it now, last writer first; empty where nothing tells. */
  by: string[];
}

export function takenBack(written: WrittenObject, now: KubeObject | null): TakenBack[] {
  const { ref, before, after } = written;
  if (!before && after && !now) return [{ ref, field: '', written: after.metadata.name, actual: undefined, by: [] }];
  if (!now || !after || now.metadata.uid !== after.metadata.uid) return [];
  const present = normalise(now);
  return ownFields(written).flatMap(({ path, field, before: was, after: wrote }) => {
    const actual = valueAt(present, path);
    if (sameJson(actual, wrote) || !sameJson(actual, was)) return [];
    return [
      { ref, field, written: wrote, actual, by: ownersOf(now, path).filter((manager) => !manager.startsWith(OURS)) },
    ];
  });
}
