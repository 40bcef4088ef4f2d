import { randomBytes } from 'node:crypto';
import type { Clock } from '../domain/clock.ts';
import type { KubeObject, ObjectRef } from '../domain/kube-object.ts';
import { refKey } from '../domain/kube-object.ts';
import type { Plan, PlanStep } from '../domain/plan.ts';
import type { OpenTransaction, TransactionManager, TransactionOpening } from '../domain/ports.ts';
import type { Target } from '../domain/target.ts';
import type { StepRehearsal, StepResult, TransactionSummary, UndoResult } from '../domain/transaction.ts';
import { rootsOf } from '../undo/inverse.ts';
import { KubeApi } from './kube-api.ts';
import type { ChildOutput } from './child.ts';
import { derivedObjects, replicaCounts, WORKLOAD_KINDS } from './derived-state.ts';
import { Discovery } from './discovery.ts';
import type { FaultHook } from './fault-points.ts';
import { JournalMonitor } from './journal-monitor.ts';
import type { Refusal } from './monitor.ts';
import type { OpenRecord } from './journal-records.ts';
import { statusOf, writesOf } from './journal-records.ts';
import type { JournalStore, OpenJournal } from './journal-store.ts';
import type { Kubectl } from './kubectl.ts';
import type { GatewayRequest, GatewayResponse, Handler } from './messages.ts';
import { statusResponse } from './messages.ts';
import { Loopback } from './loopback.ts';
import { passAsUpstream } from './raw-access.ts';
import { SecretScrubber } from './redact.ts';
import type { Overlay } from './rehearsal-monitor.ts';
import { RehearsalMonitor } from './rehearsal-monitor.ts';
import { runUndo } from './undo-run.ts';
import { SteadyUpstream } from './steady-upstream.ts';
import type { SharedJournal } from './shared-journal.ts';
import type { Upstream } from './upstream.ts';
import { WriteInspector } from './write-inspector.ts';

const READ_TIMEOUT_MS = 30_000;
const WRITE_TIMEOUT_MS = 120_000;

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

type Filled = Required<GatewayOptions> & {
  /** For everything but undo, which has a patience of its own. */
  steady: Upstream;
};

/** Transactions on one pinned cluster. */
export class GatewayTransactions implements TransactionManager {
  private readonly options: Filled;

  constructor(options: GatewayOptions) {
    this.options = {
      mayWrite: async () => null,
      share: null,
      crash: () => undefined,
      patienceMs: 30_000,
      stepPatienceMs: 12_000,
      convergeMs: 30_000,
      restoreOwnership: true,
      ...options,
      steady: new SteadyUpstream(options.upstream, {
        clock: options.clock,
        patienceMs: options.stepPatienceMs ?? 12_000,
      }),
    };
  }

  async rehearse(plan: Plan, signal: AbortSignal): Promise<StepRehearsal[]> {
    const rehearser = new Rehearser(this.options, 'stratus-rehearsal', true);
    const overlay: Overlay = new Map();
    const results: StepRehearsal[] = [];
    try {
      for (const [index, step] of plan.steps.entries()) {
        const { rehearsal } = await rehearser.run(step, plan.files, overlay, () => false, signal);
        results.push({ ...rehearsal, partial: index > 0 });
      }
      return results;
    } finally {
      await rehearser.close();
    }
  }

  async begin(opening: TransactionOpening): Promise<GatewayTransaction> {
    const { clock, store, target, crash, share } = this.options;
    const at = new Date(clock.now()).toISOString();
    const id = `tx-${at.slice(0, 19).replaceAll(/[-:]/g, '').replace('T', '-')}-${randomBytes(3).toString('hex')}`;
    const record: OpenRecord = { type: 'open', id, ...opening, target, manager: `stratus-${id.slice(3)}`, at };
    crash('begin.before-journal');
    const journal = await store.create(record);
    crash('begin.after-journal');
    try {
      if (share) journal.shareWith(await share.begin(record));
    } catch (error) {
      await journal.setStatus('undone', at, 'nothing was written: its copy in the cluster could not be made');
      await journal.close();
      throw error;
    }
    return new GatewayTransaction(this.options, journal, record);
  }

  list(): Promise<TransactionSummary[]> {
    return this.options.store.list();
  }

  /** @throws Error when it belongs to another cluster, is in use, does not exist or is damaged */
  async reopen(id: string): Promise<GatewayTransaction> {
    const journal = await this.options.store.take(id);
    const record = journal.records[0];
    if (record?.type !== 'open' || record.target.fingerprint !== this.options.target.fingerprint) {
      await journal.close();
      const where =
        record?.type === 'open' ? `context ${record.target.context} (${record.target.server})` : 'another cluster';
      throw new Error(`transaction ${id} belongs to ${where}: choose that context`);
    }
    if (this.options.share) journal.shareWith(this.options.share.ending(id));
    return new GatewayTransaction(this.options, journal, record);
  }
}

/** An open transaction and the children, listeners and journal that belong to it. */
export class GatewayTransaction implements OpenTransaction {
  readonly id: string;
  private readonly options: Filled;
  private readonly journal: OpenJournal;
  private readonly open: OpenRecord;
  private readonly rehearser: Rehearser;
  private readonly monitor: JournalMonitor;
  private readonly scrubber = new SecretScrubber();
  private readonly raw: KubeApi;
  private loopback: Promise<Loopback> | null = null;
  private steps = 0;

  constructor(options: Filled, journal: OpenJournal, open: OpenRecord) {
    this.id = open.id;
    this.options = options;
    this.journal = journal;
    this.open = open;
    this.raw = new KubeApi(passAsUpstream(options.steady));
    this.rehearser = new Rehearser(options, open.manager, open.acceptHuman ?? false);
    this.steps = journal.records.filter((record) => record.type === 'step').length;
    this.monitor = new JournalMonitor({
      upstream: options.steady,
      journal,
      inspector: this.rehearser.inspector,
      scrubber: this.scrubber,
      clock: options.clock,
      maxWrites: open.maxWrites,
      manager: open.manager,
      mayWrite: options.mayWrite,
      crash: options.crash,
      patienceMs: options.stepPatienceMs,
    });
  }

  async execute(step: PlanStep, files: Plan['files'], signal: AbortSignal): Promise<StepResult> {
    const status = statusOf(this.journal.records);
    if (status !== 'open') throw new Error(`transaction ${this.id} is ${status}: no further commands`);
    const { crash, clock, kubectl, target } = this.options;
    const index = this.steps++;
    await this.journal.append({ type: 'step', step: index, argv: step.argv, at: new Date(clock.now()).toISOString() });
    crash('step.after-record');
    const { rehearsal, predictions, output } = await this.rehearser.run(
      step,
      files,
      new Map(),
      this.createdHere,
      signal,
    );
    if (!rehearsal.ok) {
      return {
        ok: false,
        exitCode: output?.exitCode ?? -1,
        stdout: '',
        stderr: output?.stderr ?? '',
        refusals: [],
        writes: 0,
        problem: rehearsal.problem,
      };
    }
    await this.recordDerived(rehearsal.writes.map((write) => write.before));
    crash('step.after-rehearsal');
    this.monitor.beginStep(index, predictions);
    this.loopback ??= Loopback.open(this.monitor, this.monitor.refuseStream);
    const { url } = await this.loopback;
    const ran = await kubectl.run({
      argv: step.argv,
      server: url,
      namespace: target.namespace,
      context: target.context,
      files,
      timeoutMs: WRITE_TIMEOUT_MS,
      signal,
    });
    crash('step.after-kubectl');
    const { refusals, writes, problem } = await this.monitor.endStep();
    const scrub = (text: string) => this.scrubber.scrub(this.rehearser.scrubber.scrub(text));
    const failure =
      problem || refusals[0]?.reason || ran.killed || (ran.exitCode === 0 ? '' : lastLine(scrub(ran.stderr)));
    return {
      ok: failure === '',
      exitCode: ran.exitCode,
      stdout: scrub(ran.stdout),
      stderr: scrub(ran.stderr),
      refusals: refusals.map((refusal) => refusal.reason),
      writes,
      problem: failure,
    };
  }

  /** Journal mode for programs of the engineer: all that they write is one command of this transaction. */
  async terminal(): Promise<{
    handler: Handler;
    refuseStream: (method: string, path: string) => void;
    refusals: () => readonly Refusal[];
  }> {
    const status = statusOf(this.journal.records);
    if (status !== 'open') throw new Error(`transaction ${this.id} is ${status}: no further commands`);
    const index = this.steps++;
    const at = new Date(this.options.clock.now()).toISOString();
    await this.journal.append({ type: 'step', step: index, argv: ['(safe terminal)'], at });
    this.monitor.beginStep(index);
    const { monitor } = this;
    return { handler: monitor, refuseStream: monitor.refuseStream, refusals: () => monitor.refusals };
  }

  /** Journal mode for our own code, without kubectl: the same rules, the same journal. Part of the current command. */
  get handler(): Handler {
    return { handle: (request) => this.monitor.handleAndNote(request) };
  }

  roots(): ObjectRef[] {
    return rootsOf(writesOf(this.journal.records));
  }

  writes(): number {
    return this.monitor.writes();
  }

  async commit(): Promise<void> {
    this.options.crash('commit.before');
    await this.journal.setStatus('committed', new Date(this.options.clock.now()).toISOString());
    this.options.crash('commit.after');
  }

  async undo(signal: AbortSignal): Promise<UndoResult> {
    const { upstream, clock, patienceMs, convergeMs, restoreOwnership, mayWrite, crash } = this.options;
    const { journal } = this;
    return runUndo({
      upstream,
      journal,
      manager: this.open.manager,
      clock,
      signal,
      patienceMs,
      convergeMs,
      restoreOwnership,
      mayWrite,
      crash,
    });
  }

  async dispose(): Promise<void> {
    const loopback = await this.loopback;
    if (loopback) {
      await loopback.close();
      await this.options.kubectl.forget(loopback.url);
    }
    await this.rehearser.close();
    await this.journal.close();
  }

  private readonly createdHere = (ref: ObjectRef, now: KubeObject | null): boolean =>
    writesOf(this.journal.records).some(
      (write) =>
        refKey(write.ref) === refKey(ref) && write.before === null && write.after?.metadata.uid === now?.metadata.uid,
    );

  /** What hangs below a workload before its first change: needed to judge the undo, not to perform it. */
  private async recordDerived(objects: Array<KubeObject | null>): Promise<void> {
    for (const object of objects) {
      if (!object || !WORKLOAD_KINDS.has(object.kind)) continue;
      const ref: ObjectRef = {
        apiVersion: object.apiVersion,
        kind: object.kind,
        namespace: object.metadata.namespace,
        name: object.metadata.name,
      };
      const known = this.journal.records.some(
        (record) => record.type === 'derived' && refKey(record.ref) === refKey(ref),
      );
      const path = await this.rehearser.inspector.pathOf(ref);
      if (known || !path) continue;
      const derived = await derivedObjects(this.raw, object).catch(() => null);
      if (derived)
        await this.journal.note({ type: 'derived', ref, root: path, objects: derived, counts: replicaCounts(object) });
    }
  }
}

/** Runs commands in rehearse mode. */
class Rehearser {
  readonly inspector: WriteInspector;
  readonly scrubber = new SecretScrubber();
  private readonly options: Filled;
  private loopback: Promise<Loopback> | null = null;
  private current: RehearsalMonitor | null = null;

  constructor(options: Filled, manager: string, acceptHuman: boolean) {
    this.options = options;
    const raw = new KubeApi(passAsUpstream(options.steady));
    this.inspector = new WriteInspector(raw, new Discovery((path) => raw.find(path)), manager, acceptHuman);
  }

  async run(
    step: PlanStep,
    files: Plan['files'],
    overlay: Overlay,
    createdHere: (ref: ObjectRef, now: KubeObject | null) => boolean,
    signal: AbortSignal,
  ): Promise<{
    rehearsal: StepRehearsal;
    predictions: ReadonlyMap<string, KubeObject | null>;
    output: ChildOutput | null;
  }> {
    const ok: StepRehearsal = { argv: step.argv, ok: true, problem: '', writes: [], partial: false };
    // They wait for what a rehearsal never brings about, and write nothing.
    if (waitsOnly(step.argv)) return { rehearsal: ok, predictions: new Map(), output: null };
    const { steady, kubectl, target } = this.options;
    const monitor = new RehearsalMonitor(steady, this.inspector, this.scrubber, overlay, createdHere);
    this.current = monitor;
    this.loopback ??= Loopback.open({ handle: (request) => this.handle(request) }, (method, path) =>
      this.current?.refuseStream(method, path),
    );
    const { url } = await this.loopback;
    // While kubectl starts.
    void steady.warmUp?.();
    const output = await kubectl.run({
      argv: step.argv,
      server: url,
      namespace: target.namespace,
      context: target.context,
      files,
      timeoutMs: READ_TIMEOUT_MS,
      signal,
    });
    this.current = null;
    const stderr = this.scrubber.scrub(output.stderr);
    const problem = monitor.refusals[0]?.reason ?? (output.killed || (output.exitCode === 0 ? '' : lastLine(stderr)));
    const rehearsal = { ...ok, ok: problem === '', problem, writes: monitor.writes };
    return { rehearsal, predictions: monitor.predictions, output: { ...output, stderr } };
  }

  async close(): Promise<void> {
    const loopback = await this.loopback;
    this.loopback = null;
    if (!loopback) return;
    await loopback.close();
    await this.options.kubectl.forget(loopback.url);
  }

  /** A child that outlives its command finds nobody to talk to. */
  private handle(request: GatewayRequest): Promise<GatewayResponse> {
    return this.current?.handle(request) ?? Promise.resolve(statusResponse(403, 'no rehearsal is running'));
  }
}

function waitsOnly(argv: string[]): boolean {
  const words = argv.filter((word) => !word.startsWith('-'));
  return words[0] === 'wait' || (words[0] === 'rollout' && words[1] === 'status');
}

function lastLine(text: string): string {
  const lines = text.trim().split('\n');
  return (lines.at(-1) || 'kubectl failed without a message').slice(0, 500);
}
