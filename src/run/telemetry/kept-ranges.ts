import type { Answer, MetricSource, Sample, Series, TimeWindow } from '../../domain/telemetry.ts';
import { stableJson } from '../../json/stable-json.ts';

/** Samples that are asked for together, about: an answer is taken apart as a whole. */
const SAMPLES_AT_ONCE = 20_000;
/** Of a query of which nobody knows yet how many series it gives, and of one with very many. */
const LEAST_POINTS = 20;
const MOST_POINTS = 11_000;
/** What was read last is read again: samples that came late belong to it. */
const AGAIN = 2;

/**
 * A source of metrics for whoever asks the same again and again: of a range only what is new is asked for, and it is kept as bare
 * numbers. Samples lie on multiples of the step, so that the last may be a step older than the end of the window.
 */
export class KeptRanges implements MetricSource {
  readonly #source: MetricSource;
  readonly #kept = new Map<string, Kept>();

  constructor(source: MetricSource) {
    this.#source = source;
  }

  get name(): string {
    return this.#source.name;
  }

  get lagMs(): number {
    return this.#source.lagMs;
  }

  instant(query: string, signal: AbortSignal, at?: number): Promise<Answer<Series[]>> {
    return this.#source.instant(query, signal, at);
  }

  link(query: string, window: TimeWindow): string | null {
    return this.#source.link(query, window);
  }

  /** Samples of a series are made when they are looked at, and hold until the same is asked again. */
  async range(query: string, window: TimeWindow, signal: AbortSignal): Promise<Answer<Series[]>> {
    const { from, to, stepMs } = window;
    const [first, last] = [Math.ceil(from / stepMs), Math.floor(to / stepMs)];
    if (!(first <= last)) return this.#source.range(query, window, signal);
    const key = `${stepMs} ${query}`;
    let kept = this.#kept.get(key);
    if (!kept?.reaches(first)) this.#kept.set(key, (kept = new Kept(stepMs, first)));
    kept.hold(first, last);
    let cut: string | undefined;
    let note: string | undefined;
    let asOf = to;
    for (let next = Math.max(first, kept.end - AGAIN); next <= last;) {
      const end = Math.min(last, next + pointsFor(kept.size) - 1);
      const answer = await this.#source.range(query, { from: next * stepMs, to: end * stepMs, stepMs }, signal);
      // What was read before stands; the next question goes on from there.
      if (answer.state !== 'ok') return answer;
      kept.put(answer.value, next, end);
      cut ??= answer.cut;
      note ??= answer.note;
      asOf = answer.asOf;
      next = end + 1;
    }
    return { state: 'ok', value: kept.series(first, last), asOf, ...(cut ? { cut } : {}), ...(note ? { note } : {}) };
  }
}

function pointsFor(series: number): number {
  if (series === 0) return LEAST_POINTS;
  return Math.max(LEAST_POINTS, Math.min(MOST_POINTS, Math.floor(SAMPLES_AT_ONCE / series)));
}

/** Series of one query on the grid of one step; NaN where there is no sample. Places count steps since the epoch. */
class Kept {
  readonly #stepMs: number;
  readonly #series = new Map<string, KeptSeries>();
  #first: number;
  #room = 0;
  /** The first place that was not read yet. */
  end: number;

  constructor(stepMs: number, first: number) {
    this.#stepMs = stepMs;
    this.#first = first;
    this.end = first;
  }

  get size(): number {
    return this.#series.size;
  }

  /** Whether all from this place on was read, as far as anything was. */
  reaches(first: number): boolean {
    return first >= this.#first && first <= this.end;
  }

  /** Makes room for what lies between two places, and forgets what lies before. */
  hold(first: number, last: number): void {
    const places = last - first + 1;
    if (places > this.#room) {
      const room = places + Math.ceil(places / 4);
      for (const series of this.#series.values()) series.grow(room, this.#first, this.end);
      this.#room = room;
    }
    this.#first = first;
  }

  /** @param read what was answered for these places, both included: what is not in it is not there */
  put(read: readonly Series[], from: number, to: number): void {
    for (const series of this.#series.values()) series.clear(from, to);
    for (const { labels, samples } of read) {
      const key = stableJson(labels);
      let series = this.#series.get(key);
      if (!series) this.#series.set(key, (series = new KeptSeries(labels, this.#stepMs, this.#room)));
      for (const { at, value } of samples) {
        const place = Math.round(at / this.#stepMs);
        if (place >= from && place <= to) series.set(place, value);
      }
    }
    this.end = Math.max(this.end, to + 1);
  }

  /** Those that have samples between two places, both included; others are forgotten. */
  series(first: number, last: number): Series[] {
    const found: Series[] = [];
    for (const [key, series] of this.#series) {
      series.show(first, last);
      if (series.isEmpty) this.#series.delete(key);
      else found.push(series);
    }
    return found;
  }
}

class KeptSeries implements Series {
  readonly labels: Series['labels'];
  readonly #stepMs: number;
  #values: Float64Array;
  #first = 0;
  #last = -1;

  constructor(labels: Series['labels'], stepMs: number, room: number) {
    this.labels = labels;
    this.#stepMs = stepMs;
    this.#values = new Float64Array(room).fill(NaN);
  }

  get samples(): Sample[] {
    const samples: Sample[] = [];
    for (let place = this.#first; place <= this.#last; place++) {
      const value = this.#values[place % this.#values.length]!;
      if (!Number.isNaN(value)) samples.push({ at: place * this.#stepMs, value });
    }
    return samples;
  }

  get isEmpty(): boolean {
    for (let place = this.#first; place <= this.#last; place++)
      if (!Number.isNaN(this.#values[place % this.#values.length]!)) return false;
    return true;
  }

  show(first: number, last: number): void {
    this.#first = first;
    this.#last = last;
  }

  set(place: number, value: number): void {
    this.#values[place % this.#values.length] = value;
  }

  clear(from: number, to: number): void {
    for (let place = from; place <= to; place++) this.set(place, NaN);
  }

  /** What lies between two places, the second excluded, moves to where it belongs with more room. */
  grow(room: number, from: number, to: number): void {
    const values = new Float64Array(room).fill(NaN);
    for (let place = Math.max(from, to - this.#values.length); place < to; place++)
      values[place % room] = this.#values[place % this.#values.length]!;
    this.#values = values;
  }
}
