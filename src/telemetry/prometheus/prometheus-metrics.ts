import type { Answer, MetricSource, Series, TimeWindow } from '../../domain/telemetry.ts';
import { told } from '../values/remarks.ts';
import { spelledDuration } from '../values/time.ts';
import type { Pairs } from '../wire/fetcher.ts';
import { encodePairs } from '../wire/fetcher.ts';
import type { SourceClient } from '../wire/source-client.ts';
import { SourceProblem } from '../wire/source-problem.ts';
import { askPrometheus } from './prometheus-api.ts';
import { MOST_SERIES, QUERY_DATA, readSeries } from './samples.ts';

/** Points of one series in one answer; more is refused (`exceeded maximum resolution of 11,000 points per timeseries`). */
export const MOST_POINTS = 11_000;
/** Prometheus's own default. */
const USUAL_SCRAPE_MS = 60_000;
/** Of the intervals at which targets are really read, the one that nine of ten keep to; in seconds. */
const INTERVAL_QUERY =
  'quantile(0.9, (timestamp(up) - min_over_time(timestamp(up)[5m:10s])) / (count_over_time(up[5m]) - 1))';

/** Where people see a query: the page of Prometheus (and Thanos), that of VictoriaMetrics, or nowhere. */
export type MetricPage = 'graph' | 'vmui' | null;

/** PromQL, asked of Prometheus and of whatever speaks its HTTP API. */
export class PrometheusMetrics implements MetricSource {
  readonly name: string;
  readonly #client: SourceClient;
  readonly #page: MetricPage;
  #scrapeMs: number | null;

  /** @param scrapeMs how often targets are read; absent: {@link learn} finds out */
  constructor(client: SourceClient, page: MetricPage = 'graph', scrapeMs: number | null = null) {
    this.name = client.name;
    this.#client = client;
    this.#page = page;
    this.#scrapeMs = scrapeMs;
  }

  get lagMs(): number {
    return this.#scrapeMs ?? USUAL_SCRAPE_MS;
  }

  /**
   * Finds out how often targets are read, from what was read; nothing changes where that cannot be told.
   * @param part of it that is asked
   */
  async learn(signal: AbortSignal, part: Pick<MetricSource, 'instant'> = this): Promise<void> {
    if (this.#scrapeMs !== null) return;
    const answer = await part.instant(INTERVAL_QUERY, signal);
    const seconds = answer.state === 'ok' ? answer.value[0]?.samples[0]?.value : undefined;
    if (seconds !== undefined && seconds > 0 && seconds <= 300) this.#scrapeMs = Math.round(seconds * 1000);
  }

  instant(query: string, signal: AbortSignal, at?: number): Promise<Answer<Series[]>> {
    const client = this.#client;
    return client.answer(signal, async (both) => {
      if (at !== undefined && !isTime(at)) throw new SourceProblem('refused', 'was asked for a moment that is none');
      const time: Pairs = at === undefined ? [] : [['time', seconds(client.toSource(at))]];
      const reply = await askPrometheus(client, '/api/v1/query', this.#pairs(query, time), QUERY_DATA, both);
      if (reply.value.resultType === 'matrix')
        throw new SourceProblem('refused', 'gives many samples for each series: ask for a moment, not for a range');
      const { series, cut, note } = readSeries(reply.value, (theirs) => client.toOurs(theirs));
      return told(series, at ?? reply.at, [cut, reply.warning], [note, reply.info, client.clockNote()]);
    });
  }

  range(query: string, window: TimeWindow, signal: AbortSignal): Promise<Answer<Series[]>> {
    const client = this.#client;
    return client.answer(signal, async (both) => {
      const { from, to } = window;
      if (!isTime(from) || !isTime(to) || from > to || !(window.stepMs > 0))
        throw new SourceProblem('refused', 'was asked for a time that ends before it begins, or for no steps in it');
      const stepMs = stepFor(window);
      const pairs = this.#pairs(query, [
        ['start', seconds(client.toSource(from))],
        ['end', seconds(client.toSource(to))],
        ['step', String(stepMs / 1000)],
      ]);
      const reply = await askPrometheus(client, '/api/v1/query_range', pairs, QUERY_DATA, both);
      const { series, cut, note } = readSeries(reply.value, (theirs) => client.toOurs(theirs));
      const larger = stepMs > window.stepMs ? `asked for in steps of ${spelledDuration(stepMs)}` : undefined;
      return told(series, Math.min(to, reply.at), [cut, reply.warning], [larger, note, reply.info, client.clockNote()]);
    });
  }

  link(query: string, { from, to }: TimeWindow): string | null {
    const { page } = this.#client.fetcher;
    if (page === null || this.#page === null || !isTime(from) || !isTime(to) || from > to) return null;
    const range = `${Math.max(1, Math.ceil((to - from) / 1000))}s`;
    const end = new Date(to).toISOString();
    const pairs: Pairs =
      this.#page === 'vmui'
        ? [['g0.expr', query], ['g0.range_input', range], ['g0.end_input', end.slice(0, 19)]]
        : [['g0.expr', query], ['g0.tab', '0'], ['g0.range_input', range], ['g0.end_input', end.slice(0, 19).replace('T', ' ')]]; // prettier-ignore
    return this.#page === 'vmui' ? `${page}/vmui/?#/?${encodePairs(pairs)}` : `${page}/graph?${encodePairs(pairs)}`;
  }

  /** The server gives up when nobody waits any more. Older ones do not know `limit`. */
  #pairs(query: string, rest: Pairs): Pairs {
    const limit = Math.ceil(this.#client.limits.requestMs / 1000);
    return [['query', query], ...rest, ['timeout', `${limit}s`], ['limit', String(MOST_SERIES)]];
  }
}

/** The step of a window, or a larger one with which no more points come than a server gives. In whole seconds then. */
export function stepFor({ from, to, stepMs }: TimeWindow): number {
  const least = (to - from) / MOST_POINTS;
  return stepMs >= least ? stepMs : Math.ceil(least / 1000) * 1000;
}

function isTime(ms: number): boolean {
  return Number.isFinite(ms) && ms >= 0 && ms < 8.64e15;
}

function seconds(ms: number): string {
  return (ms / 1000).toFixed(3);
}
