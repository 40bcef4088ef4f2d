import type { RehearsedWrite, TransactionSummary } from '../../domain/transaction.ts';
import type { Finding } from '../../domain/finding.ts';
import type { ObjectRef } from '../../domain/kube-object.ts';
import { itemId } from '../../domain/severity.ts';
import type { Target } from '../../domain/target.ts';
import type { RunEvent, RunResult } from '../../domain/run-event.ts';
import type { IncidentRun } from '../../run/incident-run.ts';
import type { RunSnapshot } from '../../../webview/protocol.ts';
import { ApprovalDesk } from './approval-desk.ts';
import type { ApprovalMode } from '../editor/contributions.ts';
import type { JournalStatus } from './run-headline.ts';
import { projectRun } from './run-projection.ts';

/** The part of a run that the editor uses: it is a client, the run goes on without it. */
export type RunHandle = Pick<IncidentRun, 'id' | 'target' | 'events' | 'onEvent' | 'cancel' | 'start'>;

/** One run as this window sees it. */
export class IncidentSession {
  readonly #run: RunHandle;
  readonly #desk: ApprovalDesk;
  readonly #mode: ApprovalMode;
  readonly #protected: boolean;
  /** Read from its event log: nothing of it goes on here. */
  readonly #past: boolean;
  readonly #listeners = new Set<() => void>();
  #cancelling = false;
  #result: RunResult | null = null;
  #statuses: ReadonlyMap<string, JournalStatus> = new Map();

  constructor(run: RunHandle, desk: ApprovalDesk, mode: ApprovalMode, isProtected: boolean, past = false) {
    this.#past = past;
    this.#run = run;
    this.#desk = desk;
    this.#mode = mode;
    this.#protected = isProtected;
    run.onEvent(() => this.#changed());
    desk.onChange(() => this.#changed());
  }

  /** A run that is over, or that goes on in another process, from its log. @throws Error when it has no start */
  static fromLog(id: string, events: RunEvent[], isProtected: (context: string) => boolean): IncidentSession {
    const [started] = events;
    if (started?.type !== 'started') throw new Error(`the event log of ${id} does not begin with the start of the run`);
    const run: RunHandle = {
      id,
      target: started.target,
      events: () => events,
      onEvent: () => ({ dispose: () => undefined }),
      cancel: () => undefined,
      start: () => Promise.reject(new Error(`${id} is over`)),
    };
    const guarded = isProtected(started.target.context);
    const session = new IncidentSession(
      run,
      new ApprovalDesk({ mode: 'ask', protectedContexts: [] }, started.target.context),
      'ask',
      guarded,
      true,
    );
    const end = events.findLast((event) => event.type === 'result');
    session.#result = end?.result ?? null;
    return session;
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

  /** Nothing goes on any more, at least not in this window. */
  get ended(): boolean {
    return this.#past || this.#result !== null;
  }

  get isPast(): boolean {
    return this.#past;
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
    const asked = this.#desk.write(hash, step, write);
    if (asked) return asked;
    const rehearsed = this.#run.events().findLast((event) => event.type === 'rehearsed' && event.hash === hash);
    return rehearsed?.type === 'rehearsed' ? (rehearsed.steps[step]?.writes[write] ?? null) : null;
  }

  /** A finding of the latest diagnosis. */
  finding(id: string): Finding | null {
    const diagnosed = this.#run.events().findLast((event) => event.type === 'diagnosed');
    return diagnosed?.type === 'diagnosed' ? (diagnosed.findings.find((one) => one.id === id) ?? null) : null;
  }

  /** What an item of any reading is about: its object, or the Service that a check asks. */
  objectOfItem(id: string): ObjectRef | null {
    for (const event of this.#run.events()) {
      const severity = 'severity' in event ? event.severity : null;
      const item = severity?.known ? severity.items.find((one) => itemId(one) === id) : undefined;
      if (item) return item.object ?? item.asks ?? null;
    }
    return null;
  }

  cancel(): void {
    if (this.ended || this.#cancelling) return;
    this.#cancelling = true;
    this.#run.cancel();
    this.#changed();
  }

  events(): readonly RunEvent[] {
    return this.#run.events();
  }

  /** Whether this run opened the transaction. */
  owns(transaction: string): boolean {
    return this.#run.events().some((event) => event.type === 'checkpointed' && event.tx === transaction);
  }

  /** What the journal says of all transactions; only those of this run count. */
  noteJournal(all: readonly Pick<TransactionSummary, 'id' | 'status' | 'active'>[]): void {
    const own = all.filter(({ id }) => this.owns(id));
    const statuses = new Map(own.map((summary): [string, JournalStatus] => [summary.id, this.#statusOf(summary)]));
    if (JSON.stringify([...statuses]) === JSON.stringify([...this.#statuses])) return;
    this.#statuses = statuses;
    this.#changed();
  }

  #statusOf({ status, active }: Pick<TransactionSummary, 'status' | 'active'>): JournalStatus {
    const unfinished = status === 'open' || status === 'undoing';
    return unfinished && this.ended && !active ? 'interrupted' : status;
  }

  snapshot(): RunSnapshot {
    const { context, namespace, server } = this.#run.target;
    return projectRun(this.#run.events(), {
      run: this.id,
      target: { context, namespace, server, protected: this.#protected },
      mode: this.#past ? 'read from its event log' : modeLabel(this.#mode, this.#protected),
      past: this.#past,
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
    return this.#sessions.find((session) => !session.ended) ?? this.#sessions[0];
  }

  running(): IncidentSession[] {
    return this.#sessions.filter((session) => !session.ended);
  }

  add(session: IncidentSession): void {
    this.#sessions.unshift(session);
    session.onChange(() => this.#changed(session));
    this.#changed(session);
  }

  /** A run from its log comes after those of this window, in the order of their names, which begin with the time. */
  addPast(session: IncidentSession): void {
    const own = this.#sessions.filter(({ isPast }) => !isPast);
    const past = [...this.#sessions.filter(({ isPast }) => isPast), session];
    past.sort((a, b) => (a.id < b.id ? 1 : -1));
    this.#sessions.splice(0, this.#sessions.length, ...own, ...past);
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
