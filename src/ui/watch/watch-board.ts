import type { WatchView } from './watch-view.ts';

/** What the watch of this window shows, for whoever draws it: there is at most one. */
export class WatchBoard {
  readonly #listeners = new Set<() => void>();
  #view: WatchView | null = null;

  /** Null where nothing is watched. */
  get view(): WatchView | null {
    return this.#view;
  }

  set(view: WatchView | null): void {
    this.#view = view;
    for (const listener of this.#listeners) listener();
  }

  onChange(listener: () => void): { dispose(): void } {
    this.#listeners.add(listener);
    return { dispose: () => void this.#listeners.delete(listener) };
  }
}
