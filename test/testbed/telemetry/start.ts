import type { ApiClient } from '../api-client.ts';
import type { DebianProgram } from '../debian-programs.ts';
import type { Report } from '../report.ts';
import { startAlertmanager } from './alertmanager.ts';
import { startBlackbox } from './blackbox.ts';
import { startCollector } from './collector.ts';
import { startJaeger } from './jaeger.ts';
import { startKubeStateMetrics } from './kube-state-metrics.ts';
import { startMetricsServer } from './metrics-server.ts';
import { startNodeExporter } from './node-exporter.ts';
import { startPrometheus } from './prometheus.ts';
import type { TelemetryContext } from './server.ts';
import { MONITORING_NAMESPACE } from './services.ts';
import { createSmallVolume } from './small-volume.ts';
import { startTargetFinder } from './target-finder.ts';
import { startVictoriaLogs } from './victoria-logs.ts';

/** What of telemetry comes as Debian packages. */
export const DEBIAN_SERVERS = [
  'prometheus',
  'promtool',
  'prometheus-alertmanager',
  'prometheus-node-exporter',
  'prometheus-blackbox-exporter',
] as const satisfies readonly DebianProgram[];

type Start = (context: TelemetryContext, api: ApiClient) => Promise<void>;

const EXPORTERS: readonly Start[] = [startNodeExporter, startBlackbox];
/** In the order in which data flow, backwards: nothing is sent to where nobody listens yet. */
const BUILT: readonly Start[] = [
  startVictoriaLogs,
  startJaeger,
  startCollector,
  startKubeStateMetrics,
  startMetricsServer,
];
const LAST: readonly Start[] = [startAlertmanager, startTargetFinder, startPrometheus];

/** Starts the servers of telemetry of an instance that is up otherwise, and waits until each answers. */
export async function startTelemetry(context: TelemetryContext, api: ApiClient, report: Report): Promise<void> {
  await report.step('Starting the servers of telemetry', async (progress) => {
    await api.create({ apiVersion: 'v1', kind: 'Namespace', metadata: { name: MONITORING_NAMESPACE } } as never);
    await createSmallVolume(context, api, report);
    const built = context.record.telemetry?.kind === 'all' ? BUILT : [];
    for (const start of [...EXPORTERS, ...built, ...LAST]) {
      progress(start.name.replace(/^start/, ''));
      await start(context, api);
    }
  });
}
