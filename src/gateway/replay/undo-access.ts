import type { Clock } from '../../domain/clock.ts';
import { ClusterError } from '../../domain/cluster-error.ts';
import type { KubeObject, ObjectRef } from '../../domain/kube-object.ts';
import { refLabel } from '../../domain/kube-object.ts';
import { KubeApi } from '../wire/kube-api.ts';
import type { Answer } from '../wire/kube-api.ts';
import type { FaultHook } from '../journal/fault-points.ts';
import type { OpenJournal } from '../journal/open-journal.ts';
import { Monitor } from '../monitor/monitor.ts';
import { isBusy, Patience } from '../wire/patience.ts';
import type { Upstream } from '../wire/upstream.ts';
import { UpstreamError } from '../wire/upstream.ts';

/** The cluster cannot be reached, or the caller gave up: the undo is still owed. */
export class Stranded extends Error {}

const INTERRUPTED = 'the undo was interrupted; it is still owed';

export interface UndoAccessOptions {
  upstream: Upstream;
  journal: OpenJournal;
  clock: Clock;
  signal: AbortSignal;
  /** How long to go on when the server does not answer. */
  patienceMs: number;
  mayWrite(): Promise<string | null>;
  crash: FaultHook;
}

/**
 * Requests of an undo: reads, and exactly the writes that were granted. Repeats with growing pauses while the server
 * does not answer.
 */
export class UndoAccess {
  readonly reads: KubeApi;
  readonly clock: Clock;
  readonly signal: AbortSignal;
  writes = 0;
  /** Those of them that only gave fields back to their owners. */
  ownershipWrites = 0;
  readonly #options: UndoAccessOptions;
  readonly #grants = new Set<string>();
  readonly #session: KubeApi;

  constructor(options: UndoAccessOptions) {
    this.#options = options;
    this.clock = options.clock;
    this.signal = options.signal;
    this.#session = new KubeApi(new Monitor(options.upstream, 'undo', { undo: this.#grants }));
    this.reads = this.#session;
  }

  /** Null for 404. @throws Stranded */
  async get(path: string): Promise<KubeObject | null> {
    const answer = await this.#persist(() => this.#session.send('GET', path, { signal: this.signal }));
    if (answer.status === 404) return null;
    if (answer.status !== 200 || !answer.object) throw new Stranded(`reading ${path} failed: ${answer.message}`);
    return answer.object;
  }

  async list(path: string): Promise<KubeObject[]> {
    let items: KubeObject[] = [];
    await this.#persist(async () => {
      const page = await this.#session.list(path, this.signal).catch((error: unknown) => {
        if (!(error instanceof ClusterError)) throw error;
        // Without an answer: 504, so that it is tried again (unless the caller gave up, which is looked at first).
        return error.status ?? 504;
      });
      if (typeof page === 'number') return { status: page, object: null, message: `listing ${path}: HTTP ${page}` };
      items = page.items;
      return { status: 200, object: null, message: '' };
    });
    return items;
  }

  /** A dry-run of a write; nothing is stored. */
  async rehearse(method: string, path: string, body: unknown): Promise<Answer> {
    this.#grants.add(`${method} ${path}`);
    try {
      return await this.#persist(() => this.#session.send(method, `${path}?dryRun=All`, { body, signal: this.signal }));
    } finally {
      this.#grants.delete(`${method} ${path}`);
    }
  }

  /** One inverse write; journalled as progress. `query` is added to the path. @throws Stranded */
  async write(
    ref: ObjectRef,
    method: string,
    path: string,
    body: unknown,
    options: { contentType?: string; query?: string } = {},
  ): Promise<Answer> {
    const { journal, clock, crash } = this.#options;
    const blocked = await this.#options.mayWrite();
    if (blocked) throw new Stranded(blocked);
    await journal.append({ type: 'undo-intent', ref, method, path, at: new Date(clock.now()).toISOString() });
    crash('undo.before-write');
    this.#grants.add(`${method} ${path}`);
    try {
      const url = options.query ? `${path}?${options.query}` : path;
      const answer = await this.#persist(() =>
        this.#session.send(method, url, { body, contentType: options.contentType, signal: this.signal }),
      );
      crash('undo.after-write');
      if (answer.status < 300) this.writes++;
      await journal.note({ type: 'undo-outcome', ref, status: answer.status, at: new Date(clock.now()).toISOString() });
      return answer;
    } finally {
      this.#grants.delete(`${method} ${path}`);
    }
  }

  /** Something of the undo that is no API write; journalled as progress, counted as a write. @throws Stranded */
  async act<T>(ref: ObjectRef, path: string, action: number, run: () => Promise<T>): Promise<T> {
    const { journal, clock, crash } = this.#options;
    const blocked = await this.#options.mayWrite();
    if (blocked) throw new Stranded(blocked);
    const at = () => new Date(clock.now()).toISOString();
    await journal.append({ type: 'undo-intent', ref, method: 'EXEC', path, action, at: at() });
    crash('undo.before-write');
    const result = await run();
    crash('undo.after-write');
    this.writes++;
    await journal.note({ type: 'undo-outcome', ref, status: 0, at: at() });
    return result;
  }

  /** Waits by watch (and, should the watch end, by looking) until the object is gone or the deadline passes. */
  async waitGone(path: string, uid: string, deadlineMs: number): Promise<boolean> {
    const end = this.clock.monotonic() + deadlineMs;
    const [collection, name] = splitObjectPath(path);
    for (;;) {
      const live = await this.get(path);
      if (!live || live.metadata.uid !== uid) return true;
      const left = end - this.clock.monotonic();
      if (left <= 0) return false;
      const stop = new AbortController();
      const timer = setTimeout(() => stop.abort(), Math.min(left, 5_000));
      const signal = AbortSignal.any([stop.signal, this.signal]);
      try {
        const from = live.metadata.resourceVersion ?? '';
        for await (const event of this.#session.watch(
          `${collection}?fieldSelector=metadata.name%3D${name}&resourceVersion=${from}`,
          signal,
        )) {
          if (event.type === 'DELETED' || event.type === 'ERROR') break;
        }
      } catch {
        // The look above decides; a broken watch only costs time.
        await this.pause(200);
      } finally {
        clearTimeout(timer);
        stop.abort();
      }
    }
  }

  async pause(ms: number): Promise<void> {
    try {
      await this.clock.sleep(ms, this.signal);
    } catch {
      throw new Stranded(INTERRUPTED);
    }
  }

  /** Time that is granted to one write against others who change the same object. */
  patience(): Patience {
    return new Patience(this.clock, this.#options.patienceMs);
  }

  /** Pauses after a lost race. @throws Stranded when somebody else was faster for as long as there is patience */
  async beforeAnother(patience: Patience, ref: ObjectRef, lost: Answer): Promise<void> {
    const goOn = await patience.pause(lost.retryAfterMs, this.signal).catch(() => {
      throw new Stranded(INTERRUPTED);
    });
    if (!goOn) throw new Stranded(`${refLabel(ref)} is changed by others all the time: ${lost.message}`);
  }

  /** The same request may be sent again because every write of an undo is conditional. */
  async #persist(send: () => Promise<Answer>): Promise<Answer> {
    const patience = this.patience();
    for (;;) {
      if (this.signal.aborted) throw new Stranded(INTERRUPTED);
      let reason: string;
      let hint: number | undefined;
      try {
        const answer = await send();
        if (!isBusy(answer.status)) return answer;
        reason = answer.message;
        hint = answer.retryAfterMs;
      } catch (error) {
        if (!(error instanceof UpstreamError)) throw error;
        if (error.failure === 'aborted') throw new Stranded(INTERRUPTED);
        reason = error.message;
      }
      const goOn = await patience.pause(hint, this.signal).catch(() => {
        throw new Stranded(INTERRUPTED);
      });
      if (!goOn) throw new Stranded(`the cluster does not answer: ${reason}`);
    }
  }
}

/** Collection path and name of an object path. */
export function splitObjectPath(path: string): [collection: string, name: string] {
  const slash = path.lastIndexOf('/');
  return [path.slice(0, slash), path.slice(slash + 1)];
}
