import { refKey } from '../../domain/kube-object.ts';
import type { SignalSettings } from '../../domain/signal-settings.ts';
import type { Signal, SignalReading, Unjudged, Usual } from '../../domain/signals.ts';
import type { Sample, Series } from '../../domain/telemetry.ts';
import { amountPair, amountText } from '../../text/amount.ts';
import { oneLine } from '../../text/plain-text.ts';
import { episodes, recurrenceLevel, sustained } from '../baselines/sustained.ts';
import { inOrder } from '../baselines/rates.ts';
import { baselineSpan, isSteady, rollingUsual, seasonalUsual, within } from '../baselines/usual.ts';
import { chartOf } from '../charts/chart.ts';
import { duration } from '../promql.ts';
import { median } from '../statistics/robust.ts';
import type { Answers, IncidentType, Rule, Scene, ScopedSeries } from './incident-type.ts';
import { bySeries, emptyReading, scopedSeries, seriesKey, unjudgedOnly } from './incident-type.ts';
import { bestPerObject, namedBy } from './request-signals.ts';
import { requestAsks, requestKey, requestQuery, weekMark } from './request-asks.ts';

const TITLE = 'p99 latency';

export const latency: IncidentType = {
  kind: 'latency',
  title: 'High latency',
  asks: (scene) => requestAsks(scene, ['p99', 'timed']),
  judge,
  rules,
  sameMeaning: /latency|slow|response_?time|duration.*(?:high|p9[059])/i,
};

function judge(answers: Answers, scene: Scene): SignalReading {
  const reading = emptyReading();
  const judged = new Set<string>();
  scene.settings.requests.forEach((metric, index) => {
    const list = scopedSeries(
      answers.get(requestKey(index, 'p99')),
      'latency',
      `${metric.histogram}_bucket`,
      scene,
      reading,
    );
    if (!list) return;
    const counts = bySeries(answers.get(requestKey(index, 'timed')));
    const weeks = Array.from({ length: scene.settings.baseline.weeks }, (_, week) =>
      bySeries(answers.get(`${requestKey(index, 'p99')}${weekMark(week)}`)),
    );
    for (const scoped of list) {
      const key = seriesKey(scoped.series);
      const earlier = weeks.flatMap((week) => (week?.has(key) ? [inOrder(week.get(key)!.samples)] : []));
      const result = judgeOne(scoped, counts?.get(key), earlier, requestQuery(metric, 'p99', scene.settings), scene);
      if (result && 'reason' in result) {
        if (scoped.object) reading.unjudged.push({ kind: 'latency', object: scoped.object, ...result });
        continue;
      }
      if (scoped.object) judged.add(refKey(scoped.object));
      if (result) reading.signals.push(result);
    }
  });
  return {
    ...reading,
    signals: bestPerObject(reading.signals),
    unjudged: unjudgedOnly(reading.unjudged, judged, refKey),
  };
}

/** A signal, null where all is as usual, or why that cannot be told. */
function judgeOne(
  { series, labelled, object }: ScopedSeries,
  counts: Series | undefined,
  weeks: readonly (readonly Sample[])[],
  query: string,
  scene: Scene,
): Signal | Pick<Unjudged, 'reason' | 'lost'> | null {
  const { now, settings, usualUntil, marks, staleMs } = scene;
  const name = namedBy(object, series.labels);
  const samples = withEnoughCalls(inOrder(series.samples), counts, settings);
  const span = baselineSpan(now, usualUntil, settings.baseline);
  const usual = rollingUsual(samples, span, now, settings.baseline);
  if (!usual) return { reason: `too few requests, or too short a history, to say what latency of ${name} is usual` };
  const line = lineOf(usual, settings);
  const seasonal = seasonalUsual(weeks, settings.baseline);
  const above = Math.max(line, seasonal ? lineOf(seasonal, settings) : line);
  const { stepMs } = settings.baseline;
  const forMs = holdMs(counts, span.to, settings);
  const standing = sustained(samples, ({ value }) => value > above, now, stepMs, forMs, staleMs);
  if (standing.state === 'unknown')
    return {
      reason: `too few requests to ${name} now to tell their latency`,
      ...(isSteady(samples, span, settings.baseline) ? { lost: true } : {}),
    };
  if (standing.state === 'no') return null;
  const level = recurrenceLevel(samples, standing.since, above);
  if (episodes(within(samples, span), ({ value }) => value > level) >= settings.baseline.recurrences) return null;
  const value = samples.at(-1)!.value;
  const compared = seasonal && lineOf(seasonal, settings) > line ? seasonal : usual;
  const forText = standing.held ? '' : ', not for long yet';
  return {
    kind: 'latency',
    level: standing.held && object ? 'incident' : 'early',
    object,
    others: labelled.objects.slice(1),
    labels: series.labels,
    since: standing.since,
    ...(standing.held || !object ? {} : { firesAt: standing.since + forMs }),
    message: oneLine(
      `${TITLE} of ${name} is ${amountText(value, 'ms')} against ${amountPair(compared.center, compared.deviation, 'ms')} ${compared.over}${forText}`,
    ),
    value,
    usual: compared,
    threshold: above,
    unit: 'ms',
    query,
    chart: chartOf({
      title: `${TITLE} of ${name}`,
      unit: 'ms',
      label: TITLE,
      samples,
      threshold: above,
      usual: compared,
      deviations: settings.latency.deviations,
      marks,
    }),
  };
}

function lineOf({ center, deviation }: Usual, { latency: { deviations, leastRise } }: SignalSettings): number {
  return Math.max(center + deviations * deviation, center * (1 + leastRise));
}

/**
 * So long it has to hold. Of few requests one or two keep the quantile up for a whole window of `rate()`, and that proves nothing:
 * there it has to hold a window longer.
 */
function holdMs(counts: Series | undefined, from: number, { latency: own, baseline }: SignalSettings): number {
  const lately = counts?.samples.filter(({ at }) => at >= from).map(({ value }) => value) ?? [];
  const requests = (median(lately) * baseline.rateMs) / 1_000;
  return own.forMs + (requests * (1 - own.quantile) >= 2 ? 0 : baseline.rateMs);
}

/** Samples that rest on enough requests; all of them where nobody counts. */
function withEnoughCalls(samples: Sample[], counts: Series | undefined, settings: SignalSettings): Sample[] {
  if (!counts) return samples;
  const least = settings.latency.leastCalls / (settings.baseline.rateMs / 1_000);
  const rates = new Map(counts.samples.map(({ at, value }) => [at, value]));
  return samples.filter(({ at }) => (rates.get(at) ?? 0) >= least);
}

/**
 * The standard deviation in place of a robust one, which Prometheus has no function for. What is usual is recorded by itself:
 * the alert then looks back no further than a window of `rate()`, and is over as soon.
 */
function rules(settings: SignalSettings): Rule[] {
  const { latency: own, baseline } = settings;
  const now = `stratus:request_p99_ms:rate${duration(baseline.rateMs)}`;
  const window = duration(baseline.windowMs);
  const [mean, deviation] = [`stratus:request_p99_ms:mean${window}`, `stratus:request_p99_ms:deviation${window}`];
  const past = `${now}[${window}] offset ${duration(baseline.gapMs)}`;
  const known = `count_over_time(${past}) >= ${baseline.leastSamples}`;
  const least = own.leastCalls / (baseline.rateMs / 1_000);
  const recorded = settings.requests.map((metric): Rule => {
    const enough = `(${requestQuery(metric, 'timed', settings)}) >= ${Number(least.toPrecision(4))}`;
    const expr = `(${requestQuery(metric, 'p99', settings)}) and ${enough}`;
    return { record: now, expr, labels: { metrics: metric.title } };
  });
  return [
    ...recorded,
    { record: mean, expr: `avg_over_time(${past}) and ${known}` },
    { record: deviation, expr: `stddev_over_time(${past}) and ${known}` },
    {
      alert: 'StratusHighLatency',
      expr: `${now} > ${mean} + ${own.deviations} * ${deviation}\nand ${now} > ${1 + own.leastRise} * ${mean}`,
      forMs: own.forMs,
      labels: { severity: 'critical', stratus: 'latency' },
      annotations: {
        summary:
          'p99 latency of {{ or $labels.service_name $labels.service $labels.job }} is {{ $value | printf "%.0f" }} ms, far above what is usual',
        description: `More than ${own.deviations} standard deviations above the mean of the hour before, for ${duration(own.forMs)}.`,
      },
    },
  ];
}
