import { verbatim } from '../source-text.ts';
import type { Region } from './region.ts';

/** systemd.service(5): the command lines of a unit, each with an optional mark that changes how it is run. */
const COMMAND =
  /^[ \t]*Exec(?:Start|StartPre|StartPost|Stop|StopPost|Reload|Condition)[ \t]*=[ \t]*[@:+!|-]*[ \t]*(?=\S)/;

/** What a systemd unit runs. Long-running commands are what units are for. */
export function systemdRegions(text: string): Region[] {
  const regions: Region[] = [];
  const lines = text.split('\n');
  let at = 0;
  for (let index = 0; index < lines.length; index++) {
    const line = lines[index] ?? '';
    const start = COMMAND.exec(line)?.[0].length;
    const from = at;
    at += line.length + 1;
    if (start === undefined) continue;
    let end = from + line.length;
    for (let last = line; /\\\s*$/.test(last) && index + 1 < lines.length;) {
      last = lines[++index] ?? '';
      at += last.length + 1;
      end = at - 1;
    }
    regions.push({ kind: 'script', source: verbatim(text.slice(from + start, end), from + start), place: 'quoted' });
  }
  return regions;
}
