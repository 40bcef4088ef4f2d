import type { KubeObject, ObjectRef } from '../domain/kube-object.ts';
import { refKey, refOf } from '../domain/kube-object.ts';
import type { ActionCall } from '../domain/action.ts';
import type { CommandPlan, TransactionStep } from '../domain/plan.ts';
import type { OpenTransaction } from '../domain/ports.ts';
import type { Loss, StepResult, UndoResult, WrittenObject } from '../domain/transaction.ts';
import { lossesText, outsideOf } from '../domain/transaction.ts';
import { SAFE_TERMINAL, shownArgv } from '../kubectl/secret-words.ts';
import { ActionPerformer } from './action/action-performer.ts';
import { failureLine } from './child/child.ts';
import { derivedObjects, replicaCounts, WORKLOAD_KINDS } from './inventory/derived-state.ts';
import type { FilledOptions } from './gateway-options.ts';
import { JournalMonitor } from './monitor/journal-monitor.ts';
import { LossWatch } from './inventory/loss-watch.ts';
import type { MetadataReader } from './inventory/metadata-reader.ts';
import type { JournalRecord, OpenRecord } from './journal/journal-records.ts';
import { isIntent, rootsIn } from './journal/journal-facts.ts';
import { statusOf, writesOf } from './journal/journal-records.ts';
import type { OpenJournal } from './journal/open-journal.ts';
import { KubeApi } from './wire/kube-api.ts';
import { Loopback } from './wire/loopback.ts';
import type { Handler } from './wire/messages.ts';
import type { Refusal } from './monitor/monitor.ts';
import { passAsUpstream } from './wire/raw-access.ts';
import { COMMAND_TIMEOUT_MS, Rehearser } from './rehearser.ts';
import { runUndo } from './replay/undo-run.ts';

/** A command that was never started. */
const NOT_RUN: StepResult = { ok: false, exitCode: -1, stdout: '', stderr: '', refusals: [], writes: 0, problem: '' };

/** An open transaction and the children, listeners and journal that belong to it. */
export class GatewayTransaction implements OpenTransaction {
  readonly id: string;
  readonly #options: FilledOptions;
  readonly #journal: OpenJournal;
  readonly #open: OpenRecord;
  readonly #rehearser: Rehearser;
  readonly #monitor: JournalMonitor;
  readonly #raw: KubeApi;
  readonly #watch: LossWatch;
  #loopback: Promise<Loopback> | null = null;
  #steps = 0;

  constructor(options: FilledOptions, journal: OpenJournal, open: OpenRecord) {
    this.id = open.id;
    this.#options = options;
    this.#journal = journal;
    this.#open = open;
    this.#raw = new KubeApi(passAsUpstream(options.steady));
    this.#rehearser = new Rehearser(options, open.manager, open.accept ?? []);
    this.#watch = lossWatchOf(this.#rehearser.reader, journal.records, options.target.namespace, open.at);
    this.#steps = journal.records.filter((record) => record.type === 'step').length;
    this.#monitor = new JournalMonitor({
      upstream: options.steady,
      journal,
      inspector: this.#rehearser.inspector,
      veil: this.#rehearser.veil,
      clock: options.clock,
      maxWrites: open.maxWrites,
      manager: open.manager,
      mayWrite: options.mayWrite,
      crash: options.crash,
      patienceMs: options.stepPatienceMs,
      losses: this.#watch,
    });
  }

  async execute(step: TransactionStep, files: CommandPlan['files'], signal: AbortSignal): Promise<StepResult> {
    const status = statusOf(this.#journal.records);
    if (status !== 'open') throw new Error(`transaction ${this.id} is ${status}: no further commands`);
    const { crash, clock, kubectl, target } = this.#options;
    // What an earlier command took away unannounced stops the plan before it takes more.
    const lost = this.writes() > 0 ? await this.unacceptedLosses() : [];
    if (lost.length > 0) return { ...NOT_RUN, problem: lossesText(lost) };
    const index = this.#steps++;
    if ('action' in step) return this.#perform(index, step.action, signal);
    const at = new Date(clock.now()).toISOString();
    await this.#journal.append({ type: 'step', step: index, argv: shownArgv(step.argv), at });
    crash('step.after-record');
    const { rehearsal, predictions, output } = await this.#rehearser.run(
      step,
      files,
      { overlay: new Map(), written: this.#written(), createdHere: this.#createdHere },
      signal,
    );
    if (!rehearsal.ok) {
      const { exitCode, stderr } = output ?? NOT_RUN;
      return { ...NOT_RUN, exitCode, stderr, problem: rehearsal.problem };
    }
    const outside = this.#open.namespace === undefined ? null : outsideOf(rehearsal.writes, [this.#open.namespace]);
    if (outside) return { ...NOT_RUN, problem: outside };
    await this.#recordDerived(rehearsal.writes.map((write) => write.before));
    crash('step.after-rehearsal');
    this.#monitor.beginStep(index, predictions);
    this.#loopback ??= Loopback.open(this.#monitor, this.#monitor.refuseStream);
    const { url } = await this.#loopback;
    const ran = await kubectl.run({
      argv: step.argv,
      server: url,
      namespace: target.namespace,
      context: target.context,
      files,
      timeoutMs: COMMAND_TIMEOUT_MS,
      signal,
    });
    crash('step.after-kubectl');
    const { refusals, writes, problem } = await this.#monitor.endStep();
    const { scrub } = this.#rehearser.veil;
    const failure = scrub(problem || refusals[0]?.reason || '') || ran.killed;
    const stderr = scrub(ran.stderr);
    const failed = failure || (ran.exitCode === 0 ? '' : failureLine(stderr));
    return {
      ok: failed === '',
      exitCode: ran.exitCode,
      stdout: scrub(ran.stdout),
      stderr,
      refusals: refusals.map((refusal) => scrub(refusal.reason)),
      writes,
      problem: failed,
    };
  }

  #perform(index: number, call: ActionCall, signal: AbortSignal): Promise<StepResult> {
    const { steady: upstream, clock, actions, mayWrite, crash } = this.#options;
    const performer = new ActionPerformer({ upstream, clock, actions, accept: this.#open.accept ?? [] });
    const { maxWrites } = this.#open;
    return performer.perform(index, call, { journal: this.#journal, maxWrites, mayWrite, crash }, signal);
  }

  /** Journal mode for programs of the engineer: all that they write is one command of this transaction. */
  async terminal(): Promise<{
    handler: Handler;
    refuseStream: (method: string, path: string) => void;
    refusals: () => readonly Refusal[];
    /** Why nothing more is written in it; empty while all is well. */
    problem: () => string;
    /** To be called before the transaction is ended: waits for what is on its way, and lets nothing more through. */
    end: () => Promise<unknown>;
  }> {
    const status = statusOf(this.#journal.records);
    if (status !== 'open') throw new Error(`transaction ${this.id} is ${status}: no further commands`);
    const index = this.#steps++;
    const at = new Date(this.#options.clock.now()).toISOString();
    await this.#journal.append({ type: 'step', step: index, argv: [...SAFE_TERMINAL], at });
    this.#monitor.beginStep(index);
    const monitor = this.#monitor;
    const end = () => monitor.endStep();
    const { refuseStream } = monitor;
    return { handler: monitor, refuseStream, refusals: () => monitor.refusals, problem: () => monitor.problem, end };
  }

  /** Journal mode for our own code, without kubectl: the same rules, the same journal. Part of the current command. */
  get handler(): Handler {
    return { handle: (request) => this.#monitor.handleAndNote(request) };
  }

  /** Who accepted losses has accepted those that nobody could foresee, too. The proof of an undo still names them. */
  async unacceptedLosses(): Promise<Loss[]> {
    if (this.#open.accept?.includes('losses')) return [];
    const losses = await this.#watch.losses();
    const { blind } = this.#watch;
    if (losses.length === 0 && blind.length > 0)
      throw new Error(
        `whether something vanished is not known: ${blind.slice(0, 5).join(', ')} can no longer be listed`,
      );
    return losses;
  }

  roots(): ObjectRef[] {
    return rootsIn(this.#journal.records);
  }

  writes(): number {
    return this.#monitor.writes();
  }

  written(): WrittenObject[] {
    const objects = new Map<string, WrittenObject>();
    for (const { ref, before, after } of this.#written()) {
      objects.set(refKey(ref), { ref, before: objects.get(refKey(ref))?.before ?? before, after });
    }
    return [...objects.values()];
  }

  async commit(): Promise<void> {
    this.#options.crash('commit.before');
    await this.#journal.setStatus('committed', new Date(this.#options.clock.now()).toISOString());
    this.#options.crash('commit.after');
  }

  /** Keeps what was written; where nothing was, no trace of the transaction is left. */
  async keep(): Promise<void> {
    if (this.#journal.records.some(isIntent)) return this.commit();
    await this.#journal.discard(new Date(this.#options.clock.now()).toISOString());
  }

  async undo(signal: AbortSignal): Promise<UndoResult> {
    const { upstream, clock, patienceMs, convergeMs, restoreOwnership, mayWrite, crash } = this.#options;
    const journal = this.#journal;
    return runUndo({
      upstream,
      journal,
      manager: this.#open.manager,
      clock,
      signal,
      patienceMs,
      convergeMs,
      restoreOwnership,
      mayWrite,
      crash,
      losses: this.#watch,
    });
  }

  async dispose(): Promise<void> {
    const loopback = await this.#loopback;
    if (loopback) {
      await loopback.close();
      await this.#options.kubectl.forget(loopback.url);
    }
    await this.#rehearser.close();
    await this.#journal.close();
  }

  #written() {
    return writesOf(this.#journal.records).filter(({ outcome }) => outcome !== 'rejected');
  }

  readonly #createdHere = (ref: ObjectRef, now: KubeObject | null): boolean =>
    writesOf(this.#journal.records).some(
      (write) =>
        refKey(write.ref) === refKey(ref) && write.before === null && write.after?.metadata.uid === now?.metadata.uid,
    );

  /** What hangs below a workload before its first change: needed to judge the undo, not to perform it. */
  async #recordDerived(objects: Array<KubeObject | null>): Promise<void> {
    for (const object of objects) {
      if (!object || !WORKLOAD_KINDS.has(object.kind)) continue;
      const ref = refOf(object);
      const known = this.#journal.records.some(
        (record) => record.type === 'derived' && refKey(record.ref) === refKey(ref),
      );
      const path = await this.#rehearser.inspector.pathOf(ref);
      if (known || !path) continue;
      // What cannot be listed is not compared afterwards; the proof then says nothing of level L3.
      const derived = await derivedObjects(this.#raw, object).catch(() => null);
      if (derived)
        await this.#journal.note({ type: 'derived', ref, root: path, objects: derived, counts: replicaCounts(object) });
    }
  }
}

/** The checkpoint is taken while the first command starts; of a transaction taken up again it is in the journal. */
function lossWatchOf(
  reader: MetadataReader,
  records: readonly JournalRecord[],
  namespace: string,
  openedAt: string,
): LossWatch {
  const watch = new LossWatch(reader, records.length > 1 ? Date.parse(openedAt) : Infinity);
  for (const record of records) {
    if (record.type === 'inventory') watch.restore(record.namespace, record.objects);
    if (record.type === 'intent') watch.announce(record.ref, record.forecast.consequences);
  }
  void watch.watch(namespace);
  return watch;
}
