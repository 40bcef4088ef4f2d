import type { SignalSettings } from '../domain/signal-settings.ts';
import type { SignalReading } from '../domain/signals.ts';
import { LONGEST_OPEN_MS } from '../signals/baselines/usual.ts';

/**
 * Until when things were as usual. Who judges changes fixes that at the first look, before what was going on by then began:
 * neither a fault that lasts nor what a change does becomes what is compared with. Who only looks has it fixed for as long as
 * something is wrong, but not for ever.
 */
export class FixedBaseline {
  readonly #isForGood: boolean;
  readonly #settings: SignalSettings;
  #until: number | null = null;

  constructor(isForGood: boolean, settings: SignalSettings) {
    this.#isForGood = isForGood;
    this.#settings = settings;
  }

  /** Milliseconds since the epoch; null: what is usual moves on with the present. */
  get usualUntil(): number | null {
    return this.#until;
  }

  /**
   * @param reading what was found with the baseline so far, at `now`
   * @returns whether it was found with too late a baseline, so that it has to be judged again
   */
  look(reading: SignalReading, now: number): boolean {
    const began = onsetOf(reading);
    const { gapMs, rateMs } = this.#settings.baseline;
    // As late as a baseline that moves would end now.
    const latest = now - gapMs + rateMs;
    if (this.#until === null) {
      this.#until = this.#isForGood ? Math.min(began ?? latest, latest) : began;
      return began !== null && began < latest;
    }
    if (!this.#isForGood && (began === null || now - this.#until > LONGEST_OPEN_MS)) this.#until = null;
    return false;
  }
}

/** When the first of what is compared with a baseline began to be unusual. */
function onsetOf({ signals }: SignalReading): number | null {
  const times = signals.filter(({ level, usual }) => level === 'incident' && usual !== null).map(({ since }) => since);
  return times.length > 0 ? Math.min(...times) : null;
}
