import { ALERTMANAGER_PORT, PROMETHEUS_PORT, LOGS_PORT, type TelemetryKind } from '../instance-record.ts';
import { BLACKBOX_PORT } from './blackbox.ts';
import { COLLECTOR_OWN_METRICS_PORT, SPAN_METRICS_PORT } from './collector.ts';
import { EBPF_EXPORTER_PORT } from './ebpf-exporter.ts';
import { PROBE_SECONDS, SCRAPE_SECONDS } from './intervals.ts';
import { JAEGER_OWN_METRICS_PORT } from './jaeger.ts';
import { KUBE_STATE_METRICS_PORT } from './kube-state-metrics.ts';
import { METRICS_SERVER_PORT } from './metrics-server.ts';
import { NODE_EXPORTER_PORT } from './node-exporter.ts';

/** What Prometheus must know of the cluster it is in. */
export interface ScrapePlace {
  readonly kind: TelemetryKind;
  readonly cluster: string;
  readonly nodeName: string;
  readonly nodeAddress: string;
  /** HOST:PORT. */
  readonly apiServer: string;
}

/** Where the target finder (go/agents/target-finder) writes pods and probes. */
export const TARGETS_FOLDER = '/data/targets';
/** More series than this from one target is a mistake, and is refused whole. */
const SERIES_PER_TARGET = 20_000;
const KUBELET_PORT = 10_250;
const ACCOUNT = '/var/run/secrets/kubernetes.io/serviceaccount';

/** Who Prometheus scrapes: jobs and labels as the usual Helm chart names them. */
export function scrapeConfigs({ kind, nodeName, nodeAddress, apiServer }: ScrapePlace): unknown[] {
  const onNode = (port: number) => ({
    static_configs: [{ targets: [`${nodeAddress}:${port}`], labels: { node: nodeName } }],
  });
  return [
    job('prometheus', onNode(PROMETHEUS_PORT)),
    job('alertmanager', onNode(ALERTMANAGER_PORT)),
    job('node-exporter', onNode(NODE_EXPORTER_PORT)),
    job('blackbox-exporter', onNode(BLACKBOX_PORT)),
    job('kubernetes-apiservers', {
      ...SECURE,
      static_configs: [{ targets: [apiServer] }],
      // Histograms of every resource and verb would be most of what is stored.
      metric_relabel_configs: [keep('__name__', 'apiserver_request_total|process_.*')],
    }),
    job('kubelet', {
      ...SECURE,
      ...onNode(KUBELET_PORT),
      metric_relabel_configs: [keep('__name__', 'kubelet_(volume_stats|running|node|evictions).*|process_.*')],
    }),
    job('cadvisor', {
      ...SECURE,
      ...onNode(KUBELET_PORT),
      metrics_path: '/metrics/cadvisor',
      // The node's own control groups are node-exporter's.
      metric_relabel_configs: [keep('pod', '.+'), keep('__name__', CONTAINER_METRICS)],
    }),
    job('kubernetes-pods', found('pods')),
    job('probes', {
      ...found('probes'),
      scrape_interval: `${PROBE_SECONDS}s`,
      scrape_timeout: `${PROBE_SECONDS}s`,
      metrics_path: '/probe',
    }),
    ...(kind === 'all'
      ? [
          job('ebpf-exporter', onNode(EBPF_EXPORTER_PORT)),
          job('kube-state-metrics', { ...onNode(KUBE_STATE_METRICS_PORT), honor_labels: true }),
          job('metrics-server', {
            ...SECURE,
            tls_config: { insecure_skip_verify: true },
            ...onNode(METRICS_SERVER_PORT),
            metric_relabel_configs: [keep('__name__', 'metrics_server_.*|process_.*')],
          }),
          job('span-metrics', { ...onNode(SPAN_METRICS_PORT), honor_labels: true }),
          job('otel-collector', onNode(COLLECTOR_OWN_METRICS_PORT)),
          job('jaeger', onNode(JAEGER_OWN_METRICS_PORT)),
          job('victoria-logs', onNode(LOGS_PORT)),
        ]
      : []),
  ];
}

const SECURE = {
  scheme: 'https',
  authorization: { credentials_file: `${ACCOUNT}/token` },
  tls_config: { ca_file: `${ACCOUNT}/ca.crt` },
};

const CONTAINER_METRICS = [
  'container_cpu_usage_seconds_total',
  'container_cpu_cfs_(periods|throttled_periods)_total',
  'container_cpu_cfs_throttled_seconds_total',
  'container_fs_(usage|limit)_bytes',
  'container_last_seen',
  'container_memory_(cache|failcnt|rss|usage_bytes|working_set_bytes)',
  'container_network_(receive|transmit)_(bytes|packets_dropped|errors)_total',
  'container_oom_events_total',
  'container_processes',
  'container_spec_(cpu_period|cpu_quota|memory_limit_bytes)',
  'container_start_time_seconds',
].join('|');

function job(name: string, more: Readonly<Record<string, unknown>>): Readonly<Record<string, unknown>> {
  const every = `${SCRAPE_SECONDS}s`;
  return { job_name: name, scrape_interval: every, scrape_timeout: every, sample_limit: SERIES_PER_TARGET, ...more };
}

function keep(label: string, regex: string): unknown {
  return { action: 'keep', source_labels: [label], regex };
}

function found(what: 'pods' | 'probes') {
  return { file_sd_configs: [{ files: [`${TARGETS_FOLDER}/${what}.json`], refresh_interval: '30s' }] };
}
