import { afterEach, expect, it, vi } from 'vitest';
import { BusyTime } from '../../../src/ui/editor/busy-time.ts';

afterEach(() => void vi.restoreAllMocks());

function clock(): { pass(ms: number): void } {
  let now = 0;
  vi.spyOn(performance, 'now').mockImplementation(() => now);
  return { pass: (ms) => void (now += ms) };
}

it('counts what runs at once, also behind settled promises, and not what was waited for', async () => {
  const time = clock();
  const busy = new BusyTime();
  busy.count();
  time.pass(5);
  await Promise.resolve();
  time.pass(7);
  await new Promise((resolve) => setImmediate(resolve));
  time.pass(100);
  busy.count();
  time.pass(3);
  await busy.ended();
  expect(busy.milliseconds).toBe(15);
});

it('counts from a callback of the event loop as from a promise, and a piece within a piece once', async () => {
  const time = clock();
  const busy = new BusyTime();
  await new Promise<void>((resolve) => {
    setImmediate(() => {
      busy.count();
      void Promise.resolve().then(() => {
        time.pass(4);
        busy.count();
        time.pass(2);
        resolve();
      });
    });
  });
  await busy.ended();
  expect(busy.milliseconds).toBe(6);
});
