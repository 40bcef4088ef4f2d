import type { KubeObject, ObjectRef } from '../../domain/kube-object.ts';

/** An object by its metadata, as the owner graph knows it. */
export interface Owned {
  ref: ObjectRef;
  uid: string;
  /** `pods`, `deployments.apps`. */
  resource: string;
  /** Names of the field managers that wrote it. */
  managers: string[];
  /** Labels, owner references, finalizers and annotations; no more than the server tells of metadata. */
  metadata: KubeObject['metadata'];
}

export interface OwnerGraph {
  /** Everything below an object, directly or not. */
  owned: Owned[];
  /** Resources that could not be listed (no right, or their server is down): what they hold is not known. */
  unseen: string[];
}

/**
 * What the evaluators may ask of the cluster before a write. `undefined` stands for "could not be found out", which is
 * never taken for "nothing".
 */
export interface ClusterFacts {
  /** Milliseconds since the epoch. */
  now(): number;
  /** Null when it does not exist. */
  get(ref: ObjectRef): Promise<KubeObject | null | undefined>;
  /** All objects of a kind, in one namespace, or everywhere where it is absent. */
  list(apiVersion: string, kind: string, namespace?: string): Promise<KubeObject[] | undefined>;
  /** The same with metadata only, which is cheap where there are thousands. */
  metadata(apiVersion: string, kind: string, namespace?: string): Promise<Owned[] | undefined>;
  /**
   * Whether the server would take such a pod now, by a dry run: null when it would, else why not. What the pods that go
   * make room for is no reason.
   */
  admits(pod: KubeObject): Promise<string | null | undefined>;
  /** Pods that run on a node. */
  podsOn(node: string): Promise<KubeObject[] | undefined>;
  /** What garbage collection would take along with the object of this uid. */
  below(uid: string, namespace?: string): Promise<OwnerGraph>;
  /** Everything there is, in all namespaces and outside of them. */
  everything(): Promise<OwnerGraph>;
  /** Everything in a namespace but what the cluster itself puts there. */
  contents(namespace: string): Promise<OwnerGraph>;
}
