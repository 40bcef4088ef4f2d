import type { Json, KubeObject } from '../domain/kube-object.ts';
import { difference, overlaps, sameJson } from '../undo/difference.ts';
import { canonicalJson } from '../undo/equality.ts';
import { normalise } from '../undo/normalise.ts';
import type { IntentRecord } from './journal-records.ts';

export type Attribution =
  | { outcome: 'rejected'; after: null }
  | { outcome: 'done'; after: KubeObject | null }
  /** The object moved since, and nothing tells whether our write was part of it. */
  | { outcome: 'unclear'; reason: string };

/**
 * Whether a write whose answer was lost reached the object, from what the object is now. Every write is pinned to its
 * pre-image and carries the transaction's field manager: an unchanged version means that it did not happen, and a new
 * entry of that manager that it did.
 */
export function attribute(intent: IntentRecord, live: KubeObject | null, manager: string): Attribution {
  const { before, method, subresource } = intent;
  const removing = method === 'DELETE' || subresource === 'eviction';
  if (!before) return attributeCreation(intent, live, manager);
  if (!live || live.metadata.uid !== before.metadata.uid) {
    // It is gone. If we asked for that, it was us or somebody with the same wish: the inverse is the same.
    if (removing) return { outcome: 'done', after: null };
    return { outcome: 'unclear', reason: 'the object was deleted by somebody else' };
  }
  if (removing) {
    return live.metadata.deletionTimestamp && !before.metadata.deletionTimestamp
      ? { outcome: 'done', after: null }
      : { outcome: 'rejected', after: null };
  }
  if (live.metadata.resourceVersion === before.metadata.resourceVersion) return { outcome: 'rejected', after: null };
  if (sameJson(normalise(live), normalise(before))) return { outcome: 'rejected', after: null };
  const ours = entriesOf(live, manager, intent);
  const had = entriesOf(before, manager, intent);
  if (ours.length === 0 || canonicalJson(ours as Json) === canonicalJson(had as Json)) {
    return { outcome: 'rejected', after: null };
  }
  return { outcome: 'done', after: ownPart(before, live, intent.predicted) };
}

function attributeCreation(intent: IntentRecord, live: KubeObject | null, manager: string): Attribution {
  if (!live) return { outcome: 'rejected', after: null };
  return entriesOf(live, manager, intent).length > 0
    ? { outcome: 'done', after: live }
    : { outcome: 'rejected', after: null };
}

/** managedFields entries of our writes; server-side apply keeps the manager that the client named. */
function entriesOf(object: KubeObject, manager: string, intent: IntentRecord): unknown[] {
  const applied = intent.contentType.startsWith('application/apply-patch');
  const name = applied ? new URLSearchParams(intent.query).get('fieldManager') : manager;
  const operation = applied ? 'Apply' : 'Update';
  return ((object.metadata.managedFields ?? []) as Array<{ manager?: string; operation?: string }>).filter(
    (entry) => entry.manager === name && entry.operation === operation,
  );
}

/** `before` with those differences of `live` that lie on paths the write was predicted to change. */
function ownPart(before: KubeObject, live: KubeObject, predicted: KubeObject | null): KubeObject {
  if (!predicted) return live;
  const touched = difference(normalise(before), normalise(predicted)).map((change) => change.path);
  const foreign = difference(normalise(before), normalise(live)).filter(
    (change) => !touched.some((path) => overlaps(path, change.path)),
  );
  if (foreign.length === 0) return live;
  // Somebody else wrote too: their paths are shown as they were before, so that only ours are taken back.
  const own = structuredClone(live) as unknown as Json;
  for (const change of foreign) setAt(own, change.path, change.before);
  return own as unknown as KubeObject;
}

function setAt(document: Json, path: ReturnType<typeof difference>[number]['path'], value: Json | undefined): void {
  let current = document as { [key: string]: Json };
  for (const [depth, segment] of path.entries()) {
    const last = depth === path.length - 1;
    if (typeof segment !== 'string') {
      const list = current as unknown as Json[];
      const at = list.findIndex((item) =>
        Object.entries(segment.keys).every(([key, wanted]) => (item as { [key: string]: Json })[key] === wanted),
      );
      if (last) {
        if (value === undefined) list.splice(at, at < 0 ? 0 : 1);
        else if (at < 0) list.push(value);
        else list[at] = value;
        return;
      }
      current = list[at] as { [key: string]: Json };
    } else if (last) {
      if (value === undefined) delete current[segment];
      else current[segment] = value;
      return;
    } else current = (current[segment] ??= {}) as { [key: string]: Json };
    if (current === undefined) return;
  }
}
