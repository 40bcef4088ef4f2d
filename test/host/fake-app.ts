import { createHash, randomBytes } from 'node:crypto';
import type { TelemetryLooks } from '../../src/run/telemetry/telemetry-looks.ts';
import type { Brain } from '../../src/domain/brain.ts';
import type { Clock } from '../../src/domain/clock.ts';
import type { Finding, Fix } from '../../src/domain/finding.ts';
import type { KubeObject, ObjectRef } from '../../src/domain/kube-object.ts';
import { refOf } from '../../src/domain/kube-object.ts';
import type { Plan } from '../../src/domain/plan.ts';
import { argvOfStep, planText } from '../../src/domain/plan.ts';
import type { RunEvent } from '../../src/domain/run-event.ts';
import type { LockResult, OpenTransaction, SeverityReading } from '../../src/domain/ports.ts';
import type { SeverityItem } from '../../src/domain/severity.ts';
import type { RehearsedWrite, StepRehearsal, TransactionStatus, UndoResult } from '../../src/domain/transaction.ts';
import type { StratusApp } from '../../src/run/app.ts';
import type { Incidents, MitigateRequest, WatchRequest } from '../../src/run/incidents.ts';
import type { Models, ReadTools } from '../../src/run/models.ts';
import type { Shell } from '../../src/run/shell.ts';
import type { Targets } from '../../src/run/targets.ts';
import type { SharedSummary, TransactionDetail, Transactions } from '../../src/run/transactions.ts';
import type { WriterLock } from '../../src/run/writer-lock.ts';
import { UndoUnfinished } from '../../src/run/lock-refusal.ts';
import { divergenceOf } from '../../src/run/divergence.ts';
import { IncidentRun } from '../../src/run/incident/incident-run.ts';
import { proposedPlan } from '../../src/run/brains/proposed-plan.ts';
import { slowAlert, slowGeo } from '../support/slow-geo.ts';
import { FakeLooks } from './fake-looks.ts';

/**
 * The application over a cluster that exists only in memory: a Service whose targetPort nobody listens on. Real
 * state machine, real events, no server: for tests of the editor's side and of the page.
 */
export interface FakeOptions {
  context?: string;
  /** The kubeconfig has no other context. */
  onlyContext?: boolean;
  /** A first plan that makes things worse, to see it undone. */
  wrongPlanFirst?: boolean;
  /** Nobody knows how to mend the Service, for this reason. */
  noFix?: string;
  /** Namespace whose Service the failing check asks. */
  checkAsks?: string;
  /** How `undo` of a transaction ends. */
  undoOutcome?: 'undone' | 'diverged';
  /** Another writer has the lock. */
  refuseLock?: Extract<LockResult, { ok: false }>;
  /** The server refuses the plan when it is rehearsed. */
  refuseRehearsal?: boolean;
  /** The fault needs two changes, each a transaction of its own. */
  twoFaults?: boolean;
  /** Metrics, traces and alerts tell of it, too. */
  telemetry?: boolean;
  /** Who thinks, given the playbooks' brain; default: that alone. */
  brains?: (playbook: Brain) => Brain[];
  /** Lets time pass between phases, for people watching. */
  pace?: (clock: FakeClock) => Promise<void>;
}

export class FakeClock implements Clock {
  #now = Date.UTC(2026, 10, 21, 2, 47, 11);

  now(): number {
    return this.#now;
  }

  monotonic(): number {
    return this.#now;
  }

  advance(milliseconds: number): void {
    this.#now += milliseconds;
  }

  /** Only the run's deadline sleeps here: it never comes by itself. */
  sleep(_milliseconds: number, signal?: AbortSignal): Promise<void> {
    return new Promise((_resolve, reject) => {
      signal?.addEventListener('abort', () => reject(new Error('stopped')), { once: true });
    });
  }
}

const NAMESPACE = 'hotel-reservation';
const hash = (text: string) => createHash('sha256').update(text).digest('hex').slice(0, 16);

function service(targetPort: number): KubeObject {
  return {
    apiVersion: 'v1',
    kind: 'Service',
    metadata: {
      name: 'geo',
      namespace: NAMESPACE,
      uid: '6a1f0c52-88cd-4e13-9c1a-1f5d6b1f0a77',
      resourceVersion: '4711',
      labels: { app: 'geo' },
      managedFields: [{ manager: 'kubectl' }],
    },
    spec: {
      selector: { app: 'geo' },
      ports: [{ name: 'http', port: 8083, protocol: 'TCP', targetPort }],
    },
  };
}

function deployment(replicas: number): KubeObject {
  return {
    apiVersion: 'apps/v1',
    kind: 'Deployment',
    metadata: { name: 'search', namespace: NAMESPACE, labels: { app: 'search' } },
    spec: { replicas, selector: { matchLabels: { app: 'search' } } },
  };
}

const ref = (apiVersion: string, kind: string, name: string): ObjectRef => ({
  apiVersion,
  kind,
  namespace: NAMESPACE,
  name,
});
const GEO = ref('v1', 'Service', 'geo');
const SEARCH = ref('apps/v1', 'Deployment', 'search');

interface World {
  targetPort: number;
  replicas: number;
}

const NO_LOGS = 'VictoriaLogs in monitoring does not answer';

/** Actions of a runbook are not part of this world. */
const notHere = () => Promise.reject(new Error('not part of this world'));

export class FakeApp implements StratusApp {
  readonly clock = new FakeClock();
  readonly world: World = { targetPort: 9999, replicas: 1 };
  readonly #options: FakeOptions;
  readonly #journal: TransactionDetail[] = [];
  readonly #unfinished = new Set<string>();
  readonly #startedAt = this.clock.now();
  readonly #listeners = new Set<() => void>();
  /** One count for all: the editor tells runs apart by their ids, whichever application they were of. */
  static #next = 1;

  constructor(options: FakeOptions = {}) {
    this.#options = options;
    if (options.twoFaults) this.world.replicas = 0;
  }

  readonly runbooks: StratusApp['runbooks'] = {
    list: async () => [],
    read: () => notHere(),
    allow: () => notHere(),
    forbid: async () => false,
    pin: () => notHere(),
    rehearse: () => notHere(),
    run: () => notHere(),
  };

  readonly targets: Targets = {
    contexts: async () => [
      ...(this.#options.onlyContext
        ? []
        : [{ name: 'staging', server: 'https://10.1.0.4:6443', namespace: 'default', current: false }]),
      { name: this.#context, server: 'https://198.18.0.1:6443', namespace: 'default', current: true },
    ],
    namespaces: async () => ['default', NAMESPACE, 'kube-system'],
    pin: async (context = this.#context, namespace = 'default') => {
      const server = (await this.targets.contexts()).find(({ name }) => name === context)?.server;
      if (!server) throw new Error(`context '${context}' is not in the kubeconfig; pick one that is`);
      return { context, server, namespace, fingerprint: hash(server) };
    },
  };

  /** Logs of runs that other windows have had, by id. */
  readonly logs = new Map<string, RunEvent[]>();

  /** What a watch that goes on was asked for: whoever tests is its cluster. */
  watching: WatchRequest | null = null;

  /** Runs that go on in another window. */
  readonly elsewhere = new Set<string>();

  readonly incidents: Incidents = {
    mitigate: async (request) => this.#run(request),
    runs: async (limit) =>
      [...this.logs].slice(0, limit).map(([id, events]) => {
        const [started, end] = [events[0]!, events.at(-1)!];
        if (started.type !== 'started') throw new Error('a log begins with the start');
        const result = end.type === 'result' ? end.result : null;
        const active = this.elsewhere.has(id);
        return {
          id,
          target: started.target,
          startedAt: started.at,
          outcome: result?.outcome ?? null,
          kept: result?.transactions ?? [],
          active,
        };
      }),
    events: async (id) => {
      const events = this.logs.get(id);
      if (!events) throw new Error(`the event log of ${id} is not there any more`);
      return events;
    },
    isActive: async (id) => this.elsewhere.has(id),
    watchKept: async () => ({ outcome: 'held' }),
    watch: (request, signal) => {
      if (signal.aborted) return Promise.resolve();
      return new Promise((resolve) => {
        this.watching = request;
        request.tell({ type: 'started', at: Date.now(), notes: [] });
        signal.addEventListener('abort', () => ((this.watching = null), resolve()), { once: true });
      });
    },
    diagnose: async () => {
      const { severity, oracles } = this.#reading();
      return { findings: this.#findings(), hypotheses: [], notes: [], severity, mu: this.#items().length, oracles };
    },
    diagnoseAll: async (target, _checks, signal, tell) => {
      tell(1, 2);
      const diagnosis = await this.incidents.diagnose(target, [], signal);
      return [
        { namespace: NAMESPACE, diagnosis },
        { namespace: 'locked', problem: 'you may not list pods in it' },
      ];
    },
  };

  /** What a colleague's machine left unfinished in the cluster. */
  shared: SharedSummary | null = null;

  readonly transactions: Transactions = {
    list: async () => [...this.#journal].reverse(),
    read: async (id) => this.#transaction(id),
    unfinished: async () =>
      (await this.transactions.list()).filter(({ id, status }) => this.#unfinished.has(id) || status === 'diverged'),
    refuseWhileOwed: async (subject) => {
      const own = 'transaction' in subject ? this.#transaction(subject.transaction) : null;
      const owed = await this.#owed(own ? own.context : this.#context);
      if (owed && owed.id !== own?.id) throw new UndoUnfinished(owed.id, `your undo is unfinished: ${owed.title}`);
    },
    undo: async (id, _signal, progress) => {
      const transaction = this.#transaction(id);
      progress('Service/hotel-reservation/geo');
      const result = this.#undoResult(transaction.details.length);
      if (result.outcome === 'undone') this.#restore(transaction);
      this.#close(transaction, result.outcome === 'undone' ? 'undone' : 'diverged', result);
      return result;
    },
    keep: async (id) => {
      const transaction = this.#transaction(id);
      this.#close(transaction, 'committed', transaction.undo);
      return '';
    },
    shared: async () => this.shared,
    adoptShared: async () => {
      if (!this.shared) throw new Error('the cluster keeps no unfinished transaction');
      this.shared = null;
      return this.leaveOpen();
    },
    divergence: async (id) => divergenceOf(this.#transaction(id), async () => service(7777)),
    listDamage: async () => '',
    verify: async () => [],
    onChange: (listener) => {
      this.#listeners.add(listener);
      return { dispose: () => void this.#listeners.delete(listener) };
    },
  };

  readonly lock: WriterLock = {
    status: async () => ({
      state: 'free',
      holder: '',
      phase: '',
      renewedAt: '',
      level: 'client-side',
      why: 'no fence',
    }),
    break: async () => undefined,
    fence: async () => [],
    freeLeft: async () => [],
  };

  /** How safe terminals ended: the decision of each. */
  readonly shells: ('keep' | 'undo')[] = [];

  readonly shell: Shell = {
    rehearse: async (_target, argv) => this.#rehearse(argv, 0),
    run: async () => {
      throw new Error('not part of this world');
    },
    open: async (_target, mode) => {
      const written = mode === 'write' ? ['Service/hotel-reservation/geo'] : [];
      return {
        mode,
        environment: { KUBECONFIG: '/nowhere/kubeconfig' },
        tx: mode === 'write' ? 'tx-shell' : null,
        written: () => written,
        refusals: () => [],
        problem: () => '',
        end: async (decision) => {
          this.shells.push(decision);
          return decision === 'undo' && mode === 'write' ? this.#undoResult(1) : null;
        },
      };
    },
  };

  /** What was shown on the desktop. */
  readonly desktop: string[] = [];

  async notifyDesktop(title: string, text: string): Promise<boolean> {
    this.desktop.push(`${title}: ${text}`);
    return true;
  }

  readonly looks = new FakeLooks((ref) =>
    ref.kind === 'Service' ? service(this.world.targetPort) : ref.kind === 'Deployment' ? deployment(1) : null,
  );

  readonly models: Models = {
    configured: () => null,
    find: async () => [],
    list: async () => [],
    probe: async () => [],
  };
  readonly tools: ReadTools = {
    specs: async () => [],
    call: async (_target, tool) => ({ ok: false, text: `there is no tool '${tool}'` }),
    proposal: async (target, args) => proposedPlan(args, target),
  };
  readonly telemetry: TelemetryLooks = {
    find: async () => ({ found: [], notes: [] }),
    test: async () => ({ opened: [], notes: [] }),
  };

  async dispose() {
    this.#listeners.clear();
  }

  /** A transaction as a killed process leaves it. */
  leaveOpen(context = 'killed-context', run = 'run-killed'): string {
    const transaction = this.#open('Service geo sends to a port nobody listens on', run, context);
    this.#unfinished.add(transaction.id);
    transaction.active = false;
    this.#record(transaction, patchGeo(8083), 0, this.#rehearse(patchGeo(8083), 0).writes);
    return transaction.id;
  }

  async #owed(context: string) {
    return (await this.transactions.unfinished()).find((summary) => summary.context === context);
  }

  #transaction(id: string): TransactionDetail {
    const found = this.#journal.find((transaction) => transaction.id === id);
    if (!found) throw new Error(`there is no transaction '${id}' in the journal`);
    return found;
  }

  #run(request: MitigateRequest): IncidentRun {
    const id = `run-${hash(`${FakeApp.#next++}`).slice(0, 6)}`;
    return new IncidentRun(id, request.target, request.options, {
      brains: this.#options.brains?.(this.#brain()) ?? [this.#brain()],
      cluster: {
        readLog: async () => [],
        get: async () => null,
        list: async () => [],
      },
      severity: {
        baseline: () => this.#paced(),
        read: () => this.#paced(),
        standstill: async () => null,
        ripening: async () => null,
      },
      actions: async () => [],
      ...(this.#options.telemetry ? { signals: async () => slowGeo(this.clock.now()), notes: [NO_LOGS] } : {}),
      transactions: {
        rehearse: async (plan) => (
          await this.#pace(),
          plan.steps.map((step, index) => this.#rehearse(argvOfStep(step), index))
        ),
        begin: async ({ title, run }) => this.#begin(title, run, request),
        list: () => this.transactions.list(),
        reopen: async () => {
          throw new Error('not part of this world');
        },
      },
      confirmation: { confirm: async () => null },
      settler: {
        settle: async (_roots, _signal, progress) => {
          progress('Endpoints of Service/hotel-reservation/geo: 1 of 1 ready');
          await this.#pace();
          return { settled: true, pending: [] };
        },
      },
      lock: {
        acquire: async () => this.#options.refuseLock ?? { ok: true, level: 'client-side' },
        renew: async () => true,
        mark: async () => undefined,
        release: async () => undefined,
      },
      clock: this.clock,
      askApproval: request.askApproval,
      convert: async () => ({ outcome: 'unchanged' }),
      confine: () => null,
      isAffected: () => () => true,
      cheats: () => [],
      owed: async () => {
        const owed = await this.#owed(request.target.context);
        return owed ? { ok: false, holder: 'this machine', reason: `unfinished: ${owed.id}`, owed: owed.id } : null;
      },
      targetMoved: async () => null,
      record: () => undefined,
      hash,
    });
  }

  get #context(): string {
    return this.#options.context ?? 'kind-oncall';
  }

  async #pace(): Promise<void> {
    if (this.#options.pace) await this.#options.pace(this.clock);
    else this.clock.advance(400);
  }

  async #paced(): Promise<SeverityReading> {
    await this.#pace();
    return this.#reading();
  }

  #items(): SeverityItem[] {
    const item = (object: ObjectRef | null, what: string, message: string): SeverityItem => ({
      source: object ? 'object' : 'check',
      object,
      what,
      grade: 1,
      message,
    });
    const items: SeverityItem[] = [];
    if (this.world.targetPort !== 8083) {
      items.push(
        {
          ...item(null, 'hotels', 'GET /hotels answered 503 in 5 of 5 requests'),
          ...(this.#options.checkAsks
            ? { asks: { ...GEO, namespace: this.#options.checkAsks, name: 'checkout' } }
            : {}),
        },
        item(GEO, 'no-listening-port', `targetPort ${this.world.targetPort} matches no container port`),
        item(ref('apps/v1', 'Deployment', 'frontend'), 'not-ready', '0 of 1 replicas ready for 4 minutes'),
      );
    }
    if (this.#options.telemetry && this.world.targetPort !== 8083) items.push(slowAlert(this.#startedAt));
    if (this.world.replicas === 0) items.push(item(SEARCH, 'scaled-to-zero', '0 of 1 replicas wanted'));
    return items;
  }

  #reading(): SeverityReading {
    const items = this.#items();
    const bad = (source: string) => (items.some((item) => item.source === source) ? 'bad' : 'ok');
    return {
      severity: { known: true, items },
      snapshot: { takenAt: '', namespaces: [NAMESPACE], objects: {}, unreadable: {} },
      oracles: {
        'cluster health': bad('object'),
        'user requests': bad('check'),
        alerts: this.#options.telemetry ? bad('alert') : 'absent',
      },
      asOf: this.clock.now(),
    };
  }

  #findings(): Finding[] {
    if (this.world.targetPort === 8083) return [];
    const evidence = (object: ObjectRef, source: 'spec' | 'log' | 'event', field: string, text: string) => ({
      object,
      source,
      field,
      text,
    });
    const pod = ref('v1', 'Pod', 'geo-7c6b8d9f4-x2k8p');
    const search = ref('v1', 'Pod', 'search-5d8f7b6c9-qz4lm');
    return [
      {
        id: 'service-target-port/geo',
        rule: 'service-target-port',
        severity: 'critical',
        object: GEO,
        message: 'Service geo sends to port 9999, which no container of its pods listens on',
        evidence: [
          evidence(GEO, 'spec', 'spec.ports[http].targetPort', '9999'),
          evidence(pod, 'spec', 'spec.containers[geo].ports', 'http 8083/TCP'),
          evidence(search, 'log', '', 'geo: dial tcp 198.18.64.31:8083: connect: connection refused'),
        ],
        fixes: this.#options.noFix ? [] : [POINT_GEO],
        ...(this.#options.noFix ? { unfixed: this.#options.noFix } : {}),
      },
      {
        id: 'readiness/frontend',
        rule: 'not-ready',
        severity: 'warning',
        object: ref('apps/v1', 'Deployment', 'frontend'),
        message: 'Deployment frontend is not ready because search does not answer',
        evidence: [],
        fixes: [],
      },
    ];
  }

  #brain(): Brain {
    return {
      name: 'playbook',
      diagnose: async () => (await this.#pace(), { findings: this.#findings(), hypotheses: [] }),
      plan: async (_context, _diagnosis, attempts) => {
        await this.#pace();
        const exhausted = { type: 'exhausted' as const, reason: 'no justified fix is left to try' };
        if (this.world.targetPort === 8083 && this.world.replicas === 0)
          return { type: 'plan', plan: WAKE_SEARCH, alternatives: [] };
        if (this.world.targetPort === 8083 || this.#options.noFix) return exhausted;
        const wrong = this.#options.wrongPlanFirst === true && attempts.length === 0;
        if (attempts.some(({ plan }) => plan.findingId === 'service-target-port/geo')) return exhausted;
        const next = wrong
          ? plan('Take search out of the way', 'readiness/frontend', ['scale', 'deployment/search', '--replicas=0'])
          : plan('Point Service geo at port 8083', 'service-target-port/geo', patchGeo(8083));
        return { type: 'plan', plan: next, alternatives: [] };
      },
      reflect: async (_context, { attempt, outcome, reason }) => `Attempt ${attempt} ${outcome}: ${reason}`,
    };
  }

  #rehearse(argv: string[], index: number): StepRehearsal {
    const scaled = argv.includes('scale');
    const [before, after] = scaled
      ? [deployment(this.world.replicas), deployment(replicasIn(argv))]
      : [service(this.world.targetPort), service(8083)];
    const write: RehearsedWrite = {
      ref: refOf(before),
      method: 'PATCH',
      before,
      after,
      undo: {
        class: scaled ? 'consequences' : 'exact',
        residue: scaled ? ['pods are replaced'] : [],
        inverse: `put ${before.kind} ${before.metadata.name} back as it was`,
      },
    };
    if (this.#options.refuseRehearsal)
      return { argv, ok: false, problem: 'the server refused it: quota exceeded', writes: [], partial: false };
    return { argv, ok: true, problem: '', writes: [write], partial: index > 0 };
  }

  #open(title: string, run: string, context: string): TransactionDetail {
    const transaction: TransactionDetail = {
      id: `tx-${randomBytes(3).toString('hex')}`,
      run,
      title,
      status: 'open',
      context,
      fingerprint: hash(context),
      namespace: NAMESPACE,
      openedAt: new Date(this.clock.now()).toISOString(),
      closedAt: null,
      commands: [],
      roots: [],
      writes: 0,
      active: true,
      details: [],
      undo: null,
    };
    this.#journal.push(transaction);
    this.#tell();
    return transaction;
  }

  #begin(title: string, run: string, { target }: MitigateRequest): OpenTransaction {
    const transaction = this.#open(title, run, target.context);
    transaction.fingerprint = target.fingerprint;
    return {
      id: transaction.id,
      execute: async (step) => {
        const argv = argvOfStep(step);
        await this.#pace();
        const { writes } = this.#rehearse(argv, 0);
        this.#record(transaction, argv, transaction.commands.length, writes);
        if (argv.includes('scale')) this.world.replicas = replicasIn(argv);
        else this.world.targetPort = 8083;
        const stdout = argv.includes('scale') ? 'deployment.apps/search scaled\n' : 'service/geo patched\n';
        return { ok: true, exitCode: 0, stdout, stderr: '', refusals: [], writes: writes.length, problem: '' };
      },
      written: () => [],
      unacceptedLosses: async () => [],
      roots: () => transaction.roots,
      writes: () => transaction.writes,
      commit: async () => this.#close(transaction, 'committed', null),
      undo: async () => {
        await this.#pace();
        const result = this.#undoResult(transaction.writes);
        this.#restore(transaction);
        this.#close(transaction, 'undone', result);
        return result;
      },
      dispose: async () => undefined,
    };
  }

  #record(transaction: TransactionDetail, argv: string[], command: number, writes: RehearsedWrite[]): void {
    transaction.commands.push(argv);
    transaction.details.push(...writes.map((write) => ({ ...write, command, outcome: 'done' as const })));
    transaction.roots.push(...writes.map((write) => write.ref));
    transaction.writes += writes.length;
    this.#tell();
  }

  #restore(transaction: TransactionDetail): void {
    if (transaction.roots.some(({ kind }) => kind === 'Deployment'))
      this.world.replicas = this.#options.twoFaults ? 0 : 1;
    else this.world.targetPort = 9999;
  }

  #close(transaction: TransactionDetail, status: TransactionStatus, undo: UndoResult | null): void {
    transaction.status = status;
    transaction.active = false;
    transaction.undo = undo;
    transaction.closedAt = new Date(this.clock.now()).toISOString();
    this.#unfinished.delete(transaction.id);
    this.#tell();
  }

  #undoResult(writes: number): UndoResult {
    if (this.#options.undoOutcome === 'diverged') {
      const difference = { ref: GEO, path: '/spec/ports/0/targetPort', expected: 9999, written: 8083, actual: 7777 };
      return { outcome: 'diverged', writes, differences: [difference], reason: 'someone changed what we wrote' };
    }
    const proof = { hashBefore: hash('before'), hashAfter: hash('before'), levels: { L1: true, L4: true } };
    return { outcome: 'undone', writes, proof: { ...proof, residue: [], foreign: [] } };
  }

  #tell(): void {
    for (const listener of this.#listeners) listener();
  }
}

function patchGeo(port: number): string[] {
  const patch = [
    { op: 'test', path: '/spec/ports/0/name', value: 'http' },
    { op: 'replace', path: '/spec/ports/0/targetPort', value: port },
  ];
  return ['patch', 'service', 'geo', '-n', NAMESPACE, '--type=json', `--patch=${JSON.stringify(patch)}`];
}

function replicasIn(argv: string[]): number {
  return argv.includes('--replicas=1') ? 1 : 0;
}

const POINT_GEO: Fix = { changes: [], commands: [patchGeo(8083)], expects: 'geo answers', confidence: 0.9 };

function plan(title: string, findingId: string, argv: string[]): Plan {
  const steps = [{ type: 'kubectl' as const, argv, why: title }];
  return {
    hash: hash(planText(steps, [])),
    title,
    findingId,
    steps,
    files: [],
    expects: 'frontend answers /hotels with 200 again',
  };
}

const WAKE_SEARCH = plan('Scale Deployment search to 1', 'scaled-to-zero/search', [
  'scale',
  'deployment/search',
  '--replicas=1',
]);
