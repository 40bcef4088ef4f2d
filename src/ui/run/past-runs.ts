import type { StratusApp } from '../../run/app.ts';
import type { PastRun } from '../../run/run-history.ts';
import { isProtectedContext } from '../editor/configuration.ts';
import type { SessionList } from './incident-session.ts';
import { IncidentSession } from './incident-session.ts';

const SHOWN = 20;

/** Runs that this window did not start, or started before it was reloaded: read from their event logs. */
export class PastRuns {
  readonly #app: () => Promise<StratusApp>;
  readonly #sessions: SessionList;

  constructor(app: () => Promise<StratusApp>, sessions: SessionList) {
    this.#app = app;
    this.#sessions = sessions;
  }

  /** Newest first, without those that are open here. */
  async list(): Promise<PastRun[]> {
    const runs = await (await this.#app()).incidents.runs(SHOWN);
    return runs.filter(({ id }) => !this.#sessions.find(id));
  }

  /** Makes the run a session of this window, read only; does nothing when it is one. @throws Error no such log, damaged */
  async open(id: string): Promise<void> {
    if (this.#sessions.find(id)) return;
    const app = await this.#app();
    const events = await app.incidents.events(id);
    if (this.#sessions.find(id)) return;
    const session = IncidentSession.fromLog(id, events, isProtectedContext);
    session.noteJournal(await app.transactions.list());
    this.#sessions.addPast(session);
  }
}
