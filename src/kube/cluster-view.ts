import type { KubeObject, ObjectRef } from '../domain/kube-object.ts';
import type { ClusterSnapshot } from '../domain/snapshot.ts';
import { own } from '../json/json-map.ts';
import { selectorMapMatches } from './labels.ts';
import type { LabelMap } from './labels.ts';
import { controllerOf, Homes, isControlledBy, WORKLOAD_KINDS } from './ownership.ts';
import { podTemplateOf } from './pod-template.ts';
import { isLiving, isReady } from './pods.ts';
import { REVISION, revisionOf } from './revisions.ts';

/** An Event of either API, reduced to what evidence needs. `message` is still untrusted. */
export interface ClusterEvent {
  reason: string;
  message: string;
  type: string;
  count: number;
  /** Last seen, milliseconds since the epoch; 0 when unknown. */
  at: number;
  component: string;
  object: KubeObject;
}

const byName = ({ metadata: a }: KubeObject, { metadata: b }: KubeObject): number =>
  compared(a.namespace ?? '', b.namespace ?? '') || compared(a.name, b.name);

const compared = (a: string, b: string): number => (a < b ? -1 : a > b ? 1 : 0);

/** Look-ups over one snapshot; lists come in a fixed order whatever the order of the snapshot. */
export class ClusterView {
  readonly snapshot: ClusterSnapshot;
  /** When the snapshot was taken, milliseconds since the epoch. */
  readonly now: number;
  readonly #sorted = new Map<string, KubeObject[]>();
  readonly #byIdentity = new Map<string, Map<string, KubeObject>>();
  #workloads: KubeObject[] | null = null;
  #podsByLabel: Map<string, KubeObject[]> | null = null;
  #workloadsByLabel: Map<string, KubeObject[]> | null = null;
  #servicesBySelector: Map<string, KubeObject[]> | null = null;
  #slicesByService: Map<string, KubeObject[]> | null = null;
  readonly #owned = new Map<string, Map<string, KubeObject[]>>();
  readonly #derived = new Map<unknown, Map<KubeObject, unknown>>();
  #eventsByObject: Map<string, KubeObject[]> | null = null;
  readonly #events = new Map<string, ClusterEvent[]>();
  #podsByWorkload: Map<KubeObject, KubeObject[]> | null = null;
  #ownerByPod = new Map<KubeObject, KubeObject>();
  #homes: Homes | null = null;

  constructor(snapshot: ClusterSnapshot) {
    this.snapshot = snapshot;
    this.now = Date.parse(snapshot.takenAt) || 0;
  }

  /** False when the kind could not be read or was not looked at: its absence then proves nothing. */
  known(kind: string): boolean {
    return own(this.snapshot.objects, kind) !== undefined && own(this.snapshot.unreadable, kind) === undefined;
  }

  all(kind: string, namespace?: string): KubeObject[] {
    const key = namespace === undefined ? kind : `${kind}|${namespace}`;
    let list = this.#sorted.get(key);
    if (!list) {
      list =
        namespace === undefined
          ? [...(own(this.snapshot.objects, kind) ?? [])].sort(byName)
          : this.all(kind).filter((object) => object.metadata.namespace === namespace);
      this.#sorted.set(key, list);
    }
    return list;
  }

  find(kind: string, namespace: string | undefined, name: string): KubeObject | undefined {
    let index = this.#byIdentity.get(kind);
    if (!index) {
      index = new Map(this.all(kind).map((o) => [`${o.metadata.namespace ?? ''}/${o.metadata.name}`, o]));
      this.#byIdentity.set(kind, index);
    }
    return index.get(`${namespace ?? ''}/${name}`);
  }

  inScope(namespace: string | undefined): boolean {
    return namespace === undefined || this.snapshot.namespaces.includes(namespace);
  }

  /** Top-level owners of pods: workloads that no other workload in the snapshot controls, then bare pods. */
  workloads(): KubeObject[] {
    if (!this.#workloads) {
      const owners = WORKLOAD_KINDS.flatMap((kind) => this.all(kind)).filter((object) => !this.#ownerOf(object));
      this.#workloads = [...owners, ...this.all('Pod').filter((pod) => !controllerOf(pod))];
    }
    return this.#workloads;
  }

  /** Pods whose top-level owner is `workload` (itself for a bare pod), also those being deleted. */
  podsOf(workload: KubeObject): KubeObject[] {
    if (!this.#podsByWorkload) {
      this.#podsByWorkload = new Map();
      for (const pod of this.all('Pod')) {
        const owner = this.#topOwner(pod);
        this.#ownerByPod.set(pod, owner);
        const list = this.#podsByWorkload.get(owner);
        if (list) list.push(pod);
        else this.#podsByWorkload.set(owner, [pod]);
      }
    }
    return this.#podsByWorkload.get(workload) ?? [];
  }

  /** Top-level owner of a pod as far as the snapshot shows it; the pod itself when nothing owns it. */
  workloadOf(pod: KubeObject): KubeObject {
    this.podsOf(pod);
    return this.#ownerByPod.get(pod) ?? pod;
  }

  /** Objects of `kind` that `owner` controls. */
  ownedBy(owner: KubeObject, kind: string): KubeObject[] {
    let index = this.#owned.get(kind);
    if (!index) {
      index = groupedBy(this.all(kind), (object) => {
        const reference = controllerOf(object);
        return reference ? [identityKey(reference.kind, object.metadata.namespace, reference.name)] : [];
      });
      this.#owned.set(kind, index);
    }
    const list = index.get(identityKey(owner.kind, owner.metadata.namespace, owner.metadata.name)) ?? [];
    return list.filter((object) => isControlledBy(object, owner));
  }

  /** Where pods belong by name, also where their owner is not in the snapshot. */
  get homes(): Homes {
    if (!this.#homes) {
      const made = [...this.all('ReplicaSet'), ...this.all('Job')];
      const byUid = new Map(made.flatMap((object) => (object.metadata.uid ? [[object.metadata.uid, object]] : [])));
      this.#homes = new Homes(this.all('Pod'), (uid) => byUid.get(uid));
    }
    return this.#homes;
  }

  /** The ReplicaSet of a Deployment's present revision. */
  currentReplicaSet(deployment: KubeObject): KubeObject | undefined {
    const sets = this.ownedBy(deployment, 'ReplicaSet');
    const revision = deployment.metadata.annotations?.[REVISION];
    const newest = (a: KubeObject, b: KubeObject) => revisionOf(b) - revisionOf(a);
    return sets.find((set) => set.metadata.annotations?.[REVISION] === revision) ?? [...sets].sort(newest)[0];
  }

  /** Newest first. Events of an earlier object of the same name are left out unless asked for. */
  eventsOf(object: KubeObject, alsoOfPredecessors = false): ClusterEvent[] {
    const list = this.#eventsAbout(identityKey(object.kind, object.metadata.namespace, object.metadata.name));
    if (alsoOfPredecessors || !object.metadata.uid) return list;
    return list.filter((event) => {
      const uid = regarding(event.object)?.uid;
      return !uid || uid === object.metadata.uid;
    });
  }

  /** Services of the namespace whose selector picks pods with these labels. */
  servicesSelecting(namespace: string | undefined, labels: LabelMap | undefined): KubeObject[] {
    // One pair of a selector is enough to find it.
    this.#servicesBySelector ??= groupedBy(this.all('Service'), ({ metadata, spec }) =>
      labelKeys(metadata.namespace, spec?.selector).slice(0, 1),
    );
    const index = this.#servicesBySelector;
    return labelKeys(namespace, labels)
      .flatMap((key) => index.get(key) ?? [])
      .filter((service) => selectorMapMatches(service.spec?.selector, labels))
      .sort(byName);
  }

  /** Pods that a Service's selector picks, also those that ended or are being deleted. */
  selectedPods(service: KubeObject): KubeObject[] {
    this.#podsByLabel ??= groupedBy(this.all('Pod'), (pod) => labelKeys(pod.metadata.namespace, pod.metadata.labels));
    return selected(this.#podsByLabel, service, (pod) => pod.metadata.labels);
  }

  slicesOf(service: KubeObject): KubeObject[] {
    this.#slicesByService ??= groupedBy(this.all('EndpointSlice'), ({ metadata }) => {
      const name = metadata.labels?.['kubernetes.io/service-name'];
      return name === undefined ? [] : [`${metadata.namespace ?? ''}/${name}`];
    });
    return this.#slicesByService.get(`${service.metadata.namespace ?? ''}/${service.metadata.name}`) ?? [];
  }

  /** Living pods that a Service's selector picks. */
  podsBehind(service: KubeObject): KubeObject[] {
    return this.selectedPods(service).filter(isLiving);
  }

  /** Workloads whose template labels a Service's selector picks, whether or not they have pods. */
  workloadsBehind(service: KubeObject): KubeObject[] {
    this.#workloadsByLabel ??= groupedBy(
      this.workloads().filter((workload) => workload.kind !== 'Pod' || isLiving(workload)),
      (workload) => labelKeys(workload.metadata.namespace, podTemplateOf(workload)?.labels),
    );
    return selected(this.#workloadsByLabel, service, (workload) => podTemplateOf(workload)?.labels);
  }

  /** What follows from the snapshot for one of its objects, worked out once however many ask; nobody may change it. */
  derived<T>(work: (view: ClusterView, object: KubeObject) => T, object: KubeObject): T {
    let known = this.#derived.get(work) as Map<KubeObject, T> | undefined;
    if (!known) this.#derived.set(work, (known = new Map()));
    const before = known.get(object);
    if (before !== undefined || known.has(object)) return before as T;
    const value = work(this, object);
    known.set(object, value);
    return value;
  }

  #eventsAbout(key: string): ClusterEvent[] {
    // Most events are never asked for: only those that are get read.
    this.#eventsByObject ??= groupedBy(this.all('Event'), (object) => {
      const about = regarding(object);
      return about?.name ? [identityKey(about.kind, about.namespace ?? object.metadata.namespace, about.name)] : [];
    });
    let list = this.#events.get(key);
    if (!list) {
      list = (this.#eventsByObject.get(key) ?? []).map(eventOf).sort((a, b) => b.at - a.at);
      this.#events.set(key, list);
    }
    return list;
  }

  #topOwner(object: KubeObject): KubeObject {
    const owner = this.#ownerOf(object);
    return owner ? this.#topOwner(owner) : object;
  }

  #ownerOf(object: KubeObject): KubeObject | undefined {
    const reference = controllerOf(object);
    if (!reference || !WORKLOAD_KINDS.includes(reference.kind) || reference.kind === object.kind) return undefined;
    const owner = this.find(reference.kind, object.metadata.namespace, reference.name);
    return owner && isControlledBy(object, owner) ? owner : undefined;
  }
}

function groupedBy(objects: KubeObject[], keysOf: (object: KubeObject) => string[]): Map<string, KubeObject[]> {
  const groups = new Map<string, KubeObject[]>();
  for (const object of objects) {
    for (const key of keysOf(object)) {
      const group = groups.get(key);
      if (group) group.push(object);
      else groups.set(key, [object]);
    }
  }
  return groups;
}

function identityKey(kind: string, namespace: string | undefined, name: string): string {
  return `${kind}|${namespace ?? ''}|${name}`;
}

function labelKeys(namespace: string | undefined, labels: LabelMap | undefined): string[] {
  return Object.entries(labels ?? {}).map(([key, value]) => `${namespace ?? ''}|${key}=${value}`);
}

/** Objects under the rarest label of a Service's selector that have the others too. */
function selected(
  index: Map<string, KubeObject[]>,
  service: KubeObject,
  labelsOf: (object: KubeObject) => LabelMap | undefined,
): KubeObject[] {
  const selector = service.spec?.selector as LabelMap | undefined;
  const groups = labelKeys(service.metadata.namespace, selector).map((key) => index.get(key) ?? []);
  const smallest = groups.sort((a, b) => a.length - b.length)[0] ?? [];
  return smallest.filter((object) => selectorMapMatches(selector, labelsOf(object)));
}

/** Pods of the workload that serve right now. */
export function readyPods(view: ClusterView, workload: KubeObject): KubeObject[] {
  return view.podsOf(workload).filter(isReady);
}

export function refTo(kind: string, apiVersion: string, namespace: string | undefined, name: string): ObjectRef {
  return { apiVersion, kind, ...(namespace ? { namespace } : {}), name };
}

function regarding(event: KubeObject): KubeObject['spec'] {
  return event['involvedObject'] ?? event['regarding'];
}

export function eventOf(object: KubeObject): ClusterEvent {
  const times = [
    object['lastTimestamp'],
    object['deprecatedLastTimestamp'],
    object['series']?.lastObservedTime,
    object['eventTime'],
    object['firstTimestamp'],
    object.metadata.creationTimestamp,
  ].map((time) => (typeof time === 'string' ? Date.parse(time) || 0 : 0));
  return {
    reason: String(object['reason'] ?? ''),
    message: String(object['message'] ?? object['note'] ?? ''),
    type: String(object['type'] ?? ''),
    count: Number(object['count'] ?? object['series']?.count ?? 1) || 1,
    at: Math.max(...times),
    component: String(
      object['source']?.component ?? object['reportingComponent'] ?? object['reportingController'] ?? '',
    ),
    object,
  };
}
