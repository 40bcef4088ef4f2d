import { messageOf } from '../../domain/cluster-error.ts';
import type { CorrelatedIncident } from '../../domain/signals.ts';
import { codeOf, isStratusError, StratusError } from '../../domain/stratus-error.ts';
import type { Target } from '../../domain/target.ts';
import { placeOf } from '../../domain/target.ts';
import type { StratusApp } from '../../run/app.ts';
import type { WatchEvent, WatchLook } from '../../run/watch/watch-event.ts';
import { durationText } from '../../text/amount.ts';
import type { AppLease } from '../editor/app-loader.ts';
import type { Log } from '../editor/log.ts';
import { IncidentNews } from './incident-news.ts';
import type { WatchBoard } from './watch-board.ts';
import type { OpenIncident } from './watch-view.ts';
import { afterEvent, afterLook, begun, stopped, unanswered } from './watch-view.ts';

/** How a watch looks; a change of it takes effect at the next look. */
export interface WatchSettings {
  intervalMs: number;
  /** As in MitigateRequest. */
  checks: string[];
}

export interface BackgroundParts {
  lease: () => Promise<AppLease>;
  settings: () => WatchSettings;
  board: WatchBoard;
  log: Pick<Log, 'info'>;
  /** Whether a run of this window is at work there. */
  isBusy(target: Target): boolean;
  /** Incidents that nobody was told of, at least one. */
  announce(fresh: readonly OpenIncident[], target: Target): void;
  /** It ended by itself. */
  ended(target: Target, reason: string): void;
  /** Milliseconds since the epoch. */
  now(): number;
  sleep(ms: number, signal: AbortSignal): Promise<void>;
}

const FIRST_RETRY_MS = 15_000;
const LONGEST_RETRY_MS = 5 * 60_000;

/** Why an application is left for a fresh one. */
const RENEWED = 'what is configured has changed';

/**
 * The one watch of this window. It stays on the target that it was begun on, whatever runs begin elsewhere and whatever the
 * kubeconfig's current context is, until it is ended, moved, or its context means another cluster. It writes nothing.
 */
export class BackgroundWatch {
  readonly #parts: BackgroundParts;
  #stop: AbortController | null = null;
  /** Ends the work with an application, for the same with a fresh one. */
  #renew: (() => void) | null = null;
  #news = new IncidentNews();
  /** As they were told last. */
  #open: readonly CorrelatedIncident[] = [];

  constructor(parts: BackgroundParts) {
    this.#parts = parts;
  }

  /**
   * Watches a target instead of what was watched before.
   * @param target with an empty fingerprint it is pinned when its cluster answers for the first time
   */
  begin(target: Target): void {
    this.#stop?.abort(new Error('another target is watched'));
    const stop = new AbortController();
    this.#stop = stop;
    this.#open = [];
    this.#news = new IncidentNews();
    this.#parts.board.set(begun(target, this.#parts.settings().intervalMs));
    this.#parts.log.info(`watching ${placeOf(target)}; nothing is written`);
    void this.#run(stop.signal);
  }

  /** Nothing is watched any more. */
  end(): void {
    this.#stop?.abort(new Error('ended'));
    this.#stop = null;
    this.#parts.board.set(null);
  }

  /** Something that is configured has changed: looks at once whether that bears on the watch. */
  configured(): void {
    this.#renew?.();
  }

  dispose(): void {
    this.#stop?.abort(new Error('the window closes'));
  }

  async #run(signal: AbortSignal): Promise<void> {
    const { board, log, now } = this.#parts;
    for (let failures = 0; !signal.aborted;) {
      try {
        const reason = await this.#withApp(signal, () => (failures = 0));
        if (signal.aborted) return;
        if (reason !== RENEWED) return this.#ended(reason);
        log.info(`watch: begun anew: ${reason}`);
      } catch (error) {
        if (signal.aborted) return;
        const reason = messageOf(error);
        if (!passes(error)) return this.#ended(reason);
        const wait = Math.min(LONGEST_RETRY_MS, FIRST_RETRY_MS * 2 ** Math.min(failures++, 10));
        log.info(`watch: ${reason}; asked again in ${durationText(wait)}`);
        board.set(unanswered(board.view!, reason, now() + wait));
        await this.#wait(wait, signal);
      }
    }
  }

  /** Watches with one application until it is to be another one. @returns why that ended */
  async #withApp(signal: AbortSignal, answered: () => void): Promise<string> {
    const { lease, settings, board } = this.#parts;
    const { app, release } = await lease();
    const used = settings();
    const inner = new AbortController();
    const stop = () => inner.abort(new Error('ended'));
    signal.addEventListener('abort', stop, { once: true });
    const renew = () =>
      void this.#isOther(app, used).then((isOther) => {
        if (isOther) stop();
      });
    try {
      const target = await this.#pinned(app, signal);
      if (!target) return '';
      answered();
      this.#renew = renew;
      board.set(begun(target, used.intervalMs, board.view));
      const watching = app.incidents.watch(
        {
          target,
          checks: used.checks,
          intervalMs: used.intervalMs,
          open: this.#open,
          tell: (event) => {
            if (inner.signal.aborted) return;
            this.#heard(event);
            // What does not answer may have been configured wrongly, and put right since.
            if (event.type === 'unknown') renew();
          },
          looked: (look) => {
            if (inner.signal.aborted) return;
            this.#looked(look);
            renew();
          },
        },
        inner.signal,
      );
      await watching.catch((error: unknown) => {
        if (!inner.signal.aborted) throw error;
      });
      return inner.signal.aborted ? RENEWED : 'it ended';
    } finally {
      signal.removeEventListener('abort', stop);
      if (this.#renew === renew) this.#renew = null;
      release();
    }
  }

  /** Until it is time, something was configured, or it is ended. */
  async #wait(ms: number, signal: AbortSignal): Promise<void> {
    const wake = new AbortController();
    this.#renew = () => wake.abort(new Error(RENEWED));
    // Woken, or ended: whoever waited looks himself.
    await this.#parts.sleep(ms, AbortSignal.any([signal, wake.signal])).catch(() => undefined);
  }

  /** Null where it was ended meanwhile. @throws StratusError target-moved, ClusterError */
  async #pinned(app: StratusApp, signal: AbortSignal): Promise<Target | null> {
    const { context, namespace, fingerprint } = this.#parts.board.view!.target;
    const target = await app.targets.pin(context, namespace);
    if (signal.aborted) return null;
    if (fingerprint === '' || target.fingerprint === fingerprint) return target;
    throw new StratusError(
      'target-moved',
      `context '${context}' now means another cluster or user: start watching it anew`,
    );
  }

  async #isOther(app: StratusApp, used: WatchSettings): Promise<boolean> {
    const { lease, settings } = this.#parts;
    if (JSON.stringify(settings()) !== JSON.stringify(used)) return true;
    // One that cannot be opened takes nothing over.
    const fresh = await lease().catch(() => null);
    fresh?.release();
    return fresh !== null && fresh.app !== app;
  }

  #heard(event: WatchEvent): void {
    const { board, log } = this.#parts;
    const before = board.view!;
    const view = afterEvent(before, event);
    board.set(view);
    if (event.type === 'opened') log.info(`watch: incident: ${event.incident.title}`);
    if (event.type === 'closed') log.info(`watch: over after ${durationText(event.lastedMs)}: ${event.incident.title}`);
    if (event.type === 'unknown' && before.reason === '')
      log.info(`watch: ${event.isPart ? 'not all' : 'nothing'} is known: ${event.reason}`);
    if (event.type === 'known') log.info('watch: answers come again');
    if (event.type === 'noted')
      for (const note of [...event.fresh, ...event.gone.map((text) => `no longer: ${text}`)])
        log.info(`watch: ${note}`);
    if (event.type === 'slept') log.info(`watch: ${view.reason}`);
  }

  #looked(look: WatchLook): void {
    const { board, isBusy, announce } = this.#parts;
    this.#open = look.open;
    const view = afterLook(board.view!, look);
    board.set(view);
    const fresh = this.#news.next(view.incidents, isBusy(view.target));
    if (fresh.length > 0) announce(fresh, view.target);
  }

  #ended(reason: string): void {
    const { board, log, ended } = this.#parts;
    this.#stop = null;
    const view = stopped(board.view!, reason);
    board.set(view);
    log.info(`watch: ended: ${view.reason}`);
    ended(view.target, view.reason);
  }
}

/** Whether the same may be answered later; what a person has to put right is not asked again. */
function passes(error: unknown): boolean {
  return codeOf(error) === 'api' || (isStratusError(error) && error.retry);
}
