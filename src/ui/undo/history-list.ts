import { refLabel } from '../../domain/kube-object.ts';
import type { TransactionSummary } from '../../domain/transaction.ts';
import { commandText } from '../../kubectl/command-text.ts';
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

export function clockOf(at: Date): string {
  return at.toLocaleTimeString(undefined, { hour: '2-digit', minute: '2-digit', second: '2-digit' });
}

const STANDS: Record<TransactionSummary['status'], string> = {
  open: 'in progress',
  committed: 'kept',
  undoing: 'being undone',
  undone: 'was undone later',
  diverged: 'could not be fully undone',
};

/** One line: time, what, where and how it stands. */
export function entryLine({ at, what, summary }: HistoryEntry): { label: string; description: string; detail: string } {
  const { title, namespace, context, status, commands, roots, id } = summary;
  const objects = roots.map(refLabel).join(', ');
  return {
    label: `${clockOf(at)}  ${what === 'changed' ? '' : `${what}: `}${presentable(title, 200)}`,
    description: `${namespace} @ ${context}${what === 'changed' ? ` · ${STANDS[status]}` : ''}`,
    detail: presentable([commands.map(commandText).join(' && ') || objects, id].join(' · '), 400),
  };
}

/** The entries of one day for a hand-over, oldest first. Plain text. */
export function dayText(entries: readonly HistoryEntry[], day: Date): string {
  const heading = dayOf(day, day).replace(/^Today, /, '');
  const today = entries.filter(({ at }) => dayOf(at, day).startsWith('Today')).reverse();
  if (today.length === 0) return `${heading}: nothing was changed.\n`;
  const rows = today.flatMap((entry) => {
    const { label, description, detail } = entryLine(entry);
    return [`${label} (${description})`, ...(entry.what === 'changed' ? [`    ${detail}`] : [])];
  });
  return `${heading}\n${rows.join('\n')}\n`;
}
