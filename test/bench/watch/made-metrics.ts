/** A query as Prometheus's API takes it; times in seconds since the epoch. */
export interface RangeQuery {
  query: string;
  start: number;
  end: number;
  step: number;
}

/** What is told of. */
export interface MadeFleet {
  namespace: string;
  /** Deployments, which are services, too. */
  services: readonly string[];
  /** A pod of each, in the same order. */
  pods: readonly string[];
}

/** Longest that is kept, seconds, as Prometheus does where nobody says otherwise. */
const RETENTION_S = 15 * 86_400;
const NODES = 100;
const CLAIMS = 100;
const ENDPOINTS = 20;

interface Family {
  /** Whether it is what a query asks for. */
  asked: RegExp;
  /** Labels of each series that the query gives. */
  labels(fleet: MadeFleet): Record<string, string>[];
  /** In the middle; values wander around it by a twentieth. */
  level: number;
  whole?: true;
}

const span = ({ namespace, services }: MadeFleet) =>
  services.map((name) => ({
    service_name: name,
    service_namespace: namespace,
    k8s_namespace_name: namespace,
    k8s_deployment_name: name,
  }));
const container = ({ namespace, pods }: MadeFleet) => pods.map((pod) => ({ namespace, pod, container: 'main' }));
const some = (length: number, label: (index: number) => Record<string, string>) =>
  Array.from({ length }, (_, index) => label(index));
/** Each service calls the next. */
const edges = ({ namespace, services }: MadeFleet) =>
  services.map((name, index) => ({
    service_name: name,
    k8s_namespace_name: namespace,
    span_kind: 'SPAN_KIND_CLIENT',
    peer_service: services[(index + 1) % services.length]!,
  }));

/** The first that fits answers: what nobody exports gives nothing. */
const FAMILIES: readonly Family[] = [
  { asked: /histogram_quantile.*traces_span_metrics_duration_milliseconds_bucket\{[^}]*CLIENT/, labels: edges, level: 41 },
  { asked: /traces_span_metrics_calls_total\{[^}]*CLIENT[^}]*ERROR/, labels: () => [], level: 0 },
  { asked: /traces_span_metrics_calls_total\{[^}]*CLIENT/, labels: edges, level: 9 },
  { asked: /histogram_quantile.*traces_span_metrics_duration_milliseconds_bucket/, labels: span, level: 41 },
  { asked: /traces_span_metrics_duration_milliseconds_count/, labels: span, level: 9 },
  { asked: /traces_span_metrics_calls_total\{[^}]*status_code="STATUS_CODE_ERROR"/, labels: (fleet) => span(fleet).slice(0, 300), level: 0.01 },
  { asked: /traces_span_metrics_calls_total/, labels: span, level: 9 },
  { asked: /container_memory_working_set_bytes/, labels: container, level: 30_000_000, whole: true },
  { asked: /container_cpu_usage_seconds_total/, labels: ({ namespace, pods }) => pods.map((pod) => ({ namespace, pod })), level: 0.02 },
  {
    asked: /kubelet_volume_stats_available_bytes/,
    labels: ({ namespace }) => some(CLAIMS, (index) => ({ namespace, persistentvolumeclaim: `data-${index}` })),
    level: 0.4,
  },
  {
    asked: /node_filesystem_avail_bytes/,
    labels: () => some(NODES, (index) => ({ job: 'node', instance: `10.0.0.${index}:9100`, device: '/dev/vda1', mountpoint: '/' })),
    level: 0.3,
  },
  {
    asked: /probe_ssl_earliest_cert_expiry/,
    labels: () => some(ENDPOINTS, (index) => ({ instance: `https://site-${index}.example/` })),
    level: Date.now() / 1_000 + 80 * 86_400,
    whole: true,
  },
]; // prettier-ignore

/** Data of `query_range`, as text of JSON. */
export function rangeData(fleet: MadeFleet, { query, start, end, step }: RangeQuery): string {
  const family = FAMILIES.find(({ asked }) => asked.test(query));
  const first = Math.max(start, Date.now() / 1_000 - RETENTION_S);
  if (!family || first > end) return '{"resultType":"matrix","result":[]}';
  const times = Array.from({ length: Math.floor((end - first) / step) + 1 }, (_, index) => first + index * step);
  const result = family.labels(fleet).map((labels, index) => {
    const values = times.map((time) => `[${time},"${valueOf(family, index, time)}"]`);
    return `{"metric":${JSON.stringify(labels)},"values":[${values.join(',')}]}`;
  });
  return `{"resultType":"matrix","result":[${result.join(',')}]}`;
}

/** Data of `query`. */
export function instantData(fleet: MadeFleet, query: string): string {
  const now = Date.now() / 1_000;
  const vector = (labels: object, value: number | string) =>
    `{"metric":${JSON.stringify(labels)},"value":[${now},"${value}"]}`;
  // How often targets are read; and whether anybody is there.
  if (/timestamp\(up\)/.test(query)) return `{"resultType":"vector","result":[${vector({}, 15)}]}`;
  if (query === 'vector(1)') return `{"resultType":"vector","result":[${vector({}, 1)}]}`;
  const family = FAMILIES.find(({ asked }) => asked.test(query));
  const result = (family?.labels(fleet) ?? []).map((labels, index) => vector(labels, valueOf(family!, index, now)));
  return `{"resultType":"vector","result":[${result.join(',')}]}`;
}

/** The same for the same series and time, whoever asks. */
function valueOf({ level, whole }: Family, index: number, time: number): number {
  const noise = Math.sin(index * 12.9898 + Math.floor(time / 15) * 78.233) * 43_758.5453;
  const value = level * (0.95 + 0.1 * (noise - Math.floor(noise)));
  return whole ? Math.round(level > 1e9 ? level : value) : value;
}
