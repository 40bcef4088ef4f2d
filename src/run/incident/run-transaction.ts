import { nameReach } from '../../kube/name-change.ts';
import { messageOf } from '../../domain/cluster-error.ts';
import { refKey, refOf } from '../../domain/kube-object.ts';
import type { Plan } from '../../domain/plan.ts';
import { gatewayStep, stepArgv, unsupportedStep } from '../../domain/plan.ts';
import type { OpenTransaction } from '../../domain/ports.ts';
import type { EventBody } from '../../domain/run-event.ts';
import { judgeCommit } from '../../domain/severity.ts';
import type { CommitVerdict } from '../../domain/severity.ts';
import type { ClusterSnapshot } from '../../domain/snapshot.ts';
import { objectsOf } from '../../domain/snapshot.ts';
import { unprovenRuns } from '../../kube/cron-runs.ts';
import { controllerOf } from '../../kube/ownership.ts';
import { lossesText } from '../../domain/transaction.ts';
import type { RunContext } from './run-context.ts';

/**
 * The one transaction that a run may have open, from its checkpoint to what is decided about it: kept, or undone and
 * verified. Its methods perform the effects of the same names.
 */
export class RunTransaction {
  readonly #context: RunContext;
  #transaction: OpenTransaction | null = null;
  /** When the open transaction first sent a command, and when its last one had ended. */
  #wrote: { first: number; last: number } | null = null;
  /** What of the open transaction somebody else took back before it was judged. */
  #takenBack: string | null = null;
  /** Why it got well without the open transaction, as settling showed. */
  #unaided: string | null = null;
  /** The last undo proved that its roots are as ready as they were (L4). */
  #converged = false;

  constructor(context: RunContext) {
    this.#context = context;
  }

  /** Opens the journal, then reads the baseline that commit will be judged against. */
  async checkpoint(plan: Plan, signal: AbortSignal): Promise<EventBody> {
    const { run, target, options, ports, readings } = this.#context;
    const transaction = await ports.transactions.begin({
      run,
      title: plan.title,
      maxWrites: options.maxWrites,
      namespace: target.namespace,
    });
    this.#transaction = transaction;
    this.#wrote = null;
    try {
      await ports.lock.mark(`executing ${transaction.id}`);
      const { severity } = await readings.baseline(signal, 0);
      return { type: 'checkpointed', tx: transaction.id, severity };
    } catch (error) {
      // The journal exists, so it must be closed through undo even though nothing was written.
      const reason = messageOf(error);
      return { type: 'checkpointed', tx: transaction.id, severity: { known: false, reason } };
    }
  }

  /** Runs one step of the plan, unless the kubeconfig means another cluster by now (I10). */
  async execute(index: number, signal: AbortSignal): Promise<EventBody> {
    const { ports, events } = this.#context;
    const moved = await ports.targetMoved();
    if (moved) return { type: 'stepFailed', index, writes: 0, reason: `the target changed: ${moved}` };
    const plan = this.#context.state().plan!;
    const step = plan.steps[index]!;
    const runs = gatewayStep(step);
    if (!runs) return { type: 'stepFailed', index, writes: 0, reason: unsupportedStep(step) };
    const { clock } = ports;
    const first = this.#wrote?.first ?? clock.now();
    const result = await this.#open().execute(runs, plan.files, signal);
    const { exitCode, stdout, stderr, writes } = result;
    this.#wrote = { first, last: clock.now() };
    events.note({ type: 'command', argv: stepArgv(step), exitCode, stdout, stderr, writes });
    return result.ok
      ? { type: 'stepDone', index, writes }
      : { type: 'stepFailed', index, writes, reason: result.problem };
  }

  /** Waits until what was written has settled, then for as long as somebody else may take it back. */
  async settle(signal: AbortSignal): Promise<EventBody> {
    const { ports, readings, events } = this.#context;
    const { unaided = null, ...result } = await ports.settler.settle(this.#open().roots(), signal, events.progress);
    this.#unaided = unaided;
    const { snapshot } = readings.latest;
    this.#takenBack = await ports.confirmation.confirm(this.#open().written(), snapshot, signal, events.progress);
    return { type: 'settled', ...result };
  }

  /** Reads severity again, of a moment after the last command, and says whether the change may be kept. */
  async judge(signal: AbortSignal): Promise<EventBody> {
    const { ports, readings } = this.#context;
    const checkpoint = readings.latest.snapshot;
    const reach = nameReach(this.#open().written());
    const { severity, snapshot } = await readings.baseline(signal, this.#wrote?.last, reach);
    const { baseline, plan, initial } = this.#context.state();
    const { yields = [] } = plan!;
    const verdict = judgeCommit(
      this.#context.options.commitRule,
      baseline!,
      severity,
      ports.isAffected(this.#open().roots(), checkpoint, snapshot),
      this.#wrote?.first,
      undefined,
      (object) => yields.some((other) => refKey(other) === refKey(object)),
      initial,
    );
    const judged = await this.#unlessForbidden(verdict, snapshot);
    const unproven = judged.verdict.commit ? this.#unproven(snapshot) : [];
    return { type: 'judged', severity, ...judged, ...(unproven.length > 0 ? { unproven } : {}) };
  }

  /** CronJobs that were written and have not run since: that they fail no more is nothing anybody has seen. */
  #unproven(now: ClusterSnapshot): string[] {
    const jobs = objectsOf(now, 'Job');
    return objectsOf(now, 'CronJob').flatMap((cronJob) => {
      if (
        !this.#open()
          .roots()
          .some((root) => refKey(root) === refKey(refOf(cronJob)))
      )
        return [];
      const own = jobs.filter((job) => controllerOf(job)?.uid === cronJob.metadata.uid);
      const { first = this.#context.ports.clock.now() } = this.#wrote ?? {};
      return unprovenRuns(cronJob, own, first, this.#context.ports.clock.now()) ?? [];
    });
  }

  /** No gain in health makes up for what vanished, what no longer serves, a change that did not last, or one that did not bring it. */
  async #unlessForbidden(
    verdict: CommitVerdict,
    now: ClusterSnapshot,
  ): Promise<{ verdict: CommitVerdict; cheats: string[] }> {
    const { ports, readings } = this.#context;
    const losses = await this.#open().unacceptedLosses();
    const cheats = ports.cheats(readings.start, now);
    const against =
      losses.length > 0
        ? lossesText(losses)
        : cheats.length > 0
          ? `the inventory no longer serves: ${cheats.join(', ')}`
          : (this.#takenBack ?? (verdict.commit ? this.#unaided : null));
    return { verdict: against === null ? verdict : { ...verdict, commit: false, reason: against }, cheats };
  }

  /** Records that the change is kept. */
  async commit(tx: string): Promise<EventBody> {
    const roots = this.#open().roots();
    await this.#open().commit();
    this.#context.readings.kept(roots);
    await this.#close('committed');
    return { type: 'commitRecorded', tx };
  }

  /** @param tx the open one, or one that was committed: it is taken up again */
  async undo(tx: string): Promise<EventBody> {
    const { ports, readings, events } = this.#context;
    if (this.#transaction?.id !== tx) {
      await this.#transaction?.dispose();
      this.#transaction = await ports.transactions.reopen(tx);
    }
    events.note({ type: 'thought', agent: 'undo', text: this.#context.state().undoReason });
    // The mark is for people who ask who holds the lock.
    await ports.lock.mark(`undoing ${tx}`).catch(() => undefined);
    // Cancelling must not interrupt an undo: it is how a cancelled run keeps its promise.
    const result = await this.#open().undo(new AbortController().signal);
    this.#converged = result.outcome === 'undone' && result.proof.levels.L4 === true;
    readings.undone(this.#open().roots());
    return { type: 'undone', tx, result };
  }

  /** Content equality was proved by undo; mu is read again once what hangs below has converged (L4). */
  async verify(): Promise<EventBody> {
    const { ports, readings, events } = this.#context;
    const signal = new AbortController().signal;
    const roots = this.#open().roots();
    await this.#close('undone');
    if (!this.#converged) await ports.settler.settle(roots, signal, events.progress);
    const { severity } = await readings.now(signal);
    return { type: 'verified', severity };
  }

  /** Closes listeners and children of one that is still open; its journal stays. */
  async dispose(): Promise<void> {
    await this.#transaction?.dispose();
  }

  #open(): OpenTransaction {
    if (!this.#transaction) throw new Error('no transaction is open');
    return this.#transaction;
  }

  async #close(phase: string): Promise<void> {
    const { ports, readings, events } = this.#context;
    const transaction = this.#open();
    readings.isStale = true;
    // The mark is for people who ask who holds the lock.
    await ports.lock.mark(`${phase} ${transaction.id}`).catch(() => undefined);
    this.#transaction = null;
    // What is decided stays so: what is left of its files is in nobody's way.
    await transaction
      .dispose()
      .catch((error: unknown) => events.progress(`it could not be closed: ${messageOf(error)}`));
  }
}
