import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import type { ApiClient } from '../api-client.ts';
import { startComponent } from '../control-plane.ts';
import { ownMetrics } from './jaeger.ts';
import { addressOf, folderOf, untilAnswers, type TelemetryContext } from './server.ts';
import { hostService } from './services.ts';

/**
 * OpenTelemetry Collector, built from a small main: OTLP over HTTP in; spans go on to Jaeger, and rate, errors and
 * durations of them to Prometheus.
 */
export async function startCollector(context: TelemetryContext, api: ApiClient): Promise<void> {
  const address = addressOf(context);
  const { collectorIntake: port, spanMetrics } = context.ports;
  const config = join(folderOf(context, 'collector'), 'collector.json');
  writeFileSync(config, JSON.stringify(collectorConfig(context), null, 2));
  const server = await startComponent(context, 'otel-collector', [`--config=file:${config}`], { GOMEMLIMIT: '96MiB' });
  await untilAnswers(server, `http://${address}:${spanMetrics}/metrics`);
  for (const manifest of hostService('otel-collector', 4318, { address, port })) await api.create(manifest);
}

/** As durations of the application's own histograms, in the unit of the connector. */
const BUCKETS = ['1ms', '5ms', '10ms', '25ms', '50ms', '100ms', '250ms', '500ms', '1s', '2500ms', '5s'];

function collectorConfig(context: TelemetryContext): unknown {
  const address = addressOf(context);
  const { ports } = context;
  return {
    receivers: { otlp: { protocols: { http: { endpoint: `${address}:${ports.collectorIntake}` } } } },
    processors: { batch: { timeout: '1s' } },
    connectors: {
      span_metrics: {
        histogram: { explicit: { buckets: BUCKETS } },
        dimensions: [
          { name: 'k8s.namespace.name' },
          { name: 'k8s.pod.name' },
          { name: 'peer.service' },
          { name: 'http.route' },
          { name: 'http.response.status_code' },
        ],
        metrics_flush_interval: '5s',
        metrics_expiration: '10m',
        aggregation_cardinality_limit: 5000,
      },
    },
    exporters: {
      otlphttp: { endpoint: `http://${address}:${ports.jaegerIntake}`, tls: { insecure: true } },
      prometheus: { endpoint: `${address}:${ports.spanMetrics}`, metric_expiration: '10m' },
    },
    service: {
      pipelines: {
        traces: { receivers: ['otlp'], processors: ['batch'], exporters: ['otlphttp', 'span_metrics'] },
        metrics: { receivers: ['span_metrics'], exporters: ['prometheus'] },
      },
      telemetry: ownMetrics(address, ports.collectorSelf),
    },
  };
}
