import type { FileUse } from './applied-files.ts';
import type { Finding } from './finding.ts';
import type { Scope } from './shell/scope.ts';
import { PieceMemory } from './shell/script-pieces.ts';
import { answersSame } from './shell/watched-scope.ts';
import type { Lookups } from './shell/watched-scope.ts';

/** What was found in one YAML document or piece of a script, with offsets from its own start. */
export interface ChunkResult {
  findings: readonly Finding[];
  uses: readonly FileUse[];
}

/** What was found in one piece of a script, and which names of the script that depends on. */
interface PieceResult {
  findings: readonly Finding[];
  uses: readonly FileUse[];
  lookups: Lookups;
  /** The whole scope it was computed in. */
  scope: string;
}

/**
 * Remembers the results of YAML documents and of pieces of scripts by their text, so that an edit costs one of them.
 * The caller keeps one per configuration.
 */
export class LintMemory {
  readonly pieces = new PieceMemory();
  readonly #chunks = new Map<string, ChunkResult>();
  readonly #results = new Map<string, PieceResult>();
  readonly #manifests = new Map<string, readonly Finding[]>();

  /** The result for a text, computed if it is new; the oldest of 2,000 is forgotten. */
  chunk(text: string, compute: () => ChunkResult): ChunkResult {
    const known = this.#chunks.get(text);
    if (known) return known;
    const result = compute();
    remember(this.#chunks, text, result);
    return result;
  }

  /** The findings about a manifest that a document names, computed if its text is new. */
  manifest(text: string, compute: () => readonly Finding[]): readonly Finding[] {
    const known = this.#manifests.get(text);
    if (known) return known;
    const result = compute();
    remember(this.#manifests, text, result);
    return result;
  }

  /** The result for a piece of a script, computed if it is new or a name it uses means something else now. */
  piece(text: string, scope: Scope, scopeId: string, compute: () => PieceResult): PieceResult {
    const known = this.#results.get(text);
    if (known) {
      if (known.scope === scopeId) return known;
      if (known.lookups !== 'all' && answersSame(scope, known.lookups)) {
        known.scope = scopeId;
        return known;
      }
    }
    const result = compute();
    remember(this.#results, text, result);
    return result;
  }
}

function remember<V>(memory: Map<string, V>, text: string, result: V): void {
  memory.set(text, result);
  const oldest = memory.keys().next();
  if (memory.size > 2_000 && !oldest.done) memory.delete(oldest.value);
}
