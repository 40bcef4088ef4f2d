import type { ProductRun } from '../judge/product.ts';
import { resultOf } from '../judge/product.ts';

/** On a cluster that others use too one waits for them. */
const TRIES = 6;
const EVERY_MS = 15_000;
/** Exit code for the lock of another writer. */
const LOCKED = 7;

/** Runs the product again as long as another writer keeps it out. @returns how it ended, at the last locked or not */
export async function unlocked(run: () => Promise<ProductRun>): Promise<ProductRun> {
  for (let left = TRIES; ; left--) {
    const ended = await run();
    if ((resultOf(ended)?.outcome !== 'locked' && ended.code !== LOCKED) || left <= 1) return ended;
    await new Promise((resolve) => setTimeout(resolve, EVERY_MS));
  }
}
