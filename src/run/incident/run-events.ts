import type { Clock } from '../../domain/clock.ts';
import type { NoteBody, NoteEvent, RunEvent } from '../../domain/run-event.ts';
import { shownEvent } from './shown-event.ts';

/** The events of one run, as listeners and the durable log get them. */
export class RunEvents {
  readonly #clock: Clock;
  readonly #record: (event: RunEvent) => void;
  readonly #listeners = new Set<(event: RunEvent) => void>();
  readonly #all: RunEvent[] = [];

  /** @param record durable sink */
  constructor(clock: Clock, record: (event: RunEvent) => void) {
    this.#clock = clock;
    this.#record = record;
  }

  /** Oldest first. */
  all(): readonly RunEvent[] {
    return this.#all;
  }

  onEvent(listener: (event: RunEvent) => void): { dispose(): void } {
    this.#listeners.add(listener);
    return { dispose: () => void this.#listeners.delete(listener) };
  }

  append(whole: RunEvent): void {
    const event = shownEvent(whole);
    this.#all.push(event);
    this.#record(event);
    for (const listener of this.#listeners) listener(event);
  }

  /** Appends what only informs, as of now. */
  note(body: NoteBody): void {
    this.append({ at: this.#clock.now(), ...body } as NoteEvent);
  }

  readonly progress = (text: string): void => this.note({ type: 'progress', text });
}
