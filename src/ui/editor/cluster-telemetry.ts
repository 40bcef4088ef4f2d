import type { SourceText } from '../../run/telemetry/telemetry-config.ts';
import type { Target } from '../../domain/target.ts';
import type { Store } from './target-memory.ts';

/** A source that a person accepted. */
export type Accepted = Pick<SourceText, 'role' | 'url'>;

const KEY = 'telemetryOfClusters';
const ROLES = ['metrics', 'alerts', 'traces', 'logs'];
const WHAT = 'telemetry that was found in this cluster';

/** What people said of the telemetry that was found in their clusters: used, or never to be offered again. */
export class ClusterTelemetry {
  readonly #store: Store;
  /** Those in which it was offered since the window was opened. */
  readonly #offered = new Set<string>();

  constructor(store: Store) {
    this.#store = store;
  }

  /** Sources by fingerprint of a target, for the configuration. */
  accepted(): Record<string, SourceText[]> {
    return Object.fromEntries(
      Object.entries(this.#all()).flatMap(([fingerprint, said]) =>
        Array.isArray(said)
          ? [[fingerprint, said.filter(isAccepted).map(({ role, url }) => ({ what: WHAT, role, url }))]]
          : [],
      ),
    );
  }

  /** Empty where nothing was accepted. */
  of({ fingerprint }: Pick<Target, 'fingerprint'>): Accepted[] {
    return this.accepted()[fingerprint] ?? [];
  }

  /** Once in a window, unless the person has said what is to be done there. */
  mayOffer({ fingerprint }: Pick<Target, 'fingerprint'>): boolean {
    if (this.#offered.has(fingerprint) || Object.hasOwn(this.#all(), fingerprint)) return false;
    this.#offered.add(fingerprint);
    return true;
  }

  async use({ fingerprint }: Pick<Target, 'fingerprint'>, sources: readonly Accepted[]): Promise<void> {
    const kept = sources.map(({ role, url }) => ({ role, url }));
    await this.#store.update(KEY, { ...this.#all(), [fingerprint]: kept });
  }

  async never({ fingerprint }: Pick<Target, 'fingerprint'>): Promise<void> {
    await this.#store.update(KEY, { ...this.#all(), [fingerprint]: 'never' });
  }

  #all(): Record<string, unknown> {
    const stored = this.#store.get(KEY);
    return typeof stored === 'object' && stored !== null ? (stored as Record<string, unknown>) : {};
  }
}

function isAccepted(one: unknown): one is Accepted {
  const { role, url } = (one ?? {}) as Partial<Record<keyof Accepted, unknown>>;
  return typeof role === 'string' && ROLES.includes(role) && typeof url === 'string';
}
