import { messageOf } from '../../domain/cluster-error.ts';
import type { Clock } from '../../domain/clock.ts';
import type { Severity } from '../../domain/severity.ts';
import type { SignalSettings } from '../../domain/signal-settings.ts';
import { DEFAULT_SIGNAL_SETTINGS } from '../../domain/signal-settings.ts';
import type { ChartMark, Signal } from '../../domain/signals.ts';
import type { SignalsNow } from '../../domain/signals-now.ts';
import type { ClusterSnapshot } from '../../domain/snapshot.ts';
import type { MetricSource, TelemetrySources } from '../../domain/telemetry.ts';
import { ClusterView } from '../../kube/cluster-view.ts';
import { withChanges } from '../../signals/charts/change-marks.ts';
import type { EdgeAnswers } from '../../signals/graph/metric-graph.ts';
import { edgeQueries, graphOfMetrics } from '../../signals/graph/metric-graph.ts';
import { mergedGraph } from '../../signals/graph/merge-graphs.ts';
import { graphOfSettings } from '../../signals/graph/settings-graph.ts';
import { graphOfSpans } from '../../signals/graph/span-graph.ts';
import { ServiceNames } from '../../signals/identity/service-names.ts';
import { askMetrics, quietly, whileUnstopped } from '../../signals/ask-metrics.ts';
import type { Scene } from '../../signals/incident-types/incident-type.ts';
import { readSignals, signalAsks } from '../../signals/read-signals.ts';
import { toldOfLimit } from '../../signals/time-limit.ts';
import { telemetryBeganAt } from './began-at.ts';
import { readMemory } from './memory-reader.ts';
import { noTraces, readTraces } from './trace-reader.ts';

/** Everything that is read of telemetry for one look. What is not answered by then is unknown. */
const LIMIT_MS = 20_000;
/** What is shown of a series without a chart. */
const LINK_MS = 60 * 60_000;
const LINK_STEP_MS = 15_000;

/** What telemetry shows of the scope of a snapshot. */
export class SignalReader {
  readonly #sources: TelemetrySources;
  readonly #clock: Clock;
  readonly #settings: SignalSettings;

  constructor(sources: TelemetrySources, clock: Clock, settings: SignalSettings = DEFAULT_SIGNAL_SETTINGS) {
    this.#sources = sources;
    this.#clock = clock;
    this.#settings = settings;
  }

  /** Whether there is anything to read. */
  get isUseful(): boolean {
    const { metrics, traces } = this.#sources;
    return metrics !== null || traces !== null;
  }

  /**
   * Never rejects but on cancel: what cannot be read is told in `notes` and by what could not be judged.
   * @param severity its alerts say since when something is not usual
   */
  async read(snapshot: ClusterSnapshot, severity: Severity, signal: AbortSignal): Promise<SignalsNow> {
    const now = this.#clock.now();
    const view = new ClusterView(snapshot);
    const scene: Scene = {
      view,
      namespaces: snapshot.namespaces,
      now,
      settings: this.#settings,
      usualUntil: telemetryBeganAt(severity, now),
      marks: alertMarks(severity),
    };
    return toldOfLimit(this.#clock, LIMIT_MS, signal, async (both) => {
      const { metrics, traces } = this.#sources;
      const [answers, edges, traced] = await Promise.all([
        askMetrics(metrics, signalAsks(scene), both),
        metrics ? askedEdges(metrics, this.#settings.baseline.rateMs, both) : [],
        traces
          ? whileUnstopped(() => readTraces(traces, view, severity, now, both), both).catch((error: unknown) =>
              noTraces(traces, messageOf(error)),
            )
          : null,
      ]);
      signal.throwIfAborted();
      const names = ServiceNames.of(view);
      const graphs = [
        ...edges.map(({ source, answers: told }) => graphOfMetrics(source, told, names)),
        ...(traced ? [graphOfSpans(traced.spans, names)] : []),
        graphOfSettings(view),
      ];
      const read = readSignals(answers, scene);
      const memory = await readMemory(read.signals, scene, (asks) => askMetrics(metrics, asks, both));
      const reading = { ...read, signals: read.signals.map((signal) => withEvidence(signal, view, metrics, now)) };
      const suspects = traced?.suspects ?? { suspects: [], unknown: 'no traces are read' };
      const waterfall = traced?.waterfall ?? null;
      return {
        at: now,
        reading,
        graph: mergedGraph(graphs),
        suspects,
        waterfall,
        ...(memory.length > 0 ? { memory } : {}),
        notes: traced?.notes ?? [],
      };
    });
  }
}

/** A signal with what its chart marks of changes, and where its series can be opened. */
function withEvidence(signal: Signal, view: ClusterView, metrics: MetricSource | null, now: number): Signal {
  const { chart, object, query } = signal;
  const [first] = chart?.lines[0]?.samples ?? [];
  const from = first ? first.at : now - LINK_MS;
  const link = query === null ? null : (metrics?.link(query, { from, to: now, stepMs: LINK_STEP_MS }) ?? null);
  return {
    ...signal,
    ...(link === null ? {} : { link }),
    chart: chart && object ? withChanges(chart, object, view) : chart,
  };
}

function alertMarks(severity: Severity): ChartMark[] {
  if (!severity.known) return [];
  return severity.items.flatMap(({ source, since, what }): ChartMark[] =>
    source === 'alert' && since ? [{ kind: 'alert', at: since, label: what }] : [],
  );
}

async function askedEdges(metrics: MetricSource, windowMs: number, signal: AbortSignal) {
  return Promise.all(
    edgeQueries(windowMs).map(async ({ source, ...queries }) => {
      const [rate, failed, p50, p99] = await Promise.all(
        [queries.rate, queries.failed, queries.p50, queries.p99].map((query) =>
          quietly(() => metrics.instant(query, signal), signal),
        ),
      );
      const answers: EdgeAnswers = { rate: rate!, failed: failed!, p50: p50!, p99: p99! };
      return { source, answers };
    }),
  );
}
