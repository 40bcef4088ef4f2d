import type { Reach } from '../kube/name-change.ts';
import type { Clock } from '../domain/clock.ts';
import type { ClusterReader, Oracle, SeverityReading } from '../domain/ports.ts';
import type { Severity, SeverityItem } from '../domain/severity.ts';
import { itemId, itemNames } from '../domain/severity.ts';
import type { ClusterSnapshot } from '../domain/snapshot.ts';
import { messageOf } from '../domain/cluster-error.ts';
import { durationText } from '../text/amount.ts';
import { MAX_PROVING_MS } from '../kube/pod-state.ts';
import type { Moving } from './health-findings.ts';
import type { PatientOracle } from './health-oracle.ts';
import { OraclePanel } from './oracle-panel.ts';

/** From the beginning of a look to that of the next: what a look takes itself counts. */
const SPACING_MS = 300;
/** Rollouts that are under way when a baseline is taken get this long to finish. */
const MOVING_LIMIT_MS = 20_000;
const LIMIT_MS = 30_000;
/** … and after a write, what says itself when it will be known gets as long as it takes, within this. */
const AWAITED_LIMIT_MS = 240_000;
const AWAITED_SPACING_MS = 2_000;
/**
 * Where nothing else is wrong, what is still within the time that its own probes and its pods' former starts allow is
 * waited for: a rollout under way is no incident.
 */
export const ROLLOUT_LIMIT_MS = 330_000;
/** Early signs that take longer to become items are not waited for; the longest of the incident types takes five minutes. */
const RIPENING_LIMIT_MS = 360_000;
const SAID_AFTER_MS = 2_000;
/** Of an oracle's settling need, this much is waited for when no object says that something was repaired. */
const UNREPAIRED_SHARE = 0.3;
/** A busy API server gets several chances, and some time, before its silence is the answer. */
const MAX_UNKNOWN = 3;
const UNKNOWN_MS = 6_000;

/** Severity as the union of what several oracles say, and how long it is worth waiting for what they will say. */
export class SeverityReader {
  readonly #reader: ClusterReader;
  readonly #oracles: Oracle[];
  readonly #clock: Clock;
  readonly #rolloutLimitMs: number;
  readonly #panel: OraclePanel;
  #last: SeverityReading | null = null;
  #settled: SeverityItem[] | null = null;

  /**
   * @param rolloutLimitMs how long a baseline waits for what is only moving, in ms; for a mere look 0
   * @param absentMs as in {@link OraclePanel}; default: never
   */
  constructor(
    reader: ClusterReader,
    oracles: Oracle[],
    clock: Clock,
    rolloutLimitMs = ROLLOUT_LIMIT_MS,
    absentMs = Number.POSITIVE_INFINITY,
  ) {
    this.#panel = new OraclePanel(oracles, clock, absentMs);
    this.#rolloutLimitMs = rolloutLimitMs;
    this.#reader = reader;
    this.#oracles = oracles;
    this.#clock = clock;
  }

  /**
   * One reading. What is still moving counts as bad.
   * @throws ClusterError when cancelled, and for any failure of the very first reading (later ones give an unknown
   * severity with the latest snapshot)
   */
  async read(signal: AbortSignal): Promise<SeverityReading> {
    return this.#reading(() => this.#reader.snapshot(signal), signal);
  }

  /** Readings one after the other, for whoever watches for long. @param believedMs as in {@link ClusterReader.follow} */
  series(believedMs: number): { read(signal: AbortSignal): Promise<SeverityReading>; close(): void } {
    const series = this.#reader.follow(believedMs);
    return {
      read: (signal) => this.#reading(() => series.next(signal), signal),
      close: () => series.close(),
    };
  }

  /**
   * Reads until two consecutive readings have the same items and nothing is moving, within bounds. When it never
   * gets quiet, everything seen in the last two readings counts: what comes and goes is there.
   * @param after wait until every oracle speaks of a moment after this one (the last write), milliseconds since the epoch
   * @param progress hears what is waited for, where that takes long
   * @param reach for so long after the last write what is bad may become well by itself
   * @throws ClusterError as `read`
   */
  async baseline(
    signal: AbortSignal,
    after = 0,
    progress: (text: string) => void = () => undefined,
    reach: Reach | null = null,
  ): Promise<SeverityReading> {
    const series = this.#reader.follow();
    try {
      const read = () => this.#reading(() => series.next(signal), signal);
      return await this.#untilQuiet(read, signal, { after, reach }, progress);
    } finally {
      series.close();
    }
  }

  /**
   * Waits until nothing is moving any more, or all is well, at most as long as a baseline waits for a rollout. Null when
   * nothing was moving at the last reading.
   * @throws ClusterError as `read`
   */
  async standstill(
    signal: AbortSignal,
    progress: (text: string) => void = () => undefined,
  ): Promise<SeverityReading | null> {
    if (!this.#last || this.#soon(this.#last.snapshot).length === 0) return null;
    const started = this.#clock.monotonic();
    const series = this.#reader.follow();
    try {
      for (let shown = ''; ;) {
        const reading = await this.#reading(() => series.next(signal), signal);
        const moving = this.#soon(reading.snapshot);
        const isWell = reading.severity.known && reading.severity.items.length === 0;
        const late = this.#clock.monotonic() - started >= this.#rolloutLimitMs;
        if (reading.severity.known && (isWell || moving.length === 0 || late)) return this.#accept(reading);
        const text = moving.map(({ message }) => message).join('; ');
        if (text !== shown) progress(`waiting: ${(shown = text)}`);
        await this.#clock.sleep(AWAITED_SPACING_MS, signal);
      }
    } finally {
      series.close();
    }
  }

  /**
   * Waits until what was an early sign at the last reading has become an item, or is over. Null when there was none that says
   * when that will be known, or nothing is known at its end.
   * @throws ClusterError as `read`
   */
  async ripening(
    signal: AbortSignal,
    progress: (text: string) => void = () => undefined,
  ): Promise<SeverityReading | null> {
    const begun = this.#clock.now();
    const signs = this.#early().filter(({ until = 0 }) => until > 0 && until - begun <= RIPENING_LIMIT_MS);
    if (!this.#last || signs.length === 0) return null;
    const ids = new Set(signs.map(itemId));
    const end = Math.max(...signs.map(({ until = 0 }) => until)) + this.#slowest();
    const series = this.#reader.follow();
    try {
      for (let shown = ''; ;) {
        const reading = await this.#reading(() => series.next(signal), signal);
        const waiting = this.#early().filter((item) => ids.has(itemId(item)));
        const isOver = reading.severity.known && waiting.length === 0;
        if (isOver || this.#clock.now() >= end) return reading.severity.known ? this.#accept(reading) : null;
        const text = waiting.map(({ message }) => message).join('; ');
        if (text !== '' && text !== shown) progress(`waiting: ${(shown = text)}`);
        await this.#clock.sleep(AWAITED_SPACING_MS, signal);
      }
    } finally {
      series.close();
    }
  }

  async #untilQuiet(
    read: () => Promise<SeverityReading>,
    signal: AbortSignal,
    { after, reach }: { after: number; reach: Reach | null },
    progress: (text: string) => void,
  ): Promise<SeverityReading> {
    const started = this.#clock.monotonic();
    const elapsed = () => this.#clock.monotonic() - started;
    let previous: SeverityReading | null = null;
    let unknowns = 0;
    let shown = '';
    let waited = 0;
    let restlessFrom = 0;
    for (;;) {
      const begun = this.#clock.monotonic();
      const reading = await read();
      // An oracle that lags cannot have seen the write yet: the next look is worth its time only then.
      if (reading.severity.known && reading.asOf < after && elapsed() < LIMIT_MS + this.#slowest()) {
        await this.#clock.sleep(Math.max(SPACING_MS, after - reading.asOf), signal);
        continue;
      }
      const awaited = this.#awaited(reading, after, elapsed());
      if (!reading.severity.known) {
        if (++unknowns >= MAX_UNKNOWN && elapsed() >= UNKNOWN_MS) return reading;
        previous = null;
      } else if (awaited.length > 0) {
        const text = awaited.map(({ message }) => message).join('; ');
        if (elapsed() > SAID_AFTER_MS && text !== shown) progress(`waiting: ${(shown = text)}`);
        previous = null;
        await this.#clock.sleep(elapsed() < MOVING_LIMIT_MS ? SPACING_MS : AWAITED_SPACING_MS, signal);
        waited = elapsed();
        restlessFrom = waited;
        continue;
      } else {
        const quiet = previous !== null && sameItems(previous.severity, reading.severity);
        const toReach = reach && itemsOf(reading).length > 0 && elapsed() < reach.ms ? reach.ms : 0;
        const need = Math.max(toReach, this.#worthWaiting(reading, previous, after, elapsed() - waited));
        if (quiet && need === 0) return this.#accept(reading);
        if (need === 0 && elapsed() - restlessFrom >= LIMIT_MS)
          return this.#accept(previous ? united(previous, reading) : reading);
        previous = reading;
        if (need > 0 && elapsed() - waited >= (toReach > 0 ? SAID_AFTER_MS : LIMIT_MS)) {
          const names = itemNames(reading.severity.items);
          const text =
            toReach > 0
              ? `up to ${durationText(toReach)} for ${reach!.text}`
              : `for ${names}, which may clear by itself for ${durationText(need)} after its cause is gone`;
          if (text !== shown) progress(`waiting ${(shown = text)}`);
          await this.#clock.sleep(AWAITED_SPACING_MS, signal);
          restlessFrom = elapsed();
          continue;
        }
      }
      await this.#clock.sleep(Math.max(0, begun + SPACING_MS - this.#clock.monotonic()), signal);
    }
  }

  /** What moves and will be known at a time that has not come; or all that is bad, where it may turn good by itself. */
  #awaited({ snapshot, severity }: SeverityReading, after: number, elapsed: number): Moving[] {
    if (!severity.known) return [];
    const moving = this.#moving(snapshot);
    const now = Date.parse(snapshot.takenAt);
    const dated = moving.filter(({ until }) => until !== undefined && until > now);
    if (after > 0 && elapsed < AWAITED_LIMIT_MS && dated.length > 0) return dated;
    // What only a later date tells is bad until then: nobody waits for it before a change.
    const ids = new Set(moving.filter(({ until }) => until === undefined).map(itemId));
    const isAll = severity.items.every((item) => ids.has(itemId(item)));
    return isAll && elapsed < this.#rolloutLimitMs ? moving : [];
  }

  /** What will be known within the time of a rollout. */
  #soon(snapshot: ClusterSnapshot): Moving[] {
    const end = Date.parse(snapshot.takenAt) + MAX_PROVING_MS;
    return this.#moving(snapshot).filter(({ until = 0 }) => until <= end);
  }

  #moving(snapshot: ClusterSnapshot): Moving[] {
    return this.#oracles.filter(isPatient).flatMap((oracle) => oracle.moving(snapshot));
  }

  /** Early signs of the last reading. */
  #early(): Moving[] {
    return this.#oracles.filter(isPatient).flatMap((oracle) => oracle.early?.() ?? []);
  }

  #accept(reading: SeverityReading): SeverityReading {
    if (reading.severity.known) this.#settled = reading.severity.items;
    this.#last = reading;
    return reading;
  }

  /** How long a later reading may say something better although this one equals the one before, in ms; 0: it will not. */
  #worthWaiting(reading: SeverityReading, previous: SeverityReading | null, after: number, elapsed: number): number {
    const within = (need: number) => (elapsed < need ? need : 0);
    if (this.#moving(reading.snapshot).some(({ until }) => until === undefined)) return within(MOVING_LIMIT_MS);
    const items = itemsOf(reading);
    const bad = this.#oracles.flatMap(({ name, timing }) =>
      timing && reading.oracles[name] === 'bad' ? [timing] : [],
    );
    if (this.#settled === null || bad.length === 0) return 0;
    // Nothing was written, and all that was bad before still is, or comes and goes: it had the time in between.
    const standing = new Set([...items, ...itemsOf(previous)].map(itemId));
    if (after === 0 && this.#settled.every((item) => standing.has(itemId(item)))) return 0;
    const objects = new Set(items.filter(isObject).map(itemId));
    const repaired = this.#settled.filter(isObject).some((item) => !objects.has(itemId(item)));
    const needs = bad.map(({ settleMs, settlesLate }) => settleMs * (repaired || settlesLate ? 1 : UNREPAIRED_SHARE));
    return within(Math.max(0, ...needs));
  }

  /** How far behind the slowest oracle may be, in ms. */
  #slowest(): number {
    return Math.max(
      0,
      ...this.#oracles.map(({ name, timing }) => (this.#panel.isAbsent(name) ? 0 : (timing?.lagMs ?? 0))),
    );
  }

  async #reading(take: () => Promise<ClusterSnapshot>, signal: AbortSignal): Promise<SeverityReading> {
    this.#last = await this.#judged(take, signal);
    return this.#last;
  }

  async #judged(take: () => Promise<ClusterSnapshot>, signal: AbortSignal): Promise<SeverityReading> {
    let snapshot: ClusterSnapshot;
    try {
      snapshot = await take();
    } catch (error) {
      if (!this.#last || signal.aborted) throw error;
      const { snapshot: last, asOf } = this.#last;
      return { severity: { known: false, reason: messageOf(error) }, snapshot: last, oracles: {}, asOf };
    }
    return this.#panel.judge(snapshot, signal);
  }
}

function isPatient(oracle: Oracle): oracle is PatientOracle {
  return 'moving' in oracle;
}

function itemsOf(reading: SeverityReading | null): readonly SeverityItem[] {
  return reading?.severity.known ? reading.severity.items : [];
}

function isObject(item: SeverityItem): boolean {
  return item.source === 'object';
}

function sameItems(a: Severity, b: Severity): boolean {
  if (!a.known || !b.known) return false;
  return idsOf(a.items) === idsOf(b.items);
}

function idsOf(items: readonly SeverityItem[]): string {
  return items.map(itemId).sort().join('\n');
}

function united(a: SeverityReading, b: SeverityReading): SeverityReading {
  if (!a.severity.known || !b.severity.known) return b;
  const present = new Set(b.severity.items.map(itemId));
  const earlier = a.severity.items.filter((item) => !present.has(itemId(item)));
  return { ...b, severity: { known: true, items: [...b.severity.items, ...earlier] } };
}
