/** How often the page asks whether its host is there. */
export const BEAT_MS = 5_000;
/** A host that has not answered for this long is taken for gone. */
export const SILENT_MS = 15_000;

/**
 * Notices that the host has fallen silent, as when the process of the extensions has died: nothing else would tell, and
 * what is shown would go on as if it were true.
 */
export class Liveness {
  readonly #ask: () => Promise<unknown>;
  readonly #changed: (silent: boolean) => void;
  #timer: ReturnType<typeof setTimeout> | undefined;
  #silent = false;

  /** @param changed hears that the host fell silent, and that it answers again */
  constructor(ask: () => Promise<unknown>, changed: (silent: boolean) => void) {
    this.#ask = ask;
    this.#changed = changed;
    setInterval(() => this.#beat(), BEAT_MS);
  }

  #beat(): void {
    this.#timer ??= setTimeout(() => this.#tell(true), SILENT_MS - BEAT_MS);
    const answered = () => {
      clearTimeout(this.#timer);
      this.#timer = undefined;
      this.#tell(false);
    };
    // A refusal is an answer, too.
    this.#ask().then(answered, answered);
  }

  #tell(silent: boolean): void {
    if (silent === this.#silent) return;
    this.#silent = silent;
    this.#changed(silent);
  }
}
