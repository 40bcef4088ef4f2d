import type { Clock } from '../../domain/clock.ts';
import type { KubeObject } from '../../domain/kube-object.ts';

/** "Not now": the server, or something before it, did not do the work. 500 and 504 leave open whether a write was stored. */
const TRANSIENT: ReadonlySet<number> = new Set([408, 429, 500, 502, 503, 504]);
const FIRST_PAUSE_MS = 100;
const LONGEST_PAUSE_MS = 3_000;
/** A server that asks for more is not worth waiting for within one request. */
const LONGEST_HINT_MS = 10_000;

/**
 * True when the same request may have better luck soon. An admission webhook that cannot be called also gives 500, but
 * for as long as it is broken, and before anything is stored.
 */
export function isTransient(status: number, message: string): boolean {
  return isBusy(status) && !isWebhookFailure(status, message);
}

/** As {@link isTransient}, but also for who can wait until a webhook is repaired. */
export function isBusy(status: number): boolean {
  return TRANSIENT.has(status);
}

export function isWebhookFailure(status: number, message: string): boolean {
  return status === 500 && /failed calling webhook|admission webhook/i.test(message);
}

/** A creation lost a race about something else than its name, a quota for example. `answer`: the Status object. */
export function isOtherConflict(status: number, answer: KubeObject | null): boolean {
  return status === 409 && answer?.reason === 'Conflict';
}

/** Milliseconds of a Retry-After header given in seconds; undefined when there is none. */
export function retryAfter(headers: Record<string, string | undefined>): number | undefined {
  const text = headers['retry-after'] ?? '';
  return /^\d{1,6}$/.test(text) ? Number(text) * 1000 : undefined;
}

/** Growing pauses between repetitions, within a total time. */
export class Patience {
  readonly #clock: Clock;
  readonly #end: number;
  #next = FIRST_PAUSE_MS;

  constructor(clock: Clock, totalMs: number) {
    this.#clock = clock;
    this.#end = clock.monotonic() + totalMs;
  }

  /**
   * Waits before the next try, at least as long as the server asked for. False, without waiting, when the time is up.
   * @throws the signal's reason when it fires
   */
  async pause(hintMs: number | undefined, signal?: AbortSignal): Promise<boolean> {
    const left = this.#end - this.#clock.monotonic();
    const wait = Math.max(this.#next, Math.min(hintMs ?? 0, LONGEST_HINT_MS));
    if (left <= 0 || (hintMs !== undefined && hintMs > LONGEST_HINT_MS && hintMs > left)) return false;
    this.#next = Math.min(this.#next * 2, LONGEST_PAUSE_MS);
    await this.#clock.sleep(Math.min(wait, Math.max(left, FIRST_PAUSE_MS)), signal ?? NEVER);
    return true;
  }
}

const NEVER = new AbortController().signal;
