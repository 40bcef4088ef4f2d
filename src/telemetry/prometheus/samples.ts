import * as z from 'zod/mini';
import type { Sample, Series } from '../../domain/telemetry.ts';
import { counted } from '../../text/plain-text.ts';
import { momentAt } from '../values/time.ts';
import { boundedLabels } from '../values/untrusted.ts';
import { SourceProblem } from '../wire/source-problem.ts';

/** More series than anybody looks at; aggregate in the query instead. */
export const MOST_SERIES = 10_000;
/** Of all series of one answer together. */
const MOST_SAMPLES = 250_000;

/** Points are judged one by one as they are read: there may be a quarter of a million. */
const VECTOR = z.array(z.object({ metric: z.unknown(), value: z.optional(z.unknown()) }));
const MATRIX = z.array(z.object({ metric: z.unknown(), values: z.optional(z.nullable(z.array(z.unknown()))) }));

/** Data of `query` and `query_range`: https://prometheus.io/docs/prometheus/latest/querying/api/#expression-query-result-formats */
export const QUERY_DATA = z.discriminatedUnion('resultType', [
  z.object({ resultType: z.literal('vector'), result: VECTOR }),
  z.object({ resultType: z.literal('matrix'), result: MATRIX }),
  z.object({ resultType: z.literal('scalar'), result: z.unknown() }),
  z.object({ resultType: z.literal('string'), result: z.unknown() }),
]);

export interface ReadSeries {
  series: Series[];
  cut?: string;
  note?: string;
}

/**
 * Series of an answer. Samples that are no number (NaN, ±Inf, histograms) are left out, and series that hold no other;
 * both are told. @param toOurs from the source's clock to ours
 * @throws SourceProblem for an expression that gives text, and for points of another form
 */
export function readSeries(data: z.infer<typeof QUERY_DATA>, toOurs: (theirs: number) => number): ReadSeries {
  if (data.resultType === 'string') throw new SourceProblem('refused', 'gives text for this expression, not numbers');
  const rows: { metric: unknown; points: readonly unknown[] }[] =
    data.resultType === 'scalar'
      ? [{ metric: {}, points: [data.result] }]
      : data.resultType === 'vector'
        ? data.result.map(({ metric, value }) => ({ metric, points: value === undefined ? [] : [value] }))
        : data.result.map(({ metric, values }) => ({ metric, points: values ?? [] }));
  const series: Series[] = [];
  let without = 0;
  let dropped = 0;
  let left = MOST_SAMPLES;
  let taken = 0;
  for (const { metric, points } of rows) {
    if (taken === MOST_SERIES || left < points.length) break;
    taken++;
    const samples = samplesOf(points, toOurs);
    left -= points.length;
    if (samples.length === 0) without++;
    else {
      dropped += points.length - samples.length;
      series.push({ labels: boundedLabels(metric), samples });
    }
  }
  const notes = [
    without > 0 ? `${without} more series hold no finite number` : '',
    dropped > 0 ? `${counted(dropped, 'sample')} left out that are no finite number` : '',
  ].filter((part) => part !== '');
  return {
    series,
    ...(taken < rows.length ? { cut: `only ${taken} of ${rows.length} series are taken: aggregate in the query` } : {}),
    ...(notes.length > 0 ? { note: notes.join('; ') } : {}),
  };
}

/** @throws SourceProblem for what is no point: seconds and a number as text */
function samplesOf(points: readonly unknown[], toOurs: (theirs: number) => number): Sample[] {
  const samples: Sample[] = [];
  for (const point of points) {
    const [seconds, text] = Array.isArray(point) ? (point as unknown[]) : [];
    if (typeof seconds !== 'number' || typeof text !== 'string')
      throw new SourceProblem('not-understood', 'answers with samples in a form that is not the documented one');
    const value = text === '' ? NaN : Number(text);
    const at = momentAt(seconds * 1000);
    if (Number.isFinite(value) && at !== null) samples.push({ at: toOurs(at), value });
  }
  // Sources keep them in order; whoever sits in between may not.
  if (samples.some(({ at }, i) => i > 0 && at < samples[i - 1]!.at)) samples.sort((a, b) => a.at - b.at);
  return samples;
}
