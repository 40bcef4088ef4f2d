import type { Evidence } from '../../../domain/finding.ts';

/** One fact with the id by which answers cite it. */
export interface FiledEvidence extends Evidence {
  /** `E1`, `E2` … in the order of filing. */
  id: string;
}

/**
 * Everything that a model was shown in one run, by id. What is not here was not shown, so that an answer which cites it
 * invented it. The same fact keeps its id.
 */
export class EvidenceDesk {
  readonly #byId = new Map<string, FiledEvidence>();
  readonly #ids = new Map<string, string>();

  /** @returns its id */
  file(evidence: Evidence): string {
    const text = JSON.stringify([evidence.object ?? null, evidence.field ?? null, evidence.source, evidence.text]);
    const known = this.#ids.get(text);
    if (known) return known;
    const id = `E${this.#byId.size + 1}`;
    this.#ids.set(text, id);
    this.#byId.set(id, { ...evidence, id });
    return id;
  }

  get(id: string): FiledEvidence | null {
    return this.#byId.get(id) ?? null;
  }

  all(): FiledEvidence[] {
    return [...this.#byId.values()];
  }
}
