import { describe, expect, it } from 'vitest';
import type { TransactionSummary } from '../../../src/domain/transaction.ts';
import { dayOf, dayText, entryLine, historyOf } from '../../../src/ui/undo/history-list.ts';

const summary = (id: string, more: Partial<TransactionSummary>): TransactionSummary => ({
  id,
  run: 'run-1',
  title: `Change ${id}`,
  status: 'committed',
  context: 'prod',
  fingerprint: 'f',
  namespace: 'shop',
  openedAt: new Date(2026, 10, 29, 9, 0).toISOString(),
  closedAt: null,
  commands: [['scale', 'deployment/web', '--replicas=2']],
  roots: [],
  writes: 1,
  ...more,
});
const now = new Date(2026, 10, 29, 23, 0);

describe('the history of changes', () => {
  const undone = summary('tx-1', {
    status: 'undone',
    openedAt: new Date(2026, 10, 28, 23, 59).toISOString(),
    closedAt: new Date(2026, 10, 29, 0, 1).toISOString(),
  });
  const all = [undone, summary('tx-2', {}), summary('tx-3', { status: 'diverged', closedAt: now.toISOString() })];

  it('tells changes and undos apart, latest first, under the day on which each happened', () => {
    expect(historyOf(all).map(({ what, summary: { id }, at }) => [id, what, dayOf(at, now).split(',')[0]])).toEqual([
      ['tx-3', 'not fully undone', 'Today'],
      ['tx-2', 'changed', 'Today'],
      ['tx-3', 'changed', 'Today'],
      ['tx-1', 'undone', 'Today'],
      ['tx-1', 'changed', 'Yesterday'],
    ]);
  });

  it('dates what is older', () => {
    expect(dayOf(new Date(2026, 9, 1), now)).toMatch(/2026/);
    expect(dayOf(new Date(2026, 9, 1), now)).not.toMatch(/^(Today|Yesterday)/);
  });

  it('can be found by place, object, command and state', () => {
    const { label, description, detail } = entryLine(historyOf([undone])[0]!, now);
    const text = `${label} ${description} ${detail}`;
    for (const word of ['undone', 'shop', 'prod', 'deployment/web', 'tx-1']) expect(text).toContain(word);
  });

  it('begins with how it stands, and labels hold nothing that people search for', () => {
    const killed = summary('tx-4', { status: 'open', active: false });
    const lines = historyOf([...all, killed]).map((entry) => entryLine(entry, now));
    for (const { label } of lines) expect(label).toMatch(/^\$\([\w-]+\) (\d+ \w+ )?\d\d:\d\d:\d\d$/);
    expect(lines.at(-1)!.label).toBe('$(circle-slash) 28 Nov 23:59:00');
    const states = lines.map(({ description }) => description.split(':')[0]);
    expect(states).toEqual([
      'not fully undone',
      'kept',
      'could not be fully undone',
      'interrupted',
      'undone',
      'was undone later',
    ]);
  });

  it('is handed over as the text of one day, oldest first', () => {
    const lines = dayText(historyOf(all), now).split('\n');
    expect(lines[0]).toMatch(/2026/);
    expect(lines[1]).toMatch(/^00:01:00  undone: Change tx-1/);
    expect(lines.join('\n')).toContain('kubectl scale deployment/web --replicas=2');
    expect(lines.join('\n').match(/Change tx-1/g)).toHaveLength(1);
    expect(dayText([], now)).toMatch(/nothing was changed/);
  });
});
