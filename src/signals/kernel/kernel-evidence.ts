import type { KernelEvent, KernelMetrics } from '../../domain/kernel-metrics.ts';
import { KERNEL_EVENT_TEXT, KERNEL_EVENTS } from '../../domain/kernel-metrics.ts';
import { refKey, refLabel } from '../../domain/kube-object.ts';
import type { Usual } from '../../domain/signals.ts';
import type { KernelEvidence } from '../../domain/signals-now.ts';
import type { ClusterView } from '../../kube/cluster-view.ts';
import { isLiving } from '../../kube/pods.ts';
import { amountText, durationText } from '../../text/amount.ts';
import { oneLine } from '../../text/plain-text.ts';
import { inOrder } from '../baselines/rates.ts';
import { baselineSpan, rollingUsual } from '../baselines/usual.ts';
import type { Answers, Ask, Scene, ScopedSeries } from '../incident-types/incident-type.ts';
import { emptyReading, scopedSeries } from '../incident-types/incident-type.ts';
import { duration, oneOf, selector } from '../promql.ts';

/** What varies within one node or pod is added up. */
const WITHIN = 'device, interface, cpu, signal, state, reason, id, image, name';
/** Enough of them for what is usual within an hour. */
const STEP_MS = 60_000;
/** A mean further above what is usual than both is told. */
const DEVIATIONS = 3;
const LEAST_RISE = 0.5;

export interface KernelReading {
  /** Above what is usual, or with nothing to compare it with; what is furthest above comes first. */
  evidence: KernelEvidence[];
  /** What could not be asked; one sentence each, without a full stop. */
  unknown: string[];
}

/** Rates of the counters, over what is usual and the time since. */
export function kernelAsks({ settings, namespaces, now, usualUntil }: Scene, metrics: KernelMetrics): Ask[] {
  const { from } = baselineSpan(now, usualUntil, settings.baseline);
  const window = { from, to: now, stepMs: STEP_MS };
  return KERNEL_EVENTS.flatMap((event) =>
    metrics[event].map((metric): Ask => {
      // Of pods only those that are looked at: there may be many.
      const counter = /^container_\w+$/.test(metric) ? selector(metric, oneOf('namespace', namespaces)) : metric;
      const query = `sum without (${WITHIN}) (rate(${counter}[${duration(settings.baseline.rateMs)}]))`;
      return { key: keyOf(event, metric), query, window };
    }),
  );
}

/** What kernels count on the nodes that run pods of the scope, and of these pods. Evidence only: severity does not see it. */
export function readKernel(answers: Answers, scene: Scene, metrics: KernelMetrics): KernelReading {
  const nodes = nodesOfScope(scene.view, scene.namespaces);
  const unknown: string[] = [];
  const found = new Map<string, { evidence: KernelEvidence; rise: number }>();
  for (const event of KERNEL_EVENTS) {
    for (const metric of metrics[event]) {
      const reading = emptyReading();
      // The kind only names what is noted, and notes are told as ours.
      const list = scopedSeries(answers.get(keyOf(event, metric)), 'anomaly', metric, scene, reading) ?? [];
      unknown.push(...reading.unjudged.map(({ reason }) => reason));
      for (const scoped of list) {
        const { object } = scoped;
        if (object?.kind === 'Node' && !nodes.has(object.name)) continue;
        const judged = judge(scoped, event, metric, scene);
        if (!judged) continue;
        // Several exporters may tell of the same: the one that tells most of it stands for them.
        const key = `${event}|${object ? refKey(object) : JSON.stringify(scoped.series.labels)}`;
        if (judged.rise > (found.get(key)?.rise ?? 0)) found.set(key, judged);
      }
    }
  }
  const evidence = [...found.values()].sort((a, b) => b.rise - a.rise).map((one) => one.evidence);
  return { evidence, unknown: [...new Set(unknown)] };
}

function keyOf(event: KernelEvent, metric: string): string {
  return `kernel/${event}/${metric}`;
}

function nodesOfScope(view: ClusterView, namespaces: readonly string[]): Set<string> {
  return new Set(
    namespaces
      .flatMap((namespace) => view.all('Pod', namespace))
      .filter(isLiving)
      .flatMap(({ spec }) => (typeof spec?.nodeName === 'string' ? [spec.nodeName] : [])),
  );
}

/** Null where it is as usual. */
function judge(
  { series, object }: ScopedSeries,
  event: KernelEvent,
  metric: string,
  { now, usualUntil, settings }: Scene,
): { evidence: KernelEvidence; rise: number } | null {
  const samples = inOrder(series.samples);
  const span = baselineSpan(now, usualUntil, settings.baseline);
  const since = samples.filter(({ at }) => at > span.to);
  if (since.length === 0) return null;
  const perSecond = since.reduce((sum, { value }) => sum + value, 0) / since.length;
  const usual = rollingUsual(samples, span, now, settings.baseline);
  const line = usual ? usual.center + Math.max(DEVIATIONS * usual.deviation, LEAST_RISE * usual.center) : 0;
  if (!(perSecond > line)) return null;
  const where = object ? ` on ${refLabel(object)}` : '';
  const lasted = durationText(Math.max(STEP_MS, now - span.to));
  const message = `${KERNEL_EVENT_TEXT[event]}${where}: ${rateText(perSecond)} over the last ${lasted}, ${against(usual)} (${metric})`;
  const evidence = { event, object, metric, perSecond, usual, message: oneLine(message) };
  return { evidence, rise: perSecond / Math.max(line, 1e-6) };
}

function against(usual: Usual | null): string {
  return usual ? `against ${rateText(usual.center)} ${usual.over}` : 'with nothing to compare it with';
}

/** What is rare is told by the minute. */
function rateText(perSecond: number): string {
  if (perSecond === 0) return 'none';
  return perSecond >= 0.1 ? amountText(perSecond, 'per-second') : `${amountText(perSecond * 60, 'count')} a minute`;
}
