import type { FenceChange } from '../cluster/lock/fence-installer.ts';
import type { ActionCall } from '../domain/action.ts';
import type { Hypothesis } from '../domain/brain.ts';
import type { Budget } from '../domain/budget.ts';
import type { ChatModel, ToolSpec } from '../domain/chat.ts';
import type { Finding } from '../domain/finding.ts';
import type { ObjectRef } from '../domain/kube-object.ts';
import type { ModelEndpoint, ModelUse } from '../domain/model-settings.ts';
import type { LockResult } from '../domain/ports.ts';
import type { RunEvent, RunOptions } from '../domain/run-event.ts';
import type { Severity } from '../domain/severity.ts';
import type { ShownSignals } from '../domain/signals-now.ts';
import type { CorrelatedIncident } from '../domain/signals.ts';
import type { Target } from '../domain/target.ts';
import type { Acceptance, StepRehearsal, StepResult, TransactionSummary, UndoResult } from '../domain/transaction.ts';
import type { WriteDetail } from '../gateway/journal/journal-details.ts';
import type { ObjectDivergence } from './divergence.ts';
import type { IncidentRun } from './incident/incident-run.ts';
import type { KeptOutcome, KeptWatchRequest } from './kept-changes.ts';
import type { Looks } from './looks.ts';
import type { OwnPlan } from './own-plans.ts';
import type { ProposedPlan } from './proposed-plan.ts';
import type { AskApproval, AskBudget } from './incident/run-ports.ts';
import type { RunbookFile } from './runbook-library.ts';
import type { PastRun } from './run-history.ts';
import type { ShellMode, ShellSession } from './shell-session.ts';
import type { TelemetryConfig } from './telemetry/telemetry-config.ts';
import type { WatchEvent, WatchLook } from './watch/watch-event.ts';
import type { TelemetryLooks } from './telemetry/telemetry-looks.ts';
import { codeOf, StratusError } from '../domain/stratus-error.ts';

/** A context of the user's kubeconfig, for pickers. */
export interface ContextChoice {
  name: string;
  server: string;
  namespace: string;
  /** The kubeconfig's current-context; only a default for pickers, never followed later (I10). */
  current: boolean;
}

/**
 * Who thinks. `both`: playbooks first, a model when they have no fix or theirs were rejected; the default once a model is
 * configured, else `playbook`.
 */
export const BRAINS: readonly [string, ...string[]] = ['playbook', 'model', 'both'];

export interface MitigateRequest {
  target: Target;
  /** Absent: the default; see {@link BRAINS}. */
  brain?: string;
  options: RunOptions;
  /** `NAME=URL[,status=200][,samples=N]`, as in the CLI contract. */
  checks: string[];
  /** What the engineer wants to have tried before the brain's own plans; default: nothing. */
  plans?: readonly OwnPlan[];
  askApproval: AskApproval;
  /** Absent: models may spend no more than the budget. */
  askBudget?: AskBudget;
}

export interface WatchRequest {
  target: Target;
  /** As in {@link MitigateRequest}. */
  checks: string[];
  /** Between two looks, ms; default 15 s. */
  intervalMs?: number;
  /** What is open already, as a watch before told it last: it is not told of again. */
  open?: readonly CorrelatedIncident[];
  tell(event: WatchEvent): void;
  /** Hears of each look that could be judged, after what it tells. */
  looked?(look: WatchLook): void;
}

export interface Diagnosis {
  /** Most likely cause first. */
  findings: Finding[];
  hypotheses: Hypothesis[];
  /** What could not be looked at, one sentence each. */
  notes: string[];
  /** What telemetry showed; absent where none is read. */
  signals?: ShownSignals;
  severity: Severity;
  mu: number | null;
  oracles: Record<string, string>;
}

/** One namespace of a diagnosis of them all; `problem` says why it could not be looked at. */
export type NamespaceDiagnosis = { namespace: string; diagnosis: Diagnosis } | { namespace: string; problem: string };

export type TransactionWrite = WriteDetail;

export interface TransactionDetail extends TransactionSummary {
  details: TransactionWrite[];
  undo: UndoResult | null;
  /** Why it has its status, when somebody said so; for example who kept it as it stands. */
  note?: string;
}

export interface CommandResult {
  result: StepResult;
  tx: string | null;
  undo: UndoResult | null;
}

/** A transaction that another state folder began. */
export interface SharedSummary {
  id: string;
  title: string;
  namespace: string;
  /** ISO 8601. */
  openedAt: string;
  /** Name that its owner gave to the cluster. */
  context: string;
  roots: ObjectRef[];
  commands: string[][];
}

/** Another writer holds the cluster's lock (exit 7); the message names it. */
export class LockedByAnother extends StratusError {
  constructor(message: string) {
    super('locked', message);
    this.name = 'LockedByAnother';
  }
}

/** A transaction of one's own has to be finished or kept first: no other writer is in the way (exit 7). */
export class UndoUnfinished extends StratusError {
  readonly transaction: string;

  constructor(transaction: string, reason: string) {
    super('undo-unfinished', reason);
    this.name = 'UndoUnfinished';
    this.transaction = transaction;
  }
}

/** The transaction that an error says has to come first, from whichever bundle it comes; null for other errors. */
export function owedBy(error: unknown): string | null {
  return codeOf(error) === 'undo-unfinished' ? (error as UndoUnfinished).transaction : null;
}

/** The error that a refused lock is. */
export function lockRefusal({ holder, reason, owed }: Extract<LockResult, { ok: false }>): StratusError {
  return owed ? new UndoUnfinished(owed, reason) : new LockedByAnother(`${reason} (held by ${holder})`);
}

export interface LockStatus {
  state: 'free' | 'held' | 'dirty' | 'unknown';
  holder: string;
  /** `executing tx-…`, `undoing tx-…`; empty when free. */
  phase: string;
  /** ISO 8601 of the last renewal; empty when free. */
  renewedAt: string;
  /**
   * What a writer gets: admission policies enforce the lock, or only Stratus itself does; `unusable`: the fence is half
   * installed or altered, and nobody may write until it is put right.
   */
  level: 'fenced' | 'client-side' | 'unusable';
  /** Why not fenced; empty when fenced. */
  why: string;
}

/** Clusters of the user's kubeconfig. */
export interface Targets {
  contexts(): Promise<ContextChoice[]>;
  /** Names for a picker. @throws Error saying why they cannot be listed */
  namespaces(context: string, signal: AbortSignal): Promise<string[]>;
  /** Pins a target: `context` and `namespace` default to the kubeconfig's. Checks that the server answers. */
  pin(context?: string, namespace?: string): Promise<Target>;
}

/** Finding out what is wrong, and mending it. */
export interface Incidents {
  /** Creates a run; nothing happens until `start()`. */
  mitigate(request: MitigateRequest): Promise<IncidentRun>;
  diagnose(target: Target, checks: string[], signal: AbortSignal): Promise<Diagnosis>;
  /**
   * Every namespace of the target's cluster that the user may list, by name.
   * @param checks those that ask a Service are run for its namespace; others belong to none and are not run
   * @param tell hears how many of all are done
   * @throws ClusterError when they cannot be listed, or on cancel
   */
  diagnoseAll(
    target: Target,
    checks: string[],
    signal: AbortSignal,
    tell: (done: number, all: number) => void,
  ): Promise<NamespaceDiagnosis[]>;
  /**
   * Looks at a target now and then until the signal fires, and tells what opens and closes. Writes nothing.
   * @throws ClusterError, CheckUsageError before the first look; StratusError target-moved where the kubeconfig no longer
   * says what it said
   */
  watch(request: WatchRequest, signal: AbortSignal): Promise<void>;
  /**
   * Watches what a run of this process kept, and takes its transactions back where it got worse and somebody wants that.
   * Nothing to do where it kept nothing. @throws Error of an undo, cancel
   */
  watchKept(run: IncidentRun, request: KeptWatchRequest, signal: AbortSignal): Promise<KeptOutcome>;
  /** The newest `limit` runs of any window or terminal with this state folder, newest first. */
  runs(limit: number): Promise<PastRun[]>;
  /** The whole event log of a run. @throws Error when it is not there or damaged */
  events(id: string): Promise<RunEvent[]>;
  /** Whether a live process, this one or another, is at work on the run. */
  isActive(id: string): Promise<boolean>;
}

/** The journal: what was done, and taking it back. */
export interface Transactions {
  /** Newest first. */
  list(): Promise<TransactionSummary[]>;
  read(id: string): Promise<TransactionDetail>;
  /**
   * Those that need a person: left open by a process that is gone, or diverged. Until each is undone or kept, nothing
   * new is written to its cluster from this state folder. Newest first, no network.
   */
  unfinished(): Promise<TransactionSummary[]>;
  /**
   * To be called before anything is read or asked for the sake of a write: by whoever begins something new on a target,
   * or undoes a transaction (itself unfinished or not). No network.
   * @throws UndoUnfinished when another one is owed to the same cluster
   */
  refuseWhileOwed(subject: Pick<Target, 'server'> | { transaction: string }): Promise<void>;
  /** Undoes a committed or unfinished transaction under the writer lock. */
  undo(id: string, signal: AbortSignal, progress: (text: string) => void): Promise<UndoResult>;
  /**
   * Closes an unfinished or diverged transaction as it stands and frees its lock; the journal records who decided so.
   * @returns what could not be done on the cluster, empty when all is well
   */
  keep(id: string): Promise<string>;
  /** Objects that an undo could not restore, three ways. @throws Error when the transaction has not diverged */
  divergence(id: string): Promise<ObjectDivergence[]>;
  /**
   * What a colleague's unfinished transaction left in the cluster, encrypted with the team's key; null when nothing is
   * there. @throws Error no shared key, another key, damage (named), no right to read it
   */
  shared(target: Target): Promise<SharedSummary | null>;
  /**
   * Takes that transaction over: its lock (audited; only of a dead holder) and its journal, which from then on is in
   * this state folder for `undo` or `keep`. @returns its id
   */
  adoptShared(target: Target, signal: AbortSignal): Promise<string>;
  /**
   * What is wrong with the list of transactions itself, in one sentence; empty when it is whole. A damaged one is made
   * anew from the journals, so that what it alone knew (a journal that was cut or removed) is not noticed any more.
   */
  listDamage(): Promise<string>;
  /** Damage in the journal folder, each named; empty when every chain is whole. */
  verify(): Promise<string[]>;
  /** Fires when the journal changed, also by another process. */
  onChange(listener: () => void): { dispose(): void };
}

/** One writer per cluster. */
export interface WriterLock {
  status(target: Target): Promise<LockStatus>;
  /** Audited. Only for a lock whose owner will not come back. */
  break(target: Target): Promise<void>;
  /** Installs or uninstalls the fence, an administrator's act; without `apply` it only tells what would be done. */
  fence(target: Target, goal: 'install' | 'uninstall', apply: boolean): Promise<FenceChange[]>;
  /**
   * Gives back locks that processes of this state folder held when they ended with nothing owed.
   * @returns for people: each that was freed, or of which nothing can be told, because its cluster does not answer
   */
  freeLeft(): Promise<string[]>;
}

/** Where a person wants an action to run; the container may be left out where there is one. */
export interface ActionRequest {
  name: string;
  pod: string;
  container?: string;
  inputs: Record<string, string>;
}

/** Declared actions (docs/runbooks.md). */
export interface Runbooks {
  /** Allowed ones first, those that come with Stratus, too. */
  list(): Promise<RunbookFile[]>;
  /** @param what name of an action, or path of a file below `folder` @throws Error when there is none */
  read(what: string, folder: string): Promise<RunbookFile>;
  /** By digest, for this user; another version of the same name is allowed no more. */
  allow(file: RunbookFile): Promise<void>;
  /** @returns false when it was not allowed, or the settings allow it */
  forbid(name: string): Promise<boolean>;
  /** The allowed action, with the pod as it runs now. @throws Error when it is not allowed, or nothing runs there */
  pin(target: Target, request: ActionRequest): Promise<ActionCall>;
  /** As {@link Shell.rehearse}. */
  rehearse(target: Target, call: ActionCall, signal: AbortSignal): Promise<StepRehearsal>;
  /** As {@link Shell.run}. */
  run(target: Target, call: ActionCall, accept: Acceptance[], signal: AbortSignal): Promise<CommandResult>;
}

/** An engineer's own kubectl commands. */
export interface Shell {
  /**
   * One kubectl command (argv without the word kubectl), without effect. Writes that a person has to accept are
   * rehearsed, too: `needs` says so.
   */
  rehearse(target: Target, argv: string[], signal: AbortSignal): Promise<StepRehearsal>;
  /**
   * Runs it as its own transaction. `tx` is the transaction that was committed, or that is still owed; null when nothing
   * was written or all was undone. `undo` is set when the command failed.
   * @param accept what the person at the keyboard was shown and accepted; what else needs it is refused
   */
  run(target: Target, argv: string[], accept: Acceptance[], signal: AbortSignal): Promise<CommandResult>;
  /**
   * A terminal in which every kubectl goes through the gateway.
   * @param signal ends waiting for the lock; default: nothing does
   * @param accept as for `run`; default: nothing
   * @throws LockedByAnother, UndoUnfinished for `write`
   */
  open(target: Target, mode: ShellMode, signal?: AbortSignal, accept?: Acceptance[]): Promise<ShellSession>;
}

/** A model that answered when it was looked for. */
export interface FoundModel {
  /** `http://127.0.0.1:11434/v1`. */
  baseUrl: string;
  /** Kind of server, as far as it tells. */
  server: string;
  model: string;
}

/** What one probe of a model found. */
export interface ModelProbe {
  name: 'plain' | 'tool call' | 'forced tool' | 'stream' | 'long context';
  works: boolean;
  /** What was seen, one line. */
  text: string;
  milliseconds: number;
}

/** The configured language model. */
export interface Models {
  /** As it is told to people; null when none is configured. */
  configured(): string | null;
  /** Asks the usual local ports. */
  find(signal: AbortSignal): Promise<FoundModel[]>;
  /** Names that a server lists, configured or not. @throws ChatError saying why it lists none */
  list(endpoint: Pick<ModelEndpoint, 'baseUrl' | 'apiKey'>, signal: AbortSignal): Promise<string[]>;
  /** Five probes, told as each ends. @throws StratusError when no model is configured */
  probe(signal: AbortSignal, tell: (probe: ModelProbe) => void): Promise<ModelProbe[]>;
}

/** Read-only tools, the same that models are given in a run; what they answer is bounded, redacted and untrusted. */
export interface ReadTools {
  specs(): Promise<ToolSpec[]>;
  /**
   * @param args JSON text; what is wrong with it is an answer, not an error
   * @throws ClusterError when the cluster does not answer
   */
  call(target: Target, tool: string, args: string, signal: AbortSignal): Promise<{ ok: boolean; text: string }>;
  /**
   * The plan that an agent of somebody else proposes for a target (PROPOSE_PLAN of `propose-plan-tool.ts`). Runs nothing.
   * @throws StratusError `usage`: what is wrong with it, for that agent
   */
  proposal(target: Target, args: unknown): Promise<ProposedPlan>;
}

/**
 * What user interfaces (CLI and editor) may ask for, by subject. They never see a credential, a gateway or a kubectl
 * process. Every method fails with an Error whose message is one line and says what to do.
 */
export interface StratusApp {
  readonly targets: Targets;
  readonly incidents: Incidents;
  readonly transactions: Transactions;
  readonly lock: WriterLock;
  readonly shell: Shell;
  readonly runbooks: Runbooks;
  readonly looks: Looks;
  readonly models: Models;
  readonly tools: ReadTools;
  readonly telemetry: TelemetryLooks;
  /** Shows a notification on the desktop of this machine. @returns whether it could be shown */
  notifyDesktop(title: string, text: string): Promise<boolean>;
  dispose(): Promise<void>;
}

export interface AppConfig {
  /** `$STRATUS_HOME` or the platform's state directory. */
  stateFolder: string;
  /** Absolute path of kubectl; found on PATH when absent. */
  kubectlPath?: string;
  /** Value of `$KUBECONFIG` to honour. */
  kubeconfig?: string;
  /** The team's key for the journal copy in the cluster (64 hex digits or base64 of 32 bytes); none: no copy is kept. */
  sharedKey?: string;
  /** File that holds it, where `sharedKey` is not given. */
  sharedKeyFile?: string;
  /** Namespace of the writer lock; default `kube-system`. All writers of a cluster must agree on it. */
  lockNamespace?: string;
  /** Seconds without renewal after which others may take the writer lock, 6 to 300; default 30. */
  lockSeconds?: number;
  /** Folder of the actions that come with Stratus; absent: there are none. */
  packFolder?: string;
  /** Digests of those of them that the user's settings allow, beside what `stratus runbook allow` did. */
  allowedActions?: readonly string[];
  /** None: there is no model, and the playbooks think alone. */
  model?: ModelEndpoint | null;
  /** For the second opinion; default: the same with another prompt. */
  secondModel?: ModelEndpoint | null;
  /** A model that is no server, such as the editor's own; comes before `model`. */
  chat?: ChatModel;
  modelUse?: Partial<ModelUse>;
  /** What models may spend in one run; default: no limit. */
  budget?: Partial<Budget>;
  /** Folder of the prompts that come with Stratus; absent: no model can be asked. */
  promptFolder?: string;
  /** Telemetry that is read; default: none. */
  telemetry?: TelemetryConfig;
  /** Where relative file arguments of the engineer's own command are looked up; agents' commands have none. */
  workingFolder?: string;
}
