import { describe, expect, it } from 'vitest';
import { everFires, nextRun, parseSchedule, periodOf } from '../../../src/kube/cron.ts';

const at = (text: string) => Date.parse(text);
const next = (schedule: string, after: string) => {
  const time = nextRun(parseSchedule(schedule)!, at(after));
  return time === null ? null : new Date(time).toISOString().slice(0, 16);
};

describe('schedules', () => {
  it.each([
    ['* * * * *', '2031-01-01T00:00:30Z', '2031-01-01T00:01'],
    ['*/15 * * * *', '2031-01-01T00:15:00Z', '2031-01-01T00:30'],
    ['30 2 * * *', '2031-01-01T03:00:00Z', '2031-01-02T02:30'],
    ['0 0 29 2 *', '2031-01-01T00:00:00Z', '2032-02-29T00:00'],
    ['0 9 * * mon-fri', '2031-01-04T00:00:00Z', '2031-01-06T09:00'],
    ['0 0 13 * 5', '2031-01-01T00:00:00Z', '2031-01-03T00:00'],
    ['0 0 1 jan,JUL ?', '2031-02-01T00:00:00Z', '2031-07-01T00:00'],
    ['@hourly', '2031-01-01T00:10:00Z', '2031-01-01T01:00'],
    ['0 0 * * 7', '2031-01-01T00:00:00Z', '2031-01-05T00:00'],
    ['5/20 * * * *', '2031-01-01T00:26:00Z', '2031-01-01T00:45'],
  ])('%s after %s is %s', (schedule, after, expected) => expect(next(schedule, after)).toBe(expected));

  it.each([
    ['0 0 31 2 *', false],
    ['0 0 30 feb *', false],
    ['0 0 31 4,6,9,11 *', false],
    ['0 0 29 2 *', true],
    ['0 0 31 2 1', true],
    ['* * * * *', true],
  ])('%s ever fires: %s', (schedule, expected) => expect(everFires(parseSchedule(schedule)!)).toBe(expected));

  it('refuses what is none', () => {
    for (const text of ['', '* * * *', '60 * * * *', '0 0 0 * *', 'x * * * *', '5-1 * * * *', '@every 1h'])
      expect(parseSchedule(text)).toBeNull();
    expect(parseSchedule('TZ=Europe/Berlin 0 1 * * *')).not.toBeNull();
  });

  it('have a period', () => {
    expect(periodOf(parseSchedule('*/5 * * * *')!, at('2031-01-01T00:00:00Z'))).toBe(300_000);
    expect(periodOf(parseSchedule('0 0 31 2 *')!, at('2031-01-01T00:00:00Z'))).toBeNull();
  });
});
