import type { ClusterField } from './log-cluster.ts';

/** Fields by which a source of logs names where a line comes from. */
export interface LogFields {
  namespace: string;
  pod: string | null;
  container: string | null;
  /** Of several clusters the target's; absent: nothing tells of several. */
  cluster?: ClusterField;
}

type Names = readonly [namespace: string, pod: string, container: string];

/** As the usual collectors name them, of which most write into any store. The first that is there wins. */
const KNOWN: readonly Names[] = [
  // Promtail, Alloy and Grafana's charts.
  ['namespace', 'pod', 'container'],
  // vlagent, Vector.
  ['kubernetes.pod_namespace', 'kubernetes.pod_name', 'kubernetes.container_name'],
  // Fluent Bit, Fluentd.
  ['kubernetes.namespace_name', 'kubernetes.pod_name', 'kubernetes.container_name'],
  // OpenTelemetry semantic conventions.
  ['k8s.namespace.name', 'k8s.pod.name', 'k8s.container.name'],
  // The same where only letters, digits and underscores may stand.
  ['k8s_namespace_name', 'k8s_pod_name', 'k8s_container_name'],
  ['kubernetes_pod_namespace', 'kubernetes_pod_name', 'kubernetes_container_name'],
  ['kubernetes_namespace_name', 'kubernetes_pod_name', 'kubernetes_container_name'],
  ['kubernetes_namespace', 'kubernetes_pod', 'kubernetes_container'],
  ['namespace_name', 'pod_name', 'container_name'],
];

/** @param there names of the fields that the source has. @returns null where none of them names a namespace */
export function logFieldsOf(there: readonly string[]): LogFields | null {
  const names = new Set(there);
  const complete = KNOWN.find((known) => known.every((name) => names.has(name)));
  const [namespace, pod, container] = complete ?? KNOWN.find(([name]) => names.has(name)) ?? [];
  if (namespace === undefined || pod === undefined || container === undefined) return null;
  return {
    namespace,
    pod: names.has(pod) ? pod : null,
    container: names.has(container) ? container : null,
  };
}

/** Text as a literal of RE2, for those who read regular expressions. */
export function literalRe2(text: string): string {
  return text.replace(/[\\.+*?()|[\]{}^$]/g, '\\$&');
}
