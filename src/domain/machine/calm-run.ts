import type { Finding } from '../finding.ts';
import type { RunState } from '../run-state.ts';

/** The run began with nothing that an oracle calls unhealthy, so that there is nothing which a fix could be seen to help. */
export const isCalm = ({ initial }: RunState): boolean =>
  initial !== null && initial.known && initial.items.length === 0;

/** What nobody measures and somebody should look at. */
export function calmText(findings: readonly Finding[]): string {
  const [first, ...more] = findings.filter(({ severity }) => severity !== 'info');
  if (!first) return 'nothing is wrong in scope';
  const others = more.length > 0 ? ` (and ${more.length} more)` : '';
  return `nothing is measured as wrong in scope, but someone should look: ${first.message}${others}`;
}
