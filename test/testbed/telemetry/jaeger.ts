import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import type { ApiClient } from '../api-client.ts';
import { startComponent } from '../control-plane.ts';
import { addressOf, folderOf, untilAnswers, type TelemetryContext } from './server.ts';
import { hostService } from './services.ts';

/** The newest traces are kept, in memory. */
const MAX_TRACES = 20_000;

/** Jaeger 2, built: takes spans from the collector and answers searches; its web page is not part of the module. */
export async function startJaeger(context: TelemetryContext, api: ApiClient): Promise<void> {
  const address = addressOf(context);
  const { jaeger: port } = context.ports;
  const config = join(folderOf(context, 'jaeger'), 'jaeger.json');
  writeFileSync(config, JSON.stringify(jaegerConfig(context), null, 2));
  const server = await startComponent(context, 'jaeger', [`--config=${config}`], { GOMEMLIMIT: '256MiB' });
  await untilAnswers(server, `http://${address}:${port}/api/services`);
  for (const manifest of hostService('jaeger-query', 16686, { address, port })) await api.create(manifest);
}

function jaegerConfig(context: TelemetryContext): unknown {
  const address = addressOf(context);
  const { ports } = context;
  const at = (port: number) => ({ endpoint: `${address}:${port}` });
  return {
    extensions: {
      jaeger_storage: { backends: { memory: { memory: { max_traces: MAX_TRACES } } } },
      jaeger_query: { storage: { traces: 'memory' }, http: at(ports.jaeger), grpc: at(ports.jaegerGrpc) },
    },
    receivers: { otlp: { protocols: { http: at(ports.jaegerIntake) } } },
    exporters: { jaeger_storage_exporter: { trace_storage: 'memory' } },
    service: {
      extensions: ['jaeger_storage', 'jaeger_query'],
      pipelines: { traces: { receivers: ['otlp'], exporters: ['jaeger_storage_exporter'] } },
      telemetry: ownMetrics(address, ports.jaegerSelf),
    },
  };
}

/** Where a server that is built on the OpenTelemetry Collector offers its own metrics. */
export function ownMetrics(host: string, port: number): unknown {
  return {
    logs: { level: 'warn' },
    metrics: { level: 'basic', readers: [{ pull: { exporter: { prometheus: { host, port } } } }] },
  };
}
