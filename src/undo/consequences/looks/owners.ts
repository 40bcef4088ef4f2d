import type { ObjectRef, OwnerReference } from '../../../domain/kube-object.ts';
import { refLabel } from '../../../domain/kube-object.ts';
import type { Effect } from '../effect.ts';
import { comesBack, oneWay, unknown } from '../effect.ts';
import type { ClusterFacts } from '../facts.ts';
import type { Look } from './look.ts';

/** Controllers that replace, adopt or delete what carries (or carried) their reference. */
const ADOPTED = new Set(['Pod', 'ReplicaSet', 'Job', 'ControllerRevision', 'EndpointSlice', 'PersistentVolumeClaim']);

/** The garbage collector deletes what only has owners that do not exist; namespaces are never crossed. */
export const lookAtOwners: Look = async ({ ref, before, after }, facts) => {
  const [old, now] = [before, after].map(({ metadata }) => metadata.ownerReferences ?? []) as [
    OwnerReference[],
    OwnerReference[],
  ];
  const effects = await ownersExist(ref, now, facts);
  if (effects.length > 0) return effects;
  const controller = (owners: OwnerReference[]) => owners.find((owner) => owner.controller)?.uid;
  if (controller(old) !== controller(now) && ADOPTED.has(ref.kind)) {
    return [
      unknown(`another controller takes ${refLabel(ref)} over, or it is left alone: it may be replaced or deleted`),
    ];
  }
  return [];
};

/** One-way unless every owner that the object will have exists; unknown where that cannot be read. */
export async function ownersExist(ref: ObjectRef, owners: OwnerReference[], facts: ClusterFacts): Promise<Effect[]> {
  const effects: Effect[] = [];
  for (const owner of owners) {
    const { apiVersion, kind, name, uid } = owner;
    const label = `${kind}/${name}`;
    const live = await facts.get({ apiVersion, kind, name, ...(ref.namespace ? { namespace: ref.namespace } : {}) });
    if (live === undefined)
      effects.push(unknown(`whether its owner ${label} exists is not known: without it, it is deleted`));
    else if (live === null || live.metadata.uid !== uid)
      effects.push(
        oneWay(`its owner ${label} (uid ${uid}) does not exist there: the garbage collector would delete it`),
      );
    else if (live.metadata.deletionTimestamp)
      effects.push(oneWay(`its owner ${label} is being deleted: it would be deleted with it`));
    else if (!ref.namespace && live.metadata.namespace)
      effects.push(
        oneWay(`an owner in a namespace (${label}) counts as missing: the garbage collector would delete it`),
      );
  }
  return effects;
}

/** A finalizer taken away skips the clean-up that waits for it; one that is added goes again with the undo. */
export const lookAtFinalizers: Look = ({ ref, before, after }) => {
  const gone = (before.metadata.finalizers ?? []).filter((name) => !after.metadata.finalizers?.includes(name));
  if (gone.length > 0) return [oneWay(`removing finalizer ${gone.join(', ')} skips the clean-up that waits for it`)];
  return [comesBack('whoever deletes it meanwhile waits for the new finalizer', ref)];
};
