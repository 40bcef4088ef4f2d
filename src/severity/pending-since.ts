import { itemId } from '../domain/severity.ts';
import type { Moving } from './health-findings.ts';

/**
 * What holds, but not for as long as it has to. What did so at the first look is an early sign; what began since then is what
 * a change may have brought about, and counts until it is over.
 */
export class PendingSince {
  readonly #counts: boolean;
  /** Identities of what was pending at the first look, and since it has been so without a break. */
  #before: ReadonlySet<string> | null = null;
  #moving: Moving[] = [];
  #early: Moving[] = [];

  /** @param counts false for who changes nothing: what is pending is then an early sign, whenever it began */
  constructor(counts: boolean) {
    this.#counts = counts;
  }

  look(pending: readonly Moving[]): void {
    const ids = new Set(pending.map(itemId));
    const before = this.#before ?? ids;
    const isNew = (item: Moving): boolean => this.#counts && !before.has(itemId(item));
    this.#before = new Set([...before].filter((id) => ids.has(id)));
    this.#moving = pending.filter(isNew);
    this.#early = pending.filter((item) => !isNew(item));
  }

  /** What counts. */
  get moving(): Moving[] {
    return this.#moving;
  }

  /** What does not. */
  get early(): Moving[] {
    return this.#early;
  }
}
