import type { ObjectRef } from '../../domain/kube-object.ts';
import { refKey, refOf } from '../../domain/kube-object.ts';
import type { ClusterView } from '../../kube/cluster-view.ts';
import { refTo } from '../../kube/cluster-view.ts';
import { own } from '../../json/json-map.ts';
import { WORKLOAD_KINDS } from '../../kube/ownership.ts';
import { listOf } from '../../kube/untyped-list.ts';
import { literalPattern } from '../../text/literal-pattern.ts';
import { addressedObject, isQualified } from './addressed-object.ts';
import { ServiceNames } from './service-names.ts';

type Labels = Readonly<Record<string, string>>;

/** What the labels of a series or an alert speak of. */
export interface Labelled {
  /** As labels say; null where they do not. */
  namespace: string | null;
  /** The most telling first; pods stand as their workloads. Only what the snapshot holds, or could not read. */
  objects: ObjectRef[];
  /** The pod itself, where one is named. */
  pod: ObjectRef | null;
}

/**
 * Labels that name the object itself come before those that Prometheus adds for the target it scraped: where the two
 * clash it renames the former to `exported_…` (`honor_labels`). `k8s_…` are attributes of OpenTelemetry's resource.
 */
const NAMESPACE = ['exported_namespace', 'k8s_namespace_name', 'destination_service_namespace', 'namespace'];
const POD = ['exported_pod', 'k8s_pod_name', 'pod', 'pod_name'];
const NODE = ['exported_node', 'k8s_node_name', 'node', 'nodename', 'kubernetes_node'];
const KINDS: readonly [kind: string, apiVersion: string, labels: readonly string[]][] = [
  ['PersistentVolumeClaim', 'v1', ['persistentvolumeclaim']],
  ['HorizontalPodAutoscaler', 'autoscaling/v2', ['horizontalpodautoscaler', 'hpa']],
  ['Deployment', 'apps/v1', ['deployment', 'k8s_deployment_name']],
  ['StatefulSet', 'apps/v1', ['statefulset', 'k8s_statefulset_name']],
  ['DaemonSet', 'apps/v1', ['daemonset', 'k8s_daemonset_name']],
  ['ReplicaSet', 'apps/v1', ['replicaset', 'k8s_replicaset_name']],
  ['CronJob', 'batch/v1', ['cronjob', 'k8s_cronjob_name']],
  ['Job', 'batch/v1', ['job_name', 'k8s_job_name']],
  ['ResourceQuota', 'v1', ['resourcequota']],
  ['PodDisruptionBudget', 'policy/v1', ['poddisruptionbudget']],
  ['Ingress', 'networking.k8s.io/v1', ['exported_ingress', 'ingress']],
  ['Secret', 'v1', ['secret', 'secret_name']],
  ['PersistentVolume', 'v1', ['persistentvolume']],
];
const CLUSTER_WIDE = new Set(['PersistentVolume', 'Node']);
/** What was scraped, or, where that asks for others (blackbox exporter), what was asked for: an address. */
const ADDRESS = ['target', 'instance'];
/** What people label programs with, at last the job that scrapes it: often named as its Service. */
const PROGRAM = ['app_kubernetes_io_name', 'app', 'job'];
/** Exporters that speak of the node they run on: their own pod, Service and namespace are no part of it. */
const NODE_EXPORTER = /node[-_]?exporter/i;

/**
 * Objects that labels name; those of a pod that is gone, as long as its name tells whose it was. Without a namespace names and
 * addresses count that only one object has.
 */
export function labelledObjects(view: ClusterView, labels: Labels): Labelled {
  if (NODE_EXPORTER.test(labels.job ?? labels.service ?? '')) {
    const node = nodeOf(view, labels, true);
    return { namespace: null, objects: node ? [node] : [], pod: null };
  }
  const namespace = first(labels, NAMESPACE);
  if (namespace !== null && !view.inScope(namespace)) {
    const probed = probedObject(view, labels);
    if (probed) return { namespace: probed.namespace ?? null, objects: [probed], pod: null };
  }
  const found: ObjectRef[] = [];
  const podName = first(labels, POD);
  const podsPlace = podName ? (namespace ?? placeOfPod(view, podName)) : null;
  const pod = podsPlace ? resolved(view, 'Pod', 'v1', podsPlace, podName!) : null;
  const workload = podsPlace ? workloadOfPod(view, podsPlace, podName!) : null;
  if (workload) found.push(workload);
  else if (pod) found.push(pod);
  for (const [kind, apiVersion, names] of KINDS) {
    const name = first(labels, names);
    const place = !name || CLUSTER_WIDE.has(kind) ? null : (namespace ?? placeOf(view, kind, name));
    if (!name || (place === null && !CLUSTER_WIDE.has(kind))) continue;
    const ref = resolved(view, kind, apiVersion, place ?? undefined, name);
    if (ref) found.push(topOwner(view, ref));
  }
  if (namespace && labels.workload) {
    const kind = WORKLOAD_KINDS.find((each) => each.toLowerCase() === labels.workload_type?.toLowerCase());
    const ref = kind ? resolved(view, kind, 'apps/v1', namespace, labels.workload) : null;
    if (ref) found.push(ref);
  }
  const service = serviceOf(view, labels, namespace, found);
  if (service) found.push(service);
  const node = nodeOf(view, labels, found.length === 0);
  if (node) found.push(node);
  if (!namespace && found.length === 0) {
    const scraped = scrapedObject(view, labels);
    if (scraped) found.push(scraped);
  }
  const distinct = new Map(found.map((ref) => [refKey(ref), ref]));
  return { namespace, objects: [...distinct.values()], pod };
}

/** By what telemetry calls the service, then by the label `service`: it may be that of the exporter that was scraped. */
function serviceOf(
  view: ClusterView,
  labels: Labels,
  namespace: string | null,
  found: readonly ObjectRef[],
): ObjectRef | null {
  const names = ServiceNames.of(view);
  const told = labels.service_name ?? labels.destination_service_name ?? labels.destination_workload;
  if (told && found.length === 0) {
    const group = namespace ?? labels.service_namespace;
    return (group ? names.byName(told, group) : null) ?? (namespace ? null : names.byName(told));
  }
  if (told) return null;
  const name = labels.exported_service ?? labels.service;
  if (!name) return namespace && found.length === 0 ? named(names, labels, namespace) : null;
  if (!namespace) return found.length === 0 ? names.byName(name) : null;
  const service = view.find('Service', namespace, name);
  if (!service) return found.length === 0 ? names.byName(name, namespace) : null;
  const behind = view.workloadsBehind(service).map((workload) => refKey(refOf(workload)));
  return found.length === 0 || found.some((ref) => behind.includes(refKey(ref))) ? refOf(service) : null;
}

function named(names: ServiceNames, labels: Labels, namespace: string | undefined): ObjectRef | null {
  for (const label of PROGRAM) {
    const value = own(labels, label);
    const object = value ? names.byName(value, namespace) : null;
    if (object) return object;
  }
  return null;
}

/** Without a namespace and a name of an object: by the address that was asked, then by the names of the program. */
function scrapedObject(view: ClusterView, labels: Labels): ObjectRef | null {
  const names = ServiceNames.of(view);
  const address = first(labels, ADDRESS);
  const [group, program, more] = (own(labels, 'job') ?? '').split('/');
  return (
    (address ? addressedObject(view, address) : null) ??
    named(names, labels, undefined) ??
    // As OpenTelemetry and operators name it: `NAMESPACE/NAME`.
    (group && program && more === undefined ? names.byName(program, group) : null)
  );
}

/** What stands in the scope under the full name that was asked for: the namespace is then that of who asked. */
function probedObject(view: ClusterView, labels: Labels): ObjectRef | null {
  const address = first(labels, ADDRESS);
  const object = address && isQualified(address) ? addressedObject(view, address) : null;
  return object && view.inScope(object.namespace) ? object : null;
}

/** The namespace of the only object of that name; null where there is none, or more than one. */
function placeOf(view: ClusterView, kind: string, name: string): string | null {
  const [one, ...others] = view.all(kind).filter(({ metadata }) => metadata.name === name);
  return one && others.length === 0 ? (one.metadata.namespace ?? null) : null;
}

/** The same of a pod, or of one that is gone by whose it was. */
function placeOfPod(view: ClusterView, pod: string): string | null {
  if (view.all('Pod').some(({ metadata }) => metadata.name === pod)) return placeOf(view, 'Pod', pod);
  const places = view.snapshot.namespaces.filter((namespace) => workloadOfPod(view, namespace, pod) !== null);
  return places.length === 1 ? places[0]! : null;
}

function nodeOf(view: ClusterView, labels: Labels, byInstance: boolean): ObjectRef | null {
  const name = first(labels, NODE);
  if (name) return resolved(view, 'Node', 'v1', undefined, name);
  if (!byInstance || !labels.instance) return null;
  const host = labels.instance.replace(/:\d+$/, '').replace(/^\[(.*)\]$/, '$1');
  const node = view
    .all('Node')
    .find((each) => each.metadata.name === host || listOf(each.status?.addresses).some((at) => at?.address === host));
  return node ? refOf(node) : null;
}

/** An object of the snapshot; one that may be there where the kind could not be read; else null. */
function resolved(
  view: ClusterView,
  kind: string,
  apiVersion: string,
  namespace: string | undefined,
  name: string,
): ObjectRef | null {
  const object = view.find(kind, namespace, name);
  if (object) return refOf(object);
  return !view.known(kind) && view.inScope(namespace) ? refTo(kind, apiVersion, namespace, name) : null;
}

/** ReplicaSets and Jobs stand as what owns them. */
function topOwner(view: ClusterView, ref: ObjectRef): ObjectRef {
  const object = view.find(ref.kind, ref.namespace, ref.name);
  return object && (ref.kind === 'ReplicaSet' || ref.kind === 'Job') ? view.homes.of(object) : ref;
}

/** A pod's workload; of one that is gone by its name, which begins with that of the workload. Null for a bare pod. */
export function workloadOfPod(view: ClusterView, namespace: string, pod: string): ObjectRef | null {
  const object = view.find('Pod', namespace, pod);
  if (object) {
    const home = view.homes.of(object);
    return home.kind === 'Pod' ? null : home;
  }
  return ownersIn(view, namespace).find(({ pattern }) => pattern.test(pod))?.ref ?? null;
}

/** How controllers name pods, with the characters that they draw names from. */
const ENDINGS: Readonly<Record<string, string>> = {
  Deployment: '-[a-z0-9]{1,10}-[a-z0-9]{5}',
  StatefulSet: '-\\d+',
  DaemonSet: '-[a-z0-9]{5}',
  CronJob: '-\\d+-[a-z0-9]{5}',
  Job: '-[a-z0-9]{5}',
};

interface Owner {
  ref: ObjectRef;
  pattern: RegExp;
}

const owners = new WeakMap<ClusterView, Map<string, Owner[]>>();

/** Longest names first: `web-api` before `web`. */
function ownersIn(view: ClusterView, namespace: string): Owner[] {
  let all = owners.get(view);
  if (!all) {
    all = new Map();
    for (const workload of view.workloads()) {
      const ending = own(ENDINGS, workload.kind);
      if (ending === undefined) continue;
      const owner = {
        ref: refOf(workload),
        pattern: new RegExp(`^${literalPattern(workload.metadata.name)}${ending}$`),
      };
      const list = all.get(workload.metadata.namespace ?? '');
      if (list) list.push(owner);
      else all.set(workload.metadata.namespace ?? '', [owner]);
    }
    for (const list of all.values()) list.sort((a, b) => b.ref.name.length - a.ref.name.length);
    owners.set(view, all);
  }
  return all.get(namespace) ?? [];
}

function first(labels: Labels, names: readonly string[]): string | null {
  for (const name of names) {
    const value = own(labels, name);
    if (value) return value;
  }
  return null;
}
