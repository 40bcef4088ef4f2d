import type { Clock } from '../domain/clock.ts';

/**
 * Work that hears by its signal of the end of its time, and then has to come to an end by itself.
 * @throws on cancel, and whatever the work throws
 */
export async function toldOfLimit<T>(
  clock: Clock,
  limitMs: number,
  signal: AbortSignal,
  work: (signal: AbortSignal) => Promise<T>,
): Promise<T> {
  const limit = new AbortController();
  const both = AbortSignal.any([signal, limit.signal]);
  const timer = clock.sleep(limitMs, both).then(
    () => limit.abort(new Error(`no answer within ${limitMs / 1000} s`)),
    () => undefined,
  );
  try {
    signal.throwIfAborted();
    const done = await work(both);
    signal.throwIfAborted();
    return done;
  } finally {
    limit.abort(new Error('done'));
    await timer;
  }
}
