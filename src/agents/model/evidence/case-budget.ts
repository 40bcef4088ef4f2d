import { estimatedTokens } from '../../../domain/chat.ts';
import type { ClusterSnapshot } from '../../../domain/snapshot.ts';

/** However much was read: what is longer is read worse, and costs more. Tokens. */
export const MOST_CASE_TOKENS = 6_000;
/** However little: below this an incident cannot be told. Tokens. */
const LEAST_CASE_TOKENS = 1_000;
/** Part of what was read in the namespaces that a model is told: of what is in reach of the fault it is a fifth at most. */
const SHARE = 7.25;

/**
 * Tokens that the case file of a snapshot may have: a seventh of what was read in its namespaces, in bounds.
 * @param most of this model; default {@link MOST_CASE_TOKENS}
 */
export function caseBudget(snapshot: ClusterSnapshot, most = MOST_CASE_TOKENS): number {
  const limit = Math.min(most, MOST_CASE_TOKENS);
  let read = 0;
  for (const list of Object.values(snapshot.objects)) {
    for (const object of list) {
      // What the whole cluster shares is read for every incident and told of few.
      if (!object.metadata.namespace) continue;
      read += estimatedTokens(JSON.stringify(object));
      // Of a large cluster the rest need not be counted.
      if (read >= limit * SHARE) return limit;
    }
  }
  return Math.min(limit, Math.max(LEAST_CASE_TOKENS, Math.floor(read / SHARE)));
}
