import type { Api, KubeObject } from './api.ts';
import { ApiError } from './api.ts';

/** Something did not happen in time; the message says what was waited for and what was seen last. */
export class WaitError extends Error {}

/**
 * Waits until the objects of a collection satisfy a condition, driven by the API server's watch.
 * @param what for the error message: "… did not happen"
 * @param missing says what still lacks, "" when satisfied
 * @throws WaitError after `timeoutMs`
 */
export async function untilObjects(
  api: Api,
  collection: string,
  timeoutMs: number,
  what: string,
  missing: (objects: KubeObject[]) => string,
): Promise<KubeObject[]> {
  const signal = AbortSignal.timeout(timeoutMs);
  let lack = 'nothing was read yet';
  while (!signal.aborted) {
    const { items, resourceVersion } = await api.list(collection);
    const objects = new Map(items.map((item) => [item.metadata.name, item]));
    const satisfied = (): boolean => (lack = missing([...objects.values()])) === '';
    if (satisfied()) return [...objects.values()];
    try {
      await api.watch(collection, resourceVersion, signal, ({ type, object }) => {
        if (type === 'DELETED') objects.delete(object.metadata.name);
        else if (type !== 'BOOKMARK') objects.set(object.metadata.name, object);
        return satisfied();
      });
      return [...objects.values()];
    } catch (error) {
      // The server may end a watch at any time, or no longer know the version: list again.
      if (!signal.aborted && !(error instanceof ApiError)) throw error;
    }
  }
  throw new WaitError(`${what}: not within ${timeoutMs / 1000} s; ${lack}`);
}

/**
 * Repeats a question that the cluster has no event for (a user's request, a comparison) until it is answered "".
 * @throws WaitError after `timeoutMs`, with the last answer
 */
export async function untilAsked(timeoutMs: number, what: string, ask: () => Promise<string>): Promise<void> {
  const deadline = performance.now() + timeoutMs;
  for (;;) {
    const lack = await ask();
    if (lack === '') return;
    if (performance.now() > deadline) throw new WaitError(`${what}: not within ${timeoutMs / 1000} s; ${lack}`);
    await new Promise((resolve) => setTimeout(resolve, ASK_EVERY_MS));
  }
}

const ASK_EVERY_MS = 150;
