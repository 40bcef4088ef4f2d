import type { CallsAtRisk } from './blast-radius.ts';
import { counted } from '../text/plain-text.ts';

/** Callers, direct or over others, that a plan may reach unasked where nobody said how many. */
export const USUAL_MAX_CALLERS = 25;

const NAMED = 3;

/**
 * Why a plan wants a person by whom it reaches with calls, whatever the autonomy: more callers than may be reached unasked,
 * or, where somebody set that number, nobody knows how many. Null when nothing speaks for a person.
 * @param calls absent where nothing is written
 * @param limit as somebody set it; undefined: nobody did, {@link USUAL_MAX_CALLERS} counts and what is unknown asks nobody
 */
export function personForReach(calls: CallsAtRisk | undefined, limit: number | undefined): string | null {
  if (!calls) return null;
  const most = limit ?? USUAL_MAX_CALLERS;
  if (calls.callerCount > most)
    return `${calls.callerCount === 1 ? '1 workload calls' : `${calls.callerCount} workloads call`} what it changes, directly or over others; unasked it may be ${most}`;
  if (limit === undefined || calls.unknown.length === 0) return null;
  const named = calls.unknown.slice(0, NAMED).join(', ');
  return `who calls ${named} is not known, and unasked no more than ${counted(most, 'caller')} may be reached`;
}
