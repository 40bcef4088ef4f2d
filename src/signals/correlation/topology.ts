import type { KubeObject, ObjectRef } from '../../domain/kube-object.ts';
import { refKey, refOf } from '../../domain/kube-object.ts';
import type { CallGraph } from '../../domain/signals.ts';
import type { ClusterView } from '../../kube/cluster-view.ts';
import { configReferences } from '../../kube/config-references.ts';
import { ingressBackends } from '../../kube/ingress-backends.ts';
import { podTemplateOf } from '../../kube/pod-template.ts';
import { isLiving } from '../../kube/pods.ts';
import { listOf } from '../../kube/untyped-list.ts';

/** What more than so many call says nothing about two of them: everybody has it in common. */
const MOST_CALLERS = 10;

/** Who depends on whom: calls, and what Kubernetes itself ties together. Objects stand as units: pods as their workload. */
export class Topology {
  readonly #view: ClusterView;
  readonly #direct = new Map<string, Set<string>>();
  readonly #callers = new Map<string, Set<string>>();
  readonly #reach = new Map<string, Map<string, number>>();
  readonly #units = new Map<string, string>();
  readonly #objects = new Map<string, ObjectRef>();

  constructor(view: ClusterView, graph: CallGraph) {
    this.#view = view;
    const objects = new Map(graph.nodes.map(({ id, object }) => [id, object]));
    for (const { from, to, kind } of graph.edges) {
      const [a, b] = [objects.get(from), objects.get(to)];
      if (!a || !b) continue;
      this.#call(this.unitOf(a), this.unitOf(b));
      // Who takes messages suffers from who sends them, and the other way round when they pile up.
      if (kind === 'message') this.#call(this.unitOf(b), this.unitOf(a));
    }
    this.#addObjects();
  }

  /** What an object counts as: its workload for a pod and for a Service that leads to one alone. */
  unitOf(ref: ObjectRef): string {
    const key = refKey(ref);
    let unit = this.#units.get(key);
    if (unit === undefined) {
      const object = this.#standIn(ref);
      this.#units.set(key, (unit = refKey(object)));
      this.#objects.set(unit, object);
    }
    return unit;
  }

  /** The object that a unit is; null for one that was never asked for. */
  objectOf(unit: string): ObjectRef | null {
    return this.#objects.get(unit) ?? null;
  }

  /** Units that one depends on within so many steps, and over how many. Only what requests go through leads on to others. */
  reach(unit: string, hops: number): ReadonlyMap<string, number> {
    const key = `${hops}|${unit}`;
    let found = this.#reach.get(key);
    if (!found) this.#reach.set(key, (found = this.#walk(unit, hops)));
    return found;
  }

  /** Units that one calls, and that few others do. */
  ownDependencies(unit: string): string[] {
    return [...(this.#direct.get(unit) ?? [])].filter((other) => {
      const callers = this.#callers.get(other)?.size ?? 0;
      return callers > 0 && callers <= MOST_CALLERS;
    });
  }

  #walk(unit: string, hops: number): Map<string, number> {
    const found = new Map([[unit, 0]]);
    let front = [unit];
    for (let hop = 1; hop <= hops; hop++) {
      const next: string[] = [];
      for (const at of front) {
        for (const other of this.#direct.get(at) ?? []) {
          if (found.has(other)) continue;
          found.set(other, hop);
          if (this.#callers.has(other)) next.push(other);
        }
      }
      front = next;
    }
    found.delete(unit);
    return found;
  }

  #standIn(ref: ObjectRef): ObjectRef {
    const view = this.#view;
    const object = view.find(ref.kind, ref.namespace, ref.name);
    if (!object) return ref;
    switch (ref.kind) {
      case 'Pod':
      case 'ReplicaSet':
      case 'Job':
        return view.homes.of(object);
      case 'EndpointSlice': {
        const name = object.metadata.labels?.['kubernetes.io/service-name'];
        const service = name === undefined ? undefined : view.find('Service', ref.namespace, name);
        return service ? this.#behind(service) : ref;
      }
      case 'Service':
        return this.#behind(object);
      default:
        return ref;
    }
  }

  #behind(service: KubeObject): ObjectRef {
    const workloads = this.#view.workloadsBehind(service);
    return refOf(workloads.length === 1 ? workloads[0]! : service);
  }

  #addObjects(): void {
    const view = this.#view;
    const unit = (object: KubeObject): string => this.unitOf(refOf(object));
    const tie = (from: KubeObject, kind: string, namespace: string | undefined, name: unknown): void => {
      const other = typeof name === 'string' ? view.find(kind, namespace, name) : undefined;
      if (other) this.#tie(unit(from), unit(other));
    };
    const tieVolumes = (from: KubeObject, podSpec: KubeObject['spec']): void => {
      for (const volume of listOf(podSpec?.volumes))
        tie(from, 'PersistentVolumeClaim', from.metadata.namespace, volume?.persistentVolumeClaim?.claimName);
    };
    for (const service of view.all('Service'))
      for (const workload of view.workloadsBehind(service)) this.#call(unit(service), unit(workload));
    for (const ingress of view.all('Ingress')) {
      for (const { name } of ingressBackends(ingress)) {
        const service = view.find('Service', ingress.metadata.namespace, name);
        if (service) this.#call(unit(ingress), unit(service));
      }
      for (const tls of listOf(ingress.spec?.tls)) tie(ingress, 'Secret', ingress.metadata.namespace, tls?.secretName);
    }
    for (const workload of view.workloads()) {
      const spec = podTemplateOf(workload)?.spec;
      for (const { kind, name } of spec ? configReferences(spec) : [])
        tie(workload, kind, workload.metadata.namespace, name);
      tieVolumes(workload, spec);
      for (const pod of view.podsOf(workload).filter(isLiving)) {
        tie(workload, 'Node', undefined, pod.spec?.nodeName);
        tieVolumes(workload, pod.spec);
      }
    }
    for (const scaler of view.all('HorizontalPodAutoscaler')) {
      const { kind, name } = scaler.spec?.scaleTargetRef ?? {};
      if (typeof kind === 'string') tie(scaler, kind, scaler.metadata.namespace, name);
    }
  }

  #call(from: string, to: string): void {
    if (from === to) return;
    const callers = this.#callers.get(to);
    if (callers) callers.add(from);
    else this.#callers.set(to, new Set([from]));
    this.#tie(from, to);
  }

  #tie(from: string, to: string): void {
    if (from === to) return;
    const others = this.#direct.get(from);
    if (others) others.add(to);
    else this.#direct.set(from, new Set([to]));
  }
}
