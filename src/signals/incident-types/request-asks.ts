import type { RequestMetric, SignalSettings } from '../../domain/signal-settings.ts';
import type { TimeWindow } from '../../domain/telemetry.ts';
import { baselineSpan, seasonalSpans } from '../baselines/usual.ts';
import { duration, selector } from '../promql.ts';
import type { Ask, Scene } from './incident-type.ts';

/** What is read of requests; of each kind of metric the same. */
export type RequestPart = 'p99' | 'timed' | 'answered' | 'failed';

export function requestKey(metric: number, part: RequestPart): string {
  return `requests/${metric}/${part}`;
}

/** PromQL of a part: milliseconds for `p99`, requests a second for the others. */
export function requestQuery(metric: RequestMetric, part: RequestPart, settings: SignalSettings): string {
  const window = `[${duration(settings.baseline.rateMs)}]`;
  const by = metric.by.join(', ');
  const rate = (series: string): string => `sum by (${by}) (rate(${series}${window}))`;
  switch (part) {
    case 'p99': {
      const buckets = `sum by (le, ${by}) (rate(${selector(`${metric.histogram}_bucket`, metric.served)}${window}))`;
      const quantile = `histogram_quantile(${settings.latency.quantile}, ${buckets})`;
      return metric.unit === 's' ? `1000 * ${quantile}` : quantile;
    }
    case 'timed':
      return rate(selector(`${metric.histogram}_count`, metric.served));
    case 'answered':
      return metric.failed
        .map((failed) => rate(selector(metric.calls, metric.served, `${labelOf(failed)}!=""`)))
        .join(' or ');
    case 'failed':
      return metric.failed.map((failed) => rate(selector(metric.calls, metric.served, failed))).join(' or ');
  }
}

/** Label of a matcher: `code` of `code=~"5.."`. */
function labelOf(matcher: string): string {
  return /^\s*(\w+)/.exec(matcher)?.[1] ?? matcher;
}

/** Places of metrics that count requests, each counter once: several histograms may have the same. */
export function countedBy({ requests }: SignalSettings): number[] {
  const keys = requests.map(({ calls, served, by }) => [calls, served, ...by].join('|'));
  return keys.flatMap((key, index) => (keys.indexOf(key) === index ? [index] : []));
}

/** Asks for these parts over the time that is judged and what it is compared with. */
export function requestAsks(scene: Scene, parts: readonly RequestPart[]): Ask[] {
  const { now, usualUntil, settings } = scene;
  const { from } = baselineSpan(now, usualUntil, settings.baseline);
  return asksIn(windowTo(now, from, settings.baseline.stepMs), scene, parts, '');
}

/** Whole steps, so that the last sample is of the present. */
function windowTo(to: number, from: number, stepMs: number): TimeWindow {
  return { from: to - Math.ceil((to - from) / stepMs) * stepMs, to, stepMs };
}

/** The same for this hour of the week in earlier weeks: a second look at what is unusual for the last hour. */
export function seasonalAsks(scene: Scene, parts: readonly RequestPart[]): Ask[] {
  return seasonalSpans(scene.now, scene.settings.baseline).flatMap((span, week) =>
    asksIn({ ...span, stepMs: 2 * scene.settings.baseline.stepMs }, scene, parts, weekMark(week)),
  );
}

/** Ends the key of what is asked of an earlier week. */
export function weekMark(week: number): string {
  return `@${week + 1}`;
}

function asksIn(window: TimeWindow, { settings }: Scene, parts: readonly RequestPart[], mark: string): Ask[] {
  const counted = countedBy(settings);
  return settings.requests.flatMap((metric, index) =>
    parts
      .filter((part) => part === 'p99' || part === 'timed' || counted.includes(index))
      .map((part) => ({
        key: `${requestKey(index, part)}${mark}`,
        query: requestQuery(metric, part, settings),
        window,
      })),
  );
}
