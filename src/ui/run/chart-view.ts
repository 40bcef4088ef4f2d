import type { ChartData, ChartMark } from '../../domain/signals.ts';
import { thinned } from '../../domain/thinned.ts';
import { amountText } from '../../text/amount.ts';
import { presentable } from '../../text/redact.ts';
import type { ChartView } from '../../../webview/protocol/chart-view.ts';

/** A chart on a page has room for no more. */
const POINTS = 120;
const MARKS = 12;
/** Of the plot, above the highest value. */
const HEAD_ROOM = 0.08;
const FULL = 1_000;

/**
 * A chart for the page, which only draws; null where there is nothing to draw.
 * @param writes what the run wrote and took back; those outside the chart's time are left out
 */
export function chartView(data: ChartData, writes: readonly ChartMark[]): ChartView | null {
  const { title, unit, threshold, band } = data;
  const lines = data.lines
    .map(({ label, samples }) => ({ label, samples: thinned(samples, POINTS) }))
    .filter(({ samples }) => samples.length > 0);
  const all = lines.flatMap(({ samples }) => samples);
  if (all.length === 0) return null;
  const from = Math.min(...all.map(({ at }) => at));
  const to = Math.max(...all.map(({ at }) => at));
  const values = [...all.map(({ value }) => value), ...(threshold ? [threshold.value] : [])];
  const low = Math.min(0, ...values);
  const most = Math.max(...values);
  const high = most > low ? most + (most - low) * HEAD_ROOM : low + 1;
  const heightOf = (value: number) => Math.round(Math.min(1, Math.max(0, (value - low) / (high - low))) * FULL);
  const marks = [...data.marks, ...writes]
    .filter(({ at }) => at >= from && at <= to)
    .sort((a, b) => a.at - b.at)
    .slice(-MARKS);
  return {
    title: presentable(title, 120),
    label: presentable(
      spoken(
        data,
        lines[0]!.samples.map(({ value }) => value),
        marks,
      ),
      600,
    ),
    from,
    seconds: Math.max(1, Math.round((to - from) / 1_000)),
    low: amountText(low, unit),
    high: amountText(high, unit),
    lines: lines.map(({ label, samples }) => ({
      label: presentable(label, 80),
      points: samples.map(({ at, value }) => [Math.round((at - from) / 1_000), heightOf(value)]),
      values: samples.map(({ value }) => amountText(value, unit)),
    })),
    threshold: threshold && {
      height: heightOf(threshold.value),
      label: presentable(`line at ${threshold.label}`, 80),
    },
    band: band && {
      low: heightOf(band.low),
      high: heightOf(band.high),
      label: presentable(`${band.label}: ${amountText(band.low, unit)} to ${amountText(band.high, unit)}`, 120),
    },
    marks: marks.map(({ kind, at, label }) => ({ kind, at, label: presentable(label, 120) })),
  };
}

/** What the drawing shows, for those who do not see it. */
function spoken({ title, unit, threshold, band }: ChartData, values: number[], marks: readonly ChartMark[]): string {
  const amount = (value: number) => amountText(value, unit);
  const line = threshold ? [`line at ${threshold.label}`] : [];
  const usual = band ? [`${band.label} ${amount(band.low)} to ${amount(band.high)}`] : [];
  const range = `${amount(values[0]!)} at first, ${amount(values.at(-1)!)} at last, from ${amount(Math.min(...values))} to ${amount(Math.max(...values))}`;
  return [`${title}: ${range}`, ...line, ...usual, ...marks.map(({ kind, label }) => `${kind}: ${label}`)].join('; ');
}
