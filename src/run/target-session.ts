import { createHash } from 'node:crypto';
import type { Conversion } from '../agents/conversion/conversion.ts';
import { convertCommand } from '../agents/conversion/convert-command.ts';
import { affectedBy } from '../cluster/affected.ts';
import { userCheckOracle } from '../cluster/check-oracle.ts';
import { connect, type ClusterConnection } from '../cluster/cluster-connection.ts';
import { ClusterError, messageOf } from '../domain/cluster-error.ts';
import type { FenceChange } from '../cluster/fence-installer.ts';
import { FencedLock } from '../cluster/fenced-lock.ts';
import { WatchSettler } from '../cluster/settle.ts';
import { HealthOracle, NodeOracle } from '../cluster/health-oracle.ts';
import { inventoryCheats } from '../cluster/inventory.ts';
import { KubeApi } from '../gateway/kube-api.ts';
import { loadKubeconfig } from '../cluster/kubeconfig.ts';
import type { LeaseLock } from '../cluster/lease-lock.ts';
import { SeverityReader } from '../cluster/severity-reader.ts';
import { SnapshotReader } from '../cluster/snapshot.ts';
import { TargetWatch } from '../cluster/target-watch.ts';
import type { Brain } from '../domain/brain.ts';
import type { Clock } from '../domain/clock.ts';
import type { LockResult, OpenTransaction, WriterLock } from '../domain/ports.ts';
import { DEFAULT_OPTIONS } from '../domain/run-event.ts';
import type { RunEvent } from '../domain/run-event.ts';
import type { Target } from '../domain/target.ts';
import type { StepRehearsal, StepResult, UndoResult } from '../domain/transaction.ts';
import type { FaultHook } from '../gateway/fault-points.ts';
import type { JournalStore } from '../gateway/journal-store.ts';
import type { KubectlBinary } from '../gateway/kubectl-binary.ts';
import { Kubectl } from '../gateway/kubectl.ts';
import { Monitor } from '../gateway/monitor.ts';
import type { SharedJournal } from '../gateway/shared-journal.ts';
import type { GatewayTransaction } from '../gateway/transactions.ts';
import { GatewayTransactions } from '../gateway/transactions.ts';
import type { AppConfig, CommandResult, LockStatus } from './app.ts';
import { LockedByAnother } from './app.ts';
import { agentRefusal, commandRefusal } from './confinement.ts';
import type { AskApproval, IncidentRunPorts } from './incident-run.ts';
import { owedOn } from './owed-transactions.ts';
import { openSharedJournal, SharedRecovery } from './shared-recovery.ts';
import type { ShellMode, ShellSession } from './shell-session.ts';
import { openReadShell, openWriteShell } from './shell-session.ts';

/** How long a decision to keep waits for the lock before it is recorded without. */
const KEEP_TIMEOUT_MS = 45_000;

export interface SessionParts {
  config: AppConfig;
  store: JournalStore;
  clock: Clock;
  kubectl(): Promise<KubectlBinary>;
  /** Only tests set it. */
  crash?: FaultHook;
}

/** Who hears of a lost lock; set after the lock was opened. */
interface LostListener {
  tell(reason: string): void;
}

/** Longer than a lock duration, which may have to pass first. */
const FENCE_TIMEOUT_MS = 120_000;

export function sha256(text: string): string {
  return createHash('sha256').update(text).digest('hex');
}

/** Everything that belongs to one pinned target: one connection, and one gateway mode for each role (design section 3). */
export class TargetSession {
  readonly target: Target;
  readonly reader: SnapshotReader;
  readonly #parts: SessionParts;
  readonly #connection: ClusterConnection;
  readonly #api: KubeApi;
  readonly #pin: TargetWatch;
  readonly #lost: LostListener;
  readonly #writers: FencedLock;
  readonly #lock: LeaseLock;

  private constructor(
    target: Target,
    parts: SessionParts,
    connection: ClusterConnection,
    writers: FencedLock,
    lost: LostListener,
  ) {
    this.target = target;
    this.#parts = parts;
    this.#connection = connection;
    this.#api = new KubeApi(new Monitor(connection, 'read'));
    this.#pin = new TargetWatch(parts.config, target);
    this.reader = new SnapshotReader(this.#api, [target.namespace], parts.clock);
    this.#writers = writers;
    this.#lock = writers.lock;
    this.#lost = lost;
  }

  /** Nothing is sent yet. @throws ClusterError when the kubeconfig does not describe the target any more */
  static async open(target: Target, parts: SessionParts): Promise<TargetSession> {
    const kubeconfig = await loadKubeconfig(parts.config);
    const { clock, config } = parts;
    const connection = await connect(kubeconfig, target, { clock, environment: process.env });
    const lost: LostListener = { tell: () => undefined };
    const writers = await FencedLock.open(kubeconfig, target, connection, clock, {
      stateFolder: config.stateFolder,
      ...(config.lockNamespace ? { namespace: config.lockNamespace } : {}),
      ...(config.lockSeconds ? { seconds: config.lockSeconds } : {}),
      ...(parts.crash ? { crash: parts.crash } : {}),
      onLost: (reason) => lost.tell(reason),
    });
    return new TargetSession(target, parts, connection, writers, lost);
  }

  /** @throws ClusterError unreachable, unauthorized, unknown-namespace … */
  async checkReachable(): Promise<void> {
    const { namespace, context } = this.target;
    try {
      await this.#api.getJson(`/api/v1/namespaces/${encodeURIComponent(namespace)}`);
    } catch (error) {
      const reason = error instanceof ClusterError ? error.reason : '';
      // Who may not read the Namespace itself may still work in it; a snapshot names the rights it lacks.
      if (reason === 'forbidden') return;
      if (reason !== 'not-found') throw error;
      throw new ClusterError(
        'unknown-namespace',
        `namespace '${namespace}' does not exist in context '${context}': give another with --namespace`,
      );
    }
  }

  /** Empty when the user may not list namespaces. */
  async namespaces(signal: AbortSignal): Promise<string[]> {
    try {
      const list = await this.#api.getJson<{ items: { metadata: { name: string } }[] }>('/api/v1/namespaces', signal);
      return list.items.map(({ metadata }) => metadata.name).sort();
    } catch {
      return [];
    }
  }

  /** @throws UsageError-like Error for a check that cannot be read */
  severity(checks: string[]): SeverityReader {
    const oracles = [
      new HealthOracle(),
      new NodeOracle(),
      userCheckOracle(checks, this.#connection, this.#parts.clock),
    ];
    return new SeverityReader(this.reader, oracles, this.#parts.clock);
  }

  /** @throws KubectlMissing, Error for a check that cannot be read */
  async runPorts(
    brain: Brain,
    checks: string[],
    askApproval: AskApproval,
    record: (event: RunEvent) => void,
  ): Promise<IncidentRunPorts> {
    const { clock } = this.#parts;
    const { version } = await this.#parts.kubectl();
    return {
      brain,
      cluster: this.reader,
      severity: this.severity(checks),
      transactions: await this.#transactions(),
      settler: this.#settler(),
      lock: this.#writerLock(),
      clock,
      askApproval,
      convert: (argv, later) => this.#convert(argv, later),
      confine: (argv, files) => agentRefusal(argv, files, this.target, version),
      isAffected: affectedBy,
      cheats: inventoryCheats,
      targetMoved: () => this.#moved(),
      record,
      hash: sha256,
    };
  }

  onLockLost(listener: (reason: string) => void): void {
    this.#lost.tell = listener;
  }

  /** Takes the writer lock, undoes, gives the lock back. */
  async undo(id: string, signal: AbortSignal, progress: (text: string) => void): Promise<UndoResult> {
    return this.#locked(id, signal, async () => {
      const transaction = await (await this.#transactions()).reopen(id);
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

  /** @throws LockedByAnother for `write` */
  async openShell(mode: ShellMode): Promise<ShellSession> {
    if (mode === 'read') return openReadShell(this.#connection, this.target);
    const lock = await this.#acquire('safe terminal', new AbortController().signal);
    if (!lock.ok) throw new LockedByAnother(`${lock.reason} (held by ${lock.holder})`);
    const release = (clean: boolean) =>
      (clean ? this.#lock.release() : this.#lock.mark('dirty')).catch(() => undefined);
    let transaction: GatewayTransaction | null = null;
    try {
      const transactions = await this.#transactions();
      const { maxWrites } = DEFAULT_OPTIONS;
      transaction = await transactions.begin({ run: 'shell', title: 'Safe terminal', maxWrites });
      await this.#lock.mark(`executing ${transaction.id}`);
      return await openWriteShell(transaction, this.target, release);
    } catch (error) {
      // Nothing was written yet; a transaction that cannot even be closed is owed.
      const closed = await transaction?.commit().then(
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
    if (share) return new SharedRecovery(share, store, this.#lock, this.target, clock);
    throw new Error("no shared key: set STRATUS_SHARED_KEY or STRATUS_SHARED_KEY_FILE to the team's key");
  }

  #share(): Promise<SharedJournal | null> {
    return openSharedJournal(this.#parts.config, this.#writers.upstream);
  }

  async rehearseCommand(argv: string[], signal: AbortSignal): Promise<StepRehearsal> {
    const { version } = await this.#parts.kubectl();
    const problem = commandRefusal(argv, this.target, version);
    const rehearsal = problem
      ? { argv, ok: false, problem, writes: [], partial: false }
      : (await (await this.#transactions()).rehearse(planOf(argv), signal))[0]!;
    return rehearsal.ok ? rehearsal : this.#withSuggestion(rehearsal);
  }

  /** The engineer's own command is never replaced, but a refusal names what would be let through. */
  async #withSuggestion(refused: StepRehearsal): Promise<StepRehearsal> {
    const conversion = await this.#convert(refused.argv, []);
    if (conversion.outcome === 'refused') return { ...refused, problem: conversion.reason };
    if (conversion.outcome === 'unchanged') return refused;
    const { version } = await this.#parts.kubectl();
    return conversion.commands.some((argv) => commandRefusal(argv, this.target, version))
      ? refused
      : { ...refused, problem: conversion.reason, instead: conversion.commands };
  }

  async #convert(argv: string[], later: string[][]): Promise<Conversion> {
    const scope = { namespace: this.target.namespace, maxWrites: DEFAULT_OPTIONS.maxWrites, later };
    try {
      return await convertCommand(argv, this.reader, scope);
    } catch (error) {
      return { outcome: 'refused', reason: `what the command would take away could not be read: ${messageOf(error)}` };
    }
  }

  async runCommand(argv: string[], signal: AbortSignal): Promise<CommandResult> {
    return this.#locked<CommandResult>(`run ${argv[0] ?? ''}`, signal, async () => {
      const transactions = await this.#transactions();
      const { maxWrites } = DEFAULT_OPTIONS;
      const transaction = await transactions.begin({ run: 'command', title: argv.join(' '), maxWrites });
      try {
        return await this.#commandIn(transaction, argv, signal);
      } finally {
        await transaction.dispose();
      }
    });
  }

  async #commandIn(transaction: OpenTransaction, argv: string[], signal: AbortSignal) {
    let result: StepResult;
    try {
      await this.#lock.mark(`executing ${transaction.id}`);
      result = await transaction.execute(planOf(argv).steps[0]!, [], signal);
      if (result.ok) {
        await transaction.commit();
        const tx = transaction.roots().length > 0 ? transaction.id : null;
        return { value: { result, tx, undo: null }, clean: true };
      }
    } catch (error) {
      // Whatever failed (the lock, the journal), the transaction is open: it is taken back, or owed and said to be.
      const writes = transaction.writes();
      result = { ok: false, exitCode: -1, stdout: '', stderr: '', refusals: [], writes, problem: messageOf(error) };
    }
    const undo = await transaction.undo(new AbortController().signal);
    return { value: { result, tx: null, undo }, clean: undo.outcome === 'undone' };
  }

  async lockStatus(): Promise<LockStatus> {
    return this.#lock.status();
  }

  /** True when a lock of this state folder, whose process ended behind its transaction's end, was given back. */
  async freeLeftLock(): Promise<boolean> {
    try {
      if ((await this.#lock.status()).state !== 'dirty') return false;
      // Denied at once when it is another machine's, or when something is still owed.
      const { ok } = await this.#acquire('freeing', AbortSignal.timeout(KEEP_TIMEOUT_MS));
      if (ok) await this.#lock.release();
      return ok;
    } catch (error) {
      if (error instanceof ClusterError) return false;
      throw error;
    }
  }

  async breakLock(): Promise<void> {
    await this.#lock.breakLock();
  }

  async fence(goal: 'install' | 'uninstall', apply: boolean): Promise<FenceChange[]> {
    if (!apply) return this.#writers.planFence(goal);
    return this.#writers.changeFence(goal, AbortSignal.timeout(FENCE_TIMEOUT_MS));
  }

  async dispose(): Promise<void> {
    this.#writers.close();
    await this.#connection.close();
  }

  async #locked<T>(
    purpose: string,
    signal: AbortSignal,
    work: () => Promise<{ value: T; clean: boolean }>,
  ): Promise<T> {
    const lock = await this.#acquire(purpose, signal);
    if (!lock.ok) throw new LockedByAnother(`${lock.reason} (held by ${lock.holder})`);
    let clean = false;
    try {
      const { value, clean: finished } = await work();
      clean = finished;
      return value;
    } finally {
      await (clean ? this.#lock.release() : this.#lock.mark('dirty')).catch(() => undefined);
    }
  }

  /** A transaction that is still owed to this cluster comes before anything new: writers stay frozen until then. */
  async #acquire(purpose: string, signal: AbortSignal): Promise<LockResult> {
    const reason = await owedOn(this.#parts.store, this.target.server, purpose);
    return reason ? { ok: false, holder: 'this machine', reason } : this.#lock.acquire(purpose, signal);
  }

  #writerLock(): WriterLock {
    const lock = this.#lock;
    return {
      acquire: (purpose, signal) => this.#acquire(purpose, signal),
      renew: () => lock.renew(),
      mark: (phase) => lock.mark(phase),
      release: () => lock.release(),
    };
  }

  async #transactions(): Promise<GatewayTransactions> {
    const { config, store, clock, crash } = this.#parts;
    const { fingerprint } = this.target;
    const kubectl = new Kubectl(await this.#parts.kubectl(), config.stateFolder, fingerprint, config.workingFolder);
    const mayWrite = async () => {
      const moved = await this.#moved();
      if (moved) return moved;
      return (await this.#lock.renew()) ? null : 'the writer lock is lost';
    };
    return new GatewayTransactions({
      upstream: this.#writers.upstream,
      target: this.target,
      kubectl,
      store,
      clock,
      mayWrite,
      share: await this.#share(),
      ...(crash ? { crash } : {}),
    });
  }

  #settler(): WatchSettler {
    return new WatchSettler(this.#api, this.#parts.clock, [this.target.namespace]);
  }

  #moved(): Promise<string | null> {
    return this.#pin.change();
  }
}

function planOf(argv: string[]) {
  const title = argv.join(' ');
  return {
    hash: sha256(title),
    title,
    findingId: '',
    steps: [{ argv, why: 'asked for by the engineer' }],
    files: [],
    expects: '',
  };
}
