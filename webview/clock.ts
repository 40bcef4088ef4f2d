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
