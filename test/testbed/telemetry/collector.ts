import { COLLECTOR_PORT } from '../instance-record.ts';
import { JAEGER_INTAKE_PORT, ownMetrics } from './jaeger.ts';
import type { ServerPod } from './server-pod.ts';

/** Metrics of spans, for Prometheus. */
export const SPAN_METRICS_PORT = 8890;
export const COLLECTOR_OWN_METRICS_PORT = 8888;

/** As those of the application's own histograms. */
const BUCKETS = ['1ms', '5ms', '10ms', '25ms', '50ms', '100ms', '250ms', '500ms', '1s', '2500ms', '5s'];
const DIMENSIONS = ['k8s.namespace.name', 'k8s.pod.name', 'peer.service', 'http.route', 'http.response.status_code'];

/**
 * OpenTelemetry Collector, built from a small main: OTLP over HTTP in; spans go on to Jaeger, and their rate, errors and
 * durations to Prometheus.
 */
export const COLLECTOR: ServerPod = {
  name: 'otel-collector',
  program: 'otel-collector',
  args: ['--config=file:/etc/otel-collector/config.json'],
  port: COLLECTOR_PORT,
  portName: 'otlp-http',
  memory: 160,
  files: {
    'config.json': JSON.stringify(
      {
        receivers: { otlp: { protocols: { http: { endpoint: `0.0.0.0:${COLLECTOR_PORT}` } } } },
        processors: { batch: { timeout: '1s' } },
        connectors: {
          span_metrics: {
            histogram: { explicit: { buckets: BUCKETS } },
            dimensions: DIMENSIONS.map((name) => ({ name })),
            metrics_flush_interval: '5s',
            metrics_expiration: '10m',
            aggregation_cardinality_limit: 5000,
          },
        },
        exporters: {
          otlp_http: { endpoint: `http://127.0.0.1:${JAEGER_INTAKE_PORT}`, tls: { insecure: true } },
          prometheus: { endpoint: `0.0.0.0:${SPAN_METRICS_PORT}`, metric_expiration: '10m' },
        },
        service: {
          pipelines: {
            traces: { receivers: ['otlp'], processors: ['batch'], exporters: ['otlp_http', 'span_metrics'] },
            metrics: { receivers: ['span_metrics'], exporters: ['prometheus'] },
          },
          telemetry: ownMetrics(COLLECTOR_OWN_METRICS_PORT),
        },
      },
      null,
      2,
    ),
  },
};
