import { afterEach, beforeEach, expect, it, vi } from 'vitest';
import { BEAT_MS, Liveness, SILENT_MS } from '../../../webview/liveness.ts';

beforeEach(() => void vi.useFakeTimers());
afterEach(() => void vi.useRealTimers());

it('a host that stops answering is silent, until it answers again', async () => {
  const told: boolean[] = [];
  let there = true;
  new Liveness(
    () => (there ? Promise.resolve() : new Promise(() => undefined)),
    (silent) => told.push(silent),
  );
  await vi.advanceTimersByTimeAsync(10 * SILENT_MS);
  expect(told).toEqual([]);
  there = false;
  await vi.advanceTimersByTimeAsync(SILENT_MS + BEAT_MS);
  expect(told).toEqual([true]);
  await vi.advanceTimersByTimeAsync(10 * SILENT_MS);
  expect(told).toEqual([true]);
  there = true;
  await vi.advanceTimersByTimeAsync(BEAT_MS);
  expect(told).toEqual([true, false]);
});

it('a late answer and a refusal are answers', async () => {
  const told: boolean[] = [];
  new Liveness(
    () => new Promise((_, reject) => setTimeout(() => reject(new Error('no')), SILENT_MS - BEAT_MS - 1)),
    (silent) => told.push(silent),
  );
  await vi.advanceTimersByTimeAsync(10 * SILENT_MS);
  expect(told).toEqual([]);
});
