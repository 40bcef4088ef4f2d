import { expect, it } from 'vitest';
import { localTime, shortLocalTime, zonedTime, zoneOf } from '../../../src/text/local-time.ts';

const at = (...parts: [number, number, number, number, number, number]) => new Date(...parts);
const moment = at(2026, 10, 21, 2, 47, 11);

it('is the time on the clock of whoever reads it', () => {
  expect(localTime(moment.toISOString())).toBe('2026-11-21 02:47:11');
  expect(localTime('-')).toBe('-');
});

it.each([
  [0, 'UTC'],
  [-60, 'UTC+01:00'],
  [210, 'UTC-03:30'],
])('names the clock: %d minutes', (offset, zone) => {
  const there = Object.assign(new Date(moment), { getTimezoneOffset: () => offset });
  expect(zoneOf(there)).toBe(zone);
  expect(zonedTime(there)).toBe(`2026-11-21 02:47:11 ${zone}`);
});

it.each([
  [at(2026, 10, 21, 23, 59, 0), '02:47'],
  [at(2026, 10, 22, 0, 0, 0), '21 Nov 02:47'],
  [at(2027, 0, 1, 0, 0, 0), '2026-11-21 02:47'],
])('is as short as it stays clear: seen on %s', (now, text) => {
  expect(shortLocalTime(moment.toISOString(), now.getTime())).toBe(text);
});
