import { watch } from 'node:fs';
import { userInfo } from 'node:os';
import { join } from 'node:path';
import { PlaybookBrain } from '../agents/playbooks/playbook-brain.ts';
import type { FenceChange } from '../cluster/lock/fence-installer.ts';
import { loadKubeconfig } from '../cluster/connect/kubeconfig.ts';
import { SystemClock } from '../cluster/connect/system-clock.ts';
import type { Brain } from '../domain/brain.ts';
import { messageOf } from '../domain/cluster-error.ts';
import { NO_LIMIT } from '../domain/budget.ts';
import type { Clock } from '../domain/clock.ts';
import type { ObjectRef } from '../domain/kube-object.ts';
import { refKey, refLabel } from '../domain/kube-object.ts';
import type { RunEvent } from '../domain/run-event.ts';
import { mu } from '../domain/severity.ts';
import type { Target } from '../domain/target.ts';
import type { Acceptance, StepRehearsal, TransactionSummary, UndoResult } from '../domain/transaction.ts';
import { undoOf, writeDetails } from '../gateway/journal/journal-details.ts';
import type { FaultHook } from '../gateway/journal/fault-points.ts';
import { JournalDamaged } from '../gateway/journal/journal-lines.ts';
import { JournalStore } from '../gateway/journal/journal-store.ts';
import { abandonedClaims } from '../gateway/disk/lock-claims.ts';
import { findKubectl } from '../gateway/child/kubectl-binary.ts';
import type {
  AppConfig,
  CommandResult,
  ContextChoice,
  Diagnosis,
  LockStatus,
  MitigateRequest,
  SharedSummary,
  StratusApp,
  TransactionDetail,
} from './app.ts';
import type { ObjectDivergence } from './divergence.ts';
import { divergenceOf } from './divergence.ts';
import { IncidentRun } from './incident-run.ts';
import { isOwed } from './owed-transactions.ts';
import type { PastRun } from './run-history.ts';
import { listRuns, readRun } from './run-history.ts';
import { RunLog } from './run-log.ts';
import type { ShellMode, ShellSession } from './shell-session.ts';
import { sha256 } from './sha256.ts';
import { TargetSession } from './target-session.ts';
import { StratusError } from '../domain/stratus-error.ts';

/** Composition of the application from its parts; the only place where they meet. */
export async function createApp(config: AppConfig, parts: Partial<AppParts> = {}): Promise<StratusApp> {
  const store = await JournalStore.open(config.stateFolder, process.env);
  return new App(config, store, { clock: new SystemClock(), brains: [new PlaybookBrain()], ...parts });
}

/** What a test may replace: time, and the brains (a brain holds no rights, so any will do). */
export interface AppParts {
  clock: Clock;
  /** The last takes over from those before it. */
  brains: readonly Brain[];
  /** Called at every boundary at which the process can die; default: nothing happens there. */
  crash?: FaultHook;
}

/** Where a transaction was made, or a lock taken. */
type Pinned = Pick<TransactionSummary, 'context' | 'namespace' | 'fingerprint'> & { id?: string };

class App implements StratusApp {
  readonly #config: AppConfig;
  readonly #store: JournalStore;
  readonly #parts: AppParts;
  readonly #sessions = new Map<string, Promise<TargetSession>>();
  readonly #watchers = new Set<{ close(): void }>();

  constructor(config: AppConfig, store: JournalStore, parts: AppParts) {
    this.#config = config;
    this.#store = store;
    this.#parts = parts;
  }

  async contexts(): Promise<ContextChoice[]> {
    return (await loadKubeconfig(this.#config)).contexts();
  }

  async namespaces(context: string, signal: AbortSignal): Promise<string[]> {
    const target = await (await loadKubeconfig(this.#config)).target(context);
    return (await this.#session(target)).namespaces(signal);
  }

  async pin(context?: string, namespace?: string): Promise<Target> {
    const target = await (await loadKubeconfig(this.#config)).target(context, namespace);
    await (await this.#session(target)).checkReachable();
    return target;
  }

  async mitigate(request: MitigateRequest): Promise<IncidentRun> {
    const { target, options, checks, askApproval } = request;
    const session = await this.#session(target);
    const id = `run-${new Date(this.#parts.clock.now()).toISOString().slice(0, 19).replaceAll(/[-:T]/g, '')}-${sha256(`${process.pid} ${this.#parts.clock.monotonic()}`).slice(0, 4)}`;
    const log = await RunLog.open(this.#config.stateFolder, id);
    const ports = await session.runPorts(this.#brains(request.brain), checks, askApproval, (event) =>
      log.append(event),
    );
    const run = new IncidentRun(id, target, options, ports);
    session.onLockLost((reason) => run.lockLost(reason));
    return run;
  }

  /** The one that was asked for, then the one that takes over. */
  #brains(name?: string): Brain[] {
    const { brains } = this.#parts;
    const wanted = name === undefined ? brains[0] : brains.find((brain) => brain.name === name);
    if (!wanted)
      throw new Error(`there is no brain '${name}'; this version has: ${brains.map((one) => one.name).join(', ')}`);
    const last = brains.at(-1)!;
    return last === wanted ? [wanted] : [wanted, last];
  }

  runs(limit: number): Promise<PastRun[]> {
    return listRuns(this.#config.stateFolder, limit);
  }

  runEvents(id: string): Promise<RunEvent[]> {
    return readRun(this.#config.stateFolder, id);
  }

  async diagnose(target: Target, checks: string[], signal: AbortSignal): Promise<Diagnosis> {
    const session = await this.#session(target);
    const { severity, snapshot, oracles } = await session.severity(checks).baseline(signal);
    const [brain] = this.#brains();
    const notes: string[] = [];
    const { findings, hypotheses } = await brain!.diagnose({
      run: '',
      target,
      snapshot,
      severity,
      evidence: session.reader,
      clock: this.#parts.clock,
      budget: NO_LIMIT,
      signal,
      emit: (emission) => void (emission.type === 'thought' && !emission.partial && notes.push(emission.text)),
    });
    return { findings, hypotheses, notes, severity, mu: severity.known ? mu(severity) : null, oracles };
  }

  async transactions(): Promise<TransactionSummary[]> {
    return (await this.#store.list()).reverse();
  }

  async transaction(id: string): Promise<TransactionDetail> {
    const records = await this.#store.read(id);
    const summary = (await this.#store.list()).find((one) => one.id === id);
    if (!summary) throw new Error(`transaction ${id} is not in the index: 'stratus journal verify' tells more`);
    const note = records.findLast((record) => record.type === 'phase')?.reason;
    return { ...summary, details: writeDetails(records), undo: undoOf(records), ...(note ? { note } : {}) };
  }

  async unfinished(): Promise<TransactionSummary[]> {
    return (await this.transactions()).filter(isOwed);
  }

  async undo(id: string, signal: AbortSignal, progress: (text: string) => void): Promise<UndoResult> {
    const summary = await this.#summary(id);
    await this.#refuseOutOfOrder(summary);
    const session = await this.#sessionOf(summary);
    return session.writer.undo(id, signal, progress);
  }

  /** What a later transaction built on cannot be taken from under it: both undos would be right, and the end wrong. */
  async #refuseOutOfOrder({ id, openedAt, status, fingerprint, roots }: TransactionSummary): Promise<void> {
    if (status !== 'committed') return;
    const ours = new Set(roots.map(refKey));
    const later = (await this.#store.list()).filter(
      (one) => one.fingerprint === fingerprint && one.openedAt > openedAt && one.id !== id && one.status !== 'undone',
    );
    const last = later.findLast((one) => one.roots.some((ref) => ours.has(refKey(ref))));
    const shared = last?.roots.find((ref) => ours.has(refKey(ref)));
    if (last && shared)
      throw new StratusError(
        'out-of-order',
        `transaction ${last.id} ('${last.title}') wrote to ${refLabel(shared)} after it: undo that first ('stratus undo --tx ${last.id}')`,
      );
  }

  async keep(id: string): Promise<string> {
    const summary = await this.#summary(id);
    if (!isOwed(summary)) throw new Error(`transaction ${id} is ${summary.status}: there is nothing to decide`);
    const record = async () => {
      const at = new Date(this.#parts.clock.now()).toISOString();
      let journal;
      try {
        journal = await this.#store.take(id);
      } catch (error) {
        if (error instanceof JournalDamaged) return this.#store.keepDamaged(id, at);
        throw error;
      }
      try {
        await journal.setStatus('committed', at, `kept as it stands (${summary.status}) by ${userInfo().username}`);
      } finally {
        await journal.close();
      }
    };
    try {
      await (await this.#sessionOf(summary)).writer.keep(id, record);
      return '';
    } catch (error) {
      // Whoever decides to keep must be able to, also where the cluster is gone for good.
      if (isOwed(await this.#summary(id))) await record();
      return `the writer lock could not be freed: ${messageOf(error)}`;
    }
  }

  async freeLeftLocks(): Promise<string[]> {
    const said: string[] = [];
    for (const { target, forget } of await abandonedClaims(this.#config.stateFolder)) {
      try {
        const { writer } = await this.#sessionOf(target, 'a process of this machine ended');
        if (await writer.freeLeftLock()) said.push(`the writer lock left on ${target.context} was freed`);
        await forget();
      } catch (error) {
        said.push(`whether a writer lock was left on ${target.context} is not known: ${messageOf(error)}`);
      }
    }
    return said;
  }

  async sharedTransaction(target: Target): Promise<SharedSummary | null> {
    return (await (await this.#session(target)).writer.sharedRecovery()).look();
  }

  async adoptShared(target: Target, signal: AbortSignal): Promise<string> {
    return (await (await this.#session(target)).writer.sharedRecovery()).adopt(signal);
  }

  async divergence(id: string): Promise<ObjectDivergence[]> {
    const detail = await this.transaction(id);
    const read = async (ref: ObjectRef) => (await this.#sessionOf(detail)).reader.get(ref);
    return divergenceOf(detail, read);
  }

  async #summary(id: string): Promise<TransactionSummary> {
    const summary = (await this.#store.list()).find((one) => one.id === id);
    if (!summary) throw new Error(`there is no transaction '${id}' in the journal`);
    return summary;
  }

  async verifyJournal(): Promise<string[]> {
    return (await this.#store.verify()).map(({ name, problem }) => `${name}: ${problem}`);
  }

  async lockStatus(target: Target): Promise<LockStatus> {
    return (await this.#session(target)).writer.lockStatus();
  }

  async breakLock(target: Target): Promise<void> {
    await (await this.#session(target)).writer.breakLock();
  }

  async fence(target: Target, goal: 'install' | 'uninstall', apply: boolean): Promise<FenceChange[]> {
    return (await this.#session(target)).writer.fence(goal, apply);
  }

  async rehearseCommand(target: Target, argv: string[], signal: AbortSignal): Promise<StepRehearsal> {
    return (await this.#session(target)).rehearseCommand(argv, signal);
  }

  async runCommand(target: Target, argv: string[], accept: Acceptance[], signal: AbortSignal): Promise<CommandResult> {
    return (await this.#session(target)).writer.runCommand(argv, accept, signal);
  }

  async openShell(
    target: Target,
    mode: ShellMode,
    signal = new AbortController().signal,
    accept: Acceptance[] = [],
  ): Promise<ShellSession> {
    const session = await this.#session(target);
    return mode === 'read' ? session.openReadShell() : session.writer.openShell(signal, accept);
  }

  onJournalChange(listener: () => void): { dispose(): void } {
    const watcher = watch(join(this.#config.stateFolder, 'journal'), { persistent: false }, () => listener());
    watcher.on('error', () => watcher.close());
    this.#watchers.add(watcher);
    return {
      dispose: () => {
        watcher.close();
        this.#watchers.delete(watcher);
      },
    };
  }

  async dispose(): Promise<void> {
    for (const watcher of this.#watchers) watcher.close();
    for (const session of this.#sessions.values()) await (await session.catch(() => null))?.dispose();
  }

  /** The pinned target of a transaction: its context must still mean the same cluster and user (I10). */
  async #sessionOf(pinned: Pinned, since = `${pinned.id} was made`): Promise<TargetSession> {
    const target = await (await loadKubeconfig(this.#config)).target(pinned.context, pinned.namespace);
    if (target.fingerprint !== pinned.fingerprint) {
      throw new Error(
        `context '${pinned.context}' now means another cluster or user than when ${since}: restore it in the kubeconfig`,
      );
    }
    return this.#session(target);
  }

  #session(target: Target): Promise<TargetSession> {
    const key = JSON.stringify([target.context, target.namespace, target.fingerprint]);
    let session = this.#sessions.get(key);
    if (!session) {
      session = TargetSession.open(target, {
        config: this.#config,
        store: this.#store,
        clock: this.#parts.clock,
        ...(this.#parts.crash ? { crash: this.#parts.crash } : {}),
        kubectl: () => findKubectl(this.#config.kubectlPath, process.env),
      });
      this.#sessions.set(key, session);
      // A session that failed to open is tried again the next time.
      session.catch(() => this.#sessions.delete(key));
    }
    return session;
  }
}
