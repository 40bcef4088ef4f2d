import { describe, expect, it } from 'vitest';
import { isCrashing } from '../../../src/kube/container-trouble.ts';

const NOW = Date.parse('2031-03-04T05:06:07Z');
const at = (secondsAgo: number) => new Date(NOW - secondsAgo * 1000).toISOString();
const ended = (exitCode: number) => ({ terminated: { exitCode, startedAt: at(9), finishedAt: at(8) } });
const running = { running: { startedAt: at(2) } };

describe('a container that ends again and again', () => {
  it.each([
    ['waits to be started once more', { restartCount: 1, state: { waiting: { reason: 'CrashLoopBackOff' } } }],
    ['ended, was started again and ended again', { restartCount: 1, state: ended(2), lastState: ended(2) }],
    ['ended twice and has just begun', { restartCount: 2, state: running, lastState: ended(2) }],
  ])('%s', (_, status) => expect(isCrashing(status, NOW)).toBe(true));

  it.each([
    ['ended once', { restartCount: 0, state: ended(2) }],
    ['ended once and runs again', { restartCount: 1, state: running, lastState: ended(2) }],
    [
      'came to its end as it should, when it was tried again',
      { restartCount: 1, state: ended(0), lastState: ended(1) },
    ],
    ['outlives its last run', { restartCount: 2, state: { running: { startedAt: at(60) } }, lastState: ended(2) }],
  ])('is none that %s', (_, status) => expect(isCrashing(status, NOW)).toBe(false));
});
