import { join } from 'node:path';
import { REAL_NODE_NAME } from '../control-plane.ts';
import { ALERTMANAGER_PORT, apiServerHost, instanceFiles } from '../instance-record.ts';
import { slotNetwork } from '../slots.ts';
import { BLACKBOX_PORT } from './blackbox.ts';
import { PROBE_SECONDS, SCRAPE_SECONDS } from './intervals.ts';
import { NODE_EXPORTER_PORT } from './node-exporter.ts';
import { addressOf, folderOf, type TelemetryContext } from './server.ts';

/** More series than this from one target is a mistake, and is refused whole. */
const SERIES_PER_TARGET = 20_000;
const KUBELET_PORT = 10_250;

/** Who Prometheus scrapes: jobs and labels as the usual Helm chart and operator name them. */
export function scrapeConfigs(context: TelemetryContext): unknown[] {
  const { ports, record } = context;
  const { nodeAddress } = slotNetwork(record.slot);
  const here = (port: number) => ({ static_configs: [{ targets: [`${addressOf(context)}:${port}`] }] });
  const onNode = (port: number) => ({
    static_configs: [{ targets: [`${nodeAddress}:${port}`], labels: { node: REAL_NODE_NAME } }],
  });
  const secure = secureScrape(context);
  return [
    job('prometheus', here(ports.prometheus)),
    job('alertmanager', onNode(ALERTMANAGER_PORT)),
    job('node-exporter', onNode(NODE_EXPORTER_PORT)),
    job('blackbox-exporter', onNode(BLACKBOX_PORT)),
    job('kubernetes-apiservers', {
      ...secure,
      static_configs: [{ targets: [`${apiServerHost(record)}:${record.ports.apiServer}`] }],
      // Histograms of every resource and verb would be most of what is stored.
      metric_relabel_configs: [keep('__name__', 'apiserver_request_total|process_.*|up')],
    }),
    job('kubelet', {
      ...secure,
      ...onNode(KUBELET_PORT),
      metric_relabel_configs: [keep('__name__', 'kubelet_(volume_stats|running|node|evictions).*|process_.*')],
    }),
    job('cadvisor', {
      ...secure,
      ...onNode(KUBELET_PORT),
      metrics_path: '/metrics/cadvisor',
      // The node's own control groups are node-exporter's.
      metric_relabel_configs: [keep('pod', '.+'), keep('__name__', CONTAINER_METRICS)],
    }),
    job('kubernetes-pods', followed(context, 'pods')),
    job('probes', {
      ...followed(context, 'probes'),
      scrape_interval: `${PROBE_SECONDS}s`,
      scrape_timeout: `${PROBE_SECONDS}s`,
      metrics_path: '/probe',
    }),
    ...(record.telemetry?.kind === 'all'
      ? [
          job('kube-state-metrics', { ...here(ports.kubeStateMetrics), honor_labels: true }),
          job('metrics-server', {
            ...secure,
            tls_config: { ...secure.tls_config, server_name: 'metrics-server.kube-system.svc' },
            ...here(ports.metricsServer),
          }),
          job('span-metrics', { ...here(ports.spanMetrics), honor_labels: true }),
          job('otel-collector', here(ports.collectorSelf)),
          job('jaeger', here(ports.jaegerSelf)),
          job('victoria-logs', here(ports.logs)),
        ]
      : []),
  ];
}

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

function secureScrape({ folder }: TelemetryContext) {
  const pki = (name: string) => join(instanceFiles(folder).pki, name);
  return {
    scheme: 'https',
    tls_config: { ca_file: pki('ca.crt'), cert_file: pki('telemetry.crt'), key_file: pki('telemetry.key') },
  };
}

/** Targets that the target finder writes (go/agents/target-finder). */
function followed(context: TelemetryContext, name: 'pods' | 'probes') {
  return { file_sd_configs: [{ files: [join(targetsFolder(context), `${name}.json`)], refresh_interval: '30s' }] };
}

export function targetsFolder(context: TelemetryContext): string {
  return folderOf(context, 'targets');
}
