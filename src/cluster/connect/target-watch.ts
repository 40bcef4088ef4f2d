import { readFile } from 'node:fs/promises';
import type { Target } from '../../domain/target.ts';
import type { KubeconfigSource } from './kubeconfig.ts';
import { targetChange } from './kubeconfig.ts';

/** What a file held, or why it could not be read. */
type Content = Buffer | string;

/**
 * I10: tells whether the kubeconfig still says what was pinned. Every look reads all files that count; only when one
 * of them differs from the look before is the answer worked out anew, which takes some milliseconds.
 */
export class TargetWatch {
  readonly #source: KubeconfigSource;
  readonly #pinned: Target;
  #last: { seen: Map<string, Content>; answer: string | null } | null = null;

  constructor(source: KubeconfigSource, pinned: Target) {
    this.#source = source;
    this.#pinned = pinned;
  }

  /** As {@link targetChange}. */
  async change(): Promise<string | null> {
    if (this.#last && (await areAsSeen(this.#last.seen))) return this.#last.answer;
    const seen = new Map<string, Content>();
    const answer = await targetChange(this.#source, this.#pinned, async (path) => {
      try {
        const bytes = await readFile(path);
        seen.set(path, bytes);
        return bytes;
      } catch (error) {
        seen.set(path, problemOf(error));
        throw error;
      }
    });
    this.#last = { seen, answer };
    return answer;
  }
}

async function areAsSeen(seen: Map<string, Content>): Promise<boolean> {
  const same = await Promise.all(
    [...seen].map(async ([path, before]) => {
      const now: Content = await readFile(path).catch(problemOf);
      return typeof now === 'string' || typeof before === 'string' ? now === before : now.equals(before);
    }),
  );
  return same.every(Boolean);
}

function problemOf(error: unknown): string {
  return String((error as NodeJS.ErrnoException).code);
}
