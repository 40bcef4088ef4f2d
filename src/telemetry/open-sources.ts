import type { Clock } from '../domain/clock.ts';
import { StratusError } from '../domain/stratus-error.ts';
import type { AlertSource, LogSource, TelemetrySources, TraceSource } from '../domain/telemetry.ts';
import { AlertmanagerAlerts } from './alertmanager/alertmanager.ts';
import { AllAlerts } from './alerts/all-alerts.ts';
import { JoinedAlerts } from './alerts/joined-alerts.ts';
import type { Environment } from './cloudwatch/aws-profile.ts';
import type { OpenedCloudWatch } from './cloudwatch/open-cloudwatch.ts';
import { LabelledClusters } from './clusters/alert-clusters.ts';
import type { ClusterMarks } from './clusters/cluster-queries.ts';
import { OneClusterMetrics } from './clusters/one-cluster-metrics.ts';
import { clusterNote, OwnCluster } from './clusters/own-cluster.ts';
import { ProvedCluster } from './clusters/proved-cluster.ts';
import { LogsFoundLater, TracesFoundLater } from './discovery/found-later.ts';
import type { Identity } from './discovery/identify.ts';
import { identify } from './discovery/identify.ts';
import { JaegerTraces } from './jaeger/jaeger-traces.ts';
import { LokiLogs } from './loki/loki.ts';
import { PrometheusAlerts } from './prometheus/prometheus-alerts.ts';
import { PrometheusMetrics } from './prometheus/prometheus-metrics.ts';
import { openFetcher } from './settings/open-fetcher.ts';
import type { CloudWatchPlace, SourceKind, SourceRole, SourceSpec } from './settings/source-spec.ts';
import { TempoTraces } from './tempo/tempo-traces.ts';
import { VictoriaLogs } from './victorialogs/victorialogs.ts';
import type { ClusterGet } from './wire/proxy-fetcher.ts';
import type { ClientLimits } from './wire/source-client.ts';
import { SourceClient } from './wire/source-client.ts';
import { SourceProblem } from './wire/source-problem.ts';
import { withinLimit } from './wire/time-limit.ts';

export interface OpenParts {
  clock: Clock;
  /** For Services of the cluster; null where there is none. */
  clusterGet: ClusterGet | null;
  limits?: Partial<ClientLimits>;
  /** Where AWS's settings come from; default: this process's. */
  env?: Environment;
  /** What proves that something is of the target's cluster, as it is now; rejects on cancel only. Default: nothing is proved. */
  marks?: (signal: AbortSignal) => Promise<ClusterMarks>;
}

/** What is known of a source after it was opened. */
export interface OpenedSource {
  role: SourceRole;
  /** As people are told: `Prometheus in monitoring`. */
  name: string;
  version: string | null;
  /** Why it does not answer now, in one sentence; null: it does. It is asked again whenever something is wanted of it. */
  problem: string | null;
  /** What is to be reckoned with, in one sentence: its clock; absent: nothing. */
  note?: string;
  /** What of several clusters is read, or why nothing is, in one sentence; absent: nothing tells of several. */
  clusters?: string;
}

export interface OpenedSources {
  sources: TelemetrySources;
  opened: OpenedSource[];
}

/** Of finding out what answers; a source that is slow is found out later. */
const OPEN_MS = 8_000;

const PRODUCTS: Readonly<Record<SourceKind, string>> = {
  prometheus: 'Prometheus', alertmanager: 'Alertmanager', jaeger: 'Jaeger', tempo: 'Tempo', victorialogs: 'VictoriaLogs',
  loki: 'Loki', cloudwatch: 'CloudWatch',
}; // prettier-ignore
/** Where it is not known which of several answers. */
const SERVERS: Readonly<Record<SourceRole, string>> = {
  metrics: 'the metric server',
  alerts: 'the alert server',
  traces: 'the trace server',
  logs: 'the log server',
};
const NO_MARKS = async (): Promise<ClusterMarks> => ({ pods: [], nodes: [] });
/** Of Mimir's address nothing is served to people. */
const WITHOUT_PAGE = /mimir|cortex/i;

interface Opened {
  spec: SourceSpec;
  client: SourceClient;
  aws?: OpenedCloudWatch;
  identity: Identity | null;
  problem: string | null;
}

/**
 * Opens what the settings name, all at once, and finds out what answers. A source that does not is there all the same:
 * its answers are unknown and say why. Where there is no Alertmanager, Prometheus tells of alerts.
 * @throws StratusError usage where a role is named twice (alerts may be), or a Service without a cluster
 */
export async function openSources(
  specs: readonly SourceSpec[],
  parts: OpenParts,
  signal: AbortSignal,
): Promise<OpenedSources> {
  for (const role of ['metrics', 'traces', 'logs'] as const)
    if (specs.filter((spec) => spec.role === role).length > 1)
      throw new StratusError('usage', `more than one source of ${role} is named: only one can be used`);
  const opened = await Promise.all(specs.map((spec) => open(spec, parts, signal)));
  const of = (role: SourceRole) => opened.filter(({ spec }) => spec.role === role);
  const [prometheus] = of('metrics');
  const held = prometheus ? metricsOf(prometheus, parts) : null;
  if (held && prometheus?.identity) await learned(held, parts.clock, signal);
  const clusters = held ? clusterNote(held.cluster.last, held.server.name) : undefined;
  return {
    sources: {
      metrics: held && new OneClusterMetrics(held.server, held.cluster),
      alerts: alertsOf(of('alerts'), prometheus ?? null, held),
      traces: of('traces').map(tracesOf)[0] ?? null,
      logs: of('logs').map(logsOf)[0] ?? null,
    },
    opened: opened.map(({ spec, client, identity, problem }) => ({
      role: spec.role,
      name: client.name,
      version: identity?.version ?? null,
      problem,
      ...noted(client),
      ...(spec.role === 'metrics' && clusters !== undefined ? { clusters } : {}),
    })),
  };
}

function noted(client: SourceClient): Pick<OpenedSource, 'note'> {
  const note = client.clockNote();
  return note === undefined ? {} : { note };
}

async function open(spec: SourceSpec, parts: OpenParts, signal: AbortSignal): Promise<Opened> {
  const { kinds, role, place } = spec;
  if (place.via === 'aws') return openAws(spec, place, parts, signal);
  const product = kinds.length === 1 ? PRODUCTS[kinds[0]!] : SERVERS[role];
  const client = new SourceClient(product, openFetcher(spec, parts.clusterGet), parts.clock, parts.limits);
  try {
    const identity = await withinLimit(parts.clock, OPEN_MS, signal, (both) => identify(client, kinds, both));
    client.product = identity.product;
    return { spec, client, identity, problem: null };
  } catch (error) {
    return { spec, client, identity: null, problem: client.reasonOf(error) };
  }
}

async function openAws(
  spec: SourceSpec,
  place: CloudWatchPlace,
  { clock, limits, env = process.env }: OpenParts,
  signal: AbortSignal,
): Promise<Opened> {
  const { openCloudWatch } = await import('./cloudwatch/open-cloudwatch.ts');
  const aws = await openCloudWatch(place, env, clock, limits);
  let problem: string | null = null;
  try {
    await withinLimit(clock, OPEN_MS, signal, (both) => aws.ping(both));
  } catch (error) {
    problem = aws.client.reasonOf(error);
  }
  return { spec, client: aws.client, aws, identity: null, problem };
}

/** A metric server, and what of it is the target's cluster. */
interface Held {
  server: PrometheusMetrics;
  cluster: OwnCluster;
}

async function learned({ server, cluster }: Held, clock: Clock, signal: AbortSignal): Promise<void> {
  try {
    await withinLimit(clock, OPEN_MS, signal, async (both) => {
      await cluster.find(both);
      await server.learn(both, new OneClusterMetrics(server, cluster));
    });
  } catch (error) {
    if (!(error instanceof SourceProblem)) throw error;
  }
}

function metricsOf({ client, identity, spec }: Opened, { clock, marks = NO_MARKS }: OpenParts): Held {
  const product = identity?.product ?? '';
  const page = WITHOUT_PAGE.test(product) ? null : product === 'VictoriaMetrics' ? 'vmui' : 'graph';
  const server = new PrometheusMetrics(client, page);
  const setting = spec.cluster ? { setting: spec.cluster } : {};
  return { server, cluster: new OwnCluster({ metrics: server, marks, clock, ...setting }) };
}

function alertsOf(managers: readonly Opened[], prometheus: Opened | null, held: Held | null): AlertSource | null {
  const scrapeMs = () => held?.server.lagMs ?? 60_000;
  const proved = prometheus && held ? new ProvedCluster(held.cluster, prometheus.client) : null;
  const clusters = ({ spec }: Opened) =>
    new LabelledClusters(spec.cluster, async (signal) => (await proved?.known(signal)) ?? new Map());
  const rules = prometheus ? new PrometheusAlerts(prometheus.client, scrapeMs, clusters(prometheus)) : null;
  const alarms = managers.flatMap(({ aws }) => aws?.alerts ?? []);
  const [manager, ...others] = managers.flatMap((opened) =>
    opened.aws ? [] : [new AlertmanagerAlerts(opened.client, scrapeMs, clusters(opened))],
  );
  const joined = manager && rules ? new JoinedAlerts(manager, rules) : (manager ?? rules);
  const all = [...(joined ? [joined] : []), ...others, ...alarms];
  return all.length > 1 ? new AllAlerts(all) : (all[0] ?? null);
}

function tracesOf({ spec, client, identity }: Opened): TraceSource {
  const make = ({ kind }: { kind: SourceKind }) =>
    kind === 'tempo' ? new TempoTraces(client) : new JaegerTraces(client);
  const [kind] = spec.kinds;
  if (identity || spec.kinds.length === 1) return make({ kind: identity?.kind ?? kind! });
  return new TracesFoundLater(client, spec.kinds, make);
}

function logsOf({ spec, client, identity, aws }: Opened): LogSource {
  if (aws?.logs) return aws.logs;
  const make = ({ kind }: { kind: SourceKind }) =>
    kind === 'loki' ? new LokiLogs(client, spec.cluster) : new VictoriaLogs(client, spec.cluster);
  const [kind] = spec.kinds;
  if (identity || spec.kinds.length === 1) return make({ kind: identity?.kind ?? kind! });
  return new LogsFoundLater(client, spec.kinds, make);
}
