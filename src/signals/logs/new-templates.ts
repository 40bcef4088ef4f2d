import type { LogLine } from '../../domain/telemetry.ts';
import { counted } from '../../text/plain-text.ts';
import { logEntries } from '../../text/log-entries.ts';
import type { LogTemplate } from '../../text/log-templates.ts';
import { templateGroups } from '../../text/log-templates.ts';

/** A template with how often it was said before and since; counts are entries. */
export interface TemplateChange {
  template: LogTemplate;
  before: number;
  after: number;
  /** Said since, and never before. */
  isNew: boolean;
}

export interface LogComparison {
  /** What is new first, and of that what speaks of trouble; then what is said more often. */
  changes: TemplateChange[];
  /** Why nothing can be called new, one sentence without a full stop; null where it can. */
  unknown: string | null;
}

/** With fewer lines before, what is not among them may have been said all the same. */
const LEAST_LINES = 20;

/**
 * What logs say since a moment that they did not say before. A stack trace is one entry with the line that it belongs to, told
 * apart by pod and container.
 * @param cut the lines before are not all that there were: what is not among them may not be new
 */
export function comparedLogs(before: readonly LogLine[], after: readonly LogLine[], cut = false): LogComparison {
  const earlier = entriesOf(before);
  const groups = templateGroups([...earlier, ...entriesOf(after)]);
  const lines = before.length;
  const unknown =
    lines < LEAST_LINES
      ? `only ${counted(lines, 'line')} from before are there to compare with`
      : cut
        ? 'there were more lines before than could be read'
        : null;
  const changes = groups.map(({ template, places }): TemplateChange => {
    const old = places.filter((place) => place < earlier.length).length;
    const since = places.length - old;
    return { template, before: old, after: since, isNew: unknown === null && old === 0 && since > 0 };
  });
  const sum = (field: 'before' | 'after') => changes.reduce((total, change) => total + change[field], 0);
  const [all, allSince] = [Math.max(1, sum('before')), Math.max(1, sum('after'))];
  const growth = ({ before: old, after: since }: TemplateChange): number =>
    (since + 0.5) / allSince / ((old + 0.5) / all);
  return {
    changes: changes
      .filter((change) => change.after > 0)
      .sort(
        (a, b) =>
          Number(b.isNew) - Number(a.isNew) ||
          Number(b.template.trouble) - Number(a.template.trouble) ||
          growth(b) - growth(a) ||
          (a.template.text < b.template.text ? -1 : 1),
      ),
    unknown,
  };
}

/** Entries of each container's log in its own order: lines of several are mixed. */
function entriesOf(lines: readonly LogLine[]): ReturnType<typeof logEntries> {
  const streams = new Map<string, LogLine[]>();
  for (const line of lines) {
    const key = `${line.pod ?? ''}|${line.container ?? ''}`;
    const stream = streams.get(key);
    if (stream) stream.push(line);
    else streams.set(key, [line]);
  }
  return [...streams.values()].flatMap((stream) =>
    logEntries(stream.sort((a, b) => a.at - b.at).map(({ text }) => text)).filter(({ text }) => text !== ''),
  );
}
