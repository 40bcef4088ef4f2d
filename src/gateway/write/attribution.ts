import { emptyMap, own } from '../../json/json-map.ts';
import type { KubeObject } from '../../domain/kube-object.ts';
import type { Json } from '../../json/json.ts';
import { cloneJson } from '../../json/lossless-json.ts';
import { comparable } from '../../undo/comparable.ts';
import { sameJson } from '../../json/same-json.ts';
import { difference, overlaps, valueAt } from '../../undo/difference.ts';
import { canonicalJson } from '../../json/canonical-json.ts';
import { normalise } from '../../undo/normalise.ts';
import type { IntentRecord } from '../journal/journal-records.ts';

export type Attribution =
  | { outcome: 'rejected'; after: null }
  | { outcome: 'done'; after: KubeObject | null }
  /** The object moved since, and nothing tells whether our write was part of it. */
  | { outcome: 'unclear'; reason: string };

/**
 * Whether a write whose answer was lost reached the object, from what the object is now. Every write is pinned to its
 * pre-image and carries the transaction's field manager: an unchanged version means that it did not happen; the predicted
 * content, or a new entry of that manager, that it did.
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
  const predicted = intent.predicted;
  if (!predicted) return { outcome: 'unclear', reason: 'what the write would have done is not known' };
  const { statusIsContent: keep } = intent;
  const touched = difference(normalise(before, keep), normalise(predicted, keep));
  const now = normalise(live, keep);
  // Nothing of it is there: it did not happen, or somebody took it back already.
  if (touched.every((change) => sameJson(valueAt(now, change.path), change.before)))
    return { outcome: 'rejected', after: null };
  // All of it is there: whoever else may have wished the same, the way back is the same.
  const there = touched.every((change) => sameJson(valueAt(now, change.path), change.after));
  // Times and the like differ from the prediction; then the entry of our own field manager tells.
  if (there || isNew(entriesOf(live, manager, intent), entriesOf(before, manager, intent))) {
    return { outcome: 'done', after: ownPart(before, live, predicted, keep) };
  }
  return { outcome: 'unclear', reason: 'somebody else wrote the same fields meanwhile' };
}

function isNew(entries: unknown[], old: unknown[]): boolean {
  return entries.length > 0 && canonicalJson(entries as Json) !== canonicalJson(old as Json);
}

function attributeCreation(intent: IntentRecord, live: KubeObject | null, manager: string): Attribution {
  if (!live) return { outcome: 'rejected', after: null };
  if (entriesOf(live, manager, intent).length > 0) return { outcome: 'done', after: live };
  // An object without any field has no manager; then its content must be exactly what we asked for.
  const unmanaged = (live.metadata.managedFields ?? []).length === 0;
  const same =
    intent.predicted !== null &&
    sameJson(comparable(live, intent.statusIsContent), comparable(intent.predicted, intent.statusIsContent));
  return unmanaged && same ? { outcome: 'done', after: live } : { outcome: 'rejected', after: null };
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
function ownPart(before: KubeObject, live: KubeObject, predicted: KubeObject, keep: boolean | undefined): KubeObject {
  const touched = difference(normalise(before, keep), normalise(predicted, keep)).map((change) => change.path);
  const foreign = difference(normalise(before, keep), normalise(live, keep)).filter(
    (change) => !touched.some((path) => overlaps(path, change.path)),
  );
  if (foreign.length === 0) return live;
  // Somebody else wrote too: their paths are shown as they were before, so that only ours are taken back.
  const own = cloneJson(live) as unknown as Json;
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
        Object.entries(segment.keys).every(([key, wanted]) =>
          sameJson(own(item as { [key: string]: Json }, key), wanted),
        ),
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
    } else current = (current[segment] ??= emptyMap()) as { [key: string]: Json };
    if (current === undefined) return;
  }
}
