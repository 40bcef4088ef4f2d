import type { Clock } from '../domain/clock.ts';
import type { Oracle, OracleTiming, OracleVerdict } from '../domain/ports.ts';
import type { SeverityItem } from '../domain/severity.ts';
import type { ClusterSnapshot } from '../domain/snapshot.ts';
import type { Answer, MetricSource, Series } from '../domain/telemetry.ts';
import { ClusterView } from '../kube/cluster-view.ts';
import { labelledObjects } from '../signals/identity/labelled-objects.ts';
import { oneLine } from '../text/plain-text.ts';
import { lookBackOf } from '../text/promql-window.ts';
import type { SloSpec } from './slo-spec.ts';
import { holds } from './slo-spec.ts';

/** Prometheus's own is a minute at most; an answer that is younger than this would say the same again. */
const FRESH_MS = 2_000;
const MOST_ITEMS = 50;

/**
 * Objectives that the user set, as checks. One whose query fails, or gives no series, makes severity unknown: what vanished
 * is not met. Absent without objectives.
 */
export class SloOracle implements Oracle {
  readonly name = 'objectives';
  readonly #specs: readonly SloSpec[];
  readonly #source: MetricSource | null;
  readonly #clock: Clock;
  #answer: { values: Answer<Series[]>[]; askedAt: number } | null = null;

  constructor(specs: readonly SloSpec[], source: MetricSource | null, clock: Clock) {
    this.#specs = specs;
    this.#source = source;
    this.#clock = clock;
  }

  get timing(): OracleTiming {
    const lagMs = this.#source?.lagMs ?? 0;
    const slowest = Math.max(0, ...this.#specs.map(({ query }) => lookBackOf(query)));
    return { lagMs, settleMs: lagMs + slowest, settlesLate: true };
  }

  async evaluate(snapshot: ClusterSnapshot, signal: AbortSignal): Promise<OracleVerdict> {
    if (this.#specs.length === 0) return { state: 'absent', reason: 'no objective is configured' };
    if (!this.#source) return { state: 'unknown', reason: 'objectives need a metric server: give --prometheus URL' };
    const view = new ClusterView(snapshot);
    const items: SeverityItem[] = [];
    let asOf = Number.POSITIVE_INFINITY;
    for (const [index, answer] of (await this.#ask(this.#source, signal)).entries()) {
      const spec = this.#specs[index]!;
      if (answer.state !== 'ok') return { state: 'unknown', reason: `SLO ${spec.name}: ${answer.reason}` };
      if (answer.cut) return { state: 'unknown', reason: `SLO ${spec.name}: ${answer.cut}` };
      const measured = answer.value.filter(({ samples }) => samples.length > 0);
      if (measured.length === 0)
        return {
          state: 'unknown',
          reason: `SLO ${spec.name}: its query gives no series, so that nothing is known of it`,
        };
      items.push(...measured.flatMap((series) => violation(spec, series, view)));
      asOf = Math.min(asOf, answer.asOf);
    }
    return {
      state: items.length > 0 ? 'bad' : 'ok',
      items: items.slice(0, MOST_ITEMS),
      asOf: asOf - this.timing.lagMs,
    };
  }

  async #ask(source: MetricSource, signal: AbortSignal): Promise<Answer<Series[]>[]> {
    const now = this.#clock.monotonic();
    if (this.#answer && now - this.#answer.askedAt < FRESH_MS) return this.#answer.values;
    const values = await Promise.all(this.#specs.map(({ query }) => source.instant(query, signal)));
    // What was not answered is asked again at once.
    this.#answer = values.every(({ state }) => state === 'ok') ? { values, askedAt: now } : null;
    return values;
  }
}

function violation(spec: SloSpec, { labels, samples }: Series, view: ClusterView): SeverityItem[] {
  const { value } = samples.at(-1)!;
  if (holds(value, spec)) return [];
  const told = Object.entries(labels)
    .map(([name, text]) => `${name}=${text}`)
    .sort()
    .join(',');
  const about = told ? ` of ${oneLine(told, 120)}` : '';
  const message = `SLO ${spec.name}${about}: ${Number(value.toPrecision(4))}, and it has to be ${spec.comparison} ${spec.bound}`;
  const subjects = labelledObjects(view, labels).objects;
  const key = oneLine(told, 200);
  return [
    {
      source: 'check',
      object: null,
      what: spec.name,
      grade: 1,
      message,
      ...(key ? { key } : {}),
      ...(subjects.length > 0 ? { subjects } : {}),
    },
  ];
}
