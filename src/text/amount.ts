/** What a number of telemetry counts; `ratio` is a part of 1 and shown in percent. */
export type Unit = 'ms' | 'bytes' | 'ratio' | 'per-second' | 'days' | 'cores' | 'count';

/** Names of a unit's multiples, largest first, and how much one is. */
const MULTIPLES: Readonly<Record<Unit, readonly [name: string, size: number, from: number][]>> = {
  ms: [
    ['days', 86_400_000, 172_800_000],
    ['h', 3_600_000, 3_600_000],
    ['min', 60_000, 60_000],
    ['s', 1_000, 1_000],
    ['ms', 1, 0],
  ],
  bytes: [
    ['TiB', 2 ** 40, 2 ** 40],
    ['GiB', 2 ** 30, 2 ** 30],
    ['MiB', 2 ** 20, 2 ** 20],
    ['KiB', 2 ** 10, 2 ** 10],
    ['B', 1, 0],
  ],
  ratio: [['%', 0.01, 0]],
  'per-second': [['a second', 1, 0]],
  days: [
    ['days', 1, 2],
    ['h', 1 / 24, 0],
  ],
  cores: [['cores', 1, 0]],
  count: [['', 1, 0]],
};

/** A number with its unit for people, in three digits: `412 ms`, `1.3 s`, `87.5 %`, `1.2 GiB`, `14 a second`. */
export function amountText(value: number, unit: Unit): string {
  return told([value], unit);
}

/** A middle and how far values usually lie from it: `95 ± 12 ms`. */
export function amountPair(value: number, spread: number, unit: Unit): string {
  return told([value, spread], unit);
}

/** A span of time for people: `45 s`, `12 min`, `5.5 h`, `3 days`. @param ms milliseconds */
export function durationText(ms: number): string {
  return told([ms], 'ms');
}

function told(values: readonly number[], unit: Unit): string {
  const most = Math.max(...values.map(Math.abs));
  const [name, size] = MULTIPLES[unit].find(([, , from]) => most >= from) ?? ['', 1];
  // What a double just holds may be beyond it in a smaller unit.
  const counts = values.map((value) => value / size);
  if (!counts.every(Number.isFinite)) return 'an unknown amount';
  return `${counts.map(digits).join(' ± ')} ${name}`.trimEnd();
}

function digits(value: number): string {
  return String(Math.abs(value) >= 100 ? Math.round(value) : Number(value.toPrecision(3)));
}
