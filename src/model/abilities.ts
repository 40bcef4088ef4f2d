import type { Clock } from '../domain/clock.ts';

/** How one tool is forced, best first: by its name, as the only one of a must, by the schema of the answer, in words. */
export const FORCED = ['tool', 'required', 'schema', 'text'] as const;
/** How tools are offered: as such, or in words. */
export const OFFERED = ['tools', 'listed'] as const;
export type Form = 'plain' | (typeof FORCED)[number] | (typeof OFFERED)[number];

/** What a model's server takes, as far as it was seen. */
export interface Abilities {
  temperature: boolean;
  limit: 'max_tokens' | 'max_completion_tokens';
  /** `stream_options`: it tells the tokens at the end of a stream. */
  usage: boolean;
  /** Messages of the role `system`. */
  system: boolean;
  /** Places in {@link FORCED} and {@link OFFERED}; what comes before was refused. */
  forced: number;
  offered: number;
  /** Forced calls in a row that the server took, and that led to no call. */
  ignored: number;
}

/** A server may be restarted with other options. */
const REMEMBERED_MS = 10 * 60_000;
const MOST_REMEMBERED = 100;

/** What was found out about models, for as long as the process lives. */
export class AbilityMemory {
  readonly #known = new Map<string, { abilities: Abilities; until: number }>();

  /** The live record of a model: what is changed in it is remembered. */
  of(key: string, clock: Clock, limit: Abilities['limit']): Abilities {
    const known = this.#known.get(key);
    if (known && known.until > clock.monotonic()) return known.abilities;
    const abilities: Abilities = {
      temperature: true,
      limit,
      usage: true,
      system: true,
      forced: 0,
      offered: 0,
      ignored: 0,
    };
    this.#known.delete(key);
    this.#known.set(key, { abilities, until: clock.monotonic() + REMEMBERED_MS });
    const oldest = this.#known.keys().next().value;
    if (this.#known.size > MOST_REMEMBERED && oldest !== undefined) this.#known.delete(oldest);
    return abilities;
  }
}
