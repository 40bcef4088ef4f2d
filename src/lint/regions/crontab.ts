import { verbatim } from '../source-text.ts';
import type { Region } from './region.ts';

/** crontab(5): five fields, or one word for all of them. */
const SCHEDULE = /^[ \t]*(?:@\w+|(?:[\d*,/\-A-Za-z]+[ \t]+){4}[\d*,/\-A-Za-z]+)[ \t]+(?=\S)/;

/** What a crontab runs. In system tables a user stands before the command, which does not change how it is read. */
export function crontabRegions(text: string): Region[] {
  const regions: Region[] = [];
  const variables = new Map<string, string>();
  let at = 0;
  for (const line of text.split('\n')) {
    const setting = /^[ \t]*([A-Za-z_]\w*)[ \t]*=[ \t]*(.*?)[ \t\r]*$/.exec(line);
    const schedule = /^[ \t]*#/.test(line) ? undefined : SCHEDULE.exec(line)?.[0];
    if (setting?.[1]) variables.set(setting[1], (setting[2] ?? '').replace(/^(["'])(.*)\1$/, '$2'));
    else if (schedule !== undefined)
      regions.push({ kind: 'script', source: verbatim(line.slice(schedule.length), at + schedule.length), variables });
    at += line.length + 1;
  }
  return regions;
}
