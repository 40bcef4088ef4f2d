import type { FenceChange } from '../cluster/lock/fence-installer.ts';
import type { FencedLock } from '../cluster/lock/fenced-lock.ts';
import type { LeaseLock } from '../cluster/lock/lease-lock.ts';
import type { Clock } from '../domain/clock.ts';
import { messageOf } from '../domain/cluster-error.ts';
import type { CommandStep, TransactionStep } from '../domain/plan.ts';
import { argvOfStep } from '../domain/plan.ts';
import type { LockResult, OpenTransaction, WriterLock } from '../domain/ports.ts';
import { DEFAULT_OPTIONS } from '../domain/run-event.ts';
import type { Target } from '../domain/target.ts';
import type { Acceptance, StepResult, UndoResult } from '../domain/transaction.ts';
import { lossesText } from '../domain/transaction.ts';
import type { FaultHook } from '../gateway/journal/fault-points.ts';
import type { JournalStore } from '../gateway/journal/journal-store.ts';
import type { KubectlBinary } from '../gateway/child/kubectl-binary.ts';
import { pathIfAny } from '../gateway/child/kubectl-binary.ts';
import { Kubectl } from '../gateway/child/kubectl.ts';
import { LockClaim } from '../gateway/disk/lock-claims.ts';
import type { SharedJournal } from '../gateway/journal/shared-journal.ts';
import type { GatewayTransaction } from '../gateway/gateway-transaction.ts';
import { GatewayTransactions } from '../gateway/transactions.ts';
import { shownArgv } from '../kubectl/secret-words.ts';
import type { AppConfig } from './app-config.ts';
import type { CommandResult } from './shell.ts';
import type { LockStatus } from './writer-lock.ts';
import { lockRefusal } from './lock-refusal.ts';
import { owedOn } from './owed-transactions.ts';
import { openSharedJournal, SharedRecovery } from './shared-recovery.ts';
import type { RunbookLibrary } from './runbook-library.ts';
import type { ShellSession } from './shell-session.ts';
import { openWriteShell } from './shell-session.ts';
import { StratusError } from '../domain/stratus-error.ts';

/** How long a decision to keep waits for the lock before it is recorded without. */
const KEEP_TIMEOUT_MS = 45_000;

/** Longer than a lock duration, which may have to pass first. */
const FENCE_TIMEOUT_MS = 120_000;

export interface WriterParts {
  target: Target;
  config: AppConfig;
  store: JournalStore;
  clock: Clock;
  kubectl(): Promise<KubectlBinary>;
  library: RunbookLibrary;
  /** Null while the kubeconfig still says what it said when the target was pinned. */
  targetMoved(): Promise<string | null>;
  /** Only tests set it. */
  crash?: FaultHook;
}

/** What changes one target: everything here holds the writer lock while it writes, and gives it back clean or dirty. */
export class TargetWriter {
  readonly #parts: WriterParts;
  readonly #writers: FencedLock;
  readonly #lock: LeaseLock;
  readonly #claim: LockClaim;

  constructor(parts: WriterParts, writers: FencedLock) {
    this.#parts = parts;
    this.#writers = writers;
    this.#lock = writers.lock;
    this.#claim = new LockClaim(parts.config.stateFolder, parts.target);
  }

  /** Takes the writer lock, undoes, gives the lock back. */
  async undo(id: string, signal: AbortSignal, progress: (text: string) => void): Promise<UndoResult> {
    return this.#locked(id, signal, async () => {
      const transaction = await (await this.transactions()).reopen(id);
      try {
        progress('replaying the inverse writes');
        await this.#lock.mark(`undoing ${id}`);
        const result = await transaction.undo(signal);
        return { value: result, clean: result.outcome === 'undone' };
      } finally {
        await transaction.dispose();
      }
    });
  }

  /** Takes the lock that the transaction left behind, runs `record`, and gives it back clean. */
  async keep(id: string, record: () => Promise<void>): Promise<void> {
    const signal = AbortSignal.timeout(KEEP_TIMEOUT_MS);
    const share = await this.#share();
    await this.#locked(id, signal, async () => {
      await record();
      await share?.remove(id);
      return { value: undefined, clean: true };
    });
  }

  /** A terminal whose writes are one transaction. @throws LockedByAnother, UndoUnfinished */
  async openShell(signal: AbortSignal, accept: Acceptance[]): Promise<ShellSession> {
    const lock = await this.#acquire('safe terminal', signal);
    if (!lock.ok) throw lockRefusal(lock);
    const release = (clean: boolean) => this.#giveBack(clean);
    let transaction: GatewayTransaction | null = null;
    try {
      const transactions = await this.transactions();
      const { maxWrites } = DEFAULT_OPTIONS;
      transaction = await transactions.begin({ run: 'shell', title: 'Safe terminal', maxWrites, accept });
      await this.#lock.mark(`executing ${transaction.id}`);
      const undo = (open: GatewayTransaction) => this.#undoHere(open);
      const kubectl = await pathIfAny(this.#parts.kubectl());
      return await openWriteShell(transaction, this.#parts.target, kubectl, { undo, release });
    } catch (error) {
      // Nothing was written yet; a transaction that cannot even be closed is owed.
      const closed = await transaction?.keep().then(
        () => true,
        () => false,
      );
      await transaction?.dispose();
      await release(closed ?? true);
      throw error;
    }
  }

  /** @throws Error without a shared key */
  async sharedRecovery(): Promise<SharedRecovery> {
    const share = await this.#share();
    const { store, clock } = this.#parts;
    if (share) return new SharedRecovery(share, store, this.#lock, this.#parts.target, clock);
    throw new StratusError(
      'bad-key',
      "no shared key: set STRATUS_SHARED_KEY or STRATUS_SHARED_KEY_FILE to the team's key",
    );
  }

  #share(): Promise<SharedJournal | null> {
    return openSharedJournal(this.#parts.config, this.#writers.upstream);
  }

  /** A command that writes nothing by its words: without lock and transaction, where nothing can be written. */
  async read(step: CommandStep, signal: AbortSignal): Promise<CommandResult> {
    return { result: await (await this.transactions()).read(step, signal), tx: null, undo: null };
  }

  /** One step as a transaction of its own. */
  async runStep(step: TransactionStep, accept: Acceptance[], signal: AbortSignal): Promise<CommandResult> {
    const argv = argvOfStep(step);
    return this.#locked<CommandResult>(`run ${argv[0] ?? ''}`, signal, async () => {
      const transaction = await this.#beginCommand(argv, accept);
      try {
        return await this.#commandIn(transaction, step, signal);
      } finally {
        await transaction.dispose();
      }
    });
  }

  async #beginCommand(argv: string[], accept: Acceptance[]): Promise<GatewayTransaction> {
    try {
      const transactions = await this.transactions();
      const { maxWrites } = DEFAULT_OPTIONS;
      const title = shownArgv(argv).join(' ');
      return await transactions.begin({ run: 'command', title, maxWrites, accept });
    } catch (error) {
      // Nothing was opened, so nothing is owed: the lock must not say so.
      await this.#release().catch(() => undefined);
      throw error;
    }
  }

  async #commandIn(transaction: GatewayTransaction, step: TransactionStep, signal: AbortSignal) {
    let result: StepResult;
    try {
      await this.#lock.mark(`executing ${transaction.id}`);
      result = await transaction.execute(step, [], signal);
      const lost = result.ok ? await transaction.unacceptedLosses() : [];
      if (lost.length > 0)
        result = { ...result, ok: false, problem: `${lossesText(lost)}; who accepts losses keeps the write` };
      if (result.ok && !signal.aborted) {
        await transaction.keep();
        const tx = transaction.roots().length > 0 ? transaction.id : null;
        return { value: { result, tx, undo: null }, clean: true };
      }
      if (result.ok) result = { ...result, ok: false, problem: 'cancelled' };
    } catch (error) {
      // Whatever failed (the lock, the journal), the transaction is open: it is taken back, or owed and said to be.
      const writes = transaction.writes();
      result = { ok: false, exitCode: -1, stdout: '', stderr: '', refusals: [], writes, problem: messageOf(error) };
    }
    const undo = await this.#undoHere(transaction);
    const clean = undo.outcome === 'undone';
    return { value: { result, tx: clean ? null : transaction.id, undo }, clean };
  }

  /**
   * Undoes a transaction of this process, never to be interrupted. A lock that was lost meanwhile, as by a process that was
   * stopped for longer than the lock lasts, is taken again first; while another writer holds it nothing is written.
   */
  async #undoHere(transaction: OpenTransaction): Promise<UndoResult> {
    const { signal } = new AbortController();
    if (!(await this.#lock.renew())) {
      const lock = await this.#acquire(transaction.id, signal).catch((error: unknown) => ({
        ok: false as const,
        holder: 'nobody that is known',
        reason: messageOf(error),
      }));
      if (!lock.ok) {
        const reason = `the writer lock was lost and is not to be had again: ${lock.reason} (held by ${lock.holder})`;
        return { outcome: 'stranded', writes: 0, reason };
      }
      // The mark is for people who ask who holds the lock.
      await this.#lock.mark(`undoing ${transaction.id}`).catch(() => undefined);
    }
    return transaction.undo(signal);
  }

  async lockStatus(): Promise<LockStatus> {
    return this.#lock.status();
  }

  /**
   * True when a lock of this state folder, whose process ended behind its transaction's end, was given back.
   * @throws ClusterError when the lock cannot be looked at
   */
  async freeLeftLock(): Promise<boolean> {
    if (!(await this.#lock.isLeftBehind())) return false;
    // Denied at once when it is another machine's, or when something is still owed.
    const { ok } = await this.#acquire('freeing', AbortSignal.timeout(KEEP_TIMEOUT_MS));
    if (ok) await this.#release();
    return ok;
  }

  async breakLock(): Promise<void> {
    await this.#lock.breakLock();
  }

  async fence(goal: 'install' | 'uninstall', apply: boolean): Promise<FenceChange[]> {
    if (!apply) return this.#writers.planFence(goal);
    return this.#writers.changeFence(goal, AbortSignal.timeout(FENCE_TIMEOUT_MS));
  }

  async #locked<T>(
    purpose: string,
    signal: AbortSignal,
    work: () => Promise<{ value: T; clean: boolean }>,
  ): Promise<T> {
    const lock = await this.#acquire(purpose, signal);
    if (!lock.ok) throw lockRefusal(lock);
    let clean = false;
    try {
      const { value, clean: finished } = await work();
      clean = finished;
      return value;
    } finally {
      await this.#giveBack(clean);
    }
  }

  /** A lock that was lost behind the last write still says that something is under way: it is taken again to free it. */
  async #giveBack(clean: boolean): Promise<void> {
    const work = async () => {
      if (!clean) return this.#lock.mark('dirty');
      if (!(await this.#lock.renew())) await this.#acquire('released', AbortSignal.timeout(KEEP_TIMEOUT_MS));
      return this.#release();
    };
    // The lock runs out by itself, and whoever takes it finds what is owed in the journal.
    await work().catch(() => undefined);
  }

  /** A transaction that is still owed to this cluster comes before anything new: writers stay frozen until then. */
  async #acquire(purpose: string, signal: AbortSignal): Promise<LockResult> {
    const owed = await this.owed(purpose);
    if (owed) return owed;
    // One that another command of this process holds has a claim already, and keeps it.
    if (this.#lock.level === null) await this.#claim.make();
    try {
      const result = await this.#lock.acquire(purpose, signal);
      return result.ok || !(await this.#worksElsewhere()) ? result : { ...result, own: true };
    } finally {
      if (this.#lock.level === null) await this.#claim.drop();
    }
  }

  /** A window or terminal with this state folder has a transaction under way on this cluster. */
  async #worksElsewhere(): Promise<boolean> {
    const { store, target } = this.#parts;
    return (await store.list()).some(({ active, fingerprint }) => active && fingerprint === target.fingerprint);
  }

  /** The refusal that {@link owedOn} makes of a request for the lock; null when nothing is owed. */
  async owed(purpose: string | null = null): Promise<Extract<LockResult, { ok: false }> | null> {
    const owed = await owedOn(this.#parts.store, this.#parts.target.server, purpose);
    return owed && { ok: false, holder: 'this machine', reason: owed.reason, owed: owed.transaction.id };
  }

  async #release(): Promise<void> {
    await this.#lock.release();
    await this.#claim.drop();
  }

  /** The lock as a run uses it. */
  get lock(): WriterLock {
    const lock = this.#lock;
    return {
      acquire: (purpose, signal) => this.#acquire(purpose, signal),
      renew: () => lock.renew(),
      mark: (phase) => lock.mark(phase),
      release: () => this.#release(),
    };
  }

  async transactions(): Promise<GatewayTransactions> {
    const { config, store, clock, target, crash, library } = this.#parts;
    const { fingerprint } = target;
    const kubectl = new Kubectl(await this.#parts.kubectl(), config.stateFolder, fingerprint, config.workingFolder);
    const mayWrite = async () => {
      const moved = await this.#parts.targetMoved();
      if (moved) return moved;
      return (await this.#lock.renew()) ? null : 'the writer lock is lost';
    };
    return new GatewayTransactions({
      upstream: this.#writers.upstream,
      target,
      kubectl,
      store,
      clock,
      mayWrite,
      share: await this.#share(),
      actions: library,
      ...(crash ? { crash } : {}),
    });
  }
}
