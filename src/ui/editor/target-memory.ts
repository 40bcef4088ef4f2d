import type { Target } from '../../domain/target.ts';

/** The part of the editor's storage that is used. */
export interface Store {
  get(key: string): unknown;
  update(key: string, value: unknown): Thenable<void>;
}

export interface Place {
  context: string;
  namespace: string;
}

const KEY = 'lastTarget';

/** The target that was chosen last, to be offered first the next time. Names only: it is pinned anew each time. */
export class TargetMemory {
  readonly #store: Store;

  constructor(store: Store) {
    this.#store = store;
  }

  last(): Place | null {
    const stored = this.#store.get(KEY) as Partial<Place> | undefined;
    return typeof stored?.context === 'string' && typeof stored.namespace === 'string'
      ? { context: stored.context, namespace: stored.namespace }
      : null;
  }

  remember({ context, namespace }: Target): void {
    // Where it cannot be stored, the next question only has another order.
    this.#store.update(KEY, { context, namespace }).then(undefined, () => undefined);
  }
}
