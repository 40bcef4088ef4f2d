import type { ObjectRef } from '../../domain/kube-object.ts';
import type { SignalSettings } from '../../domain/signal-settings.ts';
import type { ChartMark, SignalKind, SignalReading, Unjudged } from '../../domain/signals.ts';
import type { Answer, Series, TimeWindow } from '../../domain/telemetry.ts';
import type { ClusterView } from '../../kube/cluster-view.ts';
import { stableJson } from '../../json/stable-json.ts';
import type { Labelled } from '../identity/labelled-objects.ts';
import { labelledObjects } from '../identity/labelled-objects.ts';

/** What signals are judged in. */
export interface Scene {
  view: ClusterView;
  /** Namespaces that are looked at. */
  namespaces: readonly string[];
  /** Milliseconds since the epoch. */
  now: number;
  settings: SignalSettings;
  /** When something began that is no longer usual (an incident that is open, a change that is watched); null for none. */
  usualUntil: number | null;
  /** A sample that is older says nothing of the present, in ms; absent: what a scrape that fails now and then may miss. */
  staleMs?: number;
  /** For charts. */
  marks: readonly ChartMark[];
}

/** A query whose answer a judgement needs; those of several judgements that have one key are one. */
export interface Ask {
  key: string;
  query: string;
  window: TimeWindow;
}

export type Answers = ReadonlyMap<string, Answer<Series[]>>;

/** A recording or alerting rule of Prometheus. */
export interface Rule {
  record?: string;
  alert?: string;
  expr: string;
  forMs?: number;
  labels?: Readonly<Record<string, string>>;
  annotations?: Readonly<Record<string, string>>;
}

/** One kind of incident: what is asked, how it is judged, and the same as rules that Prometheus evaluates itself. */
export interface IncidentType {
  kind: SignalKind;
  title: string;
  asks(scene: Scene): Ask[];
  judge(answers: Answers, scene: Scene): SignalReading;
  rules(settings: SignalSettings): Rule[];
  /** Alerts of well-known rule sets that mean the same. */
  sameMeaning: RegExp;
}

export function emptyReading(): SignalReading {
  return { signals: [], unjudged: [], absent: [] };
}

export function joined(readings: readonly SignalReading[]): SignalReading {
  const blind = readings.flatMap((reading) => reading.blind ?? []);
  return {
    signals: readings.flatMap(({ signals }) => signals),
    unjudged: readings.flatMap(({ unjudged }) => unjudged),
    absent: [...new Set(readings.flatMap(({ absent }) => absent))],
    ...(blind.length > 0 ? { blind } : {}),
  };
}

/** A series of the scope with what it speaks of. */
export interface ScopedSeries {
  series: Series;
  labelled: Labelled;
  /** The first that its labels name; null where they name nothing that is known. */
  object: ObjectRef | null;
}

/**
 * Series of an answer that speak of the scope, or do not say of what. Null where there is no answer or nothing in it: why is
 * then noted in `reading`, and nothing is taken for health. Those that name something of the scope are counted there.
 */
export function scopedSeries(
  answer: Answer<Series[]> | undefined,
  kind: SignalKind,
  what: string,
  scene: Scene,
  reading: SignalReading,
): ScopedSeries[] | null {
  if (!answer) reading.unjudged.push({ kind, object: null, reason: `${what} was not asked for` });
  else if (answer.state === 'unknown')
    reading.unjudged.push({ kind, object: null, reason: `${what}: ${answer.reason}` });
  else if (answer.state === 'absent') reading.absent.push(`${what}: ${answer.reason}`);
  else if (answer.value.length === 0) reading.absent.push(`nobody exports ${what}`);
  if (answer?.state !== 'ok' || answer.value.length === 0) return null;
  if (answer.cut) reading.unjudged.push({ kind, object: null, reason: `${what} is not here in full: ${answer.cut}` });
  const inScope = new Set(scene.namespaces);
  const found = answer.value.flatMap((series): ScopedSeries[] => {
    const labelled = labelledObjects(scene.view, series.labels);
    const [object = null] = labelled.objects;
    const namespace = labelled.namespace ?? object?.namespace ?? null;
    return namespace === null || inScope.has(namespace) ? [{ series, labelled, object }] : [];
  });
  const named = found.filter(({ object, labelled }) => object !== null || labelled.namespace !== null);
  if (named.length === 0) reading.absent.push(`nobody exports ${what} of ${scene.namespaces.join(', ')}`);
  reading.series = (reading.series ?? 0) + named.length;
  return found;
}

/** What tells a series apart from others of the same query. */
export function seriesKey({ labels }: Series): string {
  return stableJson(labels);
}

export function bySeries(answer: Answer<Series[]> | undefined): Map<string, Series> | null {
  return answer?.state === 'ok' ? new Map(answer.value.map((series) => [seriesKey(series), series])) : null;
}

/** Where several series speak of one object, what was judged of it by one need not be unknown by another. */
export function unjudgedOnly(
  unjudged: readonly Unjudged[],
  judged: ReadonlySet<string>,
  keyOf: (ref: ObjectRef) => string,
): Unjudged[] {
  return unjudged.filter(({ object }) => object === null || !judged.has(keyOf(object)));
}
