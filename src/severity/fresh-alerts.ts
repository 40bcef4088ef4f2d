import type { Clock } from '../domain/clock.ts';
import type { Alert, AlertSource, Answer } from '../domain/telemetry.ts';

/** Of the interval in which rules are evaluated: an answer that is younger would say the same again. */
const FRESH_SHARE = 0.25;
const LONGEST_FRESH_MS = 15_000;

/** Alerts as several oracles ask for them: rules are evaluated now and then, and between two of them every answer is the same. */
export class FreshAlerts {
  readonly source: AlertSource;
  readonly #clock: Clock;
  #asked: { answer: Promise<Answer<Alert[]>>; at: number } | null = null;

  constructor(source: AlertSource, clock: Clock) {
    this.source = source;
    this.#clock = clock;
  }

  ask(signal: AbortSignal): Promise<Answer<Alert[]>> {
    const now = this.#clock.monotonic();
    const fresh = Math.min(LONGEST_FRESH_MS, this.source.timing.lagMs * FRESH_SHARE);
    if (this.#asked && now - this.#asked.at < fresh) return this.#asked.answer;
    const asked = { answer: this.source.alerts(signal), at: now };
    this.#asked = asked;
    // What was not answered is asked again at once.
    const forget = () => void (this.#asked === asked && (this.#asked = null));
    asked.answer.then((answer) => answer.state !== 'ok' && forget(), forget);
    return asked.answer;
  }
}
