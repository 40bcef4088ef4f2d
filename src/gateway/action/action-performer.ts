import type { ActionCall } from '../../domain/action.ts';
import { actionArgv } from '../../domain/action.ts';
import type { Clock } from '../../domain/clock.ts';
import { messageOf } from '../../domain/cluster-error.ts';
import type { Acceptance, StepRehearsal, StepResult } from '../../domain/transaction.ts';
import type { PreparedAction } from '../../runbook/prepared-action.ts';
import { forecastOf, prepareAction } from '../../runbook/prepared-action.ts';
import type { PartName, RunbookAction } from '../../runbook/runbook-action.ts';
import type { FaultHook } from '../journal/fault-points.ts';
import { nextSeq, sentIn } from '../journal/journal-facts.ts';
import type { ActionRecord } from '../journal/journal-records.ts';
import type { OpenJournal } from '../journal/open-journal.ts';
import { KubeApi } from '../wire/kube-api.ts';
import { passAsUpstream } from '../wire/raw-access.ts';
import type { Upstream } from '../wire/upstream.ts';
import type { PartResult } from './action-runner.ts';
import { ActionRunner } from './action-runner.ts';
import { podPath } from './pinned-container.ts';

/** The actions that the user allowed. */
export interface AllowedActions {
  /** Null for everything else, whatever it is named. */
  find(digest: string): Promise<RunbookAction | null>;
}

export interface ActionPerformerOptions {
  upstream: Upstream;
  clock: Clock;
  actions: AllowedActions;
  accept: readonly Acceptance[];
}

/** What performing needs of the transaction. */
export interface ActionTransaction {
  journal: OpenJournal;
  maxWrites: number;
  /** Null when this process may write; else why not. */
  mayWrite(): Promise<string | null>;
  crash: FaultHook;
}

interface Rehearsed {
  rehearsal: StepRehearsal;
  prepared: PreparedAction | null;
  snapshot: Buffer;
}

/** Rehearses and performs declared actions: the counterpart of kubectl and its monitors for what is no API object. */
export class ActionPerformer {
  readonly #options: ActionPerformerOptions;
  readonly #runner: ActionRunner;

  constructor(options: ActionPerformerOptions) {
    this.#options = options;
    const api = new KubeApi(passAsUpstream(options.upstream));
    this.#runner = new ActionRunner({
      upstream: options.upstream,
      getPod: ({ call }) => api.find(podPath(call.at)),
    });
  }

  /** Takes the snapshot and tries the check; nothing is changed. */
  async rehearse(call: ActionCall, signal: AbortSignal): Promise<Rehearsed> {
    const rehearsal: StepRehearsal = { argv: actionArgv(call), ok: false, problem: '', writes: [], partial: false };
    const none = { prepared: null, snapshot: Buffer.alloc(0) };
    const refused = (problem: string) => ({ ...none, rehearsal: { ...rehearsal, problem } });
    const action = await this.#options.actions.find(call.digest);
    if (action?.name !== call.name)
      return refused(
        `action ${call.name} is not allowed: look at it and allow it with 'stratus runbook allow ${call.name}'`,
      );
    const prepared = prepareAction(action, call);
    if (typeof prepared === 'string') return refused(`action ${call.name}: ${prepared}`);
    const undo = forecastOf(prepared);
    const missing = (undo.needs ?? []).filter((need) => !this.#options.accept.includes(need));
    if (missing.length > 0)
      return refused(
        `action ${call.name}: ${prepared.loses}; a person has to accept that (--accept ${missing.join(',')})`,
      );
    const snapshot = await this.#tried(prepared, 'snapshot', null, signal);
    if (snapshot.exitCode !== 0) return refused(`the snapshot of ${call.name} failed: ${snapshot.problem}`);
    const verify = await this.#tried(prepared, 'verify', snapshot.output, signal);
    if (verify.exitCode !== 0 && verify.exitCode !== 1)
      return refused(`the check of ${call.name} could not be run: ${verify.problem}`);
    const shown = {
      title: prepared.title,
      reaches: prepared.reaches,
      image: call.at.imageId,
      does: prepared.parts.do.command,
      undoes: prepared.parts.undo.command,
      snapshot: snapshot.output.length,
      undo,
    };
    return {
      rehearsal: { ...rehearsal, ok: true, action: shown, ...(undo.needs ? { needs: undo.needs } : {}) },
      prepared,
      snapshot: snapshot.output,
    };
  }

  /** Rehearses again, records snapshot and intent durably, runs it, and checks what it did. */
  async perform(
    step: number,
    call: ActionCall,
    transaction: ActionTransaction,
    signal: AbortSignal,
  ): Promise<StepResult> {
    const { journal, crash, maxWrites } = transaction;
    const argv = actionArgv(call);
    await journal.append({ type: 'step', step, argv, at: this.#now() });
    crash('step.after-record');
    const { rehearsal, prepared, snapshot } = await this.rehearse(call, signal);
    const result: StepResult = {
      ok: false,
      exitCode: -1,
      stdout: '',
      stderr: '',
      refusals: [],
      writes: 0,
      problem: '',
    };
    if (!prepared) return { ...result, problem: rehearsal.problem, refusals: [rehearsal.problem] };
    crash('step.after-rehearsal');
    if (sentIn(journal.records) >= maxWrites)
      return { ...result, problem: `this transaction may send at most ${maxWrites} writes` };
    const record: ActionRecord = {
      type: 'action',
      seq: nextSeq(journal.records),
      step,
      action: prepared,
      snapshot: snapshot.toString('base64'),
      at: this.#now(),
    };
    crash('write.before-intent');
    await journal.append(record);
    crash('write.after-intent');
    const blocked = await transaction.mayWrite().catch((error: unknown) => messageOf(error));
    const stopped = blocked ?? (signal.aborted ? 'it was stopped' : null);
    if (stopped) {
      await this.#note(journal, record, 'rejected', null, null, `not sent: ${stopped}`);
      return { ...result, problem: stopped };
    }
    const done = await this.#tried(prepared, 'do', snapshot, signal);
    crash('write.after-forward');
    if (!done.started) {
      await this.#note(journal, record, 'rejected', null, null, done.problem);
      return { ...result, problem: `${call.name} did not run: ${done.problem}` };
    }
    const ran = { ...result, writes: 1, exitCode: done.exitCode ?? -1 };
    // Whether it ran, and how far, is found out by the undo.
    if (done.exitCode === null) return { ...ran, problem: `${call.name}: ${done.problem}` };
    const after = await this.#tried(prepared, 'snapshot', null, signal);
    const seen = after.exitCode === 0 ? after.output : null;
    await this.#note(journal, record, 'done', done.exitCode, seen, done.problem);
    crash('write.after-outcome');
    if (done.exitCode !== 0) return { ...ran, problem: `${call.name} failed: ${done.problem}` };
    if (!seen) return { ...ran, problem: `what ${call.name} did could not be looked at: ${after.problem}` };
    if (seen.equals(snapshot))
      return { ...ran, problem: `${call.name} changed nothing: what is wrong is somewhere else` };
    const verified = await this.#tried(prepared, 'verify', snapshot, signal);
    if (verified.exitCode !== 0)
      return { ...ran, problem: `${call.name} ran, but its check fails: ${verified.problem}` };
    return { ...ran, ok: true, stdout: `${prepared.title}: done and checked\n` };
  }

  /** What the connection says about a part that could not even be asked for is its problem, too. */
  async #tried(
    action: PreparedAction,
    part: PartName,
    snapshot: Buffer | null,
    signal: AbortSignal,
  ): Promise<PartResult> {
    try {
      return await this.#runner.run(action, part, snapshot, signal);
    } catch (error) {
      const maybeSent = (error as { maybeSent?: unknown }).maybeSent === true;
      return {
        started: maybeSent,
        exitCode: null,
        output: Buffer.alloc(0),
        problem: messageOf(error),
        gone: false,
        waiting: false,
      };
    }
  }

  async #note(
    journal: OpenJournal,
    { seq }: ActionRecord,
    outcome: 'done' | 'rejected',
    exitCode: number | null,
    after: Buffer | null,
    message: string,
  ): Promise<void> {
    const seen = after === null ? null : after.toString('base64');
    await journal.append({ type: 'action-outcome', seq, outcome, exitCode, after: seen, message, at: this.#now() });
  }

  #now(): string {
    return new Date(this.#options.clock.now()).toISOString();
  }
}
