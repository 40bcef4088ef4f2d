import { Readable } from 'node:stream';
import type { Clock } from '../../domain/clock.ts';
import type { LockLevel } from '../../domain/ports.ts';
import { messageOf, readAll } from '../../gateway/wire/messages.ts';
import type {
  UpgradeAnswer,
  UpgradeRequest,
  Upstream,
  UpstreamRequest,
  UpstreamResponse,
} from '../../gateway/wire/upstream.ts';
import { UpstreamError } from '../../gateway/wire/upstream.ts';
import { isFenceDenial, isGuardDenial } from './lock-fence.ts';
import type { WriterCredential } from './writer-token.ts';

/** A token that just became the Lease's is known to every API server of a cluster after this time. */
const SPREADS_WITHIN_MS = 3_000;
/** The guard may still read the phase of a moment ago; what it refuses after this time, it refuses for good. */
const GUARD_PATIENCE_MS = 1_000;
const FIRST_PAUSE_MS = 20;
/** Questions about rights are asked by POST. */
const REVIEW = /^\/apis\/(authorization|authentication)\.k8s\.io\/[^/]+\/(self|local)?subject[a-z]*reviews(\?|$)/;

/** Asks who the engineer is, as reads do. */
const WHO_AM_I = /^\/apis\/authentication\.k8s\.io\/[^/]+\/selfsubjectreviews(\?|$)/;

/**
 * The cluster as transactions see it: reads go with the engineer's own credential, writes with the writer's while the
 * lock is fenced. Without the lock only dry-runs and reads pass, so that no write can ever leave unfenced because a
 * lock was lost between the check and the write.
 */
export class WriterUpstream implements Upstream {
  readonly #own: Upstream;
  readonly #writer: Upstream;
  readonly #credential: WriterCredential;
  readonly #level: () => LockLevel | null;
  readonly #clock: Clock;

  /** @param level at which the lock is held now; null when it is not */
  constructor(
    own: Upstream,
    writer: Upstream,
    credential: WriterCredential,
    level: () => LockLevel | null,
    clock: Clock,
  ) {
    this.#own = own;
    this.#writer = writer;
    this.#credential = credential;
    this.#level = level;
    this.#clock = clock;
  }

  async warmUp(): Promise<void> {
    const writer = this.#level() === 'fenced' ? this.#writer.warmUp?.() : undefined;
    await Promise.all([this.#own.warmUp?.(), writer]);
  }

  /**
   * With the engineer's own credential: the writer's account has no right to run commands in containers, and the guard
   * refuses it one. What changes something still needs the lock.
   */
  async upgrade(request: UpgradeRequest): Promise<UpgradeAnswer> {
    if (request.changes && this.#level() === null)
      throw new UpstreamError('credentials', 'the writer lock is not held: nothing is changed', false);
    if (!this.#own.upgrade) throw new UpstreamError('unreachable', 'this connection has no streams', false);
    return this.#own.upgrade(request);
  }

  async request(request: UpstreamRequest): Promise<UpstreamResponse> {
    const level = this.#level();
    const own = request.method === 'GET' || request.method === 'HEAD' || level === 'client-side';
    if (own || WHO_AM_I.test(request.path)) return this.#own.request(request);
    if (level === null) {
      if (changesNothing(request)) return this.#own.request(request);
      throw new UpstreamError('credentials', 'the writer lock is not held: nothing is written', false);
    }
    return this.#fenced(request);
  }

  async #fenced(request: UpstreamRequest): Promise<UpstreamResponse> {
    // A body that is a stream could not be sent a second time.
    const body = request.body && Buffer.isBuffer(request.body) ? request.body : await readAll(request.body);
    const again = { ...request, ...(request.body ? { body } : {}) };
    const began = this.#clock.monotonic();
    for (let pause = FIRST_PAUSE_MS; ; pause *= 2) {
      const used = this.#credential.active;
      const response = await this.#writer.request(again);
      if (response.status === 401) {
        response.body.destroy();
        throw new UpstreamError('credentials', 'the API server does not accept the token of the writer', false);
      }
      if (response.status !== 403) return response;
      const bytes = await readAll(response.body);
      const message = messageOf(bytes);
      const waited = this.#clock.monotonic() - began;
      const outdated = isGuardDenial(403, message) && waited < GUARD_PATIENCE_MS;
      if (!outdated && !isFenceDenial(403, message)) return { ...response, body: Readable.from([bytes]) };
      // Refused before anything happened: it may be sent again with the token that took the place of this one.
      const active = this.#credential.active;
      const young = active !== null && this.#clock.monotonic() - active.issued.monotonic < SPREADS_WITHIN_MS;
      const hopeful = active !== null && (active !== used || young);
      if (!outdated && (!hopeful || waited >= SPREADS_WITHIN_MS)) {
        throw new UpstreamError('credentials', 'the fence refused the write: another writer holds the lock', false);
      }
      await this.#clock.sleep(pause, request.signal);
    }
  }
}

/** A dry-run, or a question about rights. */
function changesNothing({ path }: UpstreamRequest): boolean {
  const dryRuns = new URLSearchParams(path.split('?')[1] ?? '').getAll('dryRun');
  return (dryRuns.length === 1 && dryRuns[0] === 'All') || REVIEW.test(path);
}
