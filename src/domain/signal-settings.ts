/**
 * Where durations and failures of requests are read. Of each kind there may be several: what is not exported is not there.
 */
export interface RequestMetric {
  /** For people: `span metrics of OpenTelemetry`. */
  title: string;
  /** Histogram of durations without `_bucket`, and its unit. */
  histogram: string;
  unit: 'ms' | 's';
  /** Counter of requests. */
  calls: string;
  /** Label matchers without braces that keep requests as the server saw them, for both; may be empty. */
  served: string;
  /** Matchers that keep the failed ones of `calls`, each by another label; series have one of these labels, or cannot tell. */
  failed: readonly string[];
  /** Labels that tell services apart; one that is not there does no harm. */
  by: readonly string[];
}

/** Names under which exporters tell of what is not a request. */
export interface MetricNames {
  /** kubelet (cAdvisor). */
  workingSet: string;
  cpu: string;
  /** kube-state-metrics. */
  resourceLimits: string;
  lastTerminatedReason: string;
  containerRestarts: string;
  /** Value: when, in seconds since the epoch. */
  containerStarted: string;
  /** kubelet (volume statistics). */
  volumeUsed: string;
  volumeCapacity: string;
  volumeAvailable: string;
  /** node-exporter. */
  filesystemAvailable: string;
  filesystemSize: string;
  /** blackbox exporter. */
  probeCertificateExpiry: string;
  /** cert-manager. */
  certificateExpiry: string;
  /** kube-state-metrics: for forecasts. */
  resourceQuota: string;
  autoscalerDesired: string;
  autoscalerMaximum: string;
}

export interface SignalSettings {
  requests: readonly RequestMetric[];
  metrics: MetricNames;
  baseline: {
    /** How far back what is usual is looked for, in ms. */
    windowMs: number;
    /** The last part of it is left out, so that what is judged is not part of what it is compared with, in ms. */
    gapMs: number;
    /** With fewer samples nothing is called usual, and so nothing unusual. */
    leastSamples: number;
    /** A deviation is taken to be at least this part of the centre: series of a testbed hardly move at all. */
    leastDeviation: number;
    /** What came and went this often within the window is how the service is. */
    recurrences: number;
    /** Window of `rate()`, in ms: four scrapes of 30 s, so that one that fails leaves no hole. */
    rateMs: number;
    /** Between samples that are asked for, in ms. */
    stepMs: number;
    /** Weeks back that are looked at for the same weekday and hour. */
    weeks: number;
  };
  /** Working set above `usedRatio` of the limit for `forMs`. */
  oom: { usedRatio: number; forMs: number; killedWithinMs: number };
  /** p99 above `deviations` over its rolling baseline for `forMs`. */
  latency: {
    quantile: number;
    deviations: number;
    forMs: number;
    /** And above the baseline by this part of it: what nobody feels is no incident. */
    leastRise: number;
    /** With fewer requests in a window of `rate()` a quantile is one request's own. */
    leastCalls: number;
  };
  /** Error ratio more than `rise` over its baseline: 2 is 200 %, three times as much. */
  errors: {
    rise: number;
    forMs: number;
    /** Below this ratio nothing is a surge, however clean it was before. */
    leastRatio: number;
    /** Fewer failed requests in a window of `rate()` are chance. */
    leastErrors: number;
    /** So sure it has to be that the ratio is above the line, in standard deviations of a sample of that size. */
    deviations: number;
  };
  /** Used above `usedRatio`, and full within `horizonMs` if it goes on like this. */
  disk: { usedRatio: number; horizonMs: number; forMs: number; lookbackMs: number };
  certificate: { days: number };
  /** Latency, errors, saturation and traffic together. */
  anomaly: {
    /** Chance that a usual moment lies as far out. */
    probability: number;
    forMs: number;
    /** Score of the isolation forest (0..1) from which it agrees. */
    forestScore: number;
    leastSamples: number;
  };
  forecast: {
    /** A forecast reaches this many times as far ahead as it looks back. */
    reach: number;
    leastSamples: number;
    /** Of the confidence interval of the slope. */
    confidence: number;
    /** The latest possible time may be this many times as far off as the earliest, else it is too vague to be told. */
    mostSpread: number;
    memoryHorizonMs: number;
    quotaHorizonMs: number;
    certificateDays: number;
  };
  correlation: {
    /** Steps of the topology. */
    hops: number;
    /** What begins further apart does not belong together, unless it is about the same object, in ms. */
    windowMs: number;
    /** More things that begin within a minute are a storm. */
    stormPerMinute: number;
  };
}

const HOUR = 3_600_000;
const MINUTE = 60_000;
/** Attributes of the OpenTelemetry resource that name the workload, as Prometheus spells them. */
const RESOURCE = [
  'service_name',
  'service_namespace',
  'k8s_namespace_name',
  'k8s_deployment_name',
  'k8s_statefulset_name',
  'k8s_daemonset_name',
];
/** Labels of the scraped target that may name the program. */
const TARGET = ['namespace', 'exported_service', 'service', 'app_kubernetes_io_name', 'app', 'job'];
/** Of OpenTelemetry's spanmetrics connector; names follow its default namespace `traces.span.metrics`. */
const SPAN_METRICS = {
  calls: 'traces_span_metrics_calls_total',
  served: 'span_kind="SPAN_KIND_SERVER"',
  failed: ['status_code="STATUS_CODE_ERROR"'],
  by: RESOURCE,
};

/**
 * Thresholds of the five incident types are those of the project's sources: memory above 85 % for 5 min, p99 above 3 σ for
 * 2 min, errors more than 200 % up, disk above 80 % with a projection of 24 h, certificates within 14 days; a storm is more
 * than 50 a minute, topology reaches two hops. The other numbers:
 *
 * - baseline over an hour, as in the sources' example; 30 samples, from which the normal law is commonly taken to hold;
 * - 5 % as the least deviation: what a histogram's buckets alone make of a quantile;
 * - latency up by half at least, since a quantile wanders by a third with nothing wrong; 50 requests, since a p99 of fewer is the slowest request whatever the others do;
 * - 1 % and 5 errors: below, one client that repeats a bad request would be an incident;
 * - forecasts reach four times as far as they look back: node-mixin's rules predict 24 h from 6 h.
 */
export const DEFAULT_SIGNAL_SETTINGS: SignalSettings = {
  requests: [
    { title: 'span metrics', histogram: 'traces_span_metrics_duration_milliseconds', unit: 'ms', ...SPAN_METRICS },
    { title: 'span metrics in seconds', histogram: 'traces_span_metrics_duration_seconds', unit: 's', ...SPAN_METRICS },
    {
      title: 'span metrics of Tempo',
      histogram: 'traces_spanmetrics_latency',
      unit: 's',
      calls: 'traces_spanmetrics_calls_total',
      served: 'span_kind="SPAN_KIND_SERVER"',
      failed: ['status_code="STATUS_CODE_ERROR"'],
      by: ['service', ...RESOURCE],
    },
    {
      title: 'HTTP servers with OpenTelemetry',
      histogram: 'http_server_request_duration_seconds',
      unit: 's',
      calls: 'http_server_request_duration_seconds_count',
      served: '',
      failed: ['http_response_status_code=~"5.."'],
      by: [...RESOURCE, ...TARGET],
    },
    {
      title: 'HTTP servers',
      histogram: 'http_request_duration_seconds',
      unit: 's',
      calls: 'http_requests_total',
      served: '',
      failed: ['code=~"5.."', 'status=~"5.."', 'status_code=~"5.."'],
      by: TARGET,
    },
  ],
  metrics: {
    workingSet: 'container_memory_working_set_bytes',
    cpu: 'container_cpu_usage_seconds_total',
    resourceLimits: 'kube_pod_container_resource_limits',
    lastTerminatedReason: 'kube_pod_container_status_last_terminated_reason',
    containerRestarts: 'kube_pod_container_status_restarts_total',
    containerStarted: 'kube_pod_container_state_started',
    volumeUsed: 'kubelet_volume_stats_used_bytes',
    volumeCapacity: 'kubelet_volume_stats_capacity_bytes',
    volumeAvailable: 'kubelet_volume_stats_available_bytes',
    filesystemAvailable: 'node_filesystem_avail_bytes',
    filesystemSize: 'node_filesystem_size_bytes',
    probeCertificateExpiry: 'probe_ssl_earliest_cert_expiry',
    certificateExpiry: 'certmanager_certificate_expiration_timestamp_seconds',
    resourceQuota: 'kube_resourcequota',
    autoscalerDesired: 'kube_horizontalpodautoscaler_status_desired_replicas',
    autoscalerMaximum: 'kube_horizontalpodautoscaler_spec_max_replicas',
  },
  baseline: {
    windowMs: HOUR,
    gapMs: 10 * MINUTE,
    leastSamples: 30,
    leastDeviation: 0.05,
    recurrences: 3,
    rateMs: 2 * MINUTE,
    stepMs: 30_000,
    weeks: 3,
  },
  oom: { usedRatio: 0.85, forMs: 5 * MINUTE, killedWithinMs: 10 * MINUTE },
  latency: { quantile: 0.99, deviations: 3, forMs: 2 * MINUTE, leastRise: 0.5, leastCalls: 50 },
  errors: { rise: 2, forMs: MINUTE, leastRatio: 0.01, leastErrors: 5, deviations: 3 },
  disk: { usedRatio: 0.8, horizonMs: 24 * HOUR, forMs: MINUTE, lookbackMs: 6 * HOUR },
  certificate: { days: 14 },
  anomaly: { probability: 1e-4, forMs: 2 * MINUTE, forestScore: 0.6, leastSamples: 40 },
  forecast: {
    reach: 4,
    leastSamples: 12,
    confidence: 0.95,
    mostSpread: 4,
    memoryHorizonMs: 24 * HOUR,
    quotaHorizonMs: 24 * HOUR,
    certificateDays: 30,
  },
  correlation: { hops: 2, windowMs: 5 * MINUTE, stormPerMinute: 50 },
};
