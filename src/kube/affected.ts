import type { KubeObject, ObjectRef } from '../domain/kube-object.ts';
import { refKey, refOf } from '../domain/kube-object.ts';
import type { ClusterSnapshot } from '../domain/snapshot.ts';
import { objectsOf } from '../domain/snapshot.ts';
import { usesClaim } from './claims.ts';
import { ClusterView } from './cluster-view.ts';
import { WORKLOAD_KINDS } from './ownership.ts';
import { podTemplate } from './pod-template.ts';

/** A write to one of these may change what happens to every workload of its namespace. */
const NAMESPACE_WIDE = new Set([
  'Namespace', 'ResourceQuota', 'LimitRange', 'NetworkPolicy', 'Role', 'RoleBinding', 'PodDisruptionBudget',
]); // prettier-ignore

/**
 * Which objects a write to one of `roots` may affect: the roots, what they own or select, who uses them as
 * configuration, storage, identity or node, who reaches them through a Service, and (by the Service's name in
 * environment, arguments or configuration) who calls that Service. Errs on the side of affected: what is in the set
 * is charged to our writes.
 * @param snapshots a write may cut what led to whom it affects: what was so before it counts as well
 */
export function affectedBy(roots: ObjectRef[], ...snapshots: ClusterSnapshot[]): (object: ObjectRef) => boolean {
  const all = snapshots.map((snapshot) => reachOf(roots, new Graph(snapshot)));
  return (object) => all.some((affected) => affected.has(refKey(object)));
}

function reachOf(roots: ObjectRef[], graph: Graph): Set<string> {
  const affected = new Set<string>();
  const queue = [...roots];
  for (let next = queue.shift(); next; next = queue.shift()) {
    const key = refKey(next);
    if (affected.has(key)) continue;
    affected.add(key);
    queue.push(...graph.dependents(next));
  }
  return affected;
}

class Graph {
  readonly #snapshot: ClusterSnapshot;
  readonly #cluster: ClusterView;
  readonly #objects = new Map<string, KubeObject>();
  readonly #workloads: KubeObject[];
  /** What each workload's containers and each ConfigMap say, as text. */
  readonly #texts = new Map<KubeObject, string>();

  constructor(snapshot: ClusterSnapshot) {
    this.#snapshot = snapshot;
    this.#cluster = new ClusterView(snapshot);
    for (const objects of Object.values(snapshot.objects)) {
      for (const object of objects) this.#objects.set(refKey(refOf(object)), object);
    }
    // What a known workload controls is reached through it.
    this.#workloads = ['Pod', ...WORKLOAD_KINDS]
      .flatMap((kind) => objectsOf(snapshot, kind))
      .filter((object) => {
        const home = this.#cluster.homes.of(object);
        return refKey(home) === refKey(refOf(object)) || !this.#objects.has(refKey(home));
      });
  }

  dependents(ref: ObjectRef): ObjectRef[] {
    const object = this.#objects.get(refKey(ref));
    if (NAMESPACE_WIDE.has(ref.kind)) return this.#everything(ref.kind === 'Namespace' ? ref.name : ref.namespace);
    switch (ref.kind) {
      case 'Deployment':
      case 'StatefulSet':
      case 'DaemonSet':
      case 'ReplicaSet':
      case 'Job':
      case 'CronJob':
      case 'Pod':
        return this.#ofWorkload(ref, object);
      case 'Service':
        return this.#ofService(ref);
      case 'EndpointSlice':
        return this.#named('Service', ref.namespace, object?.metadata.labels?.['kubernetes.io/service-name']);
      case 'ConfigMap':
      case 'Secret':
      case 'ServiceAccount':
        return this.#users(ref);
      case 'PersistentVolumeClaim':
        return [...this.#users(ref), ...this.#volumeOf(object)];
      case 'PersistentVolume':
        return objectsOf(this.#snapshot, 'PersistentVolumeClaim')
          .filter((claim) => claim.spec?.volumeName === ref.name || claim.status?.phase === 'Pending')
          .map(refOf);
      case 'StorageClass':
      case 'CSIDriver':
        return objectsOf(this.#snapshot, 'PersistentVolumeClaim')
          .filter(({ spec }) => ref.kind === 'CSIDriver' || (spec?.storageClassName ?? ref.name) === ref.name)
          .map(refOf);
      case 'Node':
        return objectsOf(this.#snapshot, 'Pod')
          .filter(({ spec }) => spec?.nodeName === ref.name || !spec?.nodeName)
          .map(refOf);
      case 'HorizontalPodAutoscaler': {
        const target = object?.spec?.scaleTargetRef as { kind: string; name: string } | undefined;
        return target ? this.#named(target.kind, ref.namespace, target.name) : this.#everything(ref.namespace);
      }
      case 'ControllerRevision':
      case 'Ingress':
      case 'Event':
      case 'Lease':
        return [];
      default:
        // A kind whose effects are not known here (custom resources, webhooks, RBAC) may affect anything.
        return this.#everything(ref.namespace);
    }
  }

  #ofWorkload(ref: ObjectRef, object: KubeObject | undefined): ObjectRef[] {
    const pods = this.#cluster.homes.podsAt(ref);
    const { namespace } = ref;
    const home = object ? this.#cluster.homes.of(object) : this.#homeByName(ref);
    const labels = [
      object ? podTemplate(object)?.metadata?.labels : undefined,
      ...pods.map((pod) => pod.metadata.labels),
    ];
    const services = labels.flatMap((set) => this.#cluster.servicesSelecting(namespace, set));
    const nodes = (ref.kind === 'Pod' && object?.spec?.nodeName ? [object.spec.nodeName as string] : []).flatMap(
      (name) => this.#pressured(name),
    );
    const scalers = objectsOf(this.#snapshot, 'HorizontalPodAutoscaler', namespace).filter(
      ({ spec }) => spec?.scaleTargetRef?.kind === ref.kind && spec?.scaleTargetRef?.name === ref.name,
    );
    return [...(home ? [home] : []), ...[...pods, ...services, ...scalers].map(refOf), ...nodes];
  }

  /** A node under pressure from a pod of ours. */
  #pressured(node: string): ObjectRef[] {
    return this.#named('Node', undefined, node).filter((ref) => {
      const conditions = (this.#objects.get(refKey(ref))?.status?.conditions ?? []) as {
        type: string;
        status: string;
      }[];
      return conditions.some(({ type, status }) => type.endsWith('Pressure') && status === 'True');
    });
  }

  /** A deleted pod or ReplicaSet: its workload's name is the beginning of its own. */
  #homeByName(ref: ObjectRef): ObjectRef | undefined {
    if (ref.kind !== 'Pod' && ref.kind !== 'ReplicaSet' && ref.kind !== 'Job') return undefined;
    const owners = WORKLOAD_KINDS.flatMap((kind) => objectsOf(this.#snapshot, kind, ref.namespace))
      .filter((object) => !object.metadata.ownerReferences?.some((owner) => owner.controller))
      .filter((object) => ref.name.startsWith(`${object.metadata.name}-`))
      .sort((a, b) => b.metadata.name.length - a.metadata.name.length);
    return owners[0] && refOf(owners[0]);
  }

  #ofService(ref: ObjectRef): ObjectRef[] {
    const slices = objectsOf(this.#snapshot, 'EndpointSlice', ref.namespace).filter(
      (slice) => slice.metadata.labels?.['kubernetes.io/service-name'] === ref.name,
    );
    const ingresses = objectsOf(this.#snapshot, 'Ingress', ref.namespace).filter((ingress) =>
      mentions(JSON.stringify(ingress.spec ?? {}), ref.name),
    );
    return [...slices.map(refOf), ...ingresses.map(refOf), ...this.#callers(ref)];
  }

  /** Workloads whose template, or whose configuration, contains the Service's name as a word. */
  #callers(service: ObjectRef): ObjectRef[] {
    const configs = objectsOf(this.#snapshot, 'ConfigMap')
      .filter((config) => mentions(this.#text(config, config.data), service.name))
      .map(refOf);
    const callers = this.#workloads.filter((object) => {
      const { containers, initContainers } = podTemplate(object)?.spec ?? {};
      return mentions(this.#text(object, [containers, initContainers]), service.name);
    });
    return [...callers.map(refOf), ...configs.flatMap((config) => this.#users(config))];
  }

  #users(ref: ObjectRef): ObjectRef[] {
    return this.#workloads
      .filter((object) => object.metadata.namespace === ref.namespace && uses(object, ref))
      .map(refOf);
  }

  #volumeOf(claim: KubeObject | undefined): ObjectRef[] {
    return this.#named('PersistentVolume', undefined, claim?.spec?.volumeName as string | undefined);
  }

  #text(object: KubeObject, said: unknown): string {
    let text = this.#texts.get(object);
    if (text === undefined) {
      text = JSON.stringify(said ?? null);
      this.#texts.set(object, text);
    }
    return text;
  }

  #named(kind: string, namespace: string | undefined, name: string | undefined): ObjectRef[] {
    return objectsOf(this.#snapshot, kind, namespace)
      .filter((object) => object.metadata.name === name)
      .map(refOf);
  }

  #everything(namespace: string | undefined): ObjectRef[] {
    return [...this.#objects.values()]
      .filter((object) => namespace === undefined || object.metadata.namespace === namespace)
      .map(refOf);
  }
}

/** Whether a pod template refers to a ConfigMap, Secret, ServiceAccount or claim. */
export function uses(object: KubeObject, ref: Pick<ObjectRef, 'kind' | 'name'>): boolean {
  const spec = podTemplate(object)?.spec;
  if (!spec) return false;
  if (ref.kind === 'PersistentVolumeClaim') {
    const templates = (object.spec?.volumeClaimTemplates ?? []) as { metadata: { name: string } }[];
    const claimed = templates.some(({ metadata }) => ref.name.startsWith(`${metadata.name}-${object.metadata.name}-`));
    return claimed || usesClaim({ ...object, spec }, ref.name);
  }
  if (ref.kind === 'ServiceAccount') return (spec.serviceAccountName ?? 'default') === ref.name;
  return referencedNames(spec, ref.kind === 'Secret' ? SECRET_FIELDS : CONFIG_FIELDS).has(ref.name);
}

const CONFIG_FIELDS = new Set(['configMapKeyRef', 'configMapRef', 'configMap']);
const SECRET_FIELDS = new Set(['secretKeyRef', 'secretRef', 'secret', 'imagePullSecrets', 'nodePublishSecretRef']);

/** Names under the fields of a pod spec that refer to one kind, wherever they stand. */
function referencedNames(value: unknown, fields: Set<string>, names = new Set<string>()): Set<string> {
  if (Array.isArray(value)) {
    for (const entry of value) referencedNames(entry, fields, names);
  } else if (value && typeof value === 'object') {
    for (const [field, entry] of Object.entries(value)) {
      if (fields.has(field)) {
        for (const one of Array.isArray(entry) ? entry : [entry]) {
          const name =
            (one as { name?: unknown; secretName?: unknown } | null)?.name ??
            (one as { secretName?: unknown } | null)?.secretName;
          if (typeof name === 'string') names.add(name);
        }
      }
      referencedNames(entry, fields, names);
    }
  }
  return names;
}

function mentions(text: string, name: string): boolean {
  for (let at = text.indexOf(name); at >= 0; at = text.indexOf(name, at + 1)) {
    const before = text[at - 1] ?? '';
    const after = text[at + name.length] ?? '';
    if (!/[A-Za-z0-9-]/.test(before) && !/[A-Za-z0-9-]/.test(after)) return true;
  }
  return false;
}
