import { refLabel, refOf } from '../../domain/kube-object.ts';
import type { Signal, SignalKind, SignalReading } from '../../domain/signals.ts';
import type { Sample } from '../../domain/telemetry.ts';
import { isLiving } from '../../kube/pods.ts';
import { listOf } from '../../kube/untyped-list.ts';
import type { Unit } from '../../text/amount.ts';
import { amountText, durationText } from '../../text/amount.ts';
import { oneLine } from '../../text/plain-text.ts';
import { inOrder } from '../baselines/rates.ts';
import { chartOf } from '../charts/chart.ts';
import { certificate, certificatesWithin } from '../incident-types/certificate.ts';
import { CLAIMS, disk, diskName, NODES } from '../incident-types/disk.ts';
import type { Answers, Ask, Scene, ScopedSeries } from '../incident-types/incident-type.ts';
import { emptyReading, joined, scopedSeries } from '../incident-types/incident-type.ts';
import { memoryLimit } from '../incident-types/oom.ts';
import { oneOf, selector } from '../promql.ts';
import { forecastLine, projected, whenText } from './projection.ts';

const MEMORY = 'forecast/memory';
const QUOTA = 'forecast/quota';
const AUTOSCALER = 'forecast/autoscaler';
const LOOKBACK_MS = 6 * 3_600_000;
const STEP_MS = 120_000;
/** What nobody tells of any more does not go on as it did: five minutes is what Prometheus itself looks back, and a step. */
const STALE_MS = 300_000 + STEP_MS;

/** What is asked for forecasts; what the incident types ask for too has the same keys. */
export function forecastAsks(scene: Scene): Ask[] {
  const { settings, namespaces, now } = scene;
  const { metrics } = settings;
  const scope = oneOf('namespace', namespaces);
  const window = { from: now - LOOKBACK_MS, to: now, stepMs: STEP_MS };
  const used = selector(metrics.workingSet, 'container!=""', 'container!="POD"', scope);
  const quota = (type: string) =>
    `max by (namespace, resourcequota, resource) (${selector(metrics.resourceQuota, `type="${type}"`, scope)})`;
  const scaler = (metric: string) => `max by (namespace, horizontalpodautoscaler) (${selector(metric, scope)})`;
  return [
    ...disk.asks(scene),
    ...certificate.asks(scene),
    { key: MEMORY, query: `max by (namespace, pod, container) (${used})`, window },
    { key: QUOTA, query: `${quota('used')} / (${quota('hard')} > 0)`, window },
    { key: AUTOSCALER, query: `${scaler(metrics.autoscalerDesired)} / ${scaler(metrics.autoscalerMaximum)}`, window },
  ];
}

/**
 * What will run out if things go on like this: disks, memory, quotas, room of autoscalers, and certificates. Where the history
 * is too short or varies too much nothing is foretold, and `unjudged` says so.
 */
export function readForecasts(answers: Answers, scene: Scene): SignalReading {
  const { settings } = scene;
  const soon = certificatesWithin(answers, scene, settings.forecast.certificateDays, 'forecast');
  const signals = soon.signals.filter(({ value }) => value > settings.certificate.days);
  return joined([
    { ...soon, signals },
    ...[CLAIMS, NODES].map((key) => diskForecasts(answers, scene, key)),
    memoryForecasts(answers, scene),
    ratioForecasts(answers, scene, QUOTA, 'quota', settings.metrics.resourceQuota),
    ratioForecasts(answers, scene, AUTOSCALER, 'autoscaler', settings.metrics.autoscalerDesired),
  ]);
}

interface Running {
  kind: SignalKind;
  name: string;
  /** What happens then: `is full`. */
  then: string;
  samples: readonly Sample[];
  limit: number;
  unit: Unit;
  horizonMs: number;
  query: string;
}

function forecast(
  { series, labelled, object }: ScopedSeries,
  running: Running,
  scene: Scene,
  reading: SignalReading,
): void {
  const { kind, name, then, samples, limit, unit, horizonMs, query } = running;
  const last = samples.at(-1);
  if (last && scene.now - last.at > STALE_MS) {
    const reason = `${name}: nothing was told of it for ${durationText(scene.now - last.at)}`;
    reading.unjudged.push({ kind, object, reason });
    return;
  }
  const projection = projected(samples, limit, horizonMs, scene.settings.forecast);
  if (projection.state === 'unknown') reading.unjudged.push({ kind, object, reason: `${name}: ${projection.reason}` });
  if (projection.state !== 'reached') return;
  const { value } = samples.at(-1)!;
  const isThere = projection.at <= scene.now;
  const told = isThere
    ? `${then} now`
    : `${then} ${whenText(projection, scene.now)}, if it goes on as in the last ${durationText(projection.trend.spanMs)}`;
  const signal: Signal = {
    kind,
    level: isThere ? 'early' : 'forecast',
    object,
    others: labelled.objects.slice(1),
    labels: series.labels,
    since: scene.now,
    message: oneLine(`${name} is at ${amountText(value, unit)} and ${told}`),
    value,
    usual: null,
    threshold: limit,
    unit,
    query,
    chart: chartOf({
      title: name,
      unit,
      label: name,
      samples,
      threshold: limit,
      marks: scene.marks,
      forecast: forecastLine(projection, limit),
    }),
  };
  reading.signals.push(signal);
}

function diskForecasts(answers: Answers, scene: Scene, key: string): SignalReading {
  const reading = emptyReading();
  const query = disk.asks(scene).find((ask) => ask.key === key)!.query;
  for (const scoped of scopedSeries(answers.get(key), 'disk', 'room on disks', scene, reading) ?? []) {
    if (!scoped.object) continue;
    const name = diskName(scoped.series.labels, refLabel(scoped.object));
    const samples = inOrder(scoped.series.samples);
    const { horizonMs } = scene.settings.disk;
    forecast(
      scoped,
      { kind: 'disk', name, then: 'is full', samples, limit: 1, unit: 'ratio', horizonMs, query },
      scene,
      reading,
    );
  }
  return reading;
}

/** Of the present run of each container: what an earlier one used says nothing of it. */
function memoryForecasts(answers: Answers, scene: Scene): SignalReading {
  const reading = emptyReading();
  const { view, settings } = scene;
  const query = settings.metrics.workingSet;
  for (const scoped of scopedSeries(answers.get(MEMORY), 'memory', query, scene, reading) ?? []) {
    const { pod: ref } = scoped.labelled;
    const pod = ref && view.find('Pod', ref.namespace, ref.name);
    const container = scoped.series.labels.container ?? '';
    const limit = pod && isLiving(pod) ? memoryLimit(view.all('LimitRange', ref.namespace), pod, container) : null;
    if (!pod || limit === null) continue;
    const status = listOf(pod.status?.containerStatuses).find((each) => each?.name === container);
    const startedAt = Date.parse(String(status?.state?.running?.startedAt ?? '')) || 0;
    const samples = inOrder(scoped.series.samples).filter(({ at }) => at >= startedAt);
    const name = `memory of container ${container} of ${refLabel(refOf(pod))}`;
    const running: Running = {
      kind: 'memory',
      name,
      then: `reaches its limit of ${amountText(limit, 'bytes')}`,
      samples,
      limit,
      unit: 'bytes',
      horizonMs: settings.forecast.memoryHorizonMs,
      query,
    };
    forecast(scoped, running, scene, reading);
  }
  return reading;
}

function ratioForecasts(
  answers: Answers,
  scene: Scene,
  key: string,
  kind: 'quota' | 'autoscaler',
  metric: string,
): SignalReading {
  const reading = emptyReading();
  const query = forecastAsks(scene).find((ask) => ask.key === key)!.query;
  for (const scoped of scopedSeries(answers.get(key), kind, metric, scene, reading) ?? []) {
    if (!scoped.object) continue;
    const label = refLabel(scoped.object);
    const resource = oneLine(scoped.series.labels.resource ?? '', 80);
    const name = kind === 'quota' ? `${resource} of ${label}` : `the size that ${label} wants`;
    const then = kind === 'quota' ? 'is used up' : 'is at its maximum';
    const samples = inOrder(scoped.series.samples);
    const { quotaHorizonMs: horizonMs } = scene.settings.forecast;
    forecast(scoped, { kind, name, then, samples, limit: 1, unit: 'ratio', horizonMs, query }, scene, reading);
  }
  return reading;
}
