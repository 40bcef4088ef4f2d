import type { Clock } from '../domain/clock.ts';
import type { Target } from '../domain/target.ts';
import type { AllowedActions } from './action/action-performer.ts';
import type { FaultHook } from './journal/fault-points.ts';
import type { JournalStore } from './journal/journal-store.ts';
import type { Kubectl } from './child/kubectl.ts';
import type { SharedJournal } from './journal/shared-journal.ts';
import type { Upstream } from './wire/upstream.ts';

export interface GatewayOptions {
  upstream: Upstream;
  target: Target;
  kubectl: Kubectl;
  store: JournalStore;
  clock: Clock;
  /** Asked before each write: null to go on, else why this process may not write (lock lost, target moved). */
  mayWrite?: () => Promise<string | null>;
  /** Keeps a copy of open transactions in the cluster, for a colleague's recovery; default: none. */
  share?: SharedJournal | null;
  /** Declared actions that the user allowed; default: none. */
  actions?: AllowedActions;
  /** Only tests set it. */
  crash?: FaultHook;
  /** How long an undo goes on when the server does not answer; default 30 s. */
  patienceMs?: number;
  /** How long requests of a command are repeated through short troubles; default 12 s. */
  stepPatienceMs?: number;
  /** How long a verified undo waits for workloads to converge; default 30 s. */
  convergeMs?: number;
  /** Give managed fields back to their owners after an undo; default true. */
  restoreOwnership?: boolean;
}

/** With every default filled in. */
export type FilledOptions = Required<GatewayOptions> & {
  /** For everything but undo, which has a patience of its own. */
  steady: Upstream;
};
