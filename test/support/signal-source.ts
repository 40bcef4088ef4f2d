import type { Answer, MetricSource, Series } from '../../src/domain/telemetry.ts';
import { incidentAsks } from '../../src/signals/incident-types/incident-types.ts';
import type { FakeClock } from './fake-clock.ts';
import { answersTo, sceneAt, START } from './signal-scene.ts';

type MadeOf = Parameters<typeof answersTo>[1];

const KEYS = new Map(incidentAsks(sceneAt(START)).map(({ query, key }) => [query, key]));

/** A metric server that knows what was made, as far as the clock has come. */
export class SignalSource implements MetricSource {
  readonly name = 'Prometheus';
  readonly lagMs = 15_000;
  /** By the keys of the incident types' questions. */
  series: MadeOf;
  /** What is answered instead; null: what was made. */
  instead: ((key: string) => Answer<Series[]> | null) | null = null;
  asked = 0;
  readonly #clock: FakeClock;

  constructor(clock: FakeClock, series: MadeOf = {}) {
    this.#clock = clock;
    this.series = series;
  }

  async range(query: string, window: { from: number; to: number; stepMs: number }): Promise<Answer<Series[]>> {
    this.asked++;
    const key = KEYS.get(query) ?? query;
    const to = Math.min(window.to, this.#clock.now());
    const instead = this.instead?.(key);
    return instead ?? answersTo([{ key, query, window: { ...window, to } }], this.series).get(key)!;
  }

  async instant(): Promise<Answer<Series[]>> {
    return { state: 'ok', value: [], asOf: this.#clock.now() };
  }

  link(): null {
    return null;
  }
}
