import type { Target } from '../../domain/target.ts';
import type { StratusApp } from '../../run/app.ts';
import type { PastRun } from '../../run/run-history.ts';
import { isProtectedContext } from '../editor/configuration.ts';
import type { SessionList } from './incident-session.ts';
import { IncidentSession } from './incident-session.ts';
import type { JournalNews } from './journal-news.ts';
import type { PastFate } from './past-fate.ts';
import { pastFate } from './past-fate.ts';

const SHOWN = 20;
/** How often the log of a run that goes on elsewhere is read. */
const FOLLOW_MS = 2_000;

/** Runs that this window did not start, or started before it was reloaded: read from their event logs. */
export class PastRuns {
  readonly #app: () => Promise<StratusApp>;
  readonly #sessions: SessionList;
  readonly #news: JournalNews;
  readonly #following = new Map<string, NodeJS.Timeout>();

  constructor(app: () => Promise<StratusApp>, sessions: SessionList, news: JournalNews) {
    this.#app = app;
    this.#sessions = sessions;
    this.#news = news;
  }

  /** Newest first, without those that are open here, with what became of each. */
  async list(): Promise<{ run: PastRun; fate: PastFate }[]> {
    const { incidents, transactions } = await this.#app();
    const runs = (await incidents.runs(SHOWN)).filter(({ id }) => !this.#sessions.find(id));
    // A journal that cannot be read is told by the undo stack; the runs are listed as they ended.
    const journal = await transactions.list().catch(() => []);
    return runs.map((run) => ({ run, fate: pastFate(run, journal) }));
  }

  /** Where a run was pinned to, to begin the same again; of the latest run where none is named. */
  async target(id = this.#sessions.current()?.id): Promise<Target | undefined> {
    if (id === undefined) return undefined;
    await this.open(id);
    return this.#sessions.find(id)?.target;
  }

  /**
   * Makes the run a session of this window, read only; does nothing when it is one, unless that went on elsewhere when it
   * was read. @throws Error no such log, damaged
   */
  async open(id: string): Promise<void> {
    const isKnown = () => this.#sessions.find(id)?.isElsewhere === false;
    if (isKnown()) return;
    const { incidents } = await this.#app();
    // Before its log: one that ends in between is then read whole, or read again.
    const active = await incidents.isActive(id);
    const events = await incidents.events(id);
    if (isKnown()) return;
    this.#sessions.addPast(IncidentSession.fromLog(id, events, isProtectedContext, active));
    if (active) this.#follow(id);
    await this.#news.tell();
  }

  dispose(): void {
    for (const timer of this.#following.values()) clearTimeout(timer);
  }

  /** Until it has ended there: nothing else tells that its process is gone. */
  #follow(id: string): void {
    clearTimeout(this.#following.get(id));
    // A log that cannot be read any more is shown as it was read last.
    const timer = setTimeout(() => void this.open(id).catch(() => undefined), FOLLOW_MS);
    this.#following.set(id, timer);
  }
}
