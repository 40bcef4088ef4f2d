import type { SnapshotReader } from '../cluster/read/snapshot.ts';
import type { Budget } from '../domain/budget.ts';
import { NO_LIMIT } from '../domain/budget.ts';
import { messageOf } from '../domain/cluster-error.ts';
import type { Clock } from '../domain/clock.ts';
import type { RunEvent } from '../domain/run-event.ts';
import { mu } from '../domain/severity.ts';
import { shownSignals } from '../domain/signals-now.ts';
import { parseCheck } from '../severity/check-spec.ts';
import type { Target } from '../domain/target.ts';
import type { BrainShelf } from './brains/brain-shelf.ts';
import type { Diagnosis, Incidents, MitigateRequest, NamespaceDiagnosis, WatchRequest } from './incidents.ts';
import type { Transactions } from './transactions.ts';
import type { SeverityProbe } from './incident/run-ports.ts';
import type { WatchPorts } from './watch/incident-watch.ts';
import { DEFAULT_WATCH, IncidentWatch } from './watch/incident-watch.ts';
import { IncidentRun } from './incident/incident-run.ts';
import type { KeptOutcome, KeptWatchRequest } from './kept-changes.ts';
import { watchKept } from './kept-changes.ts';
import { OwnPlansFirst } from './brains/own-plans.ts';
import type { PastRun } from './run-history.ts';
import { listRuns, readRun } from './run-history.ts';
import type { RunbookLibrary } from './runbook-library.ts';
import { RunLog } from './run-log.ts';
import type { Sessions } from './sessions.ts';
import type { SessionTelemetry } from './telemetry/session-telemetry.ts';
import { sha256 } from '../text/sha256.ts';
import { codeOf, StratusError } from '../domain/stratus-error.ts';
import type { SeverityReader } from '../severity/severity-reader.ts';

/** A watch lists what is many anew this often, ms; in between a stream tells. */
const WATCH_BELIEVED_MS = 60_000;
/** Namespaces that are looked at together. */
const AT_ONCE = 4;

export class LoggedIncidents implements Incidents {
  readonly #stateFolder: string;
  readonly #sessions: Sessions;
  readonly #clock: Clock;
  readonly #shelf: BrainShelf;
  readonly #library: RunbookLibrary;
  readonly #budget: Partial<Budget>;
  readonly #logs = new Set<RunLog>();
  readonly #probes = new WeakMap<IncidentRun, SeverityProbe>();
  readonly #transactions: Pick<Transactions, 'list' | 'read' | 'undo'>;

  /** @param budget of models in one run, where the settings limit it */
  constructor(
    stateFolder: string,
    sessions: Sessions,
    clock: Clock,
    shelf: BrainShelf,
    library: RunbookLibrary,
    transactions: Pick<Transactions, 'list' | 'read' | 'undo'>,
    budget: Partial<Budget> = {},
  ) {
    this.#budget = budget;
    this.#transactions = transactions;
    this.#library = library;
    this.#stateFolder = stateFolder;
    this.#sessions = sessions;
    this.#clock = clock;
    this.#shelf = shelf;
  }

  async mitigate(request: MitigateRequest): Promise<IncidentRun> {
    const { target, options, checks, plans = [], askApproval } = request;
    const session = await this.#sessions.of(target);
    const id = `run-${new Date(this.#clock.now()).toISOString().slice(0, 19).replaceAll(/[-:T]/g, '')}-${sha256(`${process.pid} ${this.#clock.monotonic()}`).slice(0, 4)}`;
    const log = await RunLog.open(this.#stateFolder, id);
    const [brain, ...others] = await this.#shelf.take(request.brain);
    const first = plans.length > 0 ? new OwnPlansFirst(plans, brain) : brain;
    const { askBudget } = request;
    const base = await session.runPorts([first, ...others], checks, askApproval, (event) => log.append(event));
    const ports = askBudget ? { ...base, askBudget } : base;
    const budget = { ...options.budget, ...this.#budget };
    const run = new IncidentRun(id, target, { ...options, budget }, ports);
    this.#logs.add(log);
    this.#probes.set(run, ports.severity);
    run.onEvent((event) => void (event.type === 'result' && this.#close(log)));
    session.onLockLost((reason) => run.lockLost(reason));
    return run;
  }

  async watchKept(run: IncidentRun, request: KeptWatchRequest, signal: AbortSignal): Promise<KeptOutcome> {
    const { committed, current } = run.state;
    if (committed.length === 0) return { outcome: 'held' };
    const severity = this.#probes.get(run);
    if (!severity || !current) return { outcome: 'unknown', reason: 'how things stood when it was kept is not known' };
    const { reader } = await this.#sessions.of(run.target);
    const kept = { transactions: committed, severity, kept: current, reader };
    return watchKept(kept, request, this.#transactions, this.#clock, signal);
  }

  runs(limit: number): Promise<PastRun[]> {
    return listRuns(this.#stateFolder, limit);
  }

  events(id: string): Promise<RunEvent[]> {
    return readRun(this.#stateFolder, id);
  }

  isActive(id: string): Promise<boolean> {
    return RunLog.isOpen(this.#stateFolder, id);
  }

  /** Runs that still go on end with the process: others need not wait for it to be gone. */
  async dispose(): Promise<void> {
    for (const log of this.#logs) await this.#close(log);
  }

  async #close(log: RunLog): Promise<void> {
    this.#logs.delete(log);
    // A lock that stays is known to be of a process that ended.
    await log.close().catch(() => undefined);
  }

  async diagnose(target: Target, checks: string[], signal: AbortSignal): Promise<Diagnosis> {
    const session = await this.#sessions.of(target);
    const severity = await session.severity(checks, signal, session.reader, 0);
    const { notes } = await session.telemetry.open(signal);
    return this.#diagnose(target, severity, session.reader, notes, session.telemetry, signal);
  }

  async watch({ target, checks, intervalMs, open, tell, looked }: WatchRequest, signal: AbortSignal): Promise<void> {
    const session = await this.#sessions.of(target);
    const { notes } = await session.telemetry.open(signal);
    const severity = await session.severity(checks, signal, session.reader, 0, true);
    const signals = await session.telemetry.signals(signal, true);
    const actions = await this.#library.known();
    const brain = this.#shelf.first();
    let series = severity.series(WATCH_BELIEVED_MS);
    const ports: WatchPorts = {
      read: async (stop) => {
        const moved = await session.moved();
        if (moved) throw new StratusError('target-moved', `the target changed: ${moved}`);
        return series.read(stop);
      },
      renew: () => {
        series.close();
        series = severity.series(WATCH_BELIEVED_MS);
      },
      signals: signals && (({ snapshot, severity: now }, stop) => signals.read(snapshot, now, stop)),
      diagnose: (reading, seen, stop) =>
        brain.diagnose({
          run: '',
          target,
          snapshot: reading.snapshot,
          severity: reading.severity,
          evidence: session.reader,
          actions,
          ...(seen ? { signals: seen } : {}),
          clock: this.#clock,
          budget: NO_LIMIT,
          signal: stop,
          emit: () => undefined,
        }),
      clock: this.#clock,
      tell,
      ...(looked ? { looked } : {}),
    };
    tell({ type: 'started', at: this.#clock.now(), notes });
    try {
      const options = { ...DEFAULT_WATCH, notes, ...(intervalMs ? { intervalMs } : {}), ...(open ? { open } : {}) };
      await new IncidentWatch(ports, options).run(signal);
    } finally {
      series.close();
    }
  }

  async diagnoseAll(
    target: Target,
    checks: string[],
    signal: AbortSignal,
    tell: (done: number, all: number) => void,
  ): Promise<NamespaceDiagnosis[]> {
    const session = await this.#sessions.of(target);
    const names = await session.namespaces(signal);
    const results: NamespaceDiagnosis[] = [];
    const waiting = [...names];
    let done = 0;
    const work = async () => {
      for (let namespace = waiting.shift(); namespace !== undefined; namespace = waiting.shift()) {
        const reader = session.readerOf(namespace);
        try {
          const own = checks.filter((check) => parseCheck(check).asks?.namespace === namespace);
          const severity = await session.severity(own, signal, reader, 0);
          const diagnosis = await this.#diagnose(
            { ...target, namespace },
            severity,
            reader,
            [],
            session.telemetry,
            signal,
          );
          results.push({ namespace, diagnosis });
        } catch (error) {
          if (signal.aborted) throw error;
          // One that was deleted since it was listed is nobody's problem.
          if (codeOf(error) !== 'unknown-namespace') results.push({ namespace, problem: messageOf(error) });
        }
        tell((done += 1), names.length);
      }
    };
    await Promise.all(Array.from({ length: AT_ONCE }, work));
    return results.sort((a, b) => (a.namespace < b.namespace ? -1 : 1));
  }

  async #diagnose(
    target: Target,
    reader: SeverityReader,
    evidence: SnapshotReader,
    told: readonly string[],
    telemetry: SessionTelemetry,
    signal: AbortSignal,
  ): Promise<Diagnosis> {
    const { severity, snapshot, oracles, notes: reckoned = [] } = await reader.baseline(signal);
    const seen = await (await telemetry.signals(signal))?.read(snapshot, severity, signal);
    const brain = this.#shelf.first();
    const notes = [...told, ...reckoned, ...(seen?.notes ?? [])];
    const { findings, hypotheses } = await brain.diagnose({
      run: '',
      target,
      snapshot,
      severity,
      evidence,
      ...(seen ? { signals: seen } : {}),
      actions: await this.#library.known(),
      clock: this.#clock,
      budget: NO_LIMIT,
      signal,
      emit: (emission) => void (emission.type === 'thought' && !emission.partial && notes.push(emission.text)),
    });
    const value = severity.known ? mu(severity) : null;
    const signals = seen ? { signals: shownSignals(seen) } : {};
    return { findings, hypotheses, notes, ...signals, severity, mu: value, oracles };
  }
}
