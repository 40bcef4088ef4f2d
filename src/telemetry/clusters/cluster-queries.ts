import { literalRe2 } from '../logs/log-fields.ts';

/** A pod of the target's cluster, by which its series are known again. */
export interface MarkedPod {
  namespace: string;
  name: string;
  uid: string;
  /** It has been there for so long that whatever bore its name before is told of no more. */
  isOld: boolean;
}

export interface MarkedNode {
  name: string;
  /** `status.nodeInfo.systemUUID` */
  uuid: string;
  isOld: boolean;
}

/** What nobody else has: by it series prove to be of the target's cluster. */
export interface ClusterMarks {
  pods: readonly MarkedPod[];
  nodes: readonly MarkedNode[];
}

/** What a series of a mark says: ours by a uid, of the same name with another uid, or of a node that is none of ours. */
export type MarkArm =
  'own_pod' | 'own_target' | 'own_container' | 'own_node' | 'twin_pod' | 'twin_node' | 'stranger_node';
export const ARM_LABEL = 'stratus_mark';

/** Families of the cluster's own exporters, a series or a few for each node: cheap to count, and nobody means another cluster by their labels. */
const OF_NODES = [
  'kube_node_info',
  'kubelet_node_name',
  'kubelet_running_pods',
  'machine_cpu_cores',
  'machine_memory_bytes',
  'node_uname_info',
];
/** The same with a series for each pod or container: counted in the namespaces of the marks only. */
const OF_PODS = ['kube_pod_info', 'container_memory_working_set_bytes'];
const OF_REQUESTS = [
  'traces_span_metrics_calls_total',
  'traces_spanmetrics_calls_total',
  'traces_service_graph_request_total',
  'http_server_request_duration_seconds_count',
  'http_requests_total',
];
/** Every target has it, and labels of programs with it: it counts where there is nothing else. */
export const FALLBACK = 'up';
/** Values that are told of one family; a server may hold thousands of clusters. */
export const MOST_VALUES = 50;

/** Series by family and cluster labels. */
export function censusQuery(labels: readonly string[], namespaces: readonly string[]): string {
  const all = `{__name__=~${anyOf([...OF_NODES, ...OF_REQUESTS, FALLBACK])}}`;
  const scoped = `{__name__=~${anyOf(OF_PODS)},namespace=~${anyOf(namespaces)}}`;
  const read = namespaces.length > 0 ? `${all} or ${scoped}` : all;
  return counted('__name__', labels, read);
}

/** Series that these matchers leave, of any family that is counted. */
export function presenceQuery(matchers: readonly string[]): string {
  const names = anyOf([...OF_NODES, ...OF_PODS, ...OF_REQUESTS, FALLBACK]);
  return `count({${[`__name__=~${names}`, ...matchers].join(',')}})`;
}

/** Series that a mark speaks of, by what they say and their cluster labels; null without marks. */
export function marksQuery(labels: readonly string[], { pods, nodes }: ClusterMarks): string | null {
  const arms = new Map<MarkArm, string>();
  const [uids, uuids] = [pods.map(({ uid }) => uid), nodes.map(({ uuid }) => uuid)];
  const [oldPods, oldNodes] = [pods.filter(({ isOld }) => isOld), nodes.filter(({ isOld }) => isOld)];
  const placed = (some: readonly MarkedPod[]): string =>
    `namespace=~${anyOf(some.map(({ namespace }) => namespace))},pod=~${anyOf(some.map(({ name }) => name))}`;
  if (pods.length > 0) {
    // As the drivers of cgroups write it.
    const ids = [...uids, ...uids.map((uid) => uid.replaceAll('-', '_'))].map(literalRe2).join('|');
    arms.set('own_pod', `kube_pod_info{uid=~${anyOf(uids)}}`);
    arms.set('own_target', `target_info{k8s_pod_uid=~${anyOf(uids)}}`);
    arms.set(
      'own_container',
      `container_memory_working_set_bytes{${placed(pods)},id=~${JSON.stringify(`.*(${ids}).*`)}}`,
    );
  }
  if (nodes.length > 0) arms.set('own_node', `kube_node_info{system_uuid=~${anyOf(uuids)}}`);
  // Where a scrape renames what clashes, `pod` is that of the exporter.
  if (oldPods.length > 0)
    arms.set('twin_pod', `kube_pod_info{${placed(oldPods)},exported_pod="",uid!="",uid!~${anyOf(uids)}}`);
  if (oldNodes.length > 0) {
    const others = `system_uuid!="",system_uuid!~${anyOf(uuids)}`;
    const names = anyOf(oldNodes.map(({ name }) => name));
    arms.set('twin_node', `kube_node_info{node=~${names},exported_node="",${others}}`);
    arms.set('stranger_node', `kube_node_info{${others}}`);
  }
  if (arms.size === 0) return null;
  const tagged = [...arms].map(([arm, series]) => `label_replace(${series},"${ARM_LABEL}","${arm}","","")`);
  return counted(ARM_LABEL, labels, tagged.join(' or '));
}

function counted(by: string, labels: readonly string[], series: string): string {
  return `topk by (${by}) (${MOST_VALUES}, count by (${[by, ...labels].join(', ')}) (${series}))`;
}

/** A string literal of a regular expression that any of these matches as a whole. */
function anyOf(values: readonly string[]): string {
  return JSON.stringify([...new Set(values)].map(literalRe2).join('|'));
}
