import type { KubeObject, ObjectRef, OwnerReference } from '../domain/kube-object.ts';
import { refKey, refOf } from '../domain/kube-object.ts';
import type { ClusterSnapshot } from '../domain/snapshot.ts';
import { objectsOf } from '../domain/snapshot.ts';

/** Kinds whose objects carry a pod template in `spec.template` (a CronJob's is deeper). */
export const WORKLOAD_KINDS = [
  'Deployment', 'StatefulSet', 'DaemonSet', 'ReplicaSet', 'Job', 'CronJob',
] as const; // prettier-ignore

/** Who owns and selects whom in a snapshot. */
export class Topology {
  readonly #snapshot: ClusterSnapshot;
  readonly #byUid = new Map<string, KubeObject>();
  readonly #homes = new Map<KubeObject, ObjectRef>();
  readonly #podsByHome = new Map<string, KubeObject[]>();

  constructor(snapshot: ClusterSnapshot) {
    this.#snapshot = snapshot;
    for (const kind of ['ReplicaSet', 'Job']) {
      for (const object of objectsOf(snapshot, kind)) {
        if (object.metadata.uid) this.#byUid.set(object.metadata.uid, object);
      }
    }
    for (const pod of objectsOf(snapshot, 'Pod')) {
      const home = this.#findHome(pod);
      this.#homes.set(pod, home);
      const key = refKey(home);
      this.#podsByHome.set(key, [...(this.#podsByHome.get(key) ?? []), pod]);
    }
  }

  /**
   * The workload a pod (or ReplicaSet, Job) belongs to, whose name outlives rollouts: its outermost controller, or
   * the object itself.
   */
  homeOf(object: KubeObject): ObjectRef {
    return this.#homes.get(object) ?? this.#findHome(object);
  }

  podsOf(home: ObjectRef): KubeObject[] {
    return this.#podsByHome.get(refKey(home)) ?? [];
  }

  /** Every workload that has pods, known to the snapshot or not, with them. */
  homes(): { home: ObjectRef; pods: KubeObject[] }[] {
    return [...this.#podsByHome.values()].map((pods) => ({ home: this.homeOf(pods[0]!), pods }));
  }

  replicaSetsOf(deployment: KubeObject): KubeObject[] {
    return objectsOf(this.#snapshot, 'ReplicaSet', deployment.metadata.namespace).filter(
      (set) => controllerOf(set)?.uid === deployment.metadata.uid,
    );
  }

  /** The ReplicaSet of a Deployment's present revision. */
  currentReplicaSet(deployment: KubeObject): KubeObject | undefined {
    const sets = this.replicaSetsOf(deployment);
    const revision = deployment.metadata.annotations?.[REVISION];
    const newest = (a: KubeObject, b: KubeObject) => revisionOf(b) - revisionOf(a);
    return sets.find((set) => set.metadata.annotations?.[REVISION] === revision) ?? [...sets].sort(newest)[0];
  }

  /** Pods that a Service selects; none for a Service without selector. */
  selectedPods(service: KubeObject): KubeObject[] {
    const selector = service.spec?.selector as Record<string, string> | undefined;
    return objectsOf(this.#snapshot, 'Pod', service.metadata.namespace).filter((pod) =>
      selects(selector, pod.metadata.labels),
    );
  }

  /** Services whose selector matches these labels. */
  servicesSelecting(namespace: string | undefined, labels: Record<string, string> | undefined): KubeObject[] {
    return objectsOf(this.#snapshot, 'Service', namespace).filter((service) => selects(service.spec?.selector, labels));
  }

  slicesOf(service: KubeObject): KubeObject[] {
    return objectsOf(this.#snapshot, 'EndpointSlice', service.metadata.namespace).filter(
      (slice) => slice.metadata.labels?.['kubernetes.io/service-name'] === service.metadata.name,
    );
  }

  #findHome(object: KubeObject): ObjectRef {
    const owner = controllerOf(object);
    if (!owner) return refOf(object);
    const parent = this.#byUid.get(owner.uid);
    if (parent) return this.#findHome(parent);
    const { namespace } = object.metadata;
    return { apiVersion: owner.apiVersion, kind: owner.kind, ...(namespace ? { namespace } : {}), name: owner.name };
  }
}

export const REVISION = 'deployment.kubernetes.io/revision';

export function revisionOf(object: KubeObject): number {
  return Number(object.metadata.annotations?.[REVISION] ?? 0);
}

export function controllerOf(object: KubeObject): OwnerReference | undefined {
  return object.metadata.ownerReferences?.find((owner) => owner.controller === true);
}

/** A Service's selector: equality of every pair; an empty one selects nothing. */
export function selects(
  selector: Record<string, string> | null | undefined,
  labels: Record<string, string> | undefined,
): boolean {
  const pairs = Object.entries(selector ?? {});
  return pairs.length > 0 && pairs.every(([key, value]) => labels?.[key] === value);
}

/** The pod template (`{metadata, spec}`) of a workload or the pod itself; undefined for other kinds. */
export function podTemplate(
  object: KubeObject,
): { metadata?: KubeObject['metadata']; spec?: KubeObject['spec'] } | undefined {
  if (object.kind === 'Pod') return object;
  if (object.kind === 'CronJob') return object.spec?.jobTemplate?.spec?.template;
  return object.spec?.template;
}

/** Number of ready addresses in EndpointSlices; null readiness means ready (API contract of EndpointSlice). */
export function readyEndpoints(slices: KubeObject[]): number {
  return slices
    .flatMap((slice) => (slice.endpoints ?? []) as { conditions?: { ready?: boolean | null } }[])
    .filter((endpoint) => endpoint.conditions?.ready !== false).length;
}

export interface ContainerPort {
  name?: string;
  containerPort: number;
  protocol?: string;
}

export interface Container {
  name: string;
  image?: string;
  restartPolicy?: string;
  ports?: ContainerPort[];
  [field: string]: unknown;
}

/** Containers that run as long as the pod: regular ones and sidecar (restartable init) containers. */
export function longRunningContainers(podSpec: KubeObject['spec']): Container[] {
  const sidecars = ((podSpec?.initContainers ?? []) as Container[]).filter((entry) => entry.restartPolicy === 'Always');
  return [...((podSpec?.containers ?? []) as Container[]), ...sidecars];
}
