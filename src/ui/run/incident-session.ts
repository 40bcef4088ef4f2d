import type { RehearsedWrite } from '../../domain/transaction.ts';
import type { Finding } from '../../domain/finding.ts';
import type { ObjectRef } from '../../domain/kube-object.ts';
import { aboutOf, itemId } from '../../domain/severity.ts';
import type { Target } from '../../domain/target.ts';
import type { RunEvent, RunResult } from '../../domain/run-event.ts';
import type { IncidentRun } from '../../run/incident/incident-run.ts';
import type { KeptWatchView } from '../../../webview/protocol/kept-watch-view.ts';
import type { RunSnapshot } from '../../../webview/protocol/run-snapshot.ts';
import { ApprovalDesk } from './approval-desk.ts';
import type { ApprovalMode } from '../editor/contributions.ts';
import type { JournalEntry, JournalNote, JournalNotes } from './aftermath.ts';
import { noteOf } from './aftermath.ts';
import { projectRun } from './run-projection.ts';
import { sourceLink } from './source-link.ts';

/** The part of a run that the editor uses: it is a client, the run goes on without it. */
export type RunHandle = Pick<IncidentRun, 'id' | 'target' | 'events' | 'onEvent' | 'cancel' | 'start'>;

/** One run as this window sees it. */
export class IncidentSession {
  readonly #run: RunHandle;
  readonly #desk: ApprovalDesk;
  readonly #mode: ApprovalMode;
  readonly #protected: boolean;
  /** Read from its event log: nothing of it goes on here, but perhaps elsewhere. */
  readonly #past: 'ended' | 'elsewhere' | null;
  readonly #listeners = new Set<() => void>();
  #cancelling = false;
  #result: RunResult | null = null;
  #notes: JournalNotes = new Map();
  #lockNote = '';
  #kept: KeptWatchView | null = null;

  constructor(
    run: RunHandle,
    desk: ApprovalDesk,
    mode: ApprovalMode,
    isProtected: boolean,
    past: 'ended' | 'elsewhere' | null = null,
  ) {
    this.#past = past;
    this.#run = run;
    this.#desk = desk;
    this.#mode = mode;
    this.#protected = isProtected;
    run.onEvent(() => this.#changed());
    desk.onChange(() => this.#changed());
  }

  /**
   * A run that is over, or that goes on in another process, from its log.
   * @param active a live process is at work on it
   * @throws Error when it has no start
   */
  static fromLog(
    id: string,
    events: RunEvent[],
    isProtected: (context: string) => boolean,
    active = false,
  ): IncidentSession {
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
      active ? 'elsewhere' : 'ended',
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
    return this.#past !== null || this.#result !== null;
  }

  get isPast(): boolean {
    return this.#past !== null;
  }

  /** It went on in another window or terminal when its log was read. */
  get isElsewhere(): boolean {
    return this.#past === 'elsewhere' && this.#result === null;
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

  /** Those of the latest diagnosis. */
  findings(): readonly Finding[] {
    const diagnosed = this.#run.events().findLast((event) => event.type === 'diagnosed');
    return diagnosed?.type === 'diagnosed' ? diagnosed.findings : [];
  }

  /** A finding of the latest diagnosis. */
  finding(id: string): Finding | null {
    return this.findings().find((one) => one.id === id) ?? null;
  }

  /** What an item of any reading is about. */
  objectOfItem(id: string): ObjectRef | null {
    for (const event of this.#run.events()) {
      const severity = 'severity' in event ? event.severity : null;
      const item = severity?.known ? severity.items.find((one) => itemId(one) === id) : undefined;
      if (item) return aboutOf(item);
    }
    return null;
  }

  /** What the answer of a tool speaks of. @param call position among all calls of the run, from one */
  objectOfTool(call: number, evidence: number): ObjectRef | null {
    const calls = this.#run.events().filter((event) => event.type === 'toolCall');
    return calls[call - 1]?.evidence?.[evidence]?.object ?? null;
  }

  /** @see sourceLink */
  sourceLink(signal: number): string | null {
    return sourceLink(this.#run.events(), signal);
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

  /** Transactions that it opened, and one for whose sake it did not begin. */
  concerns(transaction: string): boolean {
    return this.owns(transaction) || this.#result?.owed === transaction;
  }

  /** What the journal says of all transactions; only those that concern this run count. */
  noteJournal(all: readonly JournalEntry[]): void {
    const own = all.filter(({ id }) => this.concerns(id));
    const over = this.ended && !this.isElsewhere;
    const notes = new Map(own.map((entry): [string, JournalNote] => [entry.id, noteOf(entry, over)]));
    if (JSON.stringify([...notes]) === JSON.stringify([...this.#notes])) return;
    this.#notes = notes;
    this.#changed();
  }

  /** That another writer holds the lock before the run has asked for it; empty when none does. */
  noteLock(note: string): void {
    if (note === this.#lockNote) return;
    this.#lockNote = note;
    this.#changed();
  }

  /** How watching what it kept goes on. */
  noteKept(view: KeptWatchView): void {
    this.#kept = view;
    this.#changed();
  }

  snapshot(): RunSnapshot {
    const { context, namespace, server } = this.#run.target;
    return projectRun(this.#run.events(), {
      run: this.id,
      target: { context, namespace, server, protected: this.#protected },
      mode: this.isPast ? 'read from its event log' : modeLabel(this.#mode, this.#protected),
      past: this.isPast,
      elsewhere: this.isElsewhere,
      awaiting: this.#desk.awaiting,
      cancelling: this.#cancelling,
      notes: this.#notes,
      lockNote: this.#lockNote,
      kept: this.#kept,
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

  /** A run from its log, read anew where it was there, comes after those of this window, in the order of their names, which begin with the time. */
  addPast(session: IncidentSession): void {
    const own = this.#sessions.filter(({ isPast }) => !isPast);
    const past = [...this.#sessions.filter(({ isPast, id }) => isPast && id !== session.id), session];
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
