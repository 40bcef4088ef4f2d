import type { KubeObject, ObjectRef } from '../../domain/kube-object.ts';
import { refKey } from '../../domain/kube-object.ts';
import type { ClusterSnapshot } from '../../domain/snapshot.ts';
import { objectsOf } from '../../domain/snapshot.ts';

/** Kinds in which controllers keep the history of a template. */
const HISTORY = ['ReplicaSet', 'ControllerRevision'];

/**
 * The snapshot without the revisions that a run's own undone attempts left in the history of workloads, and without the
 * pods of those: what this run tried and took back is no former state that anybody vouches for.
 * @param start what there was when the run began
 * @param undone objects that undone attempts wrote to
 */
export function withoutOwnLeftovers(
  snapshot: ClusterSnapshot,
  start: ClusterSnapshot,
  undone: readonly ObjectRef[],
): ClusterSnapshot {
  if (undone.length === 0) return snapshot;
  const keys = new Set(undone.map(refKey));
  const gone = new Set<string>();
  const objects = { ...snapshot.objects };
  for (const kind of HISTORY) {
    if (!objects[kind] || !start.objects[kind]) continue;
    const known = new Set(objectsOf(start, kind).map(({ metadata }) => metadata.uid));
    const isLeftover = (object: KubeObject) => !known.has(object.metadata.uid) && keys.has(ownerKey(object));
    for (const { metadata } of objectsOf(snapshot, kind).filter(isLeftover)) gone.add(metadata.uid ?? '');
    objects[kind] = objectsOf(snapshot, kind).filter((object) => !isLeftover(object));
  }
  if (gone.size === 0) return snapshot;
  const isOrphan = ({ metadata }: KubeObject) => metadata.ownerReferences?.some(({ uid }) => gone.has(uid)) ?? false;
  if (objects['Pod']) objects['Pod'] = objectsOf(snapshot, 'Pod').filter((pod) => !isOrphan(pod));
  return { ...snapshot, objects };
}

function ownerKey({ metadata }: KubeObject): string {
  const owner = metadata.ownerReferences?.find(({ controller }) => controller);
  if (!owner) return '';
  const { apiVersion, kind, name } = owner;
  return refKey({ apiVersion, kind, name, ...(metadata.namespace ? { namespace: metadata.namespace } : {}) });
}
