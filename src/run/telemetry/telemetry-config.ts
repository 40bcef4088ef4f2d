import type { KernelEvent, KernelMetrics } from '../../domain/kernel-metrics.ts';
import { DEFAULT_KERNEL_METRICS, KERNEL_EVENTS, KERNEL_METRIC } from '../../domain/kernel-metrics.ts';
import { StratusError } from '../../domain/stratus-error.ts';
import { own } from '../../json/json-map.ts';
import { oneLine } from '../../text/plain-text.ts';
import type { SourceOptions } from '../../telemetry/settings/parse-source.ts';
import type { ClusterSetting } from '../../telemetry/settings/cluster-setting.ts';
import { parseCluster } from '../../telemetry/settings/cluster-setting.ts';
import { parseSource } from '../../telemetry/settings/parse-source.ts';
import type { SourceRole, SourceSpec } from '../../telemetry/settings/source-spec.ts';
import type { SloSpec } from '../../severity/slo-spec.ts';
import { parseSlo } from '../../severity/slo-spec.ts';

/** The address of one source as the user wrote it. */
export interface SourceText extends SourceOptions {
  /** Where it was written, for messages: `--prometheus`. */
  what: string;
  role: SourceRole;
  /** `http(s)://…`, `svc://NAMESPACE/SERVICE:PORT/PATH` or `cloudwatch://REGION?…`; see docs/telemetry.md. */
  url: string;
}

/** Which telemetry is read, and what has to hold. */
export interface TelemetryConfig {
  sources: readonly SourceText[];
  /** `NAME=PROMQL` with a comparison at its end, each. */
  objectives: readonly string[];
  /** Ask well-known Services of the cluster for what no source is named for. */
  find: boolean;
  /** By fingerprint of a target: what a person accepted there, for roles for which `sources` names nothing. */
  clusters?: Readonly<Record<string, readonly SourceText[]>>;
  /** `LABEL=VALUE` of the target's cluster, for sources that hold several and cannot show which it is; see `parseCluster`. */
  cluster?: string;
  /** The same by context, which comes before it. */
  clusterOf?: Readonly<Record<string, string>>;
  /** `EVENT=METRIC` each; those of an event replace the usual ones. Absent: the usual exporters'. */
  kernelMetrics?: readonly string[];
}

export const NO_TELEMETRY: TelemetryConfig = { sources: [], objectives: [], find: false };

export interface ParsedTelemetry {
  specs: SourceSpec[];
  objectives: SloSpec[];
  find: boolean;
  /** For sources that are found. */
  cluster?: ClusterSetting;
  kernel: KernelMetrics;
}

/**
 * @param fingerprint of the target for which it is read, and @param context its name in the kubeconfig
 * @throws StratusError usage, naming what is wrong with which text; never with a credential in it
 */
export function parseTelemetry(config: TelemetryConfig, fingerprint: string, context = ''): ParsedTelemetry {
  const { sources, objectives, find, clusters = {}, clusterOf = {}, kernelMetrics = [] } = config;
  const named = new Set(sources.map(({ role }) => role));
  const accepted = Object.hasOwn(clusters, fingerprint) ? clusters[fingerprint]! : [];
  const cluster = own(clusterOf, context) ?? config.cluster;
  const forFound = cluster === undefined ? undefined : parseCluster(cluster);
  if (typeof forFound === 'string')
    throw new StratusError('usage', `cluster ${JSON.stringify(oneLine(cluster, 200))}: ${forFound}`);
  const all = [...sources, ...accepted.filter(({ role }) => !named.has(role))];
  return {
    specs: all.map(({ what, role, url, ...options }) =>
      parseSource(what, role, url, cluster === undefined ? options : { cluster, ...options }),
    ),
    objectives: objectives.map(parseSlo),
    find,
    ...(forFound ? { cluster: forFound } : {}),
    kernel: parseKernelMetrics(kernelMetrics),
  };
}

/**
 * Names of counters of kernels, `EVENT=METRIC` each (`drops=node_network_receive_drop_total`); METRIC may have label matchers.
 * Events that no text names keep the usual ones.
 * @throws StratusError usage
 */
export function parseKernelMetrics(texts: readonly string[]): KernelMetrics {
  const named = new Map<KernelEvent, string[]>();
  for (const text of texts) {
    const equals = text.indexOf('=');
    const event = KERNEL_EVENTS.find((one) => one === text.slice(0, Math.max(0, equals)).trim());
    const metric = text.slice(equals + 1).trim();
    if (!event || !KERNEL_METRIC.test(metric))
      throw new StratusError(
        'usage',
        `kernel metric ${JSON.stringify(oneLine(text, 200))}: write EVENT=METRIC, EVENT one of ${KERNEL_EVENTS.join(', ')}, METRIC the name of a counter, with label matchers or without`,
      );
    named.set(event, [...(named.get(event) ?? []), metric]);
  }
  return { ...DEFAULT_KERNEL_METRICS, ...Object.fromEntries(named) };
}
