import type { ChartData, ChartMark, Usual } from '../../domain/signals.ts';
import type { Sample } from '../../domain/telemetry.ts';
import { thinned } from '../../domain/thinned.ts';
import type { Unit } from '../../text/amount.ts';
import { amountText } from '../../text/amount.ts';
import { oneLine } from '../../text/plain-text.ts';
import { sparkline } from '../../text/sparkline.ts';

/** More points than a chart has room for say no more. */
const POINTS = 240;

export interface ChartParts {
  title: string;
  unit: Unit;
  label: string;
  samples: readonly Sample[];
  threshold?: number | null;
  usual?: Usual | null;
  /** How many deviations the band of what is usual reaches on either side. */
  deviations?: number;
  marks?: readonly ChartMark[];
  /** Dashed continuation: where it will be if it goes on like this. */
  forecast?: readonly Sample[];
}

/** A chart of one series. Marks outside its time are left out. */
export function chartOf(parts: ChartParts): ChartData {
  const { title, unit, label, samples, threshold = null, usual = null, deviations = 3, marks = [], forecast } = parts;
  const shown = thinned(samples, POINTS);
  const lines = [{ label: oneLine(label, 80), samples: shown }];
  if (forecast) lines.push({ label: 'if it goes on like this', samples: [...forecast] });
  const times = lines.flatMap((line) => line.samples.map(({ at }) => at));
  const [from, to] = [times[0] ?? 0, times.reduce((most, at) => Math.max(most, at), times[0] ?? 0)];
  const reach = usual ? deviations * usual.deviation : 0;
  return {
    title: oneLine(title, 120),
    unit,
    lines,
    threshold: threshold === null ? null : { value: threshold, label: amountText(threshold, unit) },
    band: usual
      ? { low: Math.max(0, usual.center - reach), high: usual.center + reach, label: `usual ${usual.over}` }
      : null,
    marks: marks.filter(({ at }) => at >= from && at <= to),
  };
}

/** The same in two lines of text: the series as bars, then its ends, its line and its marks in words. */
export function chartText({ lines, unit, threshold, marks }: ChartData, width = 60): string[] {
  const samples = lines[0]?.samples ?? [];
  if (samples.length === 0) return ['no samples'];
  const values = samples.map(({ value }) => value);
  const [low, high] = [values.reduce((a, b) => Math.min(a, b)), values.reduce((a, b) => Math.max(a, b))];
  const line = threshold ? `, line at ${threshold.label}` : '';
  const marked = marks.map(({ kind, label }) => `, ${kind}: ${oneLine(label, 60)}`).join('');
  return [sparkline(values, width), `${amountText(low, unit)} to ${amountText(high, unit)}${line}${marked}`];
}
