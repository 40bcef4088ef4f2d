import { refLabel } from '../../domain/kube-object.ts';
import type { TransactionSummary } from '../../domain/transaction.ts';
import { isInterrupted, standing } from '../../domain/transaction.ts';
import { commandText } from '../../kubectl/command-text.ts';
import { localClock, zoneOf } from '../../text/local-time.ts';
import { presentable } from '../../text/redact.ts';

/** One thing that happened to a cluster: a change, or that it was taken back. */
export interface HistoryEntry {
  at: Date;
  what: 'changed' | 'undone' | 'not fully undone';
  summary: TransactionSummary;
}

/** Changes and undos, latest first. */
export function historyOf(summaries: readonly TransactionSummary[]): HistoryEntry[] {
  const entries = summaries.flatMap((summary): HistoryEntry[] => {
    const made: HistoryEntry = { at: new Date(summary.openedAt), what: 'changed', summary };
    const { status, closedAt } = summary;
    if (!closedAt || (status !== 'undone' && status !== 'diverged')) return [made];
    return [made, { at: new Date(closedAt), what: status === 'undone' ? 'undone' : 'not fully undone', summary }];
  });
  return entries.sort((a, b) => b.at.getTime() - a.at.getTime());
}

/** `Today`, `Yesterday`, or the day's date, in the local time of whoever reads it. */
export function dayOf(at: Date, now: Date): string {
  const midnight = (date: Date) => new Date(date.getFullYear(), date.getMonth(), date.getDate()).getTime();
  const days = Math.round((midnight(now) - midnight(at)) / 86_400_000);
  const date = at.toLocaleDateString(undefined, { weekday: 'long', year: 'numeric', month: 'long', day: 'numeric' });
  return days === 0 ? `Today, ${date}` : days === 1 ? `Yesterday, ${date}` : date;
}

const STANDS: Record<TransactionSummary['status'], string> = {
  open: 'in progress',
  committed: 'kept',
  undoing: 'being undone',
  undone: 'was undone later',
  diverged: 'could not be fully undone',
};

/** How a change stands now: one that nobody is at work on any more is not in progress. */
function standsNow(summary: TransactionSummary): string {
  return isInterrupted(summary) ? standing(summary) : STANDS[summary.status];
}

const ICONS: Record<TransactionSummary['status'], string> = {
  open: 'sync',
  committed: 'check',
  undoing: 'discard',
  undone: 'circle-slash',
  diverged: 'error',
};

/** Told by its shape before any word: still there, taken back (then or later), or for somebody to decide about. */
function iconOf({ what, summary }: HistoryEntry): string {
  if (what !== 'changed') return what === 'undone' ? 'discard' : 'error';
  return isInterrupted(summary) ? 'warning' : ICONS[summary.status];
}

export interface EntryLine {
  /**
   * State and time only. The editor puts rows whose label holds what is typed first, and in the order of the labels: what
   * people search for stands in the other parts, so that the order of time stays.
   */
  label: string;
  description: string;
  detail: string;
}

/** State and time, then what, then where and by which command. */
export function entryLine(entry: HistoryEntry, now: Date): EntryLine {
  const { at, what, summary } = entry;
  const { title, namespace, context, commands, roots, id } = summary;
  const objects = roots.map(refLabel).join(', ');
  const day = dayOf(at, now).startsWith('Today') ? '' : `${shortDay(at)} `;
  return {
    label: `$(${iconOf(entry)}) ${day}${localClock(at)}`,
    description: `${what === 'changed' ? standsNow(summary) : what}: ${presentable(title, 200)}`,
    detail: presentable(
      [`${namespace} @ ${context}`, commands.map(commandText).join(' && ') || objects, id].join(' · '),
      400,
    ),
  };
}

/** `29 Nov`: while somebody types, rows stand without their headings. */
function shortDay(at: Date): string {
  return at.toLocaleDateString('en-GB', { day: 'numeric', month: 'short' });
}

/** The entries of one day for a hand-over, oldest first. Plain text. */
export function dayText(entries: readonly HistoryEntry[], day: Date): string {
  const heading = dayOf(day, day).replace(/^Today, /, '');
  const today = entries.filter(({ at }) => dayOf(at, day).startsWith('Today')).reverse();
  if (today.length === 0) return `${heading}: nothing was changed.\n`;
  const rows = today.flatMap((entry) => {
    const { description, detail } = entryLine(entry, day);
    return [`${localClock(entry.at)}  ${description}`, ...(entry.what === 'changed' ? [`    ${detail}`] : [])];
  });
  return `${heading} (${zoneOf(day)})\n${rows.join('\n')}\n`;
}
