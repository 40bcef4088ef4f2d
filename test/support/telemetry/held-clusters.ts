import type { Answer, MetricSource, Series } from '../../../src/domain/telemetry.ts';
import { ARM_LABEL } from '../../../src/telemetry/clusters/cluster-queries.ts';
import type { MarkArm } from '../../../src/telemetry/clusters/cluster-queries.ts';

export type Labels = Readonly<Record<string, string>>;

/** One row of an answer. */
export const row = (labels: Labels): Series => ({ labels, samples: [{ at: 0, value: 1 }] });
/** Series of one family, by their cluster labels. */
export const family = (name: string, ...labels: Labels[]): Series[] =>
  labels.map((each) => row({ __name__: name, ...each }));
export const marked = (arm: MarkArm, ...labels: Labels[]): Series[] =>
  labels.map((each) => row({ [ARM_LABEL]: arm, ...each }));

/** A metric server that answers what is asked of it about clusters, and everything else with the rest. */
export class HeldClusters implements MetricSource {
  readonly name = 'Thanos';
  readonly lagMs = 15_000;
  census: Series[];
  marks: Series[];
  /** What a question for whatever matchers leave is answered with. */
  presence: Series[] = [row({})];
  rest: Series[] = [];
  /** In place of everything. */
  instead: Answer<Series[]> | null = null;
  readonly asked: string[] = [];

  constructor(census: Series[] = [], marks: Series[] = []) {
    this.census = census;
    this.marks = marks;
  }

  /** Other questions than those about clusters. */
  get others(): string[] {
    return this.asked.filter((query) => !/^topk by|^count\(\{__name__/.test(query));
  }

  async instant(query: string): Promise<Answer<Series[]>> {
    this.asked.push(query);
    if (this.instead) return this.instead;
    const value = query.startsWith('topk by (__name__)')
      ? this.census
      : query.startsWith(`topk by (${ARM_LABEL})`)
        ? this.marks
        : query.startsWith('count({__name__')
          ? this.presence
          : this.rest;
    return { state: 'ok', value, asOf: 0 };
  }

  async range(query: string): Promise<Answer<Series[]>> {
    return this.instant(query);
  }

  link(query: string): string {
    return `http://thanos.example/${query}`;
  }
}
