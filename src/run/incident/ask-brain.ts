import type { Brain, BrainContext, BrainEmission } from '../../domain/brain.ts';
import type { Clock } from '../../domain/clock.ts';

export interface Question<T> {
  brain: Brain;
  /** What it may know and use; its clock, signal and `emit` are added here. */
  context: Omit<BrainContext, 'clock' | 'signal' | 'emit'>;
  clock: Clock;
  thinkMs: number;
  signal: AbortSignal;
  heard(emission: BrainEmission): void;
  call(brain: Brain, context: BrainContext): Promise<T>;
}

/**
 * One call of a brain. Whatever it does, this ends when the signal aborts or its time is over; what it says after that
 * is not heard any more.
 * @throws Error of the brain, that it did not answer in time, or the signal's reason
 */
export async function askBrain<T>(question: Question<T>): Promise<T> {
  const { brain, clock, thinkMs, signal, heard } = question;
  const stop = new AbortController();
  const over = AbortSignal.any([signal, stop.signal]);
  const timer = new AbortController();
  clock.sleep(thinkMs, timer.signal).then(
    () => stop.abort(new Error(`${brain.name} did not answer within ${thinkMs / 1000} s`)),
    () => undefined,
  );
  const emit = (emission: BrainEmission) => (over.aborted ? undefined : heard(emission));
  try {
    return await interruptible(question.call(brain, { ...question.context, clock, signal: over, emit }), over);
  } finally {
    timer.abort();
    stop.abort(new Error('the call has ended'));
  }
}

/** Rejects as soon as the signal aborts, whether or not the work ever ends. */
async function interruptible<T>(work: Promise<T>, signal: AbortSignal): Promise<T> {
  const reason = () => (signal.reason instanceof Error ? signal.reason : new Error('stopped'));
  if (signal.aborted) throw reason();
  let stop!: () => void;
  const stopped = new Promise<never>((_, reject) => (stop = () => reject(reason())));
  signal.addEventListener('abort', stop, { once: true });
  try {
    return await Promise.race([work, stopped]);
  } finally {
    signal.removeEventListener('abort', stop);
  }
}
