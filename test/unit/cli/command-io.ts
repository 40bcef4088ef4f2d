import type { CommandIo } from '../../../src/cli/command-line.ts';
import type { TransactionSummary } from '../../../src/domain/transaction.ts';

/** A process without a terminal, and what it printed. */
export function silentIo(): CommandIo & { out: string[]; err: string[] } {
  const [out, err]: [string[], string[]] = [[], []];
  return {
    out,
    err,
    stdout: (text) => void out.push(text),
    stderr: (text) => void err.push(text),
    colours: { stdout: false, stderr: false },
    confirm: null,
    ask: null,
    onInterrupt: () => ({ dispose: () => undefined }),
  };
}

/** A committed transaction of one write. */
export function summary(id: string, change: Partial<TransactionSummary> = {}): TransactionSummary {
  return {
    id,
    run: 'run-1',
    title: `fix ${id}`,
    status: 'committed',
    context: 'dev',
    fingerprint: 'f',
    namespace: 'shop',
    openedAt: '2026-01-01T00:00:00.000Z',
    closedAt: '2026-01-01T00:00:01.000Z',
    commands: [],
    roots: [],
    writes: 1,
    active: false,
    ...change,
  };
}
