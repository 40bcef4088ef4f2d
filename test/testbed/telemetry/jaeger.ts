import { JAEGER_PORT } from '../instance-record.ts';
import type { ServerPod } from './server-pod.ts';

/** Takes spans from the collector, OTLP over HTTP; applications send theirs to the collector's port. */
export const JAEGER_INTAKE_PORT = 4319;
export const JAEGER_OWN_METRICS_PORT = 8889;
/** The newest traces are kept, in memory. */
const MAX_TRACES = 20_000;

/** Jaeger 2, built: takes spans and answers searches; its web page is not part of the module. */
export const JAEGER: ServerPod = {
  name: 'jaeger-query',
  program: 'jaeger',
  args: ['--config=/etc/jaeger-query/config.json'],
  port: JAEGER_PORT,
  healthPath: '/api/services',
  memory: 384,
  files: {
    'config.json': JSON.stringify(
      {
        extensions: {
          jaeger_storage: { backends: { memory: { memory: { max_traces: MAX_TRACES } } } },
          jaeger_query: {
            storage: { traces: 'memory' },
            http: { endpoint: `0.0.0.0:${JAEGER_PORT}` },
            grpc: { endpoint: '0.0.0.0:16685' },
          },
        },
        receivers: { otlp: { protocols: { http: { endpoint: `0.0.0.0:${JAEGER_INTAKE_PORT}` } } } },
        exporters: { jaeger_storage_exporter: { trace_storage: 'memory' } },
        service: {
          extensions: ['jaeger_storage', 'jaeger_query'],
          pipelines: { traces: { receivers: ['otlp'], exporters: ['jaeger_storage_exporter'] } },
          telemetry: ownMetrics(JAEGER_OWN_METRICS_PORT),
        },
      },
      null,
      2,
    ),
  },
};

/** Where a server that is built on the OpenTelemetry Collector offers its own metrics. */
export function ownMetrics(port: number): unknown {
  return {
    logs: { level: 'warn' },
    metrics: { level: 'basic', readers: [{ pull: { exporter: { prometheus: { host: '0.0.0.0', port } } } }] },
  };
}
