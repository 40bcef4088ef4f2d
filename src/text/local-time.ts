const MONTHS = ['Jan', 'Feb', 'Mar', 'Apr', 'May', 'Jun', 'Jul', 'Aug', 'Sep', 'Oct', 'Nov', 'Dec'];
const two = (value: number): string => String(value).padStart(2, '0');

/** `2026-11-21 02:47:11` on the clock of whoever reads it; text that is no time stays as it is. */
export function localTime(iso: string): string {
  const date = new Date(iso);
  if (Number.isNaN(date.getTime())) return iso;
  const day = `${date.getFullYear()}-${two(date.getMonth() + 1)}-${two(date.getDate())}`;
  return `${day} ${localClock(date)}`;
}

/** `02:47:11`, on the same clock. */
export function localClock(date: Date): string {
  return `${two(date.getHours())}:${two(date.getMinutes())}:${two(date.getSeconds())}`;
}

/** Which clock that is: `UTC`, `UTC+01:00`. For texts that are read elsewhere, or beside other clocks. */
export function zoneOf(date: Date): string {
  const minutes = -date.getTimezoneOffset();
  if (minutes === 0) return 'UTC';
  const [hours, rest] = [Math.floor(Math.abs(minutes) / 60), Math.abs(minutes) % 60];
  return `UTC${minutes < 0 ? '-' : '+'}${two(hours)}:${two(rest)}`;
}

/** {@link localTime} with its zone. */
export function zonedTime(date: Date): string {
  return `${localTime(date.toISOString())} ${zoneOf(date)}`;
}

/** As short as it stays clear: `02:47` today, `21 Nov 02:47` this year, else `2025-11-21 02:47`. */
export function shortLocalTime(iso: string, now: number): string {
  const [date, today] = [new Date(iso), new Date(now)];
  if (Number.isNaN(date.getTime())) return iso;
  const clock = `${two(date.getHours())}:${two(date.getMinutes())}`;
  if (date.toDateString() === today.toDateString()) return clock;
  if (date.getFullYear() !== today.getFullYear()) return localTime(iso).slice(0, -':00'.length);
  return `${date.getDate()} ${MONTHS[date.getMonth()]!} ${clock}`;
}
