import { refKey } from '../../domain/kube-object.ts';
import type { SignalSettings } from '../../domain/signal-settings.ts';
import type { Signal, SignalReading, Unjudged, Usual } from '../../domain/signals.ts';
import type { Sample, Series } from '../../domain/telemetry.ts';
import { amountText } from '../../text/amount.ts';
import { oneLine } from '../../text/plain-text.ts';
import { episodes, recurrenceLevel, sustained } from '../baselines/sustained.ts';
import { inOrder } from '../baselines/rates.ts';
import { baselineSpan, isSteady, rollingUsual, within } from '../baselines/usual.ts';
import { chartOf } from '../charts/chart.ts';
import { duration } from '../promql.ts';
import { wilsonLower } from '../statistics/binomial.ts';
import type { Answers, IncidentType, Rule, Scene, ScopedSeries } from './incident-type.ts';
import { bySeries, emptyReading, scopedSeries, seriesKey, unjudgedOnly } from './incident-type.ts';
import { bestPerObject, namedBy } from './request-signals.ts';
import { countedBy, requestAsks, requestKey, requestQuery } from './request-asks.ts';

/** Part of the time of a baseline in which most fails: it may be an earlier incident, and is no part of what is usual. */
const LEFT_OUT = 0.2;

export const errors: IncidentType = {
  kind: 'errors',
  title: 'Error surge',
  asks: (scene) => requestAsks(scene, ['answered', 'failed']),
  judge,
  rules,
  sameMeaning: /error.*(?:rate|ratio|budget|high|surge)|(?:high|too_?many).*errors|5xx|burn_?rate/i,
};

/** Of one moment: requests and failed ones a second. */
interface Moment extends Sample {
  answered: number;
  failed: number;
}

function judge(answers: Answers, scene: Scene): SignalReading {
  const reading = emptyReading();
  const judged = new Set<string>();
  for (const index of countedBy(scene.settings)) {
    const metric = scene.settings.requests[index]!;
    const answered = answers.get(requestKey(index, 'answered'));
    const list = scopedSeries(answered, 'errors', metric.calls, scene, reading);
    if (!list) continue;
    const told = answers.get(requestKey(index, 'failed'));
    const failed = bySeries(told);
    const isCut = told?.state === 'ok' && told.cut !== undefined;
    if (!failed) {
      reading.unjudged.push({
        kind: 'errors',
        object: null,
        reason: `failed requests of ${metric.calls} could not be read`,
      });
      continue;
    }
    for (const scoped of list) {
      // One that is missing may be among those that were left out: that none fail is not known then.
      if (isCut && !failed.has(seriesKey(scoped.series))) {
        const reason = `failed requests of ${namedBy(scoped.object, scoped.series.labels)} are not here: ${told.cut}`;
        reading.unjudged.push({ kind: 'errors', object: scoped.object, reason });
        continue;
      }
      const moments = momentsOf(scoped.series, failed.get(seriesKey(scoped.series)));
      const { signal, unknown } = judgeOne(scoped, moments, ratioQuery(metric, scene.settings), scene);
      if (signal) reading.signals.push(signal);
      if (!scoped.object) continue;
      if (unknown) reading.unjudged.push({ kind: 'errors', object: scoped.object, ...unknown });
      else judged.add(refKey(scoped.object));
    }
  }
  return {
    ...reading,
    signals: bestPerObject(reading.signals),
    unjudged: unjudgedOnly(reading.unjudged, judged, refKey),
  };
}

/** A counter of failures begins with the first one: without it none have failed. */
export function momentsOf(answered: Series, failed: Series | undefined): Moment[] {
  const wrong = new Map(failed?.samples.map(({ at, value }) => [at, value]));
  return inOrder(answered.samples)
    .filter(({ value }) => value > 0)
    .map(({ at, value }) => {
      const some = Math.min(value, Math.max(0, wrong.get(at) ?? 0));
      return { at, value: some / value, answered: value, failed: some };
    });
}

function judgeOne(
  { series, labelled, object }: ScopedSeries,
  moments: Moment[],
  query: string,
  scene: Scene,
): { signal: Signal | null; unknown: Pick<Unjudged, 'reason' | 'lost'> | null } {
  const { now, settings, usualUntil, marks, staleMs } = scene;
  const { errors: own, baseline } = settings;
  const name = namedBy(object, series.labels);
  const span = baselineSpan(now, usualUntil, baseline);
  const usual = usualRatio(within(moments, span), rollingUsual(moments, span, now, baseline));
  const line = Math.max(own.leastRatio, (usual?.center ?? 0) * (1 + own.rise));
  const isSurge = ({ answered, failed }: Moment): boolean => {
    const [requests, wrong] = [answered, failed].map((perSecond) => (perSecond * baseline.rateMs) / 1_000);
    return wrong! >= own.leastErrors && wilsonLower(wrong!, requests!, own.deviations) > line;
  };
  const standing = sustained(moments, isSurge, now, baseline.stepMs, own.forMs, staleMs);
  if (standing.state === 'unknown') {
    const lost = isSteady(moments, span, baseline) ? ({ lost: true } as const) : {};
    return { signal: null, unknown: { reason: `no requests to ${name} now that could fail`, ...lost } };
  }
  const unknown = usual
    ? null
    : { reason: `too few requests, or too short a history, to say how many errors of ${name} are usual` };
  if (standing.state === 'no') return { signal: null, unknown };
  const level = recurrenceLevel(moments, standing.since, line);
  const isAsBad = (moment: Moment): boolean => isSurge(moment) && moment.value > level;
  if (episodes(within(moments, span), isAsBad) >= baseline.recurrences) return { signal: null, unknown };
  const { value } = moments.at(-1)!;
  const compared = usual
    ? `against ${amountText(usual.center, 'ratio')} ${usual.over}`
    : 'and what is usual is not known yet';
  const signal: Signal = {
    kind: 'errors',
    level: standing.held && object && usual ? 'incident' : 'early',
    object,
    others: labelled.objects.slice(1),
    labels: series.labels,
    since: standing.since,
    ...(!standing.held && object && usual ? { firesAt: standing.since + own.forMs } : {}),
    message: oneLine(`${amountText(value, 'ratio')} of requests to ${name} fail ${compared}`),
    value,
    usual,
    threshold: line,
    unit: 'ratio',
    query,
    chart: chartOf({
      title: `Failed requests to ${name}`,
      unit: 'ratio',
      label: 'failed',
      samples: moments.map(({ at, value: ratio }) => ({ at, value: ratio })),
      threshold: line,
      usual,
      marks,
    }),
  };
  return { signal, unknown };
}

/** How much fails of all that is asked, without the worst fifth of the time; its spread is that of the moments. */
function usualRatio(moments: readonly Moment[], rolling: Usual | null): Usual | null {
  if (!rolling) return null;
  const kept = [...moments].sort((a, b) => a.value - b.value).slice(0, Math.ceil(moments.length * (1 - LEFT_OUT)));
  const sum = (field: 'answered' | 'failed'): number => kept.reduce((total, moment) => total + moment[field], 0);
  return { ...rolling, center: sum('failed') / sum('answered') };
}

function ratioQuery(metric: SignalSettings['requests'][number], settings: SignalSettings): string {
  const [answered, failed] = [requestQuery(metric, 'answered', settings), requestQuery(metric, 'failed', settings)];
  return `((${failed}) or 0 * (${answered})) / (${answered})`;
}

function rules(settings: SignalSettings): Rule[] {
  const { errors: own, baseline } = settings;
  const rate = `rate${duration(baseline.rateMs)}`;
  const [ratio, count] = [`stratus:request_error_ratio:${rate}`, `stratus:request_errors:${rate}`];
  const window = duration(baseline.windowMs);
  const mean = `stratus:request_error_ratio:mean${window}`;
  const past = `${ratio}[${window}] offset ${duration(baseline.gapMs)}`;
  const recorded = countedBy(settings).flatMap((index): Rule[] => {
    const metric = settings.requests[index]!;
    const labels = { metrics: metric.title };
    const failed = requestQuery(metric, 'failed', settings);
    return [
      // Without requests there is no ratio: 0 / 0 would spoil every mean that it is part of.
      { record: ratio, expr: `(${ratioQuery(metric, settings)}) >= 0`, labels },
      { record: count, expr: `${baseline.rateMs / 1_000} * (${failed})`, labels },
    ];
  });
  return [
    ...recorded,
    { record: mean, expr: `avg_over_time(${past}) and count_over_time(${past}) >= ${baseline.leastSamples}` },
    {
      alert: 'StratusErrorSurge',
      expr: `${ratio} > ${own.leastRatio}\nand ${ratio} > ${1 + own.rise} * ${mean}\nand ${count} >= ${own.leastErrors}`,
      forMs: own.forMs,
      labels: { severity: 'critical', stratus: 'errors' },
      annotations: {
        summary:
          '{{ $value | humanizePercentage }} of requests to {{ or $labels.service_name $labels.service $labels.job }} fail',
        description: `More than ${own.rise * 100} % above the mean of the hour before, for ${duration(own.forMs)}.`,
      },
    },
  ];
}
