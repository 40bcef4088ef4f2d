import type { Clock } from '../domain/clock.ts';
import type { ObjectRef } from '../domain/kube-object.ts';
import { refKey, refLabel } from '../domain/kube-object.ts';
import type { OracleTiming, OracleVerdict } from '../domain/ports.ts';
import type { SeverityItem } from '../domain/severity.ts';
import { itemId } from '../domain/severity.ts';
import type { ClusterSnapshot } from '../domain/snapshot.ts';
import type { Answer, MetricSource, Series } from '../domain/telemetry.ts';
import { ClusterView } from '../kube/cluster-view.ts';
import { FLEETING } from '../signals/alerts/alert-items.ts';
import { labelledObjects } from '../signals/identity/labelled-objects.ts';
import { oneLine } from '../text/plain-text.ts';
import { lookBackOf } from '../text/promql-window.ts';
import type { Moving } from './health-findings.ts';
import type { PatientOracle } from './health-oracle.ts';
import type { SloSpec } from './slo-spec.ts';
import { holds } from './slo-spec.ts';

/** Prometheus's own is a minute at most; an answer that is younger than this would say the same again. */
const FRESH_MS = 2_000;
const MOST_ITEMS = 50;
/** Phases of pods. */
const ENDED: ReadonlySet<unknown> = new Set(['Succeeded', 'Failed']);

/**
 * Objectives that the user set, as checks. One whose query fails, or gives no series, makes severity unknown. What was measured
 * and is not any more, a violated series or all series of an object that is still there, is waited for as long as the next pods
 * may take to tell, and then unknown: what vanished is not met. One with more violated series than people read at the first
 * look is one item as a whole. Absent without objectives.
 */
export class SloOracle implements PatientOracle {
  readonly name = 'objectives';
  readonly #specs: readonly SloSpec[];
  readonly #source: MetricSource | null;
  readonly #clock: Clock;
  readonly #mustBeMeasured: boolean;
  readonly #seen = new Map<SloSpec, Seen>();
  #moving: Moving[] = [];
  #answer: { values: Answer<Series[]>[]; askedAt: number } | null = null;

  /** @param mustBeMeasured false for who changes nothing, and watches for so long that series come and go: what is lost is over then */
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
    const lost: Moving[] = [];
    const notes: string[] = [];
    let asOf = Number.POSITIVE_INFINITY;
    for (const [index, answer] of (await this.#ask(this.#source, signal)).entries()) {
      const spec = this.#specs[index]!;
      if (answer.state !== 'ok') return { state: 'unknown', reason: `SLO ${spec.name}: ${answer.reason}` };
      if (answer.cut) return { state: 'unknown', reason: `SLO ${spec.name}: ${answer.cut}` };
      const measured = answer.value.filter(({ samples }) => samples.length > 0);
      if (measured.length === 0 && !this.#seen.has(spec)) return { state: 'unknown', reason: noSeries(spec) };
      const violated = measured.filter(({ samples }) => !holds(samples.at(-1)!.value, spec));
      const missed = this.#missedOf(spec, measured, violated, view);
      const late = missed.find(({ until }) => until <= this.#clock.now());
      if (late && (this.#mustBeMeasured || measured.length === 0)) return { state: 'unknown', reason: late.message };
      lost.push(...missed);
      items.push(...this.#told(spec, measured.length, violated, view));
      if (answer.note) notes.push(`SLO ${spec.name}: ${answer.note}`);
      asOf = Math.min(asOf, answer.asOf);
    }
    this.#moving = lost;
    items.push(...lost);
    return {
      state: items.length > 0 ? 'bad' : 'ok',
      items,
      asOf: asOf - this.timing.lagMs,
      ...(notes.length > 0 ? { notes } : {}),
    };
  }

  /** What may be measured again by itself. */
  moving(): Moving[] {
    return this.#moving;
  }

  /** What was measured at the looks before and is not now, each with when it is given up. */
  #missedOf(
    spec: SloSpec,
    measured: readonly Series[],
    violated: readonly Series[],
    view: ClusterView,
  ): (Moving & { until: number })[] {
    const before = this.#seen.get(spec);
    const isWhole = before?.isWhole ?? violated.length > MOST_ITEMS;
    const now = new Map([
      ...(measured.length > 0 ? [anythingMeasured(spec)] : []),
      ...measured.flatMap((series) => objectsMeasured(spec, series, view)),
      ...violated.map((series) => violationMeasured(spec, series, view)),
    ]);
    const there = new Set(measured.map((series) => `series ${lastingLabels(series)}`));
    const { settleMs, lagMs } = this.timing;
    const missed = [...(before?.measured ?? [])].flatMap(([key, { item, since }]) => {
      if (now.has(key) || there.has(key) || !isStillThere(item, view)) return [];
      const lostAt = since ?? this.#clock.now();
      // Pods that have just started tell after a scrape, and a rate after two of them.
      return [{ key, item, since: lostAt, until: lostAt + settleMs + lagMs }];
    });
    const kept = missed.filter(
      ({ key, until }) => this.#mustBeMeasured || key === ANYTHING_MEASURED || until > this.#clock.now(),
    );
    this.#seen.set(spec, {
      isWhole,
      measured: new Map([
        ...[...now].map(([key, item]): [string, Measured] => [key, { item, since: null }]),
        ...kept.map(({ key, item, since }): [string, Measured] => [key, { item, since }]),
      ]),
      told: before?.told ?? new Set(),
    });
    return kept.map(({ item, until }) => ({ ...item, until })).slice(0, MOST_ITEMS);
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
  /** By what is measured: violated series by their lasting labels, and objects. */
  measured: ReadonlyMap<string, Measured>;
  /** Items told so far, by id. */
  told: Set<string>;
}

interface Measured {
  /** What is said where it is measured no longer. */
  item: SeverityItem;
  /** Since when it is not, milliseconds since the epoch; null: it is. */
  since: number | null;
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

const ANYTHING_MEASURED = 'anything';

function noSeries({ name }: SloSpec): string {
  return `SLO ${name}: its query gives no series, so that nothing is known of it`;
}

/** Each with what is said where it is measured no longer. */
function anythingMeasured(spec: SloSpec): [string, SeverityItem] {
  const { name: what } = spec;
  return [
    ANYTHING_MEASURED,
    { source: 'check', object: null, what, grade: 1, message: noSeries(spec), key: 'measured' },
  ];
}

function violationMeasured(spec: SloSpec, series: Series, view: ClusterView): [string, SeverityItem] {
  const item = violation(spec, series, view);
  return [`series ${lastingLabels(series)}`, { ...item, message: `${item.message}; it is no longer measured` }];
}

function objectsMeasured(spec: SloSpec, { labels }: Series, view: ClusterView): [string, SeverityItem][] {
  const [object] = labelledObjects(view, labels).objects;
  if (!object) return [];
  const message = `SLO ${spec.name}: it is no longer measured of ${refLabel(object)}`;
  const key = `measured of ${refLabel(object)}`;
  const item: SeverityItem = {
    source: 'check',
    object: null,
    what: spec.name,
    grade: 1,
    message,
    key,
    subjects: [object],
  };
  return [[`object ${refKey(object)}`, item]];
}

/** What was taken away, or has ended, is measured no more for that. */
function isStillThere({ subjects = [] }: SeverityItem, view: ClusterView): boolean {
  const goesOn = ({ kind, namespace, name }: ObjectRef): boolean => {
    const object = view.find(kind, namespace, name);
    return object !== undefined && !ENDED.has(object.status?.phase);
  };
  return subjects.length === 0 || subjects.some(goesOn);
}

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
