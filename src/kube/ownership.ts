import type { KubeObject, ObjectRef, OwnerReference } from '../domain/kube-object.ts';
import { refKey, refOf } from '../domain/kube-object.ts';

/** Kinds that own pods, in the order in which an owner is searched. */
export const WORKLOAD_KINDS: readonly string[] = [
  'Deployment', 'StatefulSet', 'DaemonSet', 'ReplicaSet', 'CronJob', 'Job',
]; // prettier-ignore

export function controllerOf(object: KubeObject): OwnerReference | undefined {
  return object.metadata.ownerReferences?.find((owner) => owner.controller === true);
}

/** True if `owner` is the controller of `object`; a uid that differs means an earlier owner of the same name. */
export function isControlledBy(object: KubeObject, owner: KubeObject): boolean {
  const reference = controllerOf(object);
  if (!reference || reference.kind !== owner.kind || reference.name !== owner.metadata.name) return false;
  return !owner.metadata.uid || !reference.uid || reference.uid === owner.metadata.uid;
}

/**
 * Where pods belong by name: the outermost controller that can be told, also one that is not in the snapshot (a custom
 * resource, or a workload that was deleted).
 */
export class Homes {
  readonly #owners: (uid: string) => KubeObject | undefined;
  readonly #byHome = new Map<string, { home: ObjectRef; pods: KubeObject[] }>();

  /** @param owners finds what controllers make for others (ReplicaSets, Jobs) by its uid */
  constructor(pods: readonly KubeObject[], owners: (uid: string) => KubeObject | undefined) {
    this.#owners = owners;
    for (const pod of pods) {
      const home = this.of(pod);
      const known = this.#byHome.get(refKey(home));
      if (known) known.pods.push(pod);
      else this.#byHome.set(refKey(home), { home, pods: [pod] });
    }
  }

  /** Home of a pod, ReplicaSet or Job, whose name outlives rollouts: its outermost controller, or the object itself. */
  of(object: KubeObject): ObjectRef {
    const owner = controllerOf(object);
    if (!owner) return refOf(object);
    const parent = this.#owners(owner.uid);
    if (parent) return this.of(parent);
    const { namespace } = object.metadata;
    return { apiVersion: owner.apiVersion, kind: owner.kind, ...(namespace ? { namespace } : {}), name: owner.name };
  }

  podsAt(home: ObjectRef): KubeObject[] {
    return this.#byHome.get(refKey(home))?.pods ?? [];
  }

  /** Every home that has pods. */
  all(): { home: ObjectRef; pods: KubeObject[] }[] {
    return [...this.#byHome.values()];
  }
}
