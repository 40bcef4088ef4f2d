import type { Clock } from '../domain/clock.ts';
import type { Oracle, OracleTiming, OracleVerdict } from '../domain/ports.ts';
import type { SeverityItem } from '../domain/severity.ts';
import { itemId } from '../domain/severity.ts';
import type { ClusterSnapshot } from '../domain/snapshot.ts';
import type { Answer, MetricSource, Series } from '../domain/telemetry.ts';
import { ClusterView } from '../kube/cluster-view.ts';
import { FLEETING } from '../signals/alerts/alert-items.ts';
import { labelledObjects } from '../signals/identity/labelled-objects.ts';
import { oneLine } from '../text/plain-text.ts';
import { lookBackOf } from '../text/promql-window.ts';
import type { SloSpec } from './slo-spec.ts';
import { holds } from './slo-spec.ts';

/** Prometheus's own is a minute at most; an answer that is younger than this would say the same again. */
const FRESH_MS = 2_000;
const MOST_ITEMS = 50;

/**
 * Objectives that the user set, as checks. One whose query fails, or gives no series, makes severity unknown, and so does a
 * violated series that is no longer measured: what vanished is not met. One with more violated series than people read at the
 * first look is one item as a whole. Absent without objectives.
 */
export class SloOracle implements Oracle {
  readonly name = 'objectives';
  readonly #specs: readonly SloSpec[];
  readonly #source: MetricSource | null;
  readonly #clock: Clock;
  readonly #mustBeMeasured: boolean;
  readonly #seen = new Map<SloSpec, Seen>();
  #answer: { values: Answer<Series[]>[]; askedAt: number } | null = null;

  /** @param mustBeMeasured false for who changes nothing, and watches for so long that series come and go */
  constructor(specs: readonly SloSpec[], source: MetricSource | null, clock: Clock, mustBeMeasured = true) {
    this.#mustBeMeasured = mustBeMeasured;
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
    const notes: string[] = [];
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
      const violated = measured.filter(({ samples }) => !holds(samples.at(-1)!.value, spec));
      const lost = this.#lostOf(spec, measured, violated);
      if (lost !== null)
        return { state: 'unknown', reason: `SLO ${spec.name}${lost}: it was violated, and is no longer measured` };
      items.push(...this.#told(spec, measured.length, violated, view));
      if (answer.note) notes.push(`SLO ${spec.name}: ${answer.note}`);
      asOf = Math.min(asOf, answer.asOf);
    }
    return {
      state: items.length > 0 ? 'bad' : 'ok',
      items,
      asOf: asOf - this.timing.lagMs,
      ...(notes.length > 0 ? { notes } : {}),
    };
  }

  /** What a violated series was about of which there is none any more; null where there is. */
  #lostOf(spec: SloSpec, measured: readonly Series[], violated: readonly Series[]): string | null {
    const seen = this.#seen.get(spec);
    const there = new Set(measured.map(lastingLabels));
    const lost = this.#mustBeMeasured ? seen?.violated.find((labels) => !there.has(labels)) : undefined;
    if (lost !== undefined) return aboutOf(lost);
    const isWhole = seen?.isWhole ?? violated.length > MOST_ITEMS;
    this.#seen.set(spec, { isWhole, violated: violated.map(lastingLabels), told: seen?.told ?? new Set() });
    return null;
  }

  /** What was told before is told again before anything is left out: it would look met. */
  #told(spec: SloSpec, measured: number, violated: readonly Series[], view: ClusterView): SeverityItem[] {
    const { isWhole, told } = this.#seen.get(spec)!;
    if (isWhole) {
      const message = `SLO ${spec.name}: ${violated.length} of ${measured} series violate it`;
      const grade = violated.length / measured;
      return violated.length === 0 ? [] : [{ source: 'check', object: null, what: spec.name, grade, message }];
    }
    const items = violated.map((series) => violation(spec, series, view));
    const [known, fresh] = [true, false].map((was) => items.filter((item) => told.has(itemId(item)) === was));
    const shown = [...known!, ...fresh!.slice(0, Math.max(0, MOST_ITEMS - known!.length))];
    for (const item of shown) told.add(itemId(item));
    return shown;
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

/** What was seen of one objective. */
interface Seen {
  isWhole: boolean;
  /** Lasting labels of the series that violated it last. */
  violated: readonly string[];
  /** Items told so far, by id. */
  told: Set<string>;
}

function labelText(labels: Series['labels'], isWanted: (name: string) => boolean = () => true): string {
  return Object.entries(labels)
    .filter(([name]) => isWanted(name))
    .map(([name, text]) => `${name}=${text}`)
    .sort()
    .join(',');
}

/** Without those of one start of a program: its next start is measured in its place. */
const lastingLabels = ({ labels }: Series): string => labelText(labels, (name) => !FLEETING.has(name));

const aboutOf = (told: string): string => (told ? ` of ${oneLine(told, 120)}` : '');

function violation(spec: SloSpec, { labels, samples }: Series, view: ClusterView): SeverityItem {
  const { value } = samples.at(-1)!;
  const told = labelText(labels);
  const message = `SLO ${spec.name}${aboutOf(told)}: ${Number(value.toPrecision(4))}, and it has to be ${spec.comparison} ${spec.bound}`;
  const subjects = labelledObjects(view, labels).objects;
  const key = oneLine(told, 200);
  return {
    source: 'check',
    object: null,
    what: spec.name,
    grade: 1,
    message,
    ...(key ? { key } : {}),
    ...(subjects.length > 0 ? { subjects } : {}),
  };
}
