import { messageOf } from '../../domain/cluster-error.ts';
import { refLabel } from '../../domain/kube-object.ts';
import type { Target } from '../../domain/target.ts';
import { placeOf } from '../../domain/target.ts';
import type { RunEvent } from '../../domain/run-event.ts';
import type { StratusApp } from '../../run/app.ts';
import type { IncidentRun } from '../../run/incident/incident-run.ts';
import type { KeptOutcome } from '../../run/kept-changes.ts';
import { durationText } from '../../text/amount.ts';
import { untrustedLine } from '../../text/redact.ts';
import type { KeptWatchView } from '../../../webview/protocol/kept-watch-view.ts';
import type { RunSnapshot } from '../../../webview/protocol/run-snapshot.ts';
import type { Log } from '../editor/log.ts';
import type { Prompts } from '../editor/prompts.ts';
import { ranUnasked, undoShortfall } from './kept-words.ts';

/** A run of this window, as far as watching what it kept needs it. */
export interface KeptSession {
  readonly id: string;
  readonly target: Target;
  readonly isPast: boolean;
  readonly ended: boolean;
  readonly isProtected: boolean;
  events(): readonly RunEvent[];
  snapshot(): Pick<RunSnapshot, 'transactions'>;
  noteKept(view: KeptWatchView): void;
  onChange(listener: () => void): { dispose(): void };
}

export interface KeptParts {
  prompts: Prompts;
  log: Pick<Log, 'info'>;
  /** Runs of this window, as they change. */
  sessions: { onChange(listener: (session: KeptSession) => void): { dispose(): void } };
  /** Whether a change of the context may be undone: where it is protected, its name has to be typed. */
  mayUndo(context: string): Promise<boolean>;
  show(run: string): void;
  /** Tells whoever is not at the window; does nothing where somebody is. */
  onDesktop(title: string, text: string): void;
  /** Milliseconds since the epoch, and of a clock that never jumps. */
  now(): number;
  monotonic(): number;
}

/** One that goes on. */
interface Live {
  session: KeptSession;
  view: KeptWatchView;
  stop: AbortController;
  /** While a person is asked whether it is to be taken back. */
  answer: ((undo: boolean) => void) | null;
}

const SHOWN_OBJECTS = 8;
const ENDS: ReadonlySet<KeptWatchView['state']> = new Set([
  'held',
  'undone',
  'left',
  'unfinished',
  'unknown',
  'stopped',
]);

/**
 * Watches for a time what runs of this window kept, whether or not their views are open. What got worse is taken back when
 * a person wants it, or at once where nobody was asked before it was done.
 */
export class KeptWatches {
  readonly #parts: KeptParts;
  readonly #live = new Map<string, Live>();
  readonly #listeners = new Set<() => void>();
  readonly #subscription: { dispose(): void };

  constructor(parts: KeptParts) {
    this.#parts = parts;
    this.#subscription = parts.sessions.onChange((session) => this.#makeWay(session));
  }

  /** The one that began last, of those that go on. */
  get current(): { run: string; target: Target; view: KeptWatchView } | null {
    const live = [...this.#live.values()].at(-1);
    return live ? { run: live.session.id, target: live.session.target, view: live.view } : null;
  }

  onChange(listener: () => void): { dispose(): void } {
    this.#listeners.add(listener);
    return { dispose: () => void this.#listeners.delete(listener) };
  }

  /**
   * Watches what an ended run kept; nothing where it kept nothing or did not come to its end. Resolves when it is over.
   * @param durationMs 0: not at all
   */
  async watch(app: StratusApp, run: IncidentRun, session: KeptSession, durationMs: number): Promise<void> {
    const { committed, outcome } = run.state;
    if (durationMs === 0 || committed.length === 0 || (outcome !== 'resolved' && outcome !== 'improved')) return;
    const until = this.#parts.now() + durationMs;
    const view: KeptWatchView = { state: 'watching', until, objects: await objectsOf(app, committed), reason: '' };
    const live: Live = { session, view, stop: new AbortController(), answer: null };
    this.#live.set(session.id, live);
    this.#show(live, {});
    const following = session.onChange(() => this.#follow(live, committed));
    try {
      await this.#watch(app, run, live, durationMs);
    } finally {
      following.dispose();
      this.#live.delete(session.id);
      this.#changed();
    }
  }

  /** @returns why it goes on; empty where it does not */
  stop(run: string, reason = 'you ended it'): string {
    const live = this.#live.get(run);
    if (!live) return 'nothing of this run is watched any more';
    if (live.view.state === 'undoing') return 'its change is being taken back, which is not interrupted';
    live.stop.abort(new Error(reason));
    return '';
  }

  /** What a person says to taking the change back. @returns why that is not done; empty where it is */
  async answer(run: string, undo: boolean): Promise<string> {
    const settled = 'there is nothing to decide any more';
    const live = this.#live.get(run);
    if (!live?.answer) return settled;
    if (undo && !(await this.#parts.mayUndo(live.session.target.context)))
      return 'not undone: the context was not typed';
    if (!live.answer) return settled;
    live.answer(undo);
    return '';
  }

  dispose(): void {
    this.#subscription.dispose();
    for (const { stop } of this.#live.values()) stop.abort(new Error('the window closes'));
  }

  async #watch(app: StratusApp, run: IncidentRun, live: Live, durationMs: number): Promise<void> {
    const { session, stop } = live;
    const { log, monotonic, now } = this.#parts;
    const unasked = !session.isProtected && ranUnasked(session.events(), run.state.committed);
    const end = monotonic() + durationMs;
    log.info(`${session.id}: what it kept is watched for ${durationText(durationMs)}`);
    try {
      const outcome = await app.incidents.watchKept(
        run,
        {
          durationMs,
          tell: (text) => log.info(`${session.id}: ${text}`),
          // The clock of the wall may have jumped.
          looked: (unknown) =>
            this.#show(live, { until: now() + Math.max(0, end - monotonic()), reason: unknown ?? '' }),
          // What may be the doing of somebody else is for a person to say.
          askUndo: (reason, signal, others) => this.#mayTakeBack(live, reason, unasked && !others, signal),
        },
        stop.signal,
      );
      if (stop.signal.aborted) this.#end(live, 'stopped', messageOf(stop.signal.reason));
      else this.#told(live, outcome, durationMs);
    } catch (error) {
      if (stop.signal.aborted) this.#end(live, 'stopped', messageOf(stop.signal.reason));
      else this.#end(live, live.view.state === 'undoing' ? 'unfinished' : 'unknown', messageOf(error));
    }
  }

  #told(live: Live, outcome: KeptOutcome, durationMs: number): void {
    if (outcome.outcome === 'held')
      return this.#end(live, 'held', `nothing that it touched got worse within ${durationText(durationMs)}`);
    if (outcome.outcome === 'unknown') return this.#end(live, 'unknown', outcome.reason);
    const { reason, undone } = outcome;
    const shortfall = undoShortfall(undone);
    if (undone.length === 0) this.#end(live, 'left', reason);
    else this.#end(live, shortfall ? 'unfinished' : 'undone', shortfall || reason);
  }

  #mayTakeBack(live: Live, reason: string, unasked: boolean, signal: AbortSignal): Promise<boolean> {
    if (!unasked) return this.#ask(live, reason, signal);
    this.#show(live, { state: 'undoing', until: null, reason });
    return Promise.resolve(true);
  }

  #ask(live: Live, reason: string, signal: AbortSignal): Promise<boolean> {
    const { session } = live;
    return new Promise((resolve) => {
      const settle = (undo: boolean) => {
        live.answer = null;
        if (undo) this.#show(live, { state: 'undoing' });
        resolve(undo);
      };
      if (signal.aborted) return settle(false);
      signal.addEventListener('abort', () => live.answer?.(false), { once: true });
      live.answer = settle;
      this.#show(live, { state: 'asking', until: null, reason });
      const text = `worse since the change was kept: ${live.view.reason}. Take the change back?`;
      const [undo, keep] = ['Undo', 'Keep It'];
      void this.#say('error', session, text, undo, keep).then(async (answer) => {
        if (answer !== undo && answer !== keep) return;
        const problem = await this.answer(session.id, answer === undo);
        if (problem) this.#parts.log.info(`${session.id}: ${problem}`);
      });
    });
  }

  #end(live: Live, state: KeptWatchView['state'], reason: string): void {
    const { session } = live;
    this.#show(live, { state, until: null, reason });
    const text = live.view.reason;
    this.#parts.log.info(`${session.id}: what it kept: ${state}, ${text}`);
    if (state === 'undone') void this.#tell('warning', session, `got worse and was taken back: ${text}`);
    if (state === 'unfinished') void this.#tell('error', session, `what was kept got worse, and ${text}`);
    if (state === 'unknown')
      void this.#tell('warning', session, `how it went on after the change is not known: ${text}`);
  }

  async #tell(level: 'warning' | 'error', session: KeptSession, text: string): Promise<void> {
    const show = 'Show';
    if ((await this.#say(level, session, text, show)) === show) this.#parts.show(session.id);
  }

  #say(level: 'warning' | 'error', { target }: KeptSession, text: string, ...actions: string[]) {
    const where = placeOf(target);
    this.#parts.onDesktop(where, text);
    return this.#parts.prompts.notify(level, `${where}: ${text}`, ...actions);
  }

  /** Who took it back, or began anew there, judges for themselves. */
  #makeWay({ id, target, isPast, ended }: KeptSession): void {
    if (isPast || ended) return;
    for (const { session } of this.#live.values()) {
      const same = session.target.fingerprint === target.fingerprint && session.target.namespace === target.namespace;
      if (same && session.id !== id) this.stop(session.id, 'another run began there');
    }
  }

  #follow(live: Live, kept: readonly string[]): void {
    if (live.stop.signal.aborted || (live.view.state !== 'watching' && live.view.state !== 'asking')) return;
    const { transactions } = live.session.snapshot();
    if (transactions.some(({ id, state }) => kept.includes(id) && state !== 'committed'))
      this.stop(live.session.id, 'its change was taken back meanwhile');
  }

  #show(live: Live, change: Partial<KeptWatchView>): void {
    // What has ended, or waits for a person, is not watched any more.
    const isOver = ENDS.has(live.view.state) || (change.state === undefined && live.view.state !== 'watching');
    if (isOver) return;
    live.view = { ...live.view, ...change };
    live.view.reason = untrustedLine(live.view.reason, 500);
    live.session.noteKept(live.view);
    this.#changed();
  }

  #changed(): void {
    for (const listener of this.#listeners) listener();
  }
}

async function objectsOf(app: StratusApp, kept: readonly string[]): Promise<string[]> {
  const all = await app.transactions.list();
  const names = all.filter(({ id }) => kept.includes(id)).flatMap(({ roots }) => roots.map(refLabel));
  return [...new Set(names)].slice(0, SHOWN_OBJECTS);
}
