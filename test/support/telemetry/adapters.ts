import type { Clock } from '../../../src/domain/clock.ts';
import type { Answer } from '../../../src/domain/telemetry.ts';
import { AlertmanagerAlerts } from '../../../src/telemetry/alertmanager/alertmanager.ts';
import { AwsCaller } from '../../../src/telemetry/cloudwatch/aws-caller.ts';
import { AwsCredentials } from '../../../src/telemetry/cloudwatch/aws-credentials.ts';
import type { AwsService } from '../../../src/telemetry/cloudwatch/aws-place.ts';
import { CloudWatchAlarms } from '../../../src/telemetry/cloudwatch/cloudwatch-alarms.ts';
import { CloudWatchLogs } from '../../../src/telemetry/cloudwatch/cloudwatch-logs.ts';
import { JaegerTraces } from '../../../src/telemetry/jaeger/jaeger-traces.ts';
import { LokiLogs } from '../../../src/telemetry/loki/loki.ts';
import { PrometheusAlerts } from '../../../src/telemetry/prometheus/prometheus-alerts.ts';
import { PrometheusMetrics } from '../../../src/telemetry/prometheus/prometheus-metrics.ts';
import { TempoTraces } from '../../../src/telemetry/tempo/tempo-traces.ts';
import { VictoriaLogs } from '../../../src/telemetry/victorialogs/victorialogs.ts';
import type { Credential } from '../../../src/telemetry/wire/credentials.ts';
import { Credentials } from '../../../src/telemetry/wire/credentials.ts';
import { DirectFetcher } from '../../../src/telemetry/wire/direct-fetcher.ts';
import type { ClientLimits } from '../../../src/telemetry/wire/source-client.ts';
import { SourceClient } from '../../../src/telemetry/wire/source-client.ts';
import * as forms from './forms.ts';

const WINDOW = { from: forms.NOW - 600_000, to: forms.NOW, stepMs: 15_000 };
const LOGS = { namespace: 'shop', from: forms.NOW - 600_000, to: forms.NOW, limit: 100 };
const TRACES = { service: 'front', from: forms.NOW - 600_000, to: forms.NOW, limit: 20 };

/** A service of AWS behind a client that signs nothing: what is signed is another test's. */
export function awsBehind(client: SourceClient, service: AwsService): AwsCaller {
  const env = { AWS_ACCESS_KEY_ID: 'AKIATESTING', AWS_SECRET_ACCESS_KEY: 'testing-secret' };
  return new AwsCaller(client, service, {
    region: 'eu-west-1',
    credentials: new AwsCredentials(undefined, env, client.clock),
  });
}

export interface AdapterCase {
  name: string;
  /** One question, as users of the port ask it. */
  ask(client: SourceClient, signal: AbortSignal): Promise<Answer<unknown>>;
  /** What a healthy server with nothing to tell answers, by path. */
  routes: Readonly<Record<string, unknown>>;
  /** The path whose answer the case is about. */
  path: string;
}

/** Every adapter that speaks HTTP to a server of its own, with one question each. */
export const ADAPTERS: readonly AdapterCase[] = [
  {
    name: 'Prometheus instant',
    ask: (client, signal) => new PrometheusMetrics(client).instant('up', signal),
    routes: { '/api/v1/query': forms.vector() },
    path: '/api/v1/query',
  },
  {
    name: 'Prometheus range',
    ask: (client, signal) => new PrometheusMetrics(client).range('up', WINDOW, signal),
    routes: { '/api/v1/query_range': forms.matrix() },
    path: '/api/v1/query_range',
  },
  {
    name: 'Prometheus alerts',
    ask: (client, signal) => new PrometheusAlerts(client, () => 15_000).alerts(signal),
    routes: { '/api/v1/alerts': forms.prometheusAlerts(), '/api/v1/rules': forms.rules({ name: 'Down' }) },
    path: '/api/v1/alerts',
  },
  {
    name: 'Alertmanager',
    ask: (client, signal) => new AlertmanagerAlerts(client).alerts(signal),
    routes: { '/api/v2/alerts': forms.managerAlerts() },
    path: '/api/v2/alerts',
  },
  {
    name: 'Jaeger services',
    ask: (client, signal) => new JaegerTraces(client).services(signal),
    routes: { '/api/v3/services': { services: [] } },
    path: '/api/v3/services',
  },
  {
    name: 'Jaeger search',
    ask: (client, signal) => new JaegerTraces(client).search(TRACES, signal),
    routes: { '/api/v3/traces': { result: {} } },
    path: '/api/v3/traces',
  },
  {
    name: 'Tempo search',
    ask: (client, signal) => new TempoTraces(client).search(TRACES, signal),
    routes: { '/api/search': forms.tempoFound() },
    path: '/api/search',
  },
  {
    name: 'VictoriaLogs',
    ask: (client, signal) => new VictoriaLogs(client).search(LOGS, signal),
    routes: {
      '/select/logsql/field_names': forms.logFieldNames('_time', '_msg', 'namespace', 'pod', 'container'),
      '/select/logsql/query': '',
    },
    path: '/select/logsql/query',
  },
  {
    name: 'Loki',
    ask: (client, signal) => new LokiLogs(client).search(LOGS, signal),
    routes: {
      '/loki/api/v1/labels': { status: 'success', data: ['namespace', 'pod', 'container'] },
      '/loki/api/v1/query_range': forms.lokiStreams(),
    },
    path: '/loki/api/v1/query_range',
  },
  {
    name: 'CloudWatch alarms',
    ask: (client, signal) => new CloudWatchAlarms(awsBehind(client, 'monitoring')).alerts(signal),
    routes: { '/': {} },
    path: '/',
  },
  {
    name: 'CloudWatch logs',
    ask: (client, signal) => new CloudWatchLogs(awsBehind(client, 'logs'), '/shop').search(LOGS, signal),
    routes: { '/': {} },
    path: '/',
  },
];

export interface ReachOptions {
  credential?: Credential;
  authority?: string;
  limits?: Partial<ClientLimits>;
}

/** A client of a source at a URL. */
export function clientAt(
  url: string,
  clock: Clock,
  { credential, authority, limits }: ReachOptions = {},
): SourceClient {
  const fetcher = new DirectFetcher({
    url: new URL(url),
    credentials: new Credentials(credential ?? null),
    ...(authority === undefined ? {} : { authority: async () => authority }),
  });
  return new SourceClient('Source', fetcher, clock, limits);
}
