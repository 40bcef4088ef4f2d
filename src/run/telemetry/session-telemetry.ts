import { KubeLogs } from '../../cluster/read/kube-logs.ts';
import type { Clock } from '../../domain/clock.ts';
import type { ClusterReader, Oracle } from '../../domain/ports.ts';
import { messageOf } from '../../domain/cluster-error.ts';
import type { AlertSource, MetricSource, TelemetrySources } from '../../domain/telemetry.ts';
import { Monitor } from '../../gateway/monitor/monitor.ts';
import { KubeApi } from '../../gateway/wire/kube-api.ts';
import type { Upstream } from '../../gateway/wire/upstream.ts';
import { AlertOracle } from '../../severity/alert-oracle.ts';
import { FreshAlerts } from '../../severity/fresh-alerts.ts';
import { SignalOracle } from '../../severity/signal-oracle.ts';
import { SloOracle } from '../../severity/slo-oracle.ts';
import type { OpenedSource } from '../../telemetry/open-sources.ts';
import { openSources } from '../../telemetry/open-sources.ts';
import { OneClusterMetrics } from '../../telemetry/clusters/one-cluster-metrics.ts';
import type { SourceSpec } from '../../telemetry/settings/source-spec.ts';
import { clusterGet } from './cluster-get.ts';
import { clusterMarks } from './cluster-marks.ts';
import { EvidenceReader } from './evidence-reader.ts';
import type { FoundSources } from './find-sources.ts';
import { findSources } from './find-sources.ts';
import { KeptRanges } from './kept-ranges.ts';
import type { ParsedTelemetry } from './telemetry-config.ts';

/** What is read of telemetry for one target. */
export interface OpenTelemetry {
  sources: TelemetrySources;
  opened: OpenedSource[];
  /** One sentence each, for people: what was found and is used, what does not answer. */
  notes: string[];
}

/** The telemetry of one target, opened when it is first needed. */
export class SessionTelemetry {
  readonly #config: ParsedTelemetry;
  readonly #upstream: Upstream;
  readonly #reader: Pick<ClusterReader, 'list' | 'snapshot'>;
  readonly #clock: Clock;
  readonly #namespace: string;
  #open: Promise<OpenTelemetry> | null = null;
  #kept: MetricSource | null = null;

  /** @param namespace of which pods are known again in telemetry of several clusters */
  constructor(
    config: ParsedTelemetry,
    upstream: Upstream,
    reader: Pick<ClusterReader, 'list' | 'snapshot'>,
    clock: Clock,
    namespace = 'default',
  ) {
    this.#config = config;
    this.#upstream = upstream;
    this.#reader = reader;
    this.#clock = clock;
    this.#namespace = namespace;
  }

  /** @throws StratusError usage where the settings contradict each other */
  open(signal: AbortSignal): Promise<OpenTelemetry> {
    this.#open ??= this.#openAll(signal).catch((error: unknown) => {
      this.#open = null;
      throw error;
    });
    return this.#open;
  }

  /** As {@link open}, asked anew, with what alerts and their rules leave unknown: for whoever wants to know how it stands now. */
  async test(signal: AbortSignal): Promise<OpenTelemetry> {
    const open = await this.#openAll(signal);
    const told = new Set(open.opened.flatMap(({ problem, note, clusters }) => [problem, note, clusters]));
    const alerts = (await this.#notesOfAlerts(open.sources.alerts, signal)).filter((note) => !told.has(note));
    return { ...open, notes: [...open.notes, ...alerts.map((note) => `alerts: ${note}`)] };
  }

  async #notesOfAlerts(source: AlertSource | null, signal: AbortSignal): Promise<readonly string[]> {
    if (!source) return [];
    try {
      const snapshot = await this.#reader.snapshot(signal);
      const verdict = await new AlertOracle(source, this.#clock, false).evaluate(snapshot, signal);
      return 'reason' in verdict ? [verdict.reason] : (verdict.notes ?? []);
    } catch (error) {
      signal.throwIfAborted();
      return [`whom they concern could not be found out: ${messageOf(error)}`];
    }
  }

  /** What answers at well-known Services, whether or not the settings ask for it. */
  find(signal: AbortSignal): Promise<FoundSources> {
    return findSources(this.#reader, this.#parts(), new Set(), signal);
  }

  /**
   * New ones for each run: they remember what they saw first.
   * @param judgesChanges false for who only looks. @param again as in {@link signals}
   */
  async oracles(signal: AbortSignal, judgesChanges: boolean, again = false): Promise<Oracle[]> {
    const { sources } = await this.open(signal);
    const { alerts: source } = sources;
    const metrics = again ? this.#keptOf(sources) : sources.metrics;
    const clock = this.#clock;
    const alerts = source && new FreshAlerts(source, clock);
    return [
      new AlertOracle(alerts, clock, judgesChanges),
      new SignalOracle({ metrics, alerts, clock, judgesChanges }),
      new SloOracle(this.#config.objectives, metrics?.asWritten ?? metrics, clock, judgesChanges),
    ];
  }

  /**
   * Null where neither metrics nor traces nor logs are read.
   * @param again it will be asked again and again: what it read it keeps, and its samples may be a step older
   */
  async signals(signal: AbortSignal, again = false): Promise<EvidenceReader | null> {
    const { sources } = await this.open(signal);
    const metrics = again ? this.#keptOf(sources) : sources.metrics;
    const kubelets = new KubeLogs(new KubeApi(new Monitor(this.#upstream, 'read')), this.#clock);
    const { kernel } = this.#config;
    const reader = new EvidenceReader({ sources: { ...sources, metrics }, kubelets, clock: this.#clock, kernel });
    return reader.isUseful ? reader : null;
  }

  /** What is kept is kept for the query that was really asked. */
  #keptOf({ metrics }: TelemetrySources): MetricSource | null {
    if (!this.#kept && metrics)
      this.#kept =
        metrics instanceof OneClusterMetrics
          ? metrics.over((source) => new KeptRanges(source))
          : new KeptRanges(metrics);
    return this.#kept;
  }

  #parts() {
    const api = new KubeApi(new Monitor(this.#upstream, 'read'));
    const marks = (signal: AbortSignal) => clusterMarks(api, this.#namespace, this.#clock, signal);
    return { clock: this.#clock, clusterGet: clusterGet(this.#upstream), marks };
  }

  async #openAll(signal: AbortSignal): Promise<OpenTelemetry> {
    const { specs, find, cluster } = this.#config;
    const notes: string[] = [];
    const wanted: SourceSpec[] = [...specs];
    if (find) {
      const taken = new Set<string>(specs.map(({ role }) => role));
      const { found, notes: trouble } = await findSources(this.#reader, this.#parts(), taken, signal);
      // What does not answer is not there: only what the settings name is missed.
      wanted.push(...found.map(({ spec }) => (cluster ? { ...spec, cluster } : spec)));
      notes.push(
        ...found.map(({ spec, name, url }) => `${spec.role} are read from ${name}, found at ${url}`),
        ...trouble,
      );
    }
    const { sources, opened } = await openSources(wanted, this.#parts(), signal);
    notes.push(...opened.flatMap(({ problem, clusters }) => [problem ?? [], clusters ?? []].flat()));
    return { sources, opened, notes };
  }
}
