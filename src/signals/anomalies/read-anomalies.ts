import { refKey } from '../../domain/kube-object.ts';
import type { ObjectRef } from '../../domain/kube-object.ts';
import type { SignalReading } from '../../domain/signals.ts';
import type { Sample, Series } from '../../domain/telemetry.ts';
import { duration, oneOf, selector } from '../promql.ts';
import { momentsOf } from '../incident-types/errors.ts';
import type { Answers, Ask, Scene } from '../incident-types/incident-type.ts';
import { bySeries, emptyReading, scopedSeries, seriesKey } from '../incident-types/incident-type.ts';
import { requestAsks, requestKey } from '../incident-types/request-asks.ts';
import type { FeatureSeries } from './anomaly.ts';
import { anomalyOf } from './anomaly.ts';
import { inOrder } from '../baselines/rates.ts';
import { baselineSpan, rollingUsual } from '../baselines/usual.ts';

const CPU = 'saturation/cpu';
const SEED = 1;

/** What {@link readAnomalies} needs: the requests' series, which the incident types ask for too, and CPU by pod. */
export function anomalyAsks(scene: Scene): Ask[] {
  const { settings, namespaces, now, usualUntil } = scene;
  const used = selector(settings.metrics.cpu, 'container!=""', 'container!="POD"', oneOf('namespace', namespaces));
  const query = `sum by (namespace, pod) (rate(${used}[${duration(settings.baseline.rateMs)}]))`;
  const { from } = baselineSpan(now, usualUntil, settings.baseline);
  const window = { from, to: now, stepMs: settings.baseline.stepMs };
  return [...requestAsks(scene, ['p99', 'timed', 'answered', 'failed']), { key: CPU, query, window }];
}

/** Services whose latency, errors, CPU and traffic together are as they never were. */
export function readAnomalies(answers: Answers, scene: Scene): SignalReading {
  const reading = emptyReading();
  const { settings, now, usualUntil, marks } = scene;
  const cpu = cpuByObject(answers, scene, reading);
  const span = baselineSpan(now, usualUntil, settings.baseline);
  const done = new Set<string>();
  settings.requests.forEach((metric, index) => {
    const p99 = answers.get(requestKey(index, 'p99'));
    const counter = settings.requests.findIndex(
      ({ calls, served }) => calls === metric.calls && served === metric.served,
    );
    const answered = bySeries(answers.get(requestKey(counter, 'answered')));
    const failed = bySeries(answers.get(requestKey(counter, 'failed')));
    for (const { series, object } of scopedSeries(p99, 'anomaly', metric.histogram, scene, reading) ?? []) {
      if (!object || done.has(refKey(object))) continue;
      done.add(refKey(object));
      const requests = answered?.get(seriesKey(series));
      const features: FeatureSeries = {
        latency: inOrder(series.samples),
        ...(requests && failed ? { errors: momentsOf(requests, failed.get(seriesKey(series))) } : {}),
        ...(requests ? { traffic: inOrder(requests.samples) } : {}),
        ...(cpu.has(refKey(object)) ? { saturation: cpu.get(refKey(object))! } : {}),
      };
      const over = rollingUsual(features.latency!, span, now, settings.baseline)?.over ?? 'before';
      const verdict = anomalyOf(features, {
        object,
        labels: series.labels,
        now,
        span,
        over,
        settings,
        marks,
        seed: SEED,
      });
      if (verdict.state === 'unusual') reading.signals.push(verdict.signal);
      if (verdict.state === 'unknown') reading.unjudged.push({ kind: 'anomaly', object, reason: verdict.reason });
    }
  });
  return reading;
}

/** Cores that the pods of each workload use together. */
function cpuByObject(answers: Answers, scene: Scene, reading: SignalReading): Map<string, Sample[]> {
  const sums = new Map<string, Map<number, number>>();
  for (const { series, object } of scopedSeries(
    answers.get(CPU),
    'anomaly',
    scene.settings.metrics.cpu,
    scene,
    reading,
  ) ?? [])
    if (object) addTo(sums, object, series);
  return new Map([...sums].map(([key, sum]) => [key, inOrder([...sum].map(([at, value]) => ({ at, value })))]));
}

function addTo(sums: Map<string, Map<number, number>>, object: ObjectRef, { samples }: Series): void {
  let sum = sums.get(refKey(object));
  if (!sum) sums.set(refKey(object), (sum = new Map()));
  for (const { at, value } of samples) if (Number.isFinite(value)) sum.set(at, (sum.get(at) ?? 0) + value);
}
