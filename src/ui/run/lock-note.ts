import type { LockStatus } from '../../run/writer-lock.ts';
import { untrustedLine } from '../../text/redact.ts';

/** That another writer holds the lock, for who is about to approve; empty where none does. */
export function lockNote({ state, holder, phase }: LockStatus): string {
  if (state !== 'held') return '';
  const who = untrustedLine(holder, 100).replace(/ pid \d+.*$/, '') || 'Another writer';
  const what = untrustedLine(phase, 100).replace(/^executing /, 'applying ');
  return `${who} is changing this cluster now${what ? ` (${what})` : ''}. A plan that is approved can only run when that has ended`;
}
