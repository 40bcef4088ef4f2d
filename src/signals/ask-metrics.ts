import { messageOf } from '../domain/cluster-error.ts';
import type { Answer, MetricSource, Series } from '../domain/telemetry.ts';
import type { Answers, Ask } from './incident-types/incident-type.ts';

/** Questions that a metric server is asked together. */
const AT_ONCE = 6;

/** Answers by the keys of the asks. Never rejects: what is not answered when the signal fires is unknown. */
export async function askMetrics(
  metrics: MetricSource | null,
  asks: readonly Ask[],
  signal: AbortSignal,
): Promise<Answers> {
  const answers = new Map<string, Answer<Series[]>>();
  const absent: Answer<Series[]> = { state: 'absent', reason: 'no metric server is configured' };
  const waiting = [...asks];
  const work = async () => {
    for (let next = waiting.shift(); next; next = waiting.shift()) {
      const { key, query, window } = next;
      answers.set(key, metrics ? await quietly(() => metrics.range(query, window, signal), signal) : absent);
    }
  };
  await Promise.all(Array.from({ length: AT_ONCE }, work));
  return answers;
}

/** A source that throws, or is not done when the signal fires, has not answered. */
export async function quietly<T>(ask: () => Promise<Answer<T>>, signal: AbortSignal): Promise<Answer<T>> {
  try {
    return await whileUnstopped(ask, signal);
  } catch (error) {
    return { state: 'unknown', reason: messageOf(error) };
  }
}

/** Rejects as soon as the signal fires, whether or not the work ever ends. */
export async function whileUnstopped<T>(work: () => Promise<T>, signal: AbortSignal): Promise<T> {
  let stop!: () => void;
  const stopped = new Promise<never>((_, reject) => (stop = () => reject(signal.reason as Error)));
  signal.addEventListener('abort', stop, { once: true });
  try {
    signal.throwIfAborted();
    return await Promise.race([work(), stopped]);
  } finally {
    signal.removeEventListener('abort', stop);
  }
}
