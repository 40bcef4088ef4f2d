import { refKey } from '../domain/kube-object.ts';
import type { JournaledWrite } from './journaled-write.ts';

/** A workload that a transaction scaled to nothing, exchanged claims under, and then let go on. */
export interface ClaimExchange {
  /** Writes on the workload up to that pause, and after it. */
  until: JournaledWrite[];
  since: JournaledWrite[];
  /** Keys of the claims that were deleted or created in the pause. */
  claims: ReadonlySet<string>;
}

/**
 * The pause of one workload, null when there was none. Its undo needs the same pause: pods hold their claims, and the
 * controller of a StatefulSet makes each claim that is missing anew from its template at once.
 * @param chain writes on the workload, in order
 * @param all writes of the transaction
 */
export function claimExchangeOf(chain: JournaledWrite[], all: JournaledWrite[]): ClaimExchange | null {
  for (let index = 0; index + 1 < chain.length; index++) {
    const [stopped, started] = [chain[index]!, chain[index + 1]!];
    if (stopped.after?.spec?.replicas !== 0 || !started.before) continue;
    const between = all.filter(
      ({ seq, ref, before, after, outcome }) =>
        seq > stopped.seq &&
        seq < started.seq &&
        outcome !== 'rejected' &&
        ref.kind === 'PersistentVolumeClaim' &&
        ref.namespace === stopped.ref.namespace &&
        (before === null || after === null),
    );
    if (between.length === 0) continue;
    const claims = new Set(between.map(({ ref }) => refKey(ref)));
    return { until: chain.slice(0, index + 1), since: chain.slice(index + 1), claims };
  }
  return null;
}
