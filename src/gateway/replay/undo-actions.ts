import type { FieldDifference } from '../../domain/transaction.ts';
import type { PartName } from '../../runbook/runbook-action.ts';
import type { InverseStep } from '../../undo/inverse.ts';
import type { JournaledWrite } from '../../undo/journaled-write.ts';
import { refKey } from '../../domain/kube-object.ts';
import type { PartResult } from '../action/action-runner.ts';
import { ActionRunner } from '../action/action-runner.ts';
import { podPath } from '../action/pinned-container.ts';
import type { JournaledAction } from '../journal/journaled-action.ts';
import { podOf } from '../journal/journaled-action.ts';
import type { Upstream } from '../wire/upstream.ts';
import { UpstreamError } from '../wire/upstream.ts';
import { Stranded } from './undo-access.ts';
import type { UndoAccess } from './undo-access.ts';

/** A request whose sender died may still be on its way through the server. */
const IN_FLIGHT_MS = 1_500;
/** An undo is idempotent by declaration: where it did not help, its stream may have lost a part of the snapshot. */
const MAX_UNDOS = 3;
const AGAIN_MS = 500;

/** What came of the undo of one action. */
export interface UndoneAction {
  /** Equal snapshots were seen; else not as it was, or not known to be. */
  back: boolean;
  differences: FieldDifference[];
  /** What cannot be looked at any more, or is gone for good. */
  shortfall: string[];
}

/** Steps of an undo in order: an action comes after all that was first touched after it, before all that was before. */
export function inOrder(
  plan: readonly InverseStep[],
  writes: readonly JournaledWrite[],
  actions: readonly JournaledAction[],
): (InverseStep | JournaledAction)[] {
  const first = new Map<string, number>();
  for (const { ref, seq } of writes) if (!first.has(refKey(ref))) first.set(refKey(ref), seq);
  const waiting = actions.filter(({ outcome }) => outcome !== 'rejected').sort((a, b) => b.seq - a.seq);
  const steps = plan.flatMap((step): (InverseStep | JournaledAction)[] => {
    // An autoscaler's share goes with the write that it belongs to.
    const touched = first.get(refKey(step.ref)) ?? Infinity;
    const due = waiting.findIndex(({ seq }) => seq < touched);
    return [...waiting.splice(0, due < 0 ? waiting.length : due), step];
  });
  return [...steps, ...waiting];
}

/** Takes actions back. Looks before it acts, so that it may be run again after any interruption. */
export class UndoActions {
  readonly #access: UndoAccess;
  readonly #runner: ActionRunner;

  constructor(access: UndoAccess, upstream: Upstream) {
    this.#access = access;
    this.#runner = new ActionRunner({ upstream, getPod: ({ call }) => access.get(podPath(call.at)) });
  }

  /** @throws Stranded */
  async undo(done: JournaledAction): Promise<UndoneAction> {
    const { action, snapshot } = done;
    const { name } = action.call;
    const result: UndoneAction = { back: false, differences: [], shortfall: [] };
    const differs = (actual: string): UndoneAction => ({
      ...result,
      differences: [{ ref: podOf(done), path: `/${name}`, expected: 'as in its snapshot', actual }],
    });
    const missing = (reason: string): UndoneAction => ({
      ...result,
      shortfall: [`what ${name} changed could not be taken back, and nobody can look: ${reason}`],
    });
    const lost = action.undoes === 'losses' ? [`${name}: ${action.loses}`] : [];
    const restored: UndoneAction = { ...result, back: true, shortfall: lost };
    const untouched: UndoneAction = { ...result, back: true };

    let now = await this.#look(done);
    if (now.gone) return missing(now.problem);
    if (done.outcome === 'unknown' && (await this.#isBack(done, now))) {
      await this.#access.pause(IN_FLIGHT_MS);
      now = await this.#look(done);
      if (now.gone) return missing(now.problem);
    }
    if (await this.#isBack(done, now)) return done.outcome === 'unknown' && !done.undoTried ? untouched : restored;
    // With a comparison of its own an action says that others may go on changing what it touched.
    const foreign = done.after && now.exitCode === 0 && !action.parts.same && !now.output.equals(done.after);
    if (foreign && !done.undoTried) return differs('changed by somebody else since, so that its undo was not run');

    for (let attempt = 1; ; attempt++) {
      const undo = await this.#send(done, snapshot);
      if (undo.gone) return missing(undo.problem);
      const after = await this.#look(done);
      if (after.gone) return missing(after.problem);
      if (await this.#isBack(done, after)) return restored;
      if (attempt < MAX_UNDOS) {
        await this.#access.pause(AGAIN_MS);
        continue;
      }
      if (after.exitCode !== 0) return differs(`not known: ${after.problem}`);
      return differs(
        undo.exitCode === 0 ? 'something else, although its undo ran' : `its undo failed: ${undo.problem}`,
      );
    }
  }

  #look(done: JournaledAction): Promise<PartResult> {
    return this.#persist(done, 'snapshot', null);
  }

  async #isBack(done: JournaledAction, now: PartResult): Promise<boolean> {
    if (done.action.parts.same) return (await this.#persist(done, 'same', done.snapshot)).exitCode === 0;
    return now.exitCode === 0 && now.output.equals(done.snapshot);
  }

  async #send(done: JournaledAction, snapshot: Buffer): Promise<PartResult> {
    const { seq, action } = done;
    return this.#access.act(podOf(done), `${podPath(action.call.at)}/exec`, seq, () =>
      this.#persist(done, 'undo', snapshot),
    );
  }

  /** Every part may be run again: the undo is idempotent by declaration, the others change nothing. */
  async #persist(done: JournaledAction, part: PartName, snapshot: Buffer | null): Promise<PartResult> {
    const { signal } = this.#access;
    const patience = this.#access.patience();
    for (;;) {
      let reason: string;
      try {
        const result = await this.#runner.run(done.action, part, snapshot, signal);
        if (!result.waiting) return result;
        reason = result.problem;
      } catch (error) {
        if (!(error instanceof UpstreamError)) throw error;
        reason = error.message;
      }
      // A pause that was called off ends the waiting, as the end of patience does.
      if (signal.aborted || !(await patience.pause(undefined, signal).catch(() => false)))
        throw new Stranded(`${part} of ${done.action.call.name} cannot be run: ${reason}`);
    }
  }
}
