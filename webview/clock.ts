const two = (part: number) => String(part).padStart(2, '0');

/** As everywhere in the editor: hours to seconds, of 24. @param at milliseconds since the epoch */
export function clock(at: number): string {
  const time = new Date(at);
  return [time.getHours(), time.getMinutes(), time.getSeconds()].map(two).join(':');
}

/** The same without seconds; with the day where it is not that of `now`. */
export function shortClock(at: number, now: number): string {
  const time = new Date(at);
  const text = `${two(time.getHours())}:${two(time.getMinutes())}`;
  if (time.toDateString() === new Date(now).toDateString()) return text;
  return `${time.getFullYear()}-${two(time.getMonth() + 1)}-${two(time.getDate())} ${text}`;
}

/** Minutes and seconds until a time: `4:12`; `0:00` when it is over. Both in milliseconds since the epoch. */
export function countdown(until: number, now: number): string {
  const seconds = Math.max(0, Math.ceil((until - now) / 1_000));
  return `${Math.floor(seconds / 60)}:${two(seconds % 60)}`;
}
