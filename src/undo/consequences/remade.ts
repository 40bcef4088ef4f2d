import type { KubeObject, ObjectRef } from '../../domain/kube-object.ts';
import type { ClusterFacts } from './facts.ts';
import { selectorOf } from './workload.ts';
import { selects } from './selector.ts';

/** `OWNER KIND` pairs in which the owner's controller makes another object when one of that kind goes. */
const REMAKING_OWNERS = new Set([
  'ReplicaSet Pod',
  'ReplicationController Pod',
  'StatefulSet Pod',
  'DaemonSet Pod',
  'Job Pod',
  'Deployment ReplicaSet',
]);

/**
 * True when the object names a controller of a kind that replaces it. Whether that controller lives is not looked at:
 * see {@link isRemade}.
 */
export function namesRemaker(object: KubeObject): boolean {
  const owner = object.metadata.ownerReferences?.find((reference) => reference.controller);
  if (!owner || !REMAKING_OWNERS.has(`${owner.kind} ${object.kind}`)) return false;
  // An old revision is history: nobody makes it again.
  return object.kind !== 'ReplicaSet' || Number(object.spec?.replicas ?? 0) > 0;
}

/**
 * Its controller exists, has this uid, is not going itself, still selects it and has not ended; and it has not ended either:
 * what has is not made again. Unknown counts as no.
 */
export async function isRemade(object: KubeObject, facts: ClusterFacts): Promise<boolean> {
  const owner = object.metadata.ownerReferences?.find((reference) => reference.controller);
  if (!owner || !namesRemaker(object) || hasEnded(object)) return false;
  const { namespace } = object.metadata;
  const at: ObjectRef = {
    apiVersion: owner.apiVersion,
    kind: owner.kind,
    name: owner.name,
    ...(namespace ? { namespace } : {}),
  };
  const live = await facts.get(at);
  if (!live || live.metadata.uid !== owner.uid || live.metadata.deletionTimestamp || hasEnded(live)) return false;
  return selects(selectorOf(live), object.metadata.labels);
}

/** A pod that ran to its end, or a job that is complete or has failed. */
function hasEnded({ kind, status }: KubeObject): boolean {
  if (kind === 'Pod') return status?.phase === 'Succeeded' || status?.phase === 'Failed';
  const conditions = (status?.conditions ?? []) as Array<{ type: string; status: string }>;
  return (
    kind === 'Job' &&
    conditions.some(({ type, status: is }) => (type === 'Complete' || type === 'Failed') && is === 'True')
  );
}
