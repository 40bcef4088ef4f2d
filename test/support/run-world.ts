import type { Brain } from '../../src/domain/brain.ts';
import { argvOfStep, planText } from '../../src/domain/plan.ts';
import type { Plan } from '../../src/domain/plan.ts';
import type { OpenTransaction, SeverityReading } from '../../src/domain/ports.ts';
import type { RunEvent, RunOptions, RunResult } from '../../src/domain/run-event.ts';
import { DEFAULT_OPTIONS } from '../../src/domain/run-event.ts';
import type { SeverityItem } from '../../src/domain/severity.ts';
import type { ClusterSnapshot } from '../../src/domain/snapshot.ts';
import type { StepRehearsal, StepResult } from '../../src/domain/transaction.ts';
import { IncidentRun } from '../../src/run/incident/incident-run.ts';
import type { AskBudget, IncidentRunPorts } from '../../src/run/incident/run-ports.ts';
import { FakeClock, whileTimePasses } from './fake-clock.ts';

const TARGET = { context: 'c', server: 's', fingerprint: 'f', namespace: 'shop' };
const GEO = { apiVersion: 'v1', kind: 'Service', namespace: 'shop', name: 'geo' };

/** A plan of one command, recognised by it. */
export function planOf(...argv: string[]): Plan {
  const steps = [{ type: 'kubectl' as const, argv, why: 'because' }];
  return { hash: planText(steps, []), title: argv.join(' '), findingId: 'f', steps, files: [], expects: 'health' };
}

/**
 * A cluster of one broken thing in memory, in which `mend` mends and everything else changes nothing, for runs with any
 * brain. Time stands still unless a test lets it pass.
 */
export class RunWorld {
  readonly clock = new FakeClock();
  broken = true;
  /** The unfinished transaction of one's own that is in the way. */
  owed: string | null = null;
  /** What somebody else takes back after every change; null: it stays. */
  takenBack: string | null = null;
  /** Why the change is not what made it well, which it became by itself; null: nothing speaks for that. */
  unaided: string | null = null;
  /** What still has time to start comes up, or stays down, when it is waited for; null: nothing is moving. */
  comesUp: boolean | null = null;
  /** An early sign becomes an item when it is waited for. */
  ripens = false;
  ripe = false;
  /** Snapshots in which it was looked for what a change affects. */
  readonly reachedIn: ClusterSnapshot[] = [];
  /** Commands in the order in which they ran; `undo` for an undone transaction. */
  readonly done: string[] = [];
  readonly events: RunEvent[] = [];
  /** Whether models may spend more; null: nobody can be asked. */
  askBudget: AskBudget | null = null;
  /** Why every plan is refused for good; null: each is approved. */
  refuses: string | null = null;
  /** What a transaction leaves behind cannot be cleared away. */
  cannotClose = false;
  run!: IncidentRun;

  start(brains: Brain[], options: Partial<RunOptions> = {}): Promise<RunResult> {
    this.run = new IncidentRun('run-1', TARGET, { ...DEFAULT_OPTIONS, ...options }, this.#ports(brains));
    this.run.onEvent((event) => this.events.push(event));
    return this.run.start();
  }

  /** Runs to the end while time passes. */
  async play(brains: Brain[], options: Partial<RunOptions> = {}): Promise<RunResult> {
    return whileTimePasses(this.clock, this.start(brains, options));
  }

  #ports(brains: Brain[]): IncidentRunPorts {
    const { clock } = this;
    return {
      brains,
      clock,
      cluster: {
        readLog: async () => [],
        get: async () => null,
        list: async () => [],
      },
      severity: {
        baseline: async () => this.#reading(),
        read: async () => this.#reading(),
        standstill: async () => this.#standstill(),
        ripening: async () => this.#ripened(),
      },
      actions: async () => [],
      transactions: {
        rehearse: async (plan) => plan.steps.map((step) => rehearsal(argvOfStep(step))),
        begin: async () => this.#open(),
        list: async () => [],
        reopen: async () => this.#open(),
      },
      settler: {
        settle: async () => ({ settled: true, pending: [], ...(this.unaided ? { unaided: this.unaided } : {}) }),
      },
      confirmation: { confirm: async () => this.takenBack },
      lock: {
        acquire: async () => ({ ok: true, level: 'client-side' }),
        renew: async () => true,
        mark: async () => undefined,
        release: async () => undefined,
      },
      askApproval: async ({ hash }) =>
        this.refuses === null
          ? { approve: true, hash, by: { via: 'policy', id: 'test', at: clock.now() } }
          : { approve: false, reason: this.refuses, final: true },
      ...(this.askBudget ? { askBudget: this.askBudget } : {}),
      convert: async () => ({ outcome: 'unchanged' }),
      confine: () => null,
      isAffected: (_roots, ...snapshots) => (this.reachedIn.push(...snapshots), () => true),
      cheats: () => [],
      owed: async () =>
        this.owed === null ? null : { ok: false, holder: 'this machine', reason: 'unfinished', owed: this.owed },
      targetMoved: async () => null,
      record: () => undefined,
      hash: (text) => text,
    };
  }

  #ripened(): SeverityReading | null {
    if (!this.ripens) return null;
    this.ripens = false;
    this.ripe = true;
    return this.#reading();
  }

  #standstill(): SeverityReading | null {
    if (this.comesUp === null) return null;
    if (this.comesUp) this.broken = false;
    return this.#reading();
  }

  #reading(): SeverityReading {
    const item: SeverityItem = { source: 'object', object: GEO, what: 'target-port', grade: 1, message: 'geo is dark' };
    const snapshot = {
      takenAt: new Date(this.clock.now()).toISOString(),
      namespaces: ['shop'],
      objects: {},
      unreadable: {},
    };
    return {
      severity: { known: true, items: this.broken ? [item] : [] },
      snapshot,
      oracles: { objects: 'bad' },
      asOf: this.clock.now(),
    };
  }

  #open(): OpenTransaction {
    const before = this.broken;
    return {
      id: `tx-${this.done.length}`,
      execute: async (step): Promise<StepResult> => {
        const argv = argvOfStep(step);
        this.done.push(argv.join(' '));
        if (argv[0] === 'mend') this.broken = false;
        return { ok: true, exitCode: 0, stdout: '', stderr: '', refusals: [], writes: 1, problem: '' };
      },
      roots: () => [GEO],
      writes: () => 1,
      written: () => [],
      unacceptedLosses: async () => [],
      commit: async () => undefined,
      undo: async () => {
        this.done.push('undo');
        this.broken = before && this.unaided === null;
        const proof = { hashBefore: 'h', hashAfter: 'h', levels: { L4: true }, residue: [], foreign: [] };
        return { outcome: 'undone', writes: 1, proof };
      },
      dispose: async () => {
        if (this.cannotClose) throw new Error('no such folder');
      },
    };
  }
}

function rehearsal(argv: string[]): StepRehearsal {
  return { argv, ok: true, problem: '', writes: [], partial: false };
}

/** A brain that answers as told; what is left out answers at once with nothing. */
export function brainOf(name: string, parts: Partial<Omit<Brain, 'name'>>): Brain {
  return {
    name,
    diagnose: async () => ({ findings: [], hypotheses: [] }),
    plan: async () => ({ type: 'exhausted', reason: `${name} knows no more` }),
    reflect: async (_context, { outcome }) => `${outcome} teaches`,
    ...parts,
  };
}
