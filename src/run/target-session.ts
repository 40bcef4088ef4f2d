import type { Conversion } from '../agents/conversion/conversion.ts';
import { convertCommand } from '../agents/conversion/convert-command.ts';
import { affectedBy } from '../kube/affected.ts';
import { userCheckOracle } from '../severity/check-oracle.ts';
import { connect, type ClusterConnection } from '../cluster/connect/cluster-connection.ts';
import { ClusterError, messageOf } from '../domain/cluster-error.ts';
import { FencedLock } from '../cluster/lock/fenced-lock.ts';
import { WatchSettler } from '../severity/settle.ts';
import { HealthOracle, NodeOracle, ORACLE_KINDS } from '../severity/health-oracle.ts';
import { RULE_KINDS } from '../agents/playbooks/analyzers.ts';
import { inventoryCheats } from '../cluster/read/inventory.ts';
import { KubeApi } from '../gateway/wire/kube-api.ts';
import { loadKubeconfig } from '../cluster/connect/kubeconfig.ts';
import { ROLLOUT_LIMIT_MS, SeverityReader } from '../severity/severity-reader.ts';
import { SnapshotReader } from '../cluster/read/snapshot.ts';
import { TargetWatch } from '../cluster/connect/target-watch.ts';
import type { Brain } from '../domain/brain.ts';
import { DEFAULT_OPTIONS } from '../domain/run-event.ts';
import type { TransactionStep } from '../domain/plan.ts';
import type { RunEvent } from '../domain/run-event.ts';
import type { Target } from '../domain/target.ts';
import type { Acceptance, StepRehearsal } from '../domain/transaction.ts';
import { ACCEPTANCES } from '../domain/transaction.ts';
import { pathIfAny } from '../gateway/child/kubectl-binary.ts';
import { Monitor } from '../gateway/monitor/monitor.ts';
import { Watchful } from './confirmation.ts';
import type { CommandResult } from './shell.ts';
import { agentRefusal, commandRefusal, onlyReads } from './confinement.ts';
import type { AskApproval, IncidentRunPorts } from './incident/run-ports.ts';
import { sha256 } from '../text/sha256.ts';
import type { ShellSession } from './shell-session.ts';
import { openReadShell } from './shell-session.ts';
import type { WriterParts } from './target-writer.ts';
import { TargetLooks } from './target-looks.ts';
import { TargetWriter } from './target-writer.ts';
import { SessionTelemetry } from './telemetry/session-telemetry.ts';
import { NO_TELEMETRY, parseTelemetry } from './telemetry/telemetry-config.ts';

export type SessionParts = Omit<WriterParts, 'target' | 'targetMoved'>;

const NEVER = new AbortController().signal;
const ABSENT_AGAIN_MS = 5 * 60_000;

/** Who hears of a lost lock; set after the lock was opened. */
interface LostListener {
  tell(reason: string): void;
}

/** Everything that belongs to one pinned target: one connection, and one gateway mode for each role (design section 3). */
export class TargetSession {
  readonly target: Target;
  readonly reader: SnapshotReader;
  readonly writer: TargetWriter;
  readonly looks: TargetLooks;
  readonly telemetry: SessionTelemetry;
  readonly #parts: SessionParts;
  readonly #connection: ClusterConnection;
  readonly #api: KubeApi;
  readonly #pin: TargetWatch;
  readonly #lost: LostListener;
  readonly #writers: FencedLock;

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
    this.reader = this.readerOf(target.namespace);
    this.looks = new TargetLooks({
      target,
      upstream: connection,
      api: this.#api,
      reader: this.reader,
      kubectl: parts.kubectl,
      stateFolder: parts.config.stateFolder,
    });
    this.telemetry = new SessionTelemetry(
      parseTelemetry(parts.config.telemetry ?? NO_TELEMETRY, target.fingerprint, target.context),
      connection,
      this.reader,
      parts.clock,
      target.namespace,
    );
    this.#writers = writers;
    this.writer = new TargetWriter({ ...parts, target, targetMoved: () => this.#pin.change() }, writers);
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

  /** Null while the kubeconfig still says what it said when the target was pinned (I10), else what changed. */
  moved(): Promise<string | null> {
    return this.#pin.change();
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

  /** @throws ClusterError unreachable, forbidden, … */
  async namespaces(signal: AbortSignal): Promise<string[]> {
    const list = await this.#api.getJson<{ items: { metadata: { name: string } }[] }>('/api/v1/namespaces', signal);
    return list.items.map(({ metadata }) => metadata.name).sort();
  }

  /** Reads another namespace of the same cluster, over the same connection. */
  readerOf(namespace: string): SnapshotReader {
    return new SnapshotReader(this.#api, [namespace], this.#parts.clock, [...ORACLE_KINDS, ...RULE_KINDS]);
  }

  /**
   * @param again it will be read for long: metrics are asked only for what is new
   * @throws UsageError-like Error for a check that cannot be read
   */
  async severity(
    checks: string[],
    signal: AbortSignal,
    reader = this.reader,
    rolloutLimitMs = ROLLOUT_LIMIT_MS,
    again = false,
  ): Promise<SeverityReader> {
    const oracles = [
      new HealthOracle(),
      new NodeOracle(),
      userCheckOracle(checks, this.#connection, this.#parts.clock),
      // Who only looks judges no change: what is pending is no more than an early sign.
      ...(await this.telemetry.oracles(signal, rolloutLimitMs > 0, again)),
    ];
    // What is not there at first may be installed while somebody watches.
    const absentMs = again ? ABSENT_AGAIN_MS : Number.POSITIVE_INFINITY;
    return new SeverityReader(reader, oracles, this.#parts.clock, rolloutLimitMs, absentMs);
  }

  /** @throws KubectlMissing, Error for a check that cannot be read */
  async runPorts(
    brains: readonly Brain[],
    checks: string[],
    askApproval: AskApproval,
    record: (event: RunEvent) => void,
  ): Promise<IncidentRunPorts> {
    const { clock } = this.#parts;
    const { version } = await this.#parts.kubectl();
    const signals = await this.telemetry.signals(NEVER);
    return {
      brains,
      cluster: this.reader,
      severity: await this.severity(checks, NEVER),
      transactions: await this.writer.transactions(),
      settler: new WatchSettler(this.#api, clock, [this.target.namespace]),
      confirmation: new Watchful(this.reader, clock),
      lock: this.writer.lock,
      clock,
      askApproval,
      convert: (argv, later) => this.#convert(argv, later),
      confine: (argv, files) => agentRefusal(argv, files, this.target, version),
      isAffected: affectedBy,
      cheats: inventoryCheats,
      owed: () => this.writer.owed(),
      targetMoved: () => this.#pin.change(),
      read: (argv, signal) => this.#readOnly(argv, version, signal),
      actions: () => this.#parts.library.known(),
      ...(signals ? { signals: (...asked) => signals.read(...asked) } : {}),
      notes: (await this.telemetry.open(NEVER)).notes,
      record,
      hash: sha256,
    };
  }

  /** The grammar first, so that what is refused is told in words; read mode would let nothing else through anyway. */
  async #readOnly(argv: string[], version: string, signal: AbortSignal): Promise<string> {
    const why = agentRefusal(argv, [], this.target, version);
    if (why || !onlyReads(argv, this.target, version))
      throw new Error(why ?? 'only commands that read can be run here');
    return this.looks.read(argv, 'kubectl', signal);
  }

  /** Called when the writer lock is lost in the middle of something. */
  onLockLost(listener: (reason: string) => void): void {
    this.#lost.tell = listener;
  }

  async openReadShell(): Promise<ShellSession> {
    return openReadShell(this.#connection, this.target, await pathIfAny(this.#parts.kubectl()));
  }

  async runStep(step: TransactionStep, accept: Acceptance[], signal: AbortSignal): Promise<CommandResult> {
    if ('action' in step) return this.writer.runStep(step, accept, signal);
    const { version } = await this.#parts.kubectl();
    return onlyReads(step.argv, this.target, version)
      ? this.writer.read(step, signal)
      : this.writer.runStep(step, accept, signal);
  }

  async rehearseStep(step: TransactionStep, signal: AbortSignal): Promise<StepRehearsal> {
    if ('action' in step) return this.#rehearsed(step, signal);
    const { argv } = step;
    const { version } = await this.#parts.kubectl();
    const problem = commandRefusal(argv, this.target, version);
    const rehearsal = problem
      ? { argv, ok: false, problem, writes: [], partial: false }
      : await this.#rehearsed(step, signal);
    return rehearsal.ok ? rehearsal : this.#withSuggestion(rehearsal);
  }

  async #rehearsed(step: TransactionStep, signal: AbortSignal): Promise<StepRehearsal> {
    const transactions = await this.writer.transactions();
    return (await transactions.rehearse({ steps: [step], files: [] }, signal, ACCEPTANCES))[0]!;
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

  async dispose(): Promise<void> {
    this.#writers.close();
    await this.#connection.close();
  }
}
