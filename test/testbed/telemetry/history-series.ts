/** A series as it was scraped. */
export interface LiveSeries {
  /** With `__name__`. */
  readonly labels: Readonly<Record<string, string>>;
  /** Seconds since the epoch and value, oldest first. */
  readonly samples: readonly (readonly [number, number])[];
}

/** Numbers from 0 to 1. */
type Chance = () => number;

/**
 * What the same series would have been in the past, had the application run like this for as long, with more guests by
 * day than by night and with the noise that real load has. Counters begin at 0 and go on from part to part; that they fall
 * where the live series begin is a restart, as every query takes it.
 */
export class Past {
  readonly #live: readonly LiveSeries[];
  readonly #histograms: readonly Histogram[];
  readonly #chance: Chance;
  /** Seconds since the epoch; load is told in comparison with that of this moment. */
  readonly #now: number;
  readonly #values = new Map<LiveSeries, number>();
  #drift = 0;

  constructor(live: readonly LiveSeries[], now: number, chance: Chance) {
    this.#live = live.filter((series) => !isHistogramPart(series));
    this.#histograms = histograms(live);
    this.#now = now;
    this.#chance = chance;
  }

  /** OpenMetrics text of the next part, a line at a time, times (seconds) ascending within each series. */
  *lines(from: number, to: number, step: number): Generator<string> {
    const times: number[] = [];
    for (let time = from; time < to; time += step) times.push(time);
    const load = times.map((time) => this.#load(time));
    for (const histogram of this.#histograms) yield* this.#histogramLines(histogram, times, load, step);
    for (const series of this.#live) {
      if (/_(total|count)$/.test(nameOf(series))) yield* this.#counterLines(series, times, load, step);
      else yield* this.#gaugeLines(series, times, load);
    }
  }

  /** Factor by which there is more or less to do than now: by the hour of the day, and by chance. */
  #load(time: number): number {
    const ofDay = (at: number) => Math.sin((2 * Math.PI * (at % 86_400)) / 86_400 - Math.PI / 2);
    this.#drift = 0.9 * this.#drift + 0.1 * (this.#chance() - 0.5);
    const sudden = 0.1 * (this.#chance() - 0.5);
    return Math.max(0.2, 1 + 0.2 * (ofDay(time) - ofDay(this.#now)) + this.#drift + sudden);
  }

  #grow(series: LiveSeries, by: number): number {
    const value = (this.#values.get(series) ?? 0) + by;
    this.#values.set(series, value);
    return value;
  }

  *#counterLines(series: LiveSeries, times: readonly number[], load: readonly number[], step: number) {
    const perStep = rateOf(series) * step;
    for (const [index, time] of times.entries()) {
      yield line(series, this.#grow(series, perStep * load[index]! * (0.9 + 0.2 * this.#chance())), time);
    }
  }

  *#gaugeLines(series: LiveSeries, times: readonly number[], load: readonly number[]) {
    const values = series.samples.map(([, value]) => value);
    const mean = values.reduce((sum, value) => sum + value, 0) / values.length;
    // What stands still now (a limit, a size, whether it is up) stood still before.
    const moves = values.some((value) => value !== values[0]);
    for (const [index, time] of times.entries()) {
      const moved = mean * (0.7 + 0.3 * load[index]!) * (0.95 + 0.1 * this.#chance());
      yield line(series, moves ? moved : values[0]!, time);
    }
  }

  /** All parts of a histogram move together: buckets stay cumulative, and the last one is the count. */
  *#histogramLines(
    { buckets, sum, count }: Histogram,
    times: readonly number[],
    load: readonly number[],
    step: number,
  ) {
    const rates = buckets.map(rateOf);
    const parts: string[][] = [...buckets.map(() => []), [], []];
    for (const [index, time] of times.entries()) {
      const factor = step * load[index]! * (0.95 + 0.1 * this.#chance());
      // A part of each bucket takes a little longer than now.
      const slower = 0.2 * this.#chance() * this.#chance();
      for (const [at, rate] of rates.entries()) {
        const late = at === rates.length - 1 ? 0 : slower * (rate - (rates[at - 1] ?? 0));
        parts[at]!.push(line(buckets[at]!, this.#grow(buckets[at]!, factor * (rate - late)), time));
      }
      if (sum) parts.at(-2)!.push(line(sum, this.#grow(sum, factor * rateOf(sum) * (1 + slower)), time));
      if (count) parts.at(-1)!.push(line(count, this.#grow(count, factor * (rates.at(-1) ?? 0)), time));
    }
    for (const part of parts) yield* part;
  }
}

interface Histogram {
  /** By upper bound, ascending. */
  readonly buckets: readonly LiveSeries[];
  readonly sum: LiveSeries | undefined;
  readonly count: LiveSeries | undefined;
}

function isHistogramPart({ labels }: LiveSeries): boolean {
  return 'le' in labels || /_seconds_(sum|count)$/.test(labels['__name__'] ?? '');
}

function histograms(live: readonly LiveSeries[]): Histogram[] {
  const groups = new Map<string, { buckets: LiveSeries[]; sum?: LiveSeries; count?: LiveSeries }>();
  for (const series of live.filter(isHistogramPart)) {
    const name = nameOf(series);
    const rest = Object.entries(series.labels).filter(([label]) => label !== 'le' && label !== '__name__');
    const key = JSON.stringify([name.replace(/_(bucket|sum|count)$/, ''), rest.sort()]);
    const group = groups.get(key) ?? { buckets: [] };
    groups.set(key, group);
    if (name.endsWith('_bucket')) group.buckets.push(series);
    else if (name.endsWith('_sum')) group.sum = series;
    else group.count = series;
  }
  const bound = ({ labels }: LiveSeries) => (labels['le'] === '+Inf' ? Infinity : Number(labels['le']));
  return [...groups.values()].map(({ buckets, sum, count }) => ({
    buckets: buckets.sort((a, b) => bound(a) - bound(b)),
    sum,
    count,
  }));
}

/** Growth per second; what fell in between was a restart and is left out. */
function rateOf({ samples }: LiveSeries): number {
  let grown = 0;
  for (let at = 1; at < samples.length; at += 1) grown += Math.max(0, samples[at]![1] - samples[at - 1]![1]);
  const seconds = (samples.at(-1)?.[0] ?? 0) - (samples[0]?.[0] ?? 0);
  return seconds > 0 ? grown / seconds : 0;
}

function nameOf({ labels }: LiveSeries): string {
  return labels['__name__'] ?? '';
}

function line({ labels }: LiveSeries, value: number, time: number): string {
  const { __name__: name, ...rest } = labels;
  const escaped = (text: string) => text.replace(/[\\"\n]/g, (found) => (found === '\n' ? '\\n' : `\\${found}`));
  const inner = Object.entries(rest).map(([key, text]) => `${key}="${escaped(text)}"`);
  return `${name}{${inner.join(',')}} ${Number(value.toFixed(6))} ${time}\n`;
}
