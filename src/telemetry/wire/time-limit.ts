import type { Clock } from '../../domain/clock.ts';
import { SourceProblem } from './source-problem.ts';

/**
 * Ends work that takes too long, whether or not it listens to its signal.
 * @throws SourceProblem slow, or cancelled when `signal` is aborted
 */
export async function withinLimit<T>(
  clock: Clock,
  ms: number,
  signal: AbortSignal,
  work: (signal: AbortSignal) => Promise<T>,
): Promise<T> {
  const over = new AbortController();
  const ended = new AbortController();
  const both = AbortSignal.any([signal, over.signal]);
  const cancelled = () => new SourceProblem('cancelled', 'was not waited for');
  if (signal.aborted) throw cancelled();
  const slow = () =>
    new SourceProblem('slow', `did not answer within ${Math.round(ms / 1000)} s: see whether it is overloaded`);
  const alarm = clock.sleep(ms, AbortSignal.any([signal, ended.signal])).then(
    () => {
      over.abort();
      throw slow();
    },
    () => {
      throw cancelled();
    },
  );
  try {
    return await Promise.race([work(both), alarm]);
  } catch (error) {
    // Work that listens ends in words of its own.
    if (signal.aborted) throw cancelled();
    throw over.signal.aborted ? slow() : error;
  } finally {
    ended.abort();
  }
}
