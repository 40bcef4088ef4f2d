import type { KubeObject, ObjectRef } from '../../domain/kube-object.ts';
import { refKey, refOf } from '../../domain/kube-object.ts';
import type { ClusterView } from '../../kube/cluster-view.ts';
import { serviceMeant } from '../../kube/named-hosts.ts';
import { containersOf, podTemplateOf } from '../../kube/pod-template.ts';
import { isLiving } from '../../kube/pods.ts';
import { listOf } from '../../kube/untyped-list.ts';

type Labels = Readonly<Record<string, string>>;

/** Attributes of the OpenTelemetry resource that name a workload (semantic conventions, "Kubernetes"). */
const WORKLOAD_ATTRIBUTES: readonly [attribute: string, kind: string][] = [
  ['k8s.deployment.name', 'Deployment'],
  ['k8s.statefulset.name', 'StatefulSet'],
  ['k8s.daemonset.name', 'DaemonSet'],
  ['k8s.cronjob.name', 'CronJob'],
  ['k8s.job.name', 'Job'],
];
/** Labels that tell the program of a workload apart, the best first. */
const NAME_LABELS = ['app.kubernetes.io/name', 'app', 'k8s-app', 'app.kubernetes.io/component'];
/** Names of one workload, surest first: what it is told to call itself, its own, that of its Service, its labels. */
const TIERS = 4;

const known = new WeakMap<ClusterView, ServiceNames>();

/** Which object of a snapshot telemetry means by a service's name, its attributes, or a host. */
export class ServiceNames {
  readonly #view: ClusterView;
  /** By tier and name: workloads, or Services that lead to several or to none. */
  readonly #named: Map<string, KubeObject[]>[] = Array.from({ length: TIERS }, () => new Map());
  #byAddress: Map<string, KubeObject> | null = null;
  readonly #answers = new Map<string, ObjectRef | null>();

  private constructor(view: ClusterView) {
    this.#view = view;
    for (const workload of view.workloads()) {
      for (const name of declaredNames(workload)) this.#add(0, name, workload);
      this.#add(1, workload.metadata.name, workload);
      const labels = { ...podTemplateOf(workload)?.labels, ...workload.metadata.labels };
      for (const label of NAME_LABELS) if (labels[label]) this.#add(3, labels[label], workload);
    }
    for (const service of view.all('Service')) this.#add(2, service.metadata.name, this.#behind(service));
  }

  static of(view: ClusterView): ServiceNames {
    let names = known.get(view);
    if (!names) known.set(view, (names = new ServiceNames(view)));
    return names;
  }

  /**
   * The workload of this name, or the Service where it leads to several. Null where there is none, or where several bear
   * the name: without a namespace it is not guessed which.
   */
  byName(name: string, namespace?: string): ObjectRef | null {
    return this.#once(`n|${namespace ?? ''}|${name}`, () => {
      for (const tier of this.#named) {
        const found = (tier.get(name.toLowerCase()) ?? []).filter(
          ({ metadata }) => namespace === undefined || metadata.namespace === namespace,
        );
        const distinct = new Map(found.map((object) => [refKey(refOf(object)), object]));
        if (distinct.size === 1) return refOf([...distinct.values()][0]!);
        if (distinct.size > 1) return null;
      }
      return null;
    });
  }

  /** By the attributes of a span's resource; else by `service.name` alone. */
  byAttributes(service: string, attributes: Labels): ObjectRef | null {
    const namespace = attributes['k8s.namespace.name'];
    const named = WORKLOAD_ATTRIBUTES.find(([attribute]) => attributes[attribute]);
    const pod = attributes['k8s.pod.name'];
    const group = attributes['service.namespace'];
    const key = ['a', service, namespace, named?.[1], named && attributes[named[0]], named ? '' : pod, group].join('|');
    return this.#once(key, () => {
      if (namespace && named) {
        const object = this.#view.find(named[1], namespace, attributes[named[0]]!);
        if (object) return refOf(this.#view.workloadOf(object));
      }
      const own = namespace && pod ? this.#view.find('Pod', namespace, pod) : undefined;
      if (own) return refOf(this.#view.workloadOf(own));
      if (namespace) return this.byName(service, namespace);
      // By the conventions a group of services, in practice often the namespace.
      return (group ? this.byName(service, group) : null) ?? this.byName(service);
    });
  }

  /** What a program in `namespace` reaches under a host or an address; null for what lies outside, or cannot be told. */
  byHost(host: string, namespace: string | undefined): ObjectRef | null {
    const bare = withoutPort(host.toLowerCase());
    return this.#once(`h|${namespace ?? ''}|${bare}`, () => {
      const at = this.#addresses().get(bare);
      if (at) return refOf(at);
      const meant = serviceMeant(this.#view, bare, namespace);
      const service = meant && this.#view.find('Service', meant.namespace, meant.name);
      if (service) return refOf(this.#behind(service));
      return bare.includes('.') ? null : this.byName(bare, namespace);
    });
  }

  /** The one workload behind a Service, else the Service. */
  #behind(service: KubeObject): KubeObject {
    const workloads = this.#view.workloadsBehind(service);
    return workloads.length === 1 ? workloads[0]! : service;
  }

  #addresses(): Map<string, KubeObject> {
    if (!this.#byAddress) {
      this.#byAddress = new Map();
      for (const pod of this.#view.all('Pod')) {
        // Pods in the network of their node share its address.
        if (!isLiving(pod) || pod.spec?.hostNetwork === true) continue;
        for (const each of [pod.status?.podIP, ...listOf(pod.status?.podIPs).map((entry) => entry?.ip)])
          if (typeof each === 'string') this.#byAddress.set(each.toLowerCase(), this.#view.workloadOf(pod));
      }
      for (const service of this.#view.all('Service')) {
        const own = [service.spec?.clusterIP, ...listOf(service.spec?.clusterIPs)];
        for (const each of own)
          if (typeof each === 'string' && each !== 'None')
            this.#byAddress.set(each.toLowerCase(), this.#behind(service));
      }
    }
    return this.#byAddress;
  }

  #add(tier: number, name: string, object: KubeObject): void {
    const key = name.toLowerCase();
    const list = this.#named[tier]!.get(key);
    if (list) list.push(object);
    else this.#named[tier]!.set(key, [object]);
  }

  #once(key: string, work: () => ObjectRef | null): ObjectRef | null {
    const before = this.#answers.get(key);
    if (before !== undefined) return before;
    const answer = work();
    this.#answers.set(key, answer);
    return answer;
  }
}

/** `[::1]:80` and `geo:8080` without the port. */
function withoutPort(host: string): string {
  const bracketed = /^\[([^\]]*)\]/.exec(host);
  if (bracketed) return bracketed[1]!;
  return /^[^:]*:\d+$/.test(host) ? host.slice(0, host.indexOf(':')) : host;
}

/** What variables of OpenTelemetry's SDKs tell the containers to call themselves. */
function declaredNames(workload: KubeObject): string[] {
  return containersOf(podTemplateOf(workload)?.spec).flatMap((container) =>
    listOf(container.spec?.env).flatMap((variable): string[] => {
      const value: unknown = variable?.value;
      if (typeof value !== 'string') return [];
      if (variable?.name === 'OTEL_SERVICE_NAME') return value ? [value] : [];
      if (variable?.name !== 'OTEL_RESOURCE_ATTRIBUTES') return [];
      const [, name] = /(?:^|,)\s*service\.name=([^,]{1,200})/.exec(value) ?? [];
      return name ? [name.trim()] : [];
    }),
  );
}
