import * as z from 'zod/mini';
import type { Answer, Sample, Series, TimeWindow } from '../../domain/telemetry.ts';
import { counted } from '../../text/plain-text.ts';
import { told } from '../values/remarks.ts';
import { millisOfDuration, spelledDuration } from '../values/time.ts';
import { named } from '../values/untrusted.ts';
import { isProblem, SourceProblem } from '../wire/source-problem.ts';
import type { MetricAlarm } from './alarm-forms.ts';
import { momentOf } from './alarm-forms.ts';
import type { AwsCaller } from './aws-caller.ts';

const MOMENT = z.union([z.number(), z.string()]);
/** https://docs.aws.amazon.com/AmazonCloudWatch/latest/APIReference/API_GetMetricData.html */
const DATA = z.object({
  MetricDataResults: z.optional(
    z.nullable(
      z.array(
        z.object({
          Id: z.string(),
          Label: z.optional(z.nullable(z.string())),
          Timestamps: z.optional(z.nullable(z.array(MOMENT))),
          Values: z.optional(z.nullable(z.array(z.unknown()))),
          StatusCode: z.optional(z.nullable(z.string())),
        }),
      ),
    ),
  ),
  NextToken: z.optional(z.nullable(z.string())),
});

const MOST_PAGES = 5;
const MOST_POINTS = 1_440;
const MOST_SERIES = 100;
const DAY_MS = 86_400_000;

/** The metric that an alarm watches, over a time. */
export function readMetricData(
  aws: AwsCaller,
  alarm: MetricAlarm,
  window: TimeWindow,
  signal: AbortSignal,
): Promise<Answer<Series[]>> {
  const { client } = aws;
  return client.answer(signal, async (both) => {
    if (!(window.from <= window.to))
      throw new SourceProblem('refused', 'was asked for a time that ends before it begins');
    const period = periodOf(alarm, window, client.clock.now());
    const queries = queriesOf(alarm, period);
    if (queries.length === 0) return { state: 'absent', reason: `${client.name} has no metric of this alarm` };
    const found = new Map<string, { label: string; samples: Map<number, number> }>();
    const partial = new Set<string>();
    let cut: string | undefined;
    let at = client.clock.now();
    let token: string | undefined;
    for (let page = 0; ; page++) {
      if (page === MOST_PAGES) {
        cut = `only ${MOST_PAGES} pages of data are read`;
        break;
      }
      try {
        const input = {
          MetricDataQueries: queries,
          StartTime: Math.floor(client.toSource(window.from) / 1000),
          EndTime: Math.ceil(client.toSource(window.to) / 1000),
          ScanBy: 'TimestampAscending',
          ...(token === undefined ? {} : { NextToken: token }),
        };
        const { value, at: answeredAt } = await aws.call('GetMetricData', input, DATA, both);
        if (page === 0) at = answeredAt;
        for (const { Id, Label, Timestamps, Values, StatusCode } of value.MetricDataResults ?? []) {
          if (StatusCode === 'Forbidden') throw new SourceProblem('forbidden', 'does not allow reading this metric');
          // A later page completes it.
          if (StatusCode === 'PartialData' || StatusCode === 'InternalError') partial.add(Id);
          else partial.delete(Id);
          if (!found.has(Id) && found.size === MOST_SERIES) continue;
          const one = found.get(Id) ?? { label: named(Label ?? Id), samples: new Map<number, number>() };
          found.set(Id, one);
          for (const [i, time] of (Timestamps ?? []).entries()) {
            const moment = momentOf(time);
            const number = Values?.[i];
            if (moment !== null && typeof number === 'number') one.samples.set(client.toOurs(moment), number);
          }
        }
        if (!value.NextToken || value.NextToken === token) break;
        token = value.NextToken;
      } catch (error) {
        if (page === 0 || !isProblem(error, 'limited', 'server', 'unauthorized', 'unreachable')) throw error;
        cut = `only ${counted(page, 'page')} of data given: it ${error.message}`;
        break;
      }
    }
    const series = [...found.values()].map(({ label, samples }) => ({ labels: { label }, samples: ordered(samples) }));
    const full = series.filter(({ samples }) => samples.length > 0);
    const empty = series.length - full.length;
    return told(
      full,
      Math.min(window.to, at),
      [cut, partial.size > 0 ? `${counted(partial.size, 'metric')} given in part` : undefined],
      [
        period * 1000 > window.stepMs ? `asked for in steps of ${spelledDuration(period * 1000)}` : undefined,
        empty > 0 ? `${counted(empty, 'metric')} without data` : undefined,
        client.clockNote(),
      ],
    );
  });
}

/**
 * Seconds of one point: a multiple of 60 that gives no more points than are drawn; data older than 15 days is kept by
 * five minutes, older than 63 by the hour.
 */
function periodOf({ Period }: MetricAlarm, { from, to, stepMs }: TimeWindow, now: number): number {
  const age = now - from;
  const kept = age > 63 * DAY_MS ? 3600 : age > 15 * DAY_MS ? 300 : 60;
  const wanted = Math.max(kept, millisOfDuration(Period ?? 60) / 1000, stepMs / 1000, (to - from) / 1000 / MOST_POINTS);
  return Math.ceil(wanted / kept) * kept;
}

function queriesOf(
  { Metrics, MetricName, Namespace, Dimensions, Statistic, ExtendedStatistic }: MetricAlarm,
  period: number,
) {
  if (Metrics && Metrics.length > 0) return Metrics.slice(0, MOST_SERIES);
  if (!MetricName || !Namespace) return [];
  const Metric = { Namespace, MetricName, Dimensions: Dimensions ?? [] };
  const Stat = Statistic || ExtendedStatistic || 'Average';
  return [{ Id: 'm0', MetricStat: { Metric, Period: period, Stat }, ReturnData: true }];
}

function ordered(samples: ReadonlyMap<number, number>): Sample[] {
  return [...samples]
    .filter(([, value]) => Number.isFinite(value))
    .map(([at, value]) => ({ at, value }))
    .sort((a, b) => a.at - b.at);
}
