import type { RehearsedWrite, TransactionStatus, TransactionSummary } from '../domain/transaction.ts';
import type { Target } from '../domain/target.ts';
import type { RunResult } from '../domain/run-event.ts';
import type { IncidentRun } from '../run/incident-run.ts';
import type { RunSnapshot } from '../../webview/protocol.ts';
import type { ApprovalDesk } from './approval-desk.ts';
import type { ApprovalMode } from './contributions.ts';
import { projectRun } from './run-projection.ts';

/** The part of a run that the editor uses: it is a client, the run goes on without it. */
export type RunHandle = Pick<IncidentRun, 'id' | 'target' | 'events' | 'onEvent' | 'cancel' | 'start'>;

/** One run as this window sees it. */
export class IncidentSession {
  readonly #run: RunHandle;
  readonly #desk: ApprovalDesk;
  readonly #mode: ApprovalMode;
  readonly #protected: boolean;
  readonly #listeners = new Set<() => void>();
  #cancelling = false;
  #result: RunResult | null = null;
  #statuses: ReadonlyMap<string, TransactionStatus> = new Map();

  constructor(run: RunHandle, desk: ApprovalDesk, mode: ApprovalMode, isProtected: boolean) {
    this.#run = run;
    this.#desk = desk;
    this.#mode = mode;
    this.#protected = isProtected;
    run.onEvent(() => this.#changed());
    desk.onChange(() => this.#changed());
  }

  get id(): string {
    return this.#run.id;
  }

  get target(): Target {
    return this.#run.target;
  }

  get isProtected(): boolean {
    return this.#protected;
  }

  get result(): RunResult | null {
    return this.#result;
  }

  get awaiting(): string | null {
    return this.#desk.awaiting;
  }

  async start(): Promise<RunResult> {
    this.#result = await this.#run.start();
    this.#changed();
    return this.#result;
  }

  approve(hash: string): string {
    return this.#desk.approve(hash);
  }

  reject(hash: string, reason: string): string {
    return this.#desk.reject(hash, reason);
  }

  rehearsedWrite(hash: string, step: number, write: number): RehearsedWrite | null {
    return this.#desk.write(hash, step, write);
  }

  cancel(): void {
    if (this.#result || this.#cancelling) return;
    this.#cancelling = true;
    this.#run.cancel();
    this.#changed();
  }

  /** Whether this run opened the transaction. */
  owns(transaction: string): boolean {
    return this.#run.events().some((event) => event.type === 'checkpointed' && event.tx === transaction);
  }

  /** What the journal says of all transactions; only those of this run count. */
  noteJournal(all: readonly Pick<TransactionSummary, 'id' | 'status'>[]): void {
    const statuses = new Map(all.filter(({ id }) => this.owns(id)).map(({ id, status }) => [id, status]));
    if (JSON.stringify([...statuses]) === JSON.stringify([...this.#statuses])) return;
    this.#statuses = statuses;
    this.#changed();
  }

  snapshot(): RunSnapshot {
    const { context, namespace, server } = this.#run.target;
    return projectRun(this.#run.events(), {
      run: this.id,
      target: { context, namespace, server, protected: this.#protected },
      mode: modeLabel(this.#mode, this.#protected),
      awaiting: this.#desk.awaiting,
      cancelling: this.#cancelling,
      statuses: this.#statuses,
    });
  }

  onChange(listener: () => void): { dispose(): void } {
    this.#listeners.add(listener);
    return { dispose: () => void this.#listeners.delete(listener) };
  }

  #changed(): void {
    for (const listener of this.#listeners) listener();
  }
}

function modeLabel(mode: ApprovalMode, isProtected: boolean): string {
  if (isProtected) return 'protected: asks and wants the context typed';
  return mode === 'ask' ? 'asks before each change' : 'asks unless undo is exact';
}

/** Runs of this window, newest first. */
export class SessionList {
  readonly #sessions: IncidentSession[] = [];
  readonly #listeners = new Set<(session: IncidentSession) => void>();

  all(): readonly IncidentSession[] {
    return this.#sessions;
  }

  find(id: string): IncidentSession | undefined {
    return this.#sessions.find((session) => session.id === id);
  }

  /** The run under way, else the latest one. */
  current(): IncidentSession | undefined {
    return this.#sessions.find((session) => session.result === null) ?? this.#sessions[0];
  }

  running(): IncidentSession[] {
    return this.#sessions.filter((session) => session.result === null);
  }

  add(session: IncidentSession): void {
    this.#sessions.unshift(session);
    session.onChange(() => this.#changed(session));
    this.#changed(session);
  }

  onChange(listener: (session: IncidentSession) => void): { dispose(): void } {
    this.#listeners.add(listener);
    return { dispose: () => void this.#listeners.delete(listener) };
  }

  #changed(session: IncidentSession): void {
    for (const listener of this.#listeners) listener(session);
  }
}
