/** The five fields of a CronJob's schedule, each as the set of its values. */
export interface Schedule {
  minutes: Set<number>;
  hours: Set<number>;
  days: Set<number>;
  months: Set<number>;
  /** 0 is Sunday. */
  weekdays: Set<number>;
  /** Day of month and day of week are both given: either of them is enough (crontab(5)). */
  either: boolean;
}

const MACROS: Record<string, string> = {
  '@yearly': '0 0 1 1 *',
  '@annually': '0 0 1 1 *',
  '@monthly': '0 0 1 * *',
  '@weekly': '0 0 * * 0',
  '@daily': '0 0 * * *',
  '@midnight': '0 0 * * *',
  '@hourly': '0 * * * *',
};
const MONTHS = 'jan feb mar apr may jun jul aug sep oct nov dec'.split(' ');
const WEEKDAYS = 'sun mon tue wed thu fri sat'.split(' ');
const MONTH_DAYS = [31, 29, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31];

/** Null for what cannot be read; the API server refuses most of it, and `@every` means nothing to this function. */
export function parseSchedule(text: string): Schedule | null {
  const plain = text.replace(/^(?:CRON_)?TZ=\S+\s+/, '').trim();
  const fields = (MACROS[plain.toLowerCase()] ?? plain).split(/\s+/);
  if (fields.length !== 5) return null;
  const [minutes, hours, days, months, weekdays] = [
    valuesOf(fields[0]!, 0, 59),
    valuesOf(fields[1]!, 0, 23),
    valuesOf(fields[2]!, 1, 31),
    valuesOf(fields[3]!, 1, 12, MONTHS, 1),
    valuesOf(fields[4]!, 0, 7, WEEKDAYS, 0),
  ];
  if (!minutes || !hours || !days || !months || !weekdays) return null;
  if (weekdays.delete(7)) weekdays.add(0);
  const open = (field: string) => /^[*?]/.test(field);
  return { minutes, hours, days, months, weekdays, either: !open(fields[2]!) && !open(fields[4]!) };
}

function valuesOf(field: string, low: number, high: number, names: string[] = [], first = 0): Set<number> | null {
  const values = new Set<number>();
  for (const part of field.split(',')) {
    const [, range = '', step = '1'] = /^([^/]+)(?:\/(\d+))?$/.exec(part) ?? [];
    const number = (word: string) => {
      const named = names.indexOf(word.slice(0, 3).toLowerCase());
      return /^\d+$/.test(word) ? Number(word) : named >= 0 ? named + first : Number.NaN;
    };
    const [from = '', to] = range.split('-');
    const open = range === '*' || range === '?';
    const start = open ? low : number(from);
    const end = open || (to === undefined && part.includes('/')) ? high : to === undefined ? start : number(to);
    if (!(start >= low && end <= high && start <= end && Number(step) > 0)) return null;
    for (let value = start; value <= end; value += Number(step)) values.add(value);
  }
  return values;
}

/** False for dates that no calendar has, such as 31 February. */
export function everFires({ days, months, either }: Schedule): boolean {
  return either || [...months].some((month) => [...days].some((day) => day <= MONTH_DAYS[month - 1]!));
}

const DAY_MS = 86_400_000;
const MINUTE_MS = 60_000;

/** The first time after `after` (milliseconds since the epoch), by UTC; null within four years and a day none. */
export function nextRun(schedule: Schedule, after: number): number | null {
  const start = (Math.floor(after / MINUTE_MS) + 1) * MINUTE_MS;
  for (let day = 0; day <= 4 * 366; day++) {
    const midnight = Math.floor(start / DAY_MS) * DAY_MS + day * DAY_MS;
    if (!onDay(schedule, new Date(midnight))) continue;
    for (let at = Math.max(midnight, start); at < midnight + DAY_MS; at += MINUTE_MS) {
      const time = new Date(at);
      if (schedule.hours.has(time.getUTCHours()) && schedule.minutes.has(time.getUTCMinutes())) return at;
    }
  }
  return null;
}

function onDay({ days, months, weekdays, either }: Schedule, date: Date): boolean {
  const [day, weekday] = [days.has(date.getUTCDate()), weekdays.has(date.getUTCDay())];
  return months.has(date.getUTCMonth() + 1) && (either ? day || weekday : day && weekday);
}

/** How long it usually is from one run to the next, in ms: of the two runs after `after`. */
export function periodOf(schedule: Schedule, after: number): number | null {
  const first = nextRun(schedule, after);
  const second = first === null ? null : nextRun(schedule, first);
  return first === null || second === null ? null : second - first;
}
