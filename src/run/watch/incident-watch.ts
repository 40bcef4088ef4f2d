import type { BrainDiagnosis } from '../../domain/brain.ts';
import { messageOf } from '../../domain/cluster-error.ts';
import type { Clock } from '../../domain/clock.ts';
import type { SeverityReading } from '../../domain/ports.ts';
import type { SeverityItem } from '../../domain/severity.ts';
import { isTelemetry, itemId, mu } from '../../domain/severity.ts';
import { DEFAULT_SIGNAL_SETTINGS } from '../../domain/signal-settings.ts';
import type { CorrelatedIncident, IncidentMember } from '../../domain/signals.ts';
import type { SignalsNow } from '../../domain/signals-now.ts';
import { shownSignals } from '../../domain/signals-now.ts';
import { ClusterView } from '../../kube/cluster-view.ts';
import { changesOf } from '../../signals/charts/change-marks.ts';
import { graphOfSettings } from '../../signals/graph/settings-graph.ts';
import { correlate } from '../../signals/correlation/correlate.ts';
import { isToldBy, memberOfItem, memberOfSignal } from '../../signals/correlation/members.ts';
import { Topology } from '../../signals/correlation/topology.ts';
import { codeOf } from '../../domain/stratus-error.ts';
import type { WatchEvent, WatchLook } from './watch-event.ts';
import { WatchNotes } from './watch-notes.ts';

/** What a watch needs from the world below it. It never writes. */
export interface WatchPorts {
  /** One reading of severity. @throws ClusterError as SeverityReader.read; target-moved where the target is not what it was */
  read(signal: AbortSignal): Promise<SeverityReading>;
  /** The next reading believes nothing that was read before. */
  renew?(): void;
  /** Null where neither metrics nor traces are read. */
  signals: ((reading: SeverityReading, signal: AbortSignal) => Promise<SignalsNow>) | null;
  /** What the playbooks say of it. */
  diagnose(reading: SeverityReading, signals: SignalsNow | null, signal: AbortSignal): Promise<BrainDiagnosis>;
  clock: Clock;
  tell(event: WatchEvent): void;
  /** Hears of each look that could be judged, after what it tells. */
  looked?(look: WatchLook): void;
}

export interface WatchOptions {
  /** Between two looks, ms. Sources are scraped and evaluated in such steps, too. */
  intervalMs: number;
  /** What is open already, as a watch before told it last: it is not told of again. */
  open?: readonly CorrelatedIncident[];
  /** What was told of its sources when it began. */
  notes?: readonly string[];
}

export const DEFAULT_WATCH: WatchOptions = { intervalMs: 15_000 };

/** Signals are judged over minutes; asking for hours of samples at each look would cost more than it tells. */
const SIGNALS_EVERY_MS = 60_000;
/** What is seen once may be a rollout; alerts and signals have waited by themselves. */
const SIGHTINGS = 2;
/** What is not seen so often is over. */
const MISSES = 2;
const LONGEST_BACK_OFF_MS = 5 * 60_000;
/** The same while the cluster itself answers: what is asked of it costs no more than before. */
const PART_BACK_OFF_MS = 60_000;
/** The clock is looked at so often while a watch waits. */
const STEP_MS = 5_000;
/** A step that comes so much too late says that the machine slept. */
const SLEPT_MS = 30_000;
/** A kubeconfig that is being written is another one for a moment. */
const MOVES = 2;

/** Looks at a scope now and then, and tells what opens and what is over. */
export class IncidentWatch {
  readonly #ports: WatchPorts;
  readonly #options: WatchOptions;
  #open: CorrelatedIncident[] = [];
  readonly #sightings = new Map<string, number>();
  readonly #firstSeen = new Map<string, number>();
  readonly #misses = new Map<string, number>();
  #signals: { now: SignalsNow; readAt: number } | null = null;
  #failures = 0;
  /** What the last look got was a part. */
  #isPart = false;
  readonly #notes: WatchNotes;
  /** What could not be read for causes, at the last look for these. */
  #unread: readonly string[] = [];
  #moves = 0;
  /** What was read is of before the machine slept: the next look does not wait. */
  #isStale = false;

  constructor(ports: WatchPorts, options: WatchOptions = DEFAULT_WATCH) {
    this.#ports = ports;
    this.#options = options;
    this.#open = [...(options.open ?? [])];
    this.#notes = new WatchNotes(options.notes);
  }

  /** Incidents that are open now, oldest first. */
  get open(): readonly CorrelatedIncident[] {
    return this.#open;
  }

  /** Watches until the signal fires. @throws StratusError target-moved */
  async run(signal: AbortSignal): Promise<void> {
    while (!signal.aborted) {
      await this.look(signal);
      try {
        await this.#rest(signal);
      } catch {
        // Stopped.
        return;
      }
    }
  }

  /** One look. @throws StratusError target-moved, where the look before met it, too */
  async look(signal: AbortSignal): Promise<void> {
    const { clock } = this.#ports;
    const [wall, began] = [clock.now(), clock.monotonic()];
    this.#isStale = false;
    try {
      const reading = await this.#ports.read(signal);
      this.#moves = 0;
      const { severity, seen } = reading;
      this.#isPart = !severity.known && seen !== undefined;
      if (!severity.known && !seen) return this.#unknown(severity.reason);
      // What is wrong is told of although something else does not answer; that anything is over is not known then.
      const items = severity.known ? severity.items : seen!;
      const part = { ...reading, severity: { known: true as const, items } };
      const signals = await this.#signalsOf(part, items, signal);
      const forMs = clock.now() - wall;
      // Read before the machine slept, it says nothing of now.
      if (forMs - (clock.monotonic() - began) > SLEPT_MS) return this.#slept(forMs);
      if (severity.known) this.#answered();
      this.#note(reading, signals);
      await this.#told(part, items, signals, signal);
      if (!severity.known) this.#unknown(severity.reason);
    } catch (error) {
      if (signal.aborted) return;
      this.#isPart = false;
      this.#moves = codeOf(error) === 'target-moved' ? this.#moves + 1 : 0;
      if (this.#moves >= MOVES) throw error;
      this.#unknown(messageOf(error));
    }
  }

  /** Until the next look is due, or the machine has slept. */
  async #rest(signal: AbortSignal): Promise<void> {
    const { clock } = this.#ports;
    const due = clock.monotonic() + this.#pause();
    for (let left = due - clock.monotonic(); left > 0 && !this.#isStale; left = due - clock.monotonic()) {
      const before = clock.now();
      await clock.sleep(Math.min(STEP_MS, Math.max(1, left)), signal);
      const forMs = clock.now() - before;
      if (forMs > STEP_MS + SLEPT_MS) this.#slept(forMs);
    }
  }

  #slept(forMs: number): void {
    this.#isStale = true;
    this.#forgetSightings();
    this.#signals = null;
    this.#ports.renew?.();
    this.#ports.tell({ type: 'slept', at: this.#ports.clock.now(), forMs });
  }

  async #told(
    reading: SeverityReading,
    items: readonly SeverityItem[],
    signals: SignalsNow | null,
    signal: AbortSignal,
  ): Promise<void> {
    const { tell, clock } = this.#ports;
    const at = clock.now();
    const present = this.#membersOf(items, signals, at);
    const lasting = present.filter(
      ({ source, id }) => isTelemetry({ source }) || (this.#sightings.get(id) ?? 0) >= SIGHTINGS,
    );
    if (!this.#isPart) this.#close(new Set(present.map(({ id }) => id)), at);
    const view = new ClusterView(reading.snapshot);
    const before = new Map(this.#open.map((incident) => [incident.fingerprint, incident.count]));
    this.#open = correlate({
      members: lasting,
      open: this.#open,
      topology: new Topology(view, signals?.graph ?? graphOfSettings(view)),
      settings: DEFAULT_SIGNAL_SETTINGS.correlation,
      suspects: signals?.suspects.suspects ?? [],
      changesOf: (object) => changesOf(object, view),
    });
    const fresh = this.#open.filter(({ fingerprint }) => !before.has(fingerprint));
    const diagnosis = fresh.length > 0 ? await this.#diagnosed(reading, signals, signal) : null;
    const seen = fresh.length > 0 && signals ? { signals: shownSignals(signals) } : {};
    for (const incident of this.#open) {
      const count = before.get(incident.fingerprint);
      if (count === undefined) tell({ type: 'opened', at, incident, diagnosis, mu: mu(reading.severity), ...seen });
      else if (incident.count > count) tell({ type: 'grew', at, incident });
    }
    this.#ports.looked?.({ at, mu: this.#isPart ? null : mu(reading.severity), open: this.#open });
  }

  #answered(): void {
    if (this.#failures > 0) this.#ports.tell({ type: 'known', at: this.#ports.clock.now() });
    this.#failures = 0;
  }

  /** What is not watched, and what is to be reckoned with. */
  #note(reading: SeverityReading, signals: SignalsNow | null): void {
    if (signals) this.#unread = signals.notes;
    const change = this.#notes.look([...notesOf(reading), ...this.#unread], !this.#isPart);
    if (change) this.#ports.tell({ type: 'noted', at: this.#ports.clock.now(), ...change });
  }

  async #diagnosed(reading: SeverityReading, signals: SignalsNow | null, signal: AbortSignal) {
    try {
      return await this.#ports.diagnose(reading, signals, signal);
    } catch {
      // An incident is told of whether or not somebody knows its cause.
      return null;
    }
  }

  #membersOf(items: readonly SeverityItem[], signals: SignalsNow | null, now: number): IncidentMember[] {
    const found = [
      ...items.map((item) => memberOfItem(item, this.#sinceOf(itemId(item), now))),
      ...(signals?.reading.signals ?? [])
        .filter((one) => one.level === 'incident' && !isToldBy(one, items))
        .map(memberOfSignal),
    ];
    const ids = new Set(found.map(({ id }) => id));
    for (const id of this.#sightings.keys()) if (!ids.has(id)) this.#sightings.delete(id);
    for (const id of this.#firstSeen.keys()) if (!ids.has(id)) this.#firstSeen.delete(id);
    for (const id of ids) this.#sightings.set(id, (this.#sightings.get(id) ?? 0) + 1);
    return found;
  }

  /** What does not tell since when it is so has been since it was first seen. */
  #sinceOf(id: string, now: number): number {
    const first = this.#firstSeen.get(id) ?? now;
    this.#firstSeen.set(id, first);
    return first;
  }

  #close(present: ReadonlySet<string>, at: number): void {
    this.#open = this.#open.filter((incident) => {
      const { fingerprint, since } = incident;
      if (incident.members.some(({ id }) => present.has(id))) {
        this.#misses.delete(fingerprint);
        return true;
      }
      const misses = (this.#misses.get(fingerprint) ?? 0) + 1;
      this.#misses.set(fingerprint, misses);
      if (misses < MISSES) return true;
      this.#misses.delete(fingerprint);
      this.#ports.tell({ type: 'closed', at, incident, lastedMs: at - since });
      return false;
    });
  }

  async #signalsOf(
    reading: SeverityReading,
    items: readonly SeverityItem[],
    signal: AbortSignal,
  ): Promise<SignalsNow | null> {
    const { signals, clock } = this.#ports;
    // While nothing is wrong, severity has looked at what an incident would be made of.
    if (!signals || (items.length === 0 && this.#open.length === 0)) return (this.#signals = null);
    const now = clock.monotonic();
    const known = new Set(this.#open.flatMap(({ members }) => members.map(({ id }) => id)));
    // Somebody new is in trouble: where it begins is worth a look at once.
    const isNews = items.some((item) => !known.has(itemId(item)) && this.#sightings.get(itemId(item)) !== undefined);
    if (!this.#signals || isNews || now - this.#signals.readAt >= SIGNALS_EVERY_MS)
      this.#signals = { now: await signals(reading, signal), readAt: now };
    return this.#signals.now;
  }

  #unknown(reason: string): void {
    this.#failures++;
    if (this.#isPart) this.#misses.clear();
    else this.#forgetSightings();
    const part = this.#isPart ? { isPart: true as const } : {};
    this.#ports.tell({ type: 'unknown', at: this.#ports.clock.now(), reason, retryMs: this.#pause(), ...part });
  }

  #forgetSightings(): void {
    this.#sightings.clear();
    this.#misses.clear();
  }

  #pause(): number {
    const { intervalMs } = this.#options;
    const longest = this.#isPart ? Math.max(intervalMs, PART_BACK_OFF_MS) : LONGEST_BACK_OFF_MS;
    return Math.min(longest, intervalMs * 2 ** Math.min(this.#failures, 10));
  }
}

/** What oracles have nothing to look at, which kinds are not read, and what oracles note. */
function notesOf({ absent = {}, snapshot, notes = [] }: SeverityReading): string[] {
  const blind = Object.entries(absent).map(([name, reason]) => `${name} (${reason})`);
  // Kinds of others (`Kind.group`) are mostly not there at all.
  const unread = Object.keys(snapshot.unreadable).filter((kind) => !kind.includes('.'));
  return [
    ...(blind.length > 0 ? [`not watched: ${blind.join('; ')}`] : []),
    ...(unread.length > 0 ? [`your user may not list ${unread.join(', ')}: nothing is known of them`] : []),
    ...notes,
  ];
}
