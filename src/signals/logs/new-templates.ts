import type { LogLine } from '../../domain/telemetry.ts';
import { counted } from '../../text/plain-text.ts';
import type { LogEntry } from '../../text/log-entries.ts';
import { logEntries } from '../../text/log-entries.ts';
import type { LogTemplate } from '../../text/log-templates.ts';
import { templateGroups } from '../../text/log-templates.ts';
import { streamsOf } from './streams.ts';

/** A template with how often it was said before and since; counts are entries. */
export interface TemplateChange {
  template: LogTemplate;
  before: number;
  after: number;
  /** Said since, and never before. */
  isNew: boolean;
  /** When it was said first and last since, milliseconds since the epoch; null where it was not. */
  first: number | null;
  last: number | null;
  /** Pods that said it since, by name. */
  pods: string[];
}

/** An entry with when and by which pod it was written. */
interface WrittenEntry extends LogEntry {
  at: number;
  pod: string | null;
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
  const all = [...earlier, ...entriesOf(after)];
  const groups = templateGroups(all);
  const lines = before.length;
  const unknown =
    after.length === 0 && lines > 0
      ? 'no line at all has come since: whoever collects them may have stopped'
      : lines < LEAST_LINES
        ? `only ${counted(lines, 'line')} from before are there to compare with`
        : cut
          ? 'there were more lines before than could be read'
          : null;
  const changes = groups.map(({ template, places }): TemplateChange => {
    const old = places.filter((place) => place < earlier.length).length;
    const said = places.filter((place) => place >= earlier.length).map((place) => all[place]!);
    const times = said.map(({ at }) => at);
    return {
      template,
      before: old,
      after: said.length,
      isNew: unknown === null && old === 0 && said.length > 0,
      first: times.length > 0 ? times.reduce((a, b) => Math.min(a, b)) : null,
      last: times.length > 0 ? times.reduce((a, b) => Math.max(a, b)) : null,
      pods: [...new Set(said.flatMap(({ pod }) => pod ?? []))].sort(),
    };
  });
  const sum = (field: 'before' | 'after') => changes.reduce((total, change) => total + change[field], 0);
  const [allBefore, allSince] = [Math.max(1, sum('before')), Math.max(1, sum('after'))];
  const growth = ({ before: old, after: since }: TemplateChange): number =>
    (since + 0.5) / allSince / ((old + 0.5) / allBefore);
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

function entriesOf(lines: readonly LogLine[]): WrittenEntry[] {
  return streamsOf(lines).flatMap((stream) => {
    let line = 0;
    return logEntries(stream.map(({ text }) => text)).flatMap((entry): WrittenEntry[] => {
      const { at, pod = null } = stream[line]!;
      line += entry.lines;
      return entry.text === '' ? [] : [{ ...entry, at, pod }];
    });
  });
}
