import type { Sample } from '../../domain/telemetry.ts';
import { amountText, durationText } from '../../text/amount.ts';
import { counted } from '../../text/plain-text.ts';
import { inOrder } from '../baselines/rates.ts';
import { median } from '../statistics/robust.ts';
import { rankCorrelation } from '../statistics/rank-correlation.ts';
import { trendOf } from '../statistics/theil-sen.ts';

/** What is known of the memory of one container, over the pods that have it. */
export interface MemoryHistory {
  /**
   * Working set in bytes of each pod, when the container was started in it, and when it was killed for memory; milliseconds
   * since the epoch.
   */
  pods: { samples: readonly Sample[]; starts: readonly number[]; kills?: readonly number[] }[];
  limitBytes: number;
  /** Requests a second of the service over the same time; null where nobody counts. */
  traffic: readonly Sample[] | null;
  /** The limit before it was changed last, and when; null where it is not known to have been another. */
  former: { limitBytes: number; changedAt: number } | null;
}

/** Why a container runs out of memory, and what speaks for it, the most telling first, in sentences without a full stop. */
export interface MemoryCause {
  cause: 'leak' | 'tight-limit' | 'unknown';
  evidence: string[];
}

type Says = 'leak' | 'tight-limit' | 'neither';

interface Clue {
  says: Says;
  text: string;
}

const MINUTE = 60_000;
/** Shorter lives than that show no slope. */
const LEAST_LIFE_MS = 5 * MINUTE;
const LEAST_SAMPLES = 10;
/** First part of a life, in which every program takes what it needs. */
const WARM_UP = 0.2;
const SEGMENTS = 8;
/** The floor rises, or is flat, by this part of its level over a life. */
const RISES = 0.1;
const FLAT = 0.05;
/** Filled to this part of the limit in so short a time, it would never have sufficed. */
const FILLED = 0.85;
const SOON_MS = 2 * MINUTE;
/** A life that filled the limit needs to be no longer than this: all of it was growth. What a program begins with it has by then. */
const LEAST_FILLING_MS = 3 * MINUTE;
const LEAST_FILLING_SAMPLES = 6;
/** Of the limit, grown from the first third of such a life to the last. */
const FILLS = 0.2;
/** What it grew by in the last part, of what it grew by before: less is levelling off. */
const KEEPS_ON = 0.4;
const STEADY_RANK = 0.7;
/** Samples from before a limit was lowered. */
const LEAST_BEFORE = 3;
/** Of a lowered limit: what needed that much of it before has no room in it. */
const NARROW = 0.75;
/** Traffic is called the same within a fifth. */
const ALIKE = 0.2;

/**
 * A leak fills any limit, a tight limit is too small for what the program always needs. Told apart by whether the floor of the
 * memory (what is left after collections) rises within a life while traffic does not, how soon a fresh container is at its
 * limit, whether it grew all the way until it was full, whether memory follows traffic down again, and what it used under its
 * former limit. `unknown` where clues disagree or there are none.
 */
export function memoryCause(history: MemoryHistory): MemoryCause {
  const lives = history.pods.flatMap(({ samples, starts, kills = [] }) => livesOf(inOrder(samples), starts, kills));
  const traffic = history.traffic && inOrder(history.traffic);
  const clues = [
    ...floorClues(lives, history.limitBytes, traffic),
    ...startClues(lives, history.limitBytes),
    ...fillClues(lives, history.limitBytes, traffic),
    ...trafficClues(lives, traffic),
    ...formerClues(history),
  ];
  // What tells something first, in the order above.
  const evidence = [...clues]
    .sort((a, b) => Number(a.says === 'neither') - Number(b.says === 'neither'))
    .map(({ text }) => text);
  const says = new Set(clues.map((clue) => clue.says).filter((each) => each !== 'neither'));
  if (says.size === 1) return { cause: [...says][0] as 'leak' | 'tight-limit', evidence };
  if (says.size > 1) return { cause: 'unknown', evidence: [...evidence, 'these do not agree'] };
  return { cause: 'unknown', evidence: [...evidence, 'nothing tells a leak from a limit that is too tight'] };
}

/** One run of the container. */
interface Life {
  samples: Sample[];
  /** When it was started; null where it ran before the first sample. */
  startedAt: number | null;
  /** When it was killed for memory; null where it was not, as far as is known. */
  killedAt: number | null;
}

function livesOf(samples: readonly Sample[], starts: readonly number[], kills: readonly number[]): Life[] {
  const bounds = [...starts].sort((a, b) => a - b);
  const lives = new Map<number, Sample[]>();
  for (const sample of samples) {
    const start = bounds.findLast((at) => at <= sample.at) ?? Number.NEGATIVE_INFINITY;
    const list = lives.get(start);
    if (list) list.push(sample);
    else lives.set(start, [sample]);
  }
  const told = [...lives];
  return told.flatMap(([start, list], index): Life[] => {
    const next = bounds.find((at) => at > start) ?? Number.POSITIVE_INFINITY;
    const killedAt = kills.find((at) => at > start && at <= next) ?? null;
    // The last sample of a container is told for a while after its end, and stands for the next one until that is read.
    const former = told[index - 1]?.[1].at(-1)?.value;
    const first = list.findIndex(({ value }) => value !== former);
    const fresh = first < 0 ? [] : list.slice(first);
    const own = killedAt === null ? fresh : fresh.filter(({ at }) => at <= killedAt);
    return own.length > 0 ? [{ samples: own, startedAt: Number.isFinite(start) ? start : null, killedAt }] : [];
  });
}

function isLong({ samples }: Life): boolean {
  return samples.length >= LEAST_SAMPLES && samples.at(-1)!.at - samples[0]!.at >= LEAST_LIFE_MS;
}

/** Least of each of equal parts of a life, after its warm-up. */
function floorOf({ samples }: Life): Sample[] {
  const rest = samples.slice(Math.floor(samples.length * WARM_UP));
  const parts = Math.min(SEGMENTS, Math.floor(rest.length / 2));
  return Array.from({ length: parts }, (_, index) => {
    const part = rest.slice(Math.floor((index * rest.length) / parts), Math.floor(((index + 1) * rest.length) / parts));
    return part.reduce((least, sample) => (sample.value < least.value ? sample : least));
  });
}

function floorClues(lives: readonly Life[], limit: number, traffic: readonly Sample[] | null): Clue[] {
  const long = lives.filter(isLong);
  if (long.length === 0)
    return [{ says: 'neither', text: `no life of the container of ${durationText(LEAST_LIFE_MS)} was seen` }];
  const trends = long.flatMap((life) => {
    const floor = floorOf(life);
    const trend = trendOf(floor, 0.9);
    if (!trend) return [];
    const before = trend.value - trend.slope * trend.spanMs;
    return [{ life, before, after: trend.value, isRise: trend.slopeLow > 0, spanMs: trend.spanMs }];
  });
  const rising = trends.filter(({ before, after, isRise }) => isRise && after - before > RISES * Math.max(before, 0));
  const flat = trends.filter(({ before, after }) => Math.abs(after - before) < FLAT * Math.max(before, after));
  if (rising.length > 0 && rising.length >= trends.length / 2) {
    const { before, after, spanMs, life } = rising.reduce((most, each) => (each.spanMs > most.spanMs ? each : most));
    const what = dropsIn(life) > 0 ? `what is left after ${counted(dropsIn(life), 'collection')}` : 'memory';
    const text = `${what} rose from ${amountText(before, 'bytes')} to ${amountText(after, 'bytes')} in ${durationText(spanMs)}`;
    const grown = traffic && growthOf(traffic, life);
    if (grown === null) return [{ says: 'leak', text: `${text}; what traffic did is not known` }];
    if (grown > RISES)
      return [{ says: 'neither', text: `${text}, while traffic rose by ${amountText(grown, 'ratio')}` }];
    return [{ says: 'leak', text: `${text}, while traffic did not rise` }];
  }
  const high = flat.find(({ after }) => after >= FILLED * limit);
  if (high && rising.length === 0) {
    const text = `memory stays at ${amountText(high.after, 'bytes')} for ${durationText(high.spanMs)} without rising, ${amountText(high.after / limit, 'ratio')} of the limit`;
    return [{ says: 'tight-limit', text }];
  }
  return [];
}

/** How often memory fell by a tenth from its highest so far. */
function dropsIn({ samples }: Life): number {
  let [high, drops] = [0, 0];
  for (const { value } of samples) {
    if (value < 0.9 * high) {
      drops++;
      high = value;
    } else high = Math.max(high, value);
  }
  return drops;
}

/** By which part traffic grew over a life; null where it was not counted then. */
function growthOf(traffic: readonly Sample[], { samples }: Life): number | null {
  const inside = traffic.filter(({ at }) => at >= samples[0]!.at && at <= samples.at(-1)!.at).map(({ value }) => value);
  if (inside.length < 6) return null;
  const third = Math.floor(inside.length / 3);
  const [first, last] = [median(inside.slice(0, third)), median(inside.slice(-third))];
  return first > 0 ? last / first - 1 : last > 0 ? 1 : 0;
}

function startClues(lives: readonly Life[], limit: number): Clue[] {
  const fresh = lives.filter(({ startedAt, samples }) => startedAt !== null && samples[0]!.at - startedAt < MINUTE);
  const soon = fresh.flatMap(({ startedAt, samples }) => {
    const full = samples.find(({ value }) => value >= FILLED * limit);
    return full && full.at - startedAt! <= SOON_MS ? [full.at - startedAt!] : [];
  });
  if (fresh.length === 0 || soon.length < Math.max(1, fresh.length / 2)) return [];
  const part = amountText(FILLED, 'ratio');
  const text = `${soon.length} of ${counted(fresh.length, 'start')} had ${part} of the limit in use within ${durationText(Math.max(...soon))}`;
  return [{ says: 'tight-limit', text }];
}

/** Memory that grew all the way until it filled the limit is a leak; what levels off before has what it needs. */
function fillClues(lives: readonly Life[], limit: number, traffic: readonly Sample[] | null): Clue[] {
  const grown = lives.flatMap((life) => {
    const { samples, startedAt, killedAt } = life;
    const newest = samples.at(-1)!;
    const fullAt = killedAt ?? (newest.value >= FILLED * limit ? newest.at : null);
    if (startedAt === null || fullAt === null || fullAt - startedAt < LEAST_FILLING_MS) return [];
    if (samples.length < LEAST_FILLING_SAMPLES) return [];
    const third = Math.floor(samples.length / 3);
    const [first, middle, last] = [samples.slice(0, third), samples.slice(third, -third), samples.slice(-third)].map(
      (part) => median(part.map(({ value }) => value)),
    ) as [number, number, number];
    const isGrowth = last - first >= FILLS * limit && last - middle >= KEEPS_ON * (middle - first);
    const isSteady = rankCorrelation(samples.map(({ at, value }) => [at, value])) >= STEADY_RANK;
    return isGrowth && isSteady ? [{ life, first, last, lastedMs: fullAt - startedAt }] : [];
  });
  const [longest] = grown.sort((a, b) => b.lastedMs - a.lastedMs);
  if (!longest) return [];
  const { life, first, last, lastedMs } = longest;
  const full = life.killedAt === null ? 'had nearly filled its limit' : 'was killed';
  const text = `it ${full} ${durationText(lastedMs)} after its start, and memory grew all the way, from ${amountText(first, 'bytes')} to ${amountText(last, 'bytes')}`;
  const rise = traffic && growthOf(traffic, life);
  if (rise === null) return [{ says: 'leak', text: `${text}; what traffic did is not known` }];
  if (rise > ALIKE) return [{ says: 'neither', text: `${text}, while traffic rose by ${amountText(rise, 'ratio')}` }];
  return [{ says: 'leak', text: `${text}, while traffic did not rise` }];
}

/** At the same traffic later in a life: more memory is a leak. Memory that goes up and down with traffic is none. */
function trafficClues(lives: readonly Life[], traffic: readonly Sample[] | null): Clue[] {
  const life = lives
    .filter(isLong)
    .reduce<Life | null>((most, each) => (!most || each.samples.length > most.samples.length ? each : most), null);
  if (!life || !traffic || traffic.length < LEAST_SAMPLES) return [];
  const pairs = life.samples.slice(Math.floor(life.samples.length * WARM_UP)).flatMap(({ at, value }) => {
    const near = traffic.findLast((sample) => sample.at <= at);
    return near && at - near.at <= 5 * MINUTE ? [{ at, value, rate: near.value }] : [];
  });
  if (pairs.length < LEAST_SAMPLES) return [];
  const third = Math.floor(pairs.length / 3);
  const [early, late] = [pairs.slice(0, third), pairs.slice(-third)];
  const [rate, before] = [median(early.map((pair) => pair.rate)), median(early.map(({ value }) => value))];
  const alike = late.filter((pair) => Math.abs(pair.rate - rate) <= ALIKE * rate);
  const after = median(alike.map(({ value }) => value));
  if (alike.length >= 3 && after > (1 + RISES) * before) {
    const text = `at the same traffic (${amountText(rate, 'per-second')}) it used ${amountText(before, 'bytes')} before and uses ${amountText(after, 'bytes')} now`;
    return [{ says: 'leak', text }];
  }
  const rates = pairs.map((pair) => pair.rate);
  const swings = Math.max(...rates) > 1.5 * Math.min(...rates);
  if (swings && alike.length >= 3 && rankCorrelation(pairs.map((pair) => [pair.rate, pair.value])) > 0.7)
    return [{ says: 'tight-limit', text: 'memory goes up with traffic and down again with it' }];
  return [];
}

function formerClues({ pods, limitBytes, former }: MemoryHistory): Clue[] {
  if (!former || former.limitBytes <= limitBytes) return [];
  const before = pods.flatMap(({ samples }) =>
    samples.filter(({ at }) => at < former.changedAt).map(({ value }) => value),
  );
  const lowered = `the limit was lowered from ${amountText(former.limitBytes, 'bytes')} to ${amountText(limitBytes, 'bytes')}`;
  if (before.length < LEAST_BEFORE) return [{ says: 'neither', text: `${lowered}; what was used before is not known` }];
  const used = median(before);
  if (used < NARROW * limitBytes)
    return [{ says: 'neither', text: `${lowered}, and ${amountText(used, 'bytes')} were used before` }];
  return [{ says: 'tight-limit', text: `${lowered}, and ${amountText(used, 'bytes')} were used before already` }];
}
