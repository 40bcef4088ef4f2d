import type { OpenIncident } from './watch-view.ts';

/** Which incidents a person is told of: each once for as long as it is open. */
export class IncidentNews {
  #told = new Set<string>();

  /**
   * Those that nobody was told of, of the ones that are open at a look.
   * @param isHeld a run is at work there: what is still open when it has ended is told of then
   */
  next(open: readonly OpenIncident[], isHeld: boolean): OpenIncident[] {
    const ids = new Set(open.map(({ fingerprint }) => fingerprint));
    // What is over and begins again is another incident.
    this.#told = new Set([...this.#told].filter((id) => ids.has(id)));
    if (isHeld) return [];
    const fresh = open.filter(({ fingerprint }) => !this.#told.has(fingerprint));
    for (const { fingerprint } of fresh) this.#told.add(fingerprint);
    return fresh;
  }
}
