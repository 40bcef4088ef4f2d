/** Where the API serves a kind. */
export interface KindInfo {
  kind: string;
  apiVersion: string;
  /** Plural name in paths. */
  resource: string;
  namespaced: boolean;
  /** Served only where somebody installed it: where it is not, there are none. */
  custom?: boolean;
  /** Only those that it selects are of use, by the rules of field selectors. */
  fields?: string;
}

const namespaced = (kind: string, apiVersion: string, resource: string): KindInfo => ({
  kind,
  apiVersion,
  resource,
  namespaced: true,
});
const clusterWide = (kind: string, apiVersion: string, resource: string): KindInfo => ({
  kind,
  apiVersion,
  resource,
  namespaced: false,
});

/** Kinds that a snapshot can read, by the name under which it holds them (`Kind.group` for custom resources). */
export const KNOWN_KINDS: readonly KindInfo[] = [
  namespaced('Pod', 'v1', 'pods'),
  namespaced('Service', 'v1', 'services'),
  namespaced('EndpointSlice', 'discovery.k8s.io/v1', 'endpointslices'),
  namespaced('Deployment', 'apps/v1', 'deployments'),
  namespaced('ReplicaSet', 'apps/v1', 'replicasets'),
  namespaced('StatefulSet', 'apps/v1', 'statefulsets'),
  namespaced('DaemonSet', 'apps/v1', 'daemonsets'),
  namespaced('ControllerRevision', 'apps/v1', 'controllerrevisions'),
  namespaced('Job', 'batch/v1', 'jobs'),
  namespaced('CronJob', 'batch/v1', 'cronjobs'),
  namespaced('HorizontalPodAutoscaler', 'autoscaling/v2', 'horizontalpodautoscalers'),
  namespaced('PodDisruptionBudget', 'policy/v1', 'poddisruptionbudgets'),
  namespaced('PersistentVolumeClaim', 'v1', 'persistentvolumeclaims'),
  namespaced('ConfigMap', 'v1', 'configmaps'),
  namespaced('Secret', 'v1', 'secrets'),
  namespaced('ServiceAccount', 'v1', 'serviceaccounts'),
  namespaced('ResourceQuota', 'v1', 'resourcequotas'),
  namespaced('LimitRange', 'v1', 'limitranges'),
  namespaced('NetworkPolicy', 'networking.k8s.io/v1', 'networkpolicies'),
  namespaced('Ingress', 'networking.k8s.io/v1', 'ingresses'),
  // That a pod was given a node stands in the pod: of a large namespace these would be most of all events.
  { ...namespaced('Event', 'v1', 'events'), fields: 'reason!=Scheduled' },
  clusterWide('Node', 'v1', 'nodes'),
  clusterWide('Namespace', 'v1', 'namespaces'),
  clusterWide('PersistentVolume', 'v1', 'persistentvolumes'),
  clusterWide('StorageClass', 'storage.k8s.io/v1', 'storageclasses'),
  clusterWide('CSIDriver', 'storage.k8s.io/v1', 'csidrivers'),
  clusterWide('CSINode', 'storage.k8s.io/v1', 'csinodes'),
  clusterWide('IngressClass', 'networking.k8s.io/v1', 'ingressclasses'),
  clusterWide('PriorityClass', 'scheduling.k8s.io/v1', 'priorityclasses'),
  clusterWide('ValidatingWebhookConfiguration', 'admissionregistration.k8s.io/v1', 'validatingwebhookconfigurations'),
  clusterWide('MutatingWebhookConfiguration', 'admissionregistration.k8s.io/v1', 'mutatingwebhookconfigurations'),
  { ...namespaced('ScaledObject', 'keda.sh/v1alpha1', 'scaledobjects'), custom: true },
  { ...namespaced('Certificate', 'cert-manager.io/v1', 'certificates'), custom: true },
  { ...namespaced('HTTPRoute', 'gateway.networking.k8s.io/v1', 'httproutes'), custom: true },
  { ...namespaced('Gateway', 'gateway.networking.k8s.io/v1', 'gateways'), custom: true },
];

/** Under which name a snapshot holds objects of the kind. */
export function snapshotName({ kind, apiVersion, custom }: KindInfo): string {
  return custom ? `${kind}.${apiVersion.split('/')[0]}` : kind;
}

const BY_NAME = new Map(KNOWN_KINDS.map((info) => [snapshotName(info), info]));

/** A kind by the name that snapshots give it; undefined for others. */
export function snapshotKind(name: string): KindInfo | undefined {
  return BY_NAME.get(name);
}

/** @throws Error for a name that no snapshot can read: rules and oracles must not wait for what never comes */
export function kindsNamed(names: readonly string[]): KindInfo[] {
  return [...new Set(names)].map((name) => {
    const info = BY_NAME.get(name);
    if (!info) throw new Error(`no snapshot reads '${name}': add it to src/cluster/read/kinds.ts`);
    return info;
  });
}

/** Address of the list of a kind, with what selects its objects. */
export function listPath(info: KindInfo, namespace?: string): string {
  const path = collectionPath(info, namespace);
  return info.fields ? `${path}?fieldSelector=${encodeURIComponent(info.fields)}` : path;
}

/** Collection path of a kind, in a namespace where it has one. */
export function collectionPath(info: KindInfo, namespace?: string): string {
  const root = info.apiVersion.includes('/') ? `/apis/${info.apiVersion}` : `/api/${info.apiVersion}`;
  const inside = info.namespaced && namespace ? `/namespaces/${encodeURIComponent(namespace)}` : '';
  return `${root}${inside}/${info.resource}`;
}
