import { messageOf } from '../../domain/cluster-error.ts';
import type { Answer, MetricSource, Series, TimeWindow } from '../../domain/telemetry.ts';
import { withMatchers } from '../../text/promql-selectors.ts';
import { CLUSTER_LABELS } from './cluster-labels.ts';
import type { ClusterScope, GroupScope } from './cluster-reading.ts';
import { groupOf, matcherOf } from './cluster-reading.ts';
import type { OwnCluster } from './own-cluster.ts';

/**
 * A metric server of which only the target's cluster is seen, whatever is asked: each vector selector of a query is restricted,
 * and where it is not known which series are ours every answer is unknown.
 */
export class OneClusterMetrics implements MetricSource {
  readonly #source: MetricSource;
  readonly #cluster: OwnCluster;
  readonly asWritten: MetricSource;

  /** @param source what is asked, and @param whole what queries of people are asked of */
  constructor(source: MetricSource, cluster: OwnCluster, whole: MetricSource = new AsWritten(source, cluster)) {
    this.#source = source;
    this.#cluster = cluster;
    this.asWritten = whole;
  }

  get name(): string {
    return this.#source.name;
  }

  get lagMs(): number {
    return this.#source.lagMs;
  }

  /** The same with something between the restriction and the server. */
  over(make: (source: MetricSource) => MetricSource): OneClusterMetrics {
    return new OneClusterMetrics(make(this.#source), this.#cluster, this.asWritten);
  }

  async instant(query: string, signal: AbortSignal, at?: number): Promise<Answer<Series[]>> {
    const own = restricted(query, await this.#cluster.find(signal));
    return typeof own === 'string' ? this.#source.instant(own, signal, at) : { state: 'unknown', reason: own.unknown };
  }

  async range(query: string, window: TimeWindow, signal: AbortSignal): Promise<Answer<Series[]>> {
    const own = restricted(query, await this.#cluster.find(signal));
    return typeof own === 'string'
      ? this.#source.range(own, window, signal)
      : { state: 'unknown', reason: own.unknown };
  }

  /** What a person sees there is what was read. */
  link(query: string, window: TimeWindow): string | null {
    const own = restricted(query, this.#cluster.last);
    return typeof own === 'string' ? this.#source.link(own, window) : null;
  }
}

/** The query for the target's cluster alone, or why there is none. */
export function restricted(query: string, scope: ClusterScope): string | { unknown: string } {
  if (scope.state === 'whole') return query;
  if (scope.state === 'unknown') return { unknown: scope.reason };
  const reasons: string[] = [];
  const matchersOf = (metric: string | null): string[] => {
    const group: GroupScope = scope.groups[groupOf(metric)];
    if (!('unknown' in group)) return [...group].map(([label, value]) => matcherOf(label, value));
    reasons.push(group.unknown);
    return [];
  };
  try {
    const own = withMatchers(query, matchersOf);
    const [reason] = reasons;
    return reason === undefined ? own : { unknown: reason };
  } catch (error) {
    return { unknown: `a query cannot be asked of one cluster only: ${messageOf(error)}` };
  }
}

/** Queries that people wrote, as they wrote them. That one of them is asked of several clusters is said once. */
class AsWritten implements MetricSource {
  readonly #source: MetricSource;
  readonly #cluster: OwnCluster;
  /** The query with which it is said. */
  #told: string | null = null;

  constructor(source: MetricSource, cluster: OwnCluster) {
    this.#source = source;
    this.#cluster = cluster;
  }

  get name(): string {
    return this.#source.name;
  }

  get lagMs(): number {
    return this.#source.lagMs;
  }

  async instant(query: string, signal: AbortSignal, at?: number): Promise<Answer<Series[]>> {
    return this.#noted(query, await this.#source.instant(query, signal, at), await this.#cluster.find(signal));
  }

  async range(query: string, window: TimeWindow, signal: AbortSignal): Promise<Answer<Series[]>> {
    return this.#noted(query, await this.#source.range(query, window, signal), await this.#cluster.find(signal));
  }

  link(query: string, window: TimeWindow): string | null {
    return this.#source.link(query, window);
  }

  #noted(query: string, answer: Answer<Series[]>, scope: ClusterScope): Answer<Series[]> {
    if (answer.state !== 'ok' || scope.state === 'whole' || namesCluster(query, scope)) return answer;
    this.#told ??= query;
    if (this.#told !== query) return answer;
    const what =
      scope.state === 'part' ? `several clusters (${scope.seen})` : 'more than this cluster, as far as is known';
    const note = `it is asked as it is written, of a server that holds ${what}`;
    return { ...answer, note: answer.note ? `${answer.note}; ${note}` : note };
  }
}

function namesCluster(query: string, scope: ClusterScope): boolean {
  const labels =
    scope.state === 'part'
      ? Object.values(scope.groups).flatMap((group) => ('unknown' in group ? [] : [...group.keys()]))
      : [];
  return [...CLUSTER_LABELS, ...labels].some((label) => new RegExp(`\\b${label}\\s*[=!]`).test(query));
}
