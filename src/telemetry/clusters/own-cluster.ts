import { messageOf } from '../../domain/cluster-error.ts';
import type { Clock } from '../../domain/clock.ts';
import type { Answer, MetricSource, Series } from '../../domain/telemetry.ts';
import type { ClusterSetting } from '../settings/cluster-setting.ts';
import type { ClusterMarks } from './cluster-queries.ts';
import { censusQuery, marksQuery, presenceQuery } from './cluster-queries.ts';
import type { ClusterScope } from './cluster-reading.ts';
import { labelsOf, matcherOf, scopeOf, textOf } from './cluster-reading.ts';

/** Labels change when a server is started with other ones, and a cluster may come to it at any time. */
const LAST_MS = 60_000;
/** What could not be told is asked again soon. */
const UNTOLD_LASTS_MS = 5_000;

export interface OwnClusterParts {
  /** As it answers without any restriction. */
  metrics: MetricSource;
  /** What proves that series are of the target's cluster, as it is now; never rejects but on cancel. */
  marks: (signal: AbortSignal) => Promise<ClusterMarks>;
  setting?: ClusterSetting;
  clock: Clock;
}

/** What of a metric server, which may hold several clusters, is of the target's. */
export class OwnCluster {
  readonly #parts: OwnClusterParts;
  #asked: { scope: Promise<ClusterScope>; at: number } | null = null;
  #last: ClusterScope = { state: 'whole', known: new Map(), isOurs: false };

  constructor(parts: OwnClusterParts) {
    this.#parts = parts;
  }

  /** As it was found last. */
  get last(): ClusterScope {
    return this.#last;
  }

  /** Never rejects but on cancel: what cannot be found out is unknown. */
  async find(signal: AbortSignal): Promise<ClusterScope> {
    const { clock, setting } = this.#parts;
    if (setting?.all) return this.#last;
    const now = clock.monotonic();
    const lasts = this.#last.state === 'unknown' ? UNTOLD_LASTS_MS : LAST_MS;
    if (!this.#asked || now - this.#asked.at >= lasts) {
      const asked = { scope: this.#ask(signal), at: now };
      this.#asked = asked;
      // Who asked may have gone; the next asks for themselves.
      asked.scope.catch(() => void (this.#asked === asked && (this.#asked = null)));
    }
    const { scope } = this.#asked;
    try {
      return (this.#last = await scope);
    } catch (error) {
      signal.throwIfAborted();
      // It was another's question that was cancelled.
      if (this.#asked?.scope === scope) throw error;
      return this.find(signal);
    }
  }

  async #ask(signal: AbortSignal): Promise<ClusterScope> {
    try {
      return await this.#looked(signal);
    } catch (error) {
      signal.throwIfAborted();
      return unknown(`what ${this.#parts.metrics.name} holds of this cluster is not known: ${messageOf(error)}`);
    }
  }

  async #looked(signal: AbortSignal): Promise<ClusterScope> {
    const { metrics, marks: read, setting } = this.#parts;
    const marks = await read(signal);
    const labels = labelsOf(setting);
    const namespaces = marks.pods.map(({ namespace }) => namespace);
    const question = marksQuery(labels, marks);
    const [census, marked] = await Promise.all([
      metrics.instant(censusQuery(labels, namespaces), signal),
      question === null ? null : metrics.instant(question, signal),
    ]);
    signal.throwIfAborted();
    const problem = problemOf(census) ?? (marked && problemOf(marked));
    if (problem !== null) return unknown(`whether ${metrics.name} holds several clusters is not known: ${problem}`);
    const scope = scopeOf(metrics.name, { census: seriesOf(census), marks: marked ? seriesOf(marked) : [] }, setting);
    return scope.state === 'part' ? this.#confirmed(scope, signal) : scope;
  }

  /** A value that does not come back as it came, and one that a person gave and nothing has, would look like nothing that is wrong. */
  async #confirmed(scope: Extract<ClusterScope, { state: 'part' }>, signal: AbortSignal): Promise<ClusterScope> {
    const { metrics } = this.#parts;
    const found = Object.values(scope.groups).flatMap((group) =>
      'unknown' in group || group.size === 0 ? [] : [group],
    );
    for (const matchers of new Map(found.map((each) => [textOf(each), each])).values()) {
      const question = presenceQuery([...matchers].map(([label, value]) => matcherOf(label, value)));
      const answer = await metrics.instant(question, signal);
      signal.throwIfAborted();
      const problem = problemOf(answer);
      if (problem !== null) return unknown(`what ${metrics.name} holds of this cluster is not known: ${problem}`);
      if (seriesOf(answer).length === 0)
        return unknown(
          `${metrics.name} has nothing with ${textOf(matchers)}; it has ${scope.seen}: see --telemetry-cluster`,
        );
    }
    return scope;
  }
}

/** For people: what of several clusters is read, or why nothing is; undefined where nothing tells of several. */
export function clusterNote(scope: ClusterScope, name: string): string | undefined {
  if (scope.state === 'whole') return undefined;
  if (scope.state === 'unknown') return scope.reason;
  const [untold] = Object.values(scope.groups).flatMap((group) => ('unknown' in group ? [group.unknown] : []));
  const { scraped } = scope.groups;
  const read =
    'unknown' in scraped || scraped.size === 0 ? [] : [`of ${name} (${scope.seen}) only ${textOf(scraped)} is read`];
  const told = [...read, ...(untold === undefined ? [] : [untold])];
  return told.length > 0 ? told.join('; ') : undefined;
}

function unknown(reason: string): ClusterScope {
  return { state: 'unknown', reason, known: new Map() };
}

/** Why an answer says nothing for certain; null where it does. */
function problemOf(answer: Answer<Series[]>): string | null {
  return answer.state === 'ok' ? (answer.cut ?? null) : answer.reason;
}

function seriesOf(answer: Answer<Series[]>): Series[] {
  return answer.state === 'ok' ? answer.value : [];
}
