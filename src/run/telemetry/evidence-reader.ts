import { messageOf } from '../../domain/cluster-error.ts';
import type { Clock } from '../../domain/clock.ts';
import type { KernelMetrics } from '../../domain/kernel-metrics.ts';
import { DEFAULT_KERNEL_METRICS } from '../../domain/kernel-metrics.ts';
import type { Severity } from '../../domain/severity.ts';
import { itemId } from '../../domain/severity.ts';
import { DEFAULT_SIGNAL_SETTINGS } from '../../domain/signal-settings.ts';
import type { ShownIncident, SignalsNow } from '../../domain/signals-now.ts';
import type { ClusterSnapshot } from '../../domain/snapshot.ts';
import type { LogSource, TelemetrySources } from '../../domain/telemetry.ts';
import { ClusterView } from '../../kube/cluster-view.ts';
import { askMetrics, whileUnstopped } from '../../signals/ask-metrics.ts';
import { changesOf } from '../../signals/charts/change-marks.ts';
import { correlate } from '../../signals/correlation/correlate.ts';
import { isToldBy, memberOfItem, memberOfSignal } from '../../signals/correlation/members.ts';
import { shownIncidents } from '../../signals/correlation/shown-incident.ts';
import { Topology } from '../../signals/correlation/topology.ts';
import type { Scene } from '../../signals/incident-types/incident-type.ts';
import type { KernelReading } from '../../signals/kernel/kernel-evidence.ts';
import { kernelAsks, readKernel } from '../../signals/kernel/kernel-evidence.ts';
import { toldOfLimit } from '../../signals/time-limit.ts';
import { telemetryBeganAt } from './began-at.ts';
import type { ReadLogs } from './log-reader.ts';
import { readLogs } from './log-reader.ts';
import { SignalReader } from './signal-reader.ts';

/** What is read beside signals and traces; what is not answered by then is not known. */
const LIMIT_MS = 10_000;

export interface EvidenceParts {
  sources: TelemetrySources;
  /** What kubelets keep of logs, where no source of logs says anything. */
  kubelets: LogSource;
  clock: Clock;
  /** Default: the usual exporters'. */
  kernel?: KernelMetrics;
}

/** What telemetry shows of the scope of a snapshot, with what people look at beside it: logs, kernels, what belongs together. */
export class EvidenceReader {
  readonly #parts: EvidenceParts;
  readonly #signals: SignalReader;

  constructor(parts: EvidenceParts) {
    this.#parts = parts;
    this.#signals = new SignalReader(parts.sources, parts.clock);
  }

  /** Whether there is anything to read. */
  get isUseful(): boolean {
    return this.#signals.isUseful || this.#parts.sources.logs !== null;
  }

  /** Never rejects but on cancel; see {@link SignalReader.read}. */
  async read(snapshot: ClusterSnapshot, severity: Severity, signal: AbortSignal): Promise<SignalsNow> {
    const view = new ClusterView(snapshot);
    const [seen, kernel] = await Promise.all([
      this.#signals.read(snapshot, severity, signal),
      this.#kernel(view, severity, signal),
    ]);
    const { logs, notes } = await this.#logs(view, severity, seen, signal);
    const [unread] = kernel.unknown;
    return {
      ...seen,
      ...(logs ? { logs } : {}),
      kernel: kernel.evidence,
      incidents: togetherIn(view, severity, seen),
      notes: [...seen.notes, ...notes, ...(unread === undefined ? [] : [`events of kernels: ${unread}`])],
    };
  }

  async #kernel(view: ClusterView, severity: Severity, signal: AbortSignal): Promise<KernelReading> {
    const { sources, clock, kernel = DEFAULT_KERNEL_METRICS } = this.#parts;
    const { metrics } = sources;
    if (!metrics) return { evidence: [], unknown: [] };
    const now = clock.now();
    const scene: Scene = {
      view,
      namespaces: view.snapshot.namespaces,
      now,
      settings: DEFAULT_SIGNAL_SETTINGS,
      usualUntil: telemetryBeganAt(severity, now),
      marks: [],
    };
    const answers = await toldOfLimit(clock, LIMIT_MS, signal, (both) =>
      askMetrics(metrics, kernelAsks(scene, kernel), both),
    );
    return readKernel(answers, scene, kernel);
  }

  async #logs(view: ClusterView, severity: Severity, seen: SignalsNow, signal: AbortSignal): Promise<ReadLogs> {
    const { sources, kubelets, clock } = this.#parts;
    const parts = { source: sources.logs, kubelets, view, severity, seen, now: clock.now() };
    const read = (both: AbortSignal) => whileUnstopped(() => readLogs(parts, both), both);
    return toldOfLimit(clock, LIMIT_MS, signal, read).catch((error: unknown) => {
      signal.throwIfAborted();
      return { logs: null, notes: [`logs: ${messageOf(error)}`] };
    });
  }
}

/**
 * Alerts, signals and unhealthy objects of one moment that belong together. What does not tell when it began is taken to have
 * begun with the first of what does.
 */
function togetherIn(
  view: ClusterView,
  severity: Severity,
  { at, graph, reading, suspects }: SignalsNow,
): ShownIncident[] {
  const { correlation: settings } = DEFAULT_SIGNAL_SETTINGS;
  const topology = new Topology(view, graph);
  const items = severity.known ? severity.items : [];
  const signals = reading.signals.filter((one) => one.level === 'incident' && !isToldBy(one, items));
  const times = [...items, ...signals].flatMap(({ since }) => since ?? []);
  const began = times.length > 0 ? Math.min(...times) : at;
  const incidents = correlate({
    members: [...items.map((item) => memberOfItem(item, began)), ...signals.map(memberOfSignal)],
    open: [],
    topology,
    settings,
    suspects: suspects.suspects,
    changesOf: (object) => changesOf(object, view),
  });
  const undated = new Set(items.filter(({ since }) => since === undefined).map(itemId));
  return shownIncidents(incidents, topology, settings.hops, undated);
}
