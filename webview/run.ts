import { AgentsPart } from './agents-part.ts';
import { countdown } from './clock.ts';
import { disableControls } from './components.ts';
import { h, Part } from './dom.ts';
import type { HeaderActions, HeaderData } from './header-part.ts';
import { renderHeader } from './header-part.ts';
import { Host } from './host.ts';
import { Liveness } from './liveness.ts';
import type { KeptWatchActions } from './kept-watch-part.ts';
import { renderKeptWatch } from './kept-watch-part.ts';
import { LogPart } from './log-part.ts';
import { renderOwed } from './owed-part.ts';
import { renderModels } from './models-part.ts';
import type { PlanActions, PlanData } from './plan-part.ts';
import { renderEarlier, renderPlan } from './plan-part.ts';
import type { Reply } from './protocol/requests.ts';
import type { RunSnapshot } from './protocol/run-snapshot.ts';
import { wentBack } from './protocol/run-snapshot.ts';
import { drawRail } from './rail.ts';
import { renderFindings } from './findings-part.ts';
import type { TelemetryData } from './telemetry-part.ts';
import { renderTelemetry } from './telemetry-part.ts';
import type { CheckActions, SeverityActions, TransactionActions } from './side-parts.ts';
import { renderAttempts, renderChecks, renderSeverity, renderTransactions } from './side-parts.ts';

/** What stands in the headline while the host does not answer. */
const SILENT: RunSnapshot['headline'] = {
  tone: 'bad',
  title: 'Connection to the extension was lost',
  detail: 'What is shown is what was known last, and nothing can be done from here until the extension answers again',
};

/** The run view: draws each snapshot of the host, part by part, and sends back what people decide. */
class RunPage {
  readonly #root: HTMLElement;
  readonly #host: Host;
  #snapshot: RunSnapshot | null = null;
  #silent = false;

  readonly #problem = h('p', { class: 'page-problem', role: 'alert', hidden: true });
  readonly #elapsed = h('span', { class: 'elapsed' });
  readonly #header: Part<HeaderData>;
  readonly #title = h('h1');
  readonly #rail: Part<Pick<RunSnapshot, 'stages' | 'wayBack'> & { width: number }>;
  readonly #owed: Part<RunSnapshot['owed']>;
  readonly #kept: Part<RunSnapshot['kept']>;
  /** How long what was kept is still watched. */
  readonly #left = h('span', { class: 'left' });
  readonly #plan: Part<PlanData>;
  readonly #earlier: Part<RunSnapshot['earlier']>;
  readonly #findings: Part<RunSnapshot['findings']>;
  readonly #telemetry: Part<TelemetryData>;
  readonly #severity: Part<RunSnapshot['severity'] & { width: number }>;
  readonly #checks: Part<RunSnapshot['checks']>;
  readonly #attempts: Part<RunSnapshot['attempts']>;
  readonly #transactions: Part<{ transactions: RunSnapshot['transactions']; ended: boolean }>;
  readonly #models: Part<RunSnapshot['models']>;
  readonly #agents: AgentsPart;
  readonly #log = new LogPart();

  constructor(root: HTMLElement) {
    this.#root = root;
    this.#host = new Host(({ snapshot }) => this.#show(snapshot));
    const section = (name: string) => h('section', { class: name, hidden: true });
    const ways: HeaderActions = {
      cancel: () => this.#ask((run) => this.#host.request('cancel', { run })),
      repeat: () => this.#ask((run) => this.#host.request('again', { run })),
      copySummary: () => this.#ask((run) => this.#host.request('copySummary', { run })),
    };
    this.#header = new Part(h('header', {}), (data) => {
      this.#header.element.className = data.headline.tone;
      return renderHeader(data, this.#title, this.#elapsed, ways);
    });
    this.#rail = new Part(section('rail-part'), ({ width, ...data }) => [
      drawRail(data, width) as unknown as HTMLElement,
    ]);
    const actions: PlanActions = {
      approve: (hash) => this.#ask((run) => this.#host.request('approve', { run, hash })),
      reject: (hash, reason) => this.#ask((run) => this.#host.request('reject', { run, hash, reason })),
      openDiff: (hash, step, write) => this.#ask((run) => this.#host.request('openDiff', { run, hash, step, write })),
      copyCommand: (hash, step) =>
        this.#ask((run) => this.#host.request('copyCommand', { run, hash: hash ?? '', step })),
    };
    this.#plan = new Part(section('plan-part'), (data) => renderPlan(data, actions));
    this.#earlier = new Part(section('plan-part earlier'), (plans) => renderEarlier(plans, actions));
    const undoWays: TransactionActions = {
      undo: (transaction) => this.#ask((run) => this.#host.request('undo', { run, transaction })),
      inspect: (transaction) => this.#ask((run) => this.#host.request('inspect', { run, transaction })),
      keep: (transaction) => this.#ask((run) => this.#host.request('keep', { run, transaction })),
      showStack: () => this.#ask(() => this.#host.request('showUndoStack', {})),
    };
    this.#owed = new Part(section('plan-part owed'), (owed) => (owed ? renderOwed(owed, undoWays) : []));
    const keptWays: KeptWatchActions = {
      stop: () => this.#ask((run) => this.#host.request('stopKeptWatch', { run })),
      answer: (answer) => this.#ask((run) => this.#host.request('answerKeptWatch', { run, answer })),
    };
    // Until when it goes on moves with each reading, and is told by the clock.
    this.#kept = new Part(section('kept-part'), (kept) => (kept ? renderKeptWatch(kept, this.#left, keptWays) : []));
    this.#findings = new Part(section('findings-part'), (findings) =>
      renderFindings(findings, {
        look: (finding, evidence, look) =>
          this.#ask((run) => this.#host.request('look', { run, finding, evidence, look })),
        copy: (finding) => this.#ask((run) => this.#host.request('copyFinding', { run, finding })),
        terminal: () => this.#ask((run) => this.#host.request('terminal', { run })),
      }),
    );
    const severityActions: SeverityActions = {
      goTo: (namespace) => this.#ask((run) => this.#host.request('goTo', { run, namespace })),
      lookAt: (item, look) => this.#ask((run) => this.#host.request('lookAt', { run, item, look })),
    };
    this.#severity = new Part(section('severity-part'), (data) => renderSeverity(data, severityActions));
    const showRequests = () => this.#ask((run) => this.#host.request('showModelRequests', { run }));
    this.#models = new Part(section('models-part'), (models) => renderModels(models, showRequests));
    this.#agents = new AgentsPart({
      look: (call, evidence, look) =>
        this.#ask((run) => this.#host.request('lookAtTool', { run, call, evidence, look })),
    });
    const openSource = (signal: number) => this.#ask((run) => this.#host.request('openSource', { run, signal }));
    const open = new Set<string>();
    this.#telemetry = new Part(section('telemetry-part'), (data) => renderTelemetry(data, open, openSource));
    const checkActions: CheckActions = {
      addCheck: () => this.#ask((run) => this.#host.request('addCheck', { run })),
      findTelemetry: () => this.#ask((run) => this.#host.request('findTelemetry', { run })),
    };
    this.#checks = new Part(section('checks-part'), (checks) => renderChecks(checks, checkActions));
    this.#attempts = new Part(section('attempts-part'), renderAttempts);
    this.#transactions = new Part(section('transactions-part'), ({ transactions, ended }) =>
      renderTransactions(transactions, ended, undoWays),
    );
  }

  async start(): Promise<void> {
    const { snapshot } = await this.#host.request('ready', {});
    // A snapshot that arrived meanwhile is newer.
    if (snapshot && !this.#snapshot) this.#show(snapshot);
    if (!this.#snapshot) this.#root.replaceChildren(ended());
    window.addEventListener('resize', () => this.#draw());
    setInterval(() => this.#tick(), 1_000);
    new Liveness(
      () => this.#host.request('alive', {}),
      (silent) => void this.#hear(silent),
    );
  }

  /** The host fell silent, or answers again: then what it knows now is shown, if it still knows the run. */
  async #hear(silent: boolean): Promise<void> {
    this.#silent = silent;
    this.#root.classList.toggle('silent', silent);
    if (silent) return this.#draw();
    for (const part of this.#parts()) part.invalidate();
    const { snapshot } = await this.#host.request('ready', {});
    if (snapshot) this.#show(snapshot);
    else this.#draw();
  }

  #show(snapshot: RunSnapshot): void {
    const first = this.#snapshot === null;
    this.#snapshot = snapshot;
    if (first) this.#build();
    this.#host.remember({ run: snapshot.run });
    this.#draw();
  }

  #build(): void {
    const parts = [
      this.#owed,
      this.#kept,
      this.#plan,
      this.#earlier,
      this.#findings,
      this.#telemetry,
      this.#agents,
      this.#log,
    ];
    const main = h('div', { class: 'main' }, ...parts.map(({ element }) => element));
    const side = h(
      'aside',
      { 'aria-label': 'State' },
      ...[this.#severity, this.#models, this.#checks, this.#transactions, this.#attempts].map(({ element }) => element),
    );
    this.#root.replaceChildren(
      this.#header.element,
      this.#problem,
      this.#rail.element,
      h('div', { class: 'columns' }, main, side),
    );
  }

  #draw(): void {
    const snapshot = this.#snapshot;
    if (!snapshot) return;
    const { target, mode, canCancel, cancelling, result, again, stages, wayBack, plan } = snapshot;
    const headline = this.#silent ? SILENT : snapshot.headline;
    const back = wentBack(snapshot);
    const total = snapshot.models?.total;
    const spent = result && total && total.calls > 0 ? total : null;
    const lockNote = this.#silent ? '' : snapshot.lockNote;
    this.#header.update({ headline, target, mode, canCancel, cancelling, result, again, back, lockNote, spent });
    if (this.#title.textContent !== headline.title) this.#title.textContent = headline.title;
    const width = this.#root.clientWidth;
    this.#rail.update({ stages, wayBack, width: Math.max(280, width - 2 * PADDING) });
    const cause = snapshot.findings.find(({ chosen }) => chosen)?.message ?? '';
    const several = snapshot.earlier.length > 0;
    this.#plan.update({ plan, protected: target.protected, context: target.context, cause, several });
    this.#owed.update(snapshot.owed);
    this.#kept.update(snapshot.kept && { ...snapshot.kept, until: snapshot.kept.until === null ? null : 0 });
    this.#earlier.update(snapshot.earlier);
    this.#findings.update(snapshot.findings);
    this.#agents.update(snapshot);
    this.#models.update(snapshot.models);
    const inner = width - 2 * PADDING;
    const isWide = width >= TWO_COLUMNS;
    const side = isWide ? SIDE_WIDTH : inner;
    const main = isWide ? inner - SIDE_WIDTH - GAP : inner;
    this.#telemetry.update({ telemetry: snapshot.telemetry, width: Math.max(200, main - 2 * CARD_PADDING - 2) });
    this.#severity.update({ ...snapshot.severity, width: Math.max(200, side - 2 * CARD_PADDING - 2) });
    this.#checks.update(snapshot.checks);
    this.#attempts.update(snapshot.attempts);
    this.#transactions.update({ transactions: snapshot.transactions, ended: snapshot.endedAt !== null });
    this.#log.update(snapshot.run, snapshot.log);
    this.#order(snapshot);
    if (this.#silent) disableControls(this.#root);
    this.#tick();
  }

  /** While the run goes on, the plan in hand comes first; afterwards the changes stand in the order in which they ran. */
  #order({ endedAt, earlier }: RunSnapshot): void {
    const [plan, before] = [this.#plan.element, this.#earlier.element];
    const inOrder = endedAt !== null && earlier.length > 0;
    if (inOrder && plan.nextElementSibling === before) plan.before(before);
    else if (!inOrder && before.nextElementSibling === plan) plan.after(before);
  }

  #parts(): { invalidate(): void }[] {
    const main = [
      this.#header,
      this.#rail,
      this.#owed,
      this.#kept,
      this.#plan,
      this.#earlier,
      this.#findings,
      this.#agents,
    ];
    return [...main, this.#telemetry, this.#models, this.#severity, this.#checks, this.#attempts, this.#transactions];
  }

  #tick(): void {
    const snapshot = this.#snapshot;
    // A clock that goes on would tell of work that nobody knows of.
    if (!snapshot || snapshot.startedAt === 0 || this.#silent) return;
    const seconds = Math.max(0, Math.round(((snapshot.endedAt ?? Date.now()) - snapshot.startedAt) / 1_000));
    const text = `${String(Math.floor(seconds / 60)).padStart(2, '0')}:${String(seconds % 60).padStart(2, '0')}`;
    const attempt = snapshot.attempt > 0 ? `attempt ${snapshot.attempt} of ${snapshot.maxAttempts} · ` : '';
    this.#elapsed.textContent = `${attempt}${text}`;
    const until = snapshot.kept?.until ?? null;
    if (until !== null) this.#left.textContent = countdown(until, Date.now());
  }

  #ask(request: (run: string) => Promise<Reply>): void {
    const run = this.#snapshot?.run;
    if (!run) return;
    const tell = (problem: string) => {
      this.#problem.textContent = problem;
      this.#problem.hidden = problem === '';
    };
    request(run).then(
      ({ problem }) => tell(problem),
      (error: unknown) => tell(error instanceof Error ? error.message : String(error)),
    );
  }
}

const PADDING = 24;
const CARD_PADDING = 16;
const SIDE_WIDTH = 340;
const GAP = 16;
const TWO_COLUMNS = 860;

/** The page came back after a reload, the run did not. */
function ended(): HTMLElement {
  return h(
    'section',
    { class: 'empty' },
    h('h1', {}, 'This run has ended with its window'),
    h('p', {}, 'What it changed is in the Undo stack. A change that was interrupted is offered for undo.'),
  );
}

void new RunPage(document.getElementById('run')!).start();
