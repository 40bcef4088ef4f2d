import { own } from '../../json/json-map.ts';

/** Labels by which servers of several clusters tell them apart (kubernetes-mixin, OpenTelemetry, Thanos, Mimir, charts), the usual first. */
export const CLUSTER_LABELS: readonly string[] = [
  'cluster',
  'cluster_name',
  'k8s_cluster_name',
  'k8s_cluster',
  'kubernetes_cluster',
  'kube_cluster',
  'clusterName',
  'cluster_id',
  'clusterID',
  'cluster_uid',
  'k8s_cluster_uid',
];
/** Of OpenTelemetry's resource: no program means anything else by it. */
export const UNMISTAKABLE: ReadonlySet<string> = new Set(['k8s_cluster_name', 'k8s_cluster_uid']);

type Labels = Readonly<Record<string, string>>;

export function valueOf(labels: Labels, label: string): string {
  return own(labels, label) ?? '';
}
