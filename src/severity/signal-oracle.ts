import type { Clock } from '../domain/clock.ts';
import type { ObjectRef } from '../domain/kube-object.ts';
import type { OracleTiming, OracleVerdict } from '../domain/ports.ts';
import type { SeverityItem } from '../domain/severity.ts';
import { itemId } from '../domain/severity.ts';
import type { SignalSettings } from '../domain/signal-settings.ts';
import { DEFAULT_SIGNAL_SETTINGS } from '../domain/signal-settings.ts';
import type { SignalReading, Unjudged } from '../domain/signals.ts';
import type { ClusterSnapshot } from '../domain/snapshot.ts';
import type { Alert, MetricSource } from '../domain/telemetry.ts';
import { stableJson } from '../json/stable-json.ts';
import { ClusterView } from '../kube/cluster-view.ts';
import { alertsInScope } from '../signals/alerts/alert-items.ts';
import { foldInstalled } from '../signals/incident-types/fold-installed.ts';
import type { Answers, Scene } from '../signals/incident-types/incident-type.ts';
import { readIncidentTypes } from '../signals/incident-types/incident-types.ts';
import { FixedBaseline } from './fixed-baseline.ts';
import type { FreshAlerts } from './fresh-alerts.ts';
import type { Moving } from './health-findings.ts';
import type { PatientOracle } from './health-oracle.ts';
import { PendingSince } from './pending-since.ts';
import type { Asked } from './signal-answers.ts';
import { SignalAnswers } from './signal-answers.ts';
import type { PlacedSignal } from './signal-items.ts';
import { blindNote, itemOfSignal, lingersMs, pendingItem, placedIn } from './signal-items.ts';

export interface SignalOracleParts {
  metrics: MetricSource | null;
  /** Rules of the same meaning that fire speak in its place; null: there is no source of alerts. */
  alerts: FreshAlerts | null;
  clock: Clock;
  /** False for who only looks: then what is pending is an early sign, and what is usual moves on while all is well. */
  judgesChanges: boolean;
  settings?: SignalSettings;
}

interface Told {
  signal: PlacedSignal;
  item: SeverityItem;
}

type PlacedUnjudged = Unjudged & { object: ObjectRef };

/** A sample that is so many steps old says nothing of the present. */
const STALE_STEPS = 3;

/**
 * The five incident types that Stratus evaluates itself, as items of severity by type and object. Compared is with a baseline
 * that is fixed at the first look. Where an alert of the same meaning fires when one is first seen, the alert speaks. What was
 * wrong and can no longer be judged, and what could be judged all the time and no longer can, is waited for and then makes
 * severity unknown, as what is not answered does. Absent where nobody exports what they look at.
 */
export class SignalOracle implements PatientOracle {
  readonly name = 'signals';
  readonly #parts: SignalOracleParts;
  readonly #settings: SignalSettings;
  readonly #answers: SignalAnswers | null;
  readonly #baseline: FixedBaseline;
  readonly #pending: PendingSince;
  #judged: (Asked & { reading: SignalReading }) | null = null;
  /** What was wrong at the last look, by identity. */
  #told = new Map<string, Told>();
  /** Identities of which an alert spoke when they were first seen, and since they have been wrong without a break. */
  #folded = new Set<string>();
  /** Identities of what could not be judged at the first look. */
  #unknownAtFirst: ReadonlySet<string> | null = null;
  /** Identities of what nobody tells of, and since when. */
  #silentSince = new Map<string, number>();
  #silent: Moving[] = [];
  #lingersMs = 0;

  constructor(parts: SignalOracleParts) {
    const { metrics, clock, judgesChanges, settings = DEFAULT_SIGNAL_SETTINGS } = parts;
    this.#parts = parts;
    this.#settings = settings;
    this.#answers = metrics && new SignalAnswers(metrics, clock, judgesChanges);
    this.#baseline = new FixedBaseline(judgesChanges, settings);
    this.#pending = new PendingSince(judgesChanges);
  }

  /** Of what is wrong now. */
  get timing(): OracleTiming {
    const lagMs = this.#parts.metrics?.lagMs ?? 0;
    return { lagMs, settleMs: lagMs + this.#lingersMs, settlesLate: true };
  }

  /** What began to be pending since the first look, and of what it will soon be told again. */
  moving(): Moving[] {
    return [...this.#pending.moving, ...this.#silent];
  }

  early(): Moving[] {
    return this.#pending.early;
  }

  async evaluate(snapshot: ClusterSnapshot, signal: AbortSignal): Promise<OracleVerdict> {
    if (!this.#answers) return { state: 'absent', reason: 'no metric server is configured' };
    const view = new ClusterView(snapshot);
    const { namespaces } = snapshot;
    const [asked, alerts] = await Promise.all([
      this.#read(this.#answers, view, namespaces, signal),
      this.#alerts(signal),
    ]);
    if ('unknown' in asked) return { state: 'unknown', reason: asked.unknown };
    const { reading, answers, at } = asked;
    if (this.#unknownAtFirst === null && isEmpty(answers))
      return { state: 'absent', reason: 'nobody exports what the incident types look at' };
    const placed = placedIn(view, namespaces, reading.signals);
    const speaking = this.#unfolded(placed, alerts, view, namespaces);
    const lagMs = this.#parts.metrics?.lagMs ?? 0;
    const pending = foldInstalled(placed, asFiring(alerts, view, namespaces), view).kept as PlacedSignal[];
    this.#pending.look(pending.flatMap((one) => pendingItem(one, this.#settings.baseline.stepMs + lagMs) ?? []));
    const told = new Map(speaking.map((one) => [idOf(one), { signal: one, item: itemOfSignal(one) }]));
    const silent = this.#silentNow(new Set(placed.map(idOf)), reading, answers, view);
    const now = this.#parts.clock.now();
    const { judgesChanges } = this.#parts;
    const late = silent.find(({ until }) => until <= now);
    if (judgesChanges && late) return { state: 'unknown', reason: late.message };
    // What was wrong is so until it is known to be over.
    const kept = silent.flatMap((item): [string, Told][] => {
      const before = this.#told.get(itemId(item));
      return before ? [[itemId(item), before]] : [];
    });
    this.#told = new Map([...told, ...kept]);
    this.#silent = judgesChanges ? silent : [];
    this.#lingersMs = Math.max(0, ...speaking.map((one) => lingersMs(one, now, this.#settings)));
    const items = [...(judgesChanges ? told : this.#told).values()].map(({ item }) => item);
    items.push(...this.moving());
    const blind = blindNote(reading);
    return { state: items.length > 0 ? 'bad' : 'ok', items, asOf: at - lagMs, ...(blind ? { notes: [blind] } : {}) };
  }

  /** What the types say by the baseline as it is fixed now. */
  async #read(
    answers: SignalAnswers,
    view: ClusterView,
    namespaces: readonly string[],
    signal: AbortSignal,
  ): Promise<(Asked & { reading: SignalReading }) | { unknown: string }> {
    const look = async (anew: boolean) => {
      const scene = this.#scene(view, namespaces);
      const asked = await answers.ask(scene, anew, signal);
      if ('unknown' in asked) return asked;
      // For who only looks the same answers say the same again.
      if (!this.#parts.judgesChanges && this.#judged?.answers === asked.answers) return this.#judged;
      this.#judged = { ...asked, reading: readIncidentTypes(asked.answers, { ...scene, now: asked.at }) };
      return this.#judged;
    };
    const first = await look(false);
    if ('unknown' in first || !this.#baseline.look(first.reading, first.at)) return first;
    return look(true);
  }

  #scene(view: ClusterView, namespaces: readonly string[]): Scene {
    const settings = this.#settings;
    return {
      view,
      namespaces,
      now: this.#parts.clock.now(),
      settings,
      usualUntil: this.#baseline.usualUntil,
      staleMs: STALE_STEPS * settings.baseline.stepMs,
      marks: [],
    };
  }

  /** Whose failure to tell the oracle of alerts makes severity unknown. */
  async #alerts(signal: AbortSignal): Promise<Alert[]> {
    try {
      const answer = await this.#parts.alerts?.ask(signal);
      return answer?.state === 'ok' ? answer.value : [];
    } catch (error) {
      if (signal.aborted) throw error;
      return [];
    }
  }

  /**
   * Incidents of which no alert speaks. Decided when one is first seen: else the alert that fires later would make it look
   * as if it were over.
   */
  #unfolded(
    placed: readonly PlacedSignal[],
    alerts: readonly Alert[],
    view: ClusterView,
    namespaces: readonly string[],
  ): PlacedSignal[] {
    const incidents = placed.filter(({ level }) => level === 'incident');
    const { kept } = foldInstalled(incidents, alertsInScope(alerts, view, namespaces), view);
    const free = new Set(kept);
    const speaking = incidents.filter(
      (one) => this.#told.has(idOf(one)) || (free.has(one) && !this.#folded.has(idOf(one))),
    );
    this.#folded = new Set(incidents.filter((one) => !speaking.includes(one)).map(idOf));
    return speaking;
  }

  /**
   * What was wrong, is not told of and is not known to be over; and what could be judged at the first look and all the time
   * before, and cannot be any more. A scrape and a window of `rate()` may pass before pods that have just started tell.
   */
  #silentNow(
    present: ReadonlySet<string>,
    reading: SignalReading,
    answers: Answers,
    view: ClusterView,
  ): (Moving & { until: number })[] {
    const unjudged = reading.unjudged.filter((one): one is PlacedUnjudged => one.object !== null);
    const reasons = new Map(unjudged.map((one) => [unjudgedId(one), one]));
    this.#unknownAtFirst ??= new Set(reasons.keys());
    const found = new Map<string, SeverityItem>();
    const gone = [...this.#told].filter(([id]) => !present.has(id));
    const series = gone.length > 0 ? seriesIn(answers) : new Set<string>();
    for (const [id, { signal, item }] of gone) {
      const { object, query, labels } = signal;
      const isUntold = query !== null && !series.has(stableJson(labels));
      const why = reasons.get(id)?.reason ?? (isUntold ? 'nobody tells of it any more' : undefined);
      if (why === undefined || !view.find(object.kind, object.namespace, object.name)) continue;
      found.set(id, { ...item, message: `${item.message}; whether that is over is not known: ${why}` });
    }
    for (const [id, one] of reasons) {
      if (!one.lost || this.#unknownAtFirst.has(id) || found.has(id)) continue;
      const { kind, object, reason } = one;
      found.set(id, { source: 'signal', object, what: kind, grade: 1, message: reason });
    }
    const now = this.#parts.clock.now();
    this.#silentSince = new Map([...found.keys()].map((id) => [id, this.#silentSince.get(id) ?? now]));
    const grace = this.#settings.baseline.rateMs + (this.#parts.metrics?.lagMs ?? 0);
    return [...found].map(([id, item]) => ({ ...item, until: this.#silentSince.get(id)! + grace }));
  }
}

function unjudgedId({ kind, object }: PlacedUnjudged): string {
  return itemId({ source: 'signal', object, what: kind, grade: 1, message: '' });
}

function idOf(signal: PlacedSignal): string {
  return itemId(itemOfSignal(signal));
}

/** Pending alerts, too: what is pending twice is told by the rule. */
function asFiring(alerts: readonly Alert[], view: ClusterView, namespaces: readonly string[]) {
  return alertsInScope(alerts, view, namespaces).map((one) => ({
    ...one,
    alert: { ...one.alert, state: 'firing' as const },
  }));
}

function seriesIn(answers: Answers): ReadonlySet<string> {
  const told = [...answers.values()].flatMap((answer) => (answer.state === 'ok' ? answer.value : []));
  return new Set(told.map(({ labels }) => stableJson(labels)));
}

function isEmpty(answers: Answers): boolean {
  return [...answers.values()].every((answer) => answer.state !== 'ok' || answer.value.length === 0);
}
