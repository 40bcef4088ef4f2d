import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import type { Effect, Step } from '../../../src/domain/machine/step.ts';
import { reduce } from '../../../src/domain/machine/machine.ts';
import type { Phase, RunState } from '../../../src/domain/run-state.ts';
import { INITIAL_STATE } from '../../../src/domain/run-state.ts';
import { TRANSITIONS } from '../../../src/domain/machine/machine-drawing.ts';
import type { MachineEvent, RunOptions } from '../../../src/domain/run-event.ts';
import type { Severity, SeverityItem } from '../../../src/domain/severity.ts';
import { itemId, judgeCommit, mu } from '../../../src/domain/severity.ts';
import { extended } from '../../../src/domain/budget.ts';
import { kubectlSteps, planFromFix } from '../../../src/domain/plan.ts';

/**
 * A model of a cluster driven by the real reducer: random brains, random failures of every effect and a crash between
 * any two effects. The world is judged from outside: the reducer never sees it, only what oracles report.
 */
const FAULTS = ['alpha', 'beta', 'gamma'];
const SIDE_EFFECTS = ['delta', 'epsilon'];
const item = (what: string): SeverityItem => ({
  source: 'object',
  object: { apiVersion: 'v1', kind: 'Service', namespace: 'n', name: what },
  what,
  grade: 1,
  message: what,
});

interface Write {
  removes: string[];
  adds: string[];
}

class World {
  readonly present = new Set<string>();
  /** Effects of the writes of each transaction, so that undo can take them back. */
  readonly journal = new Map<string, string[][]>();
  readonly closed = new Map<string, 'committed' | 'undone'>();
  constructor(start: string[]) {
    for (const what of start) this.present.add(what);
  }
  apply(tx: string, write: Write): void {
    this.journal.get(tx)!.push([...this.present]);
    for (const what of write.removes) this.present.delete(what);
    for (const what of write.adds) this.present.add(what);
  }
  undo(tx: string): void {
    const first = this.journal.get(tx)?.[0];
    if (!first) return;
    this.present.clear();
    for (const what of first) this.present.add(what);
    this.journal.set(tx, []);
  }
  severity(): Severity {
    return { known: true, items: [...this.present].sort().map(item) };
  }
}

interface Scenario {
  start: string[];
  plans: Write[][];
  /** One decision per effect, reused cyclically. */
  luck: number[];
  options: RunOptions;
}

const write = fc.record({ removes: fc.subarray(FAULTS), adds: fc.subarray(SIDE_EFFECTS) });
const scenario: fc.Arbitrary<Scenario> = fc.record({
  start: fc.subarray(FAULTS),
  plans: fc.array(fc.array(write, { minLength: 1, maxLength: 4 }), { maxLength: 14 }),
  luck: fc.oneof(
    fc.array(fc.nat(99), { minLength: 1, maxLength: 60 }),
    // Mostly good luck, so that long runs happen, too.
    fc.array(fc.oneof({ weight: 1, arbitrary: fc.nat(9) }, { weight: 24, arbitrary: fc.constant(99) }), {
      minLength: 40,
      maxLength: 120,
      size: 'max',
    }),
  ),
  options: fc.record({
    maxAttempts: fc.integer({ min: 1, max: 10 }),
    maxWrites: fc.integer({ min: 1, max: 5 }),
    wallClockMs: fc.constantFrom(40, 1_000_000),
    commitRule: fc.constantFrom('strict' as const, 'paper' as const),
    allOrNothing: fc.boolean(),
    budget: fc.record({
      usd: fc.constantFrom(null, 5),
      tokens: fc.constantFrom(null, 100),
      calls: fc.constantFrom(null, 12),
      thinkMs: fc.constant(1),
    }),
  }),
});

const replay = (log: MachineEvent[]) => log.reduce((state, event) => reduce(state, event).state, INITIAL_STATE);

interface Trace {
  state: RunState;
  log: MachineEvent[];
  world: World;
  transitions: Set<string>;
  visibleMu: number[];
  startMu: number;
  writesPerTx: number[];
  committedUnknown: boolean;
  handedOver: boolean;
}

function play({ start, plans, luck, options }: Scenario): Trace {
  const world = new World(start);
  const startMu = world.present.size;
  let clock = 0;
  let turn = 0;
  let planned = 0;
  let txCount = 0;
  let writes = 0;
  let lastReading: Severity = world.severity();
  const trace: Trace = {
    state: INITIAL_STATE,
    log: [],
    world,
    transitions: new Set(),
    visibleMu: [],
    startMu,
    writesPerTx: [],
    committedUnknown: false,
    handedOver: false,
  };
  const chance = (percent: number) => luck[turn++ % luck.length]! < percent;
  const read = (): Severity => (lastReading = chance(8) ? { known: false, reason: 'lost' } : world.severity());

  const answer = (effect: Effect, state: RunState): MachineEvent => {
    const at = ++clock;
    if (chance(6)) return { at, type: 'effectFailed', effect: effect.type, reason: 'injected' };
    switch (effect.type) {
      case 'detect':
        if (chance(4)) return { at, type: 'lockDenied', holder: 'me', reason: 'unfinished', owed: 'tx-old' };
        return { at, type: 'detected', severity: read(), oracles: {} };
      case 'diagnose':
        return { at, type: 'diagnosed', findings: [], hypotheses: [] };
      case 'plan': {
        const steps = plans[planned++];
        if (!steps) return { at, type: 'planned', plan: null, reason: 'nothing left', escalate: chance(50) };
        const again = state.attempts.at(-1);
        if (again && chance(25)) return { at, type: 'planned', plan: again.plan, reason: '' };
        const object = { apiVersion: 'v1', kind: 'Service', namespace: 'n', name: 'x' };
        const finding = {
          id: 'f',
          rule: 'r',
          severity: 'critical' as const,
          object,
          message: 'm',
          evidence: [],
          fixes: [],
        };
        const commands = steps.map((_, index) => ['step', String(planned), String(index)]);
        const plan = planFromFix(finding, { changes: [], commands, expects: '', confidence: 1 }, (text) => text);
        return { at, type: 'planned', plan, reason: '' };
      }
      case 'rehearse':
        return {
          at,
          type: 'rehearsed',
          hash: effect.plan.hash,
          steps: kubectlSteps(effect.plan).map((step, index) => ({
            argv: step.argv,
            ok: !chance(5),
            problem: 'refused',
            writes: [],
            partial: index > 0,
          })),
        };
      case 'askApproval':
        if (chance(5)) return { at, type: 'rejected', reason: 'no', ...(chance(30) ? { final: true } : {}) };
        return { at, type: 'approved', hash: chance(5) ? 'another' : effect.hash, by: { via: 'cli', id: 'x', at } };
      case 'acquireLock':
        return chance(4)
          ? { at, type: 'lockDenied', holder: 'x', reason: 'held' }
          : { at, type: 'lockAcquired', level: 'client-side' };
      case 'checkpoint': {
        const tx = `tx${++txCount}`;
        world.journal.set(tx, []);
        writes = 0;
        return { at, type: 'checkpointed', tx, severity: read() };
      }
      case 'execute': {
        // The gateway refuses write K+1, so a step never brings more than K writes into the cluster.
        if (writes >= options.maxWrites) return { at, type: 'stepFailed', index: effect.index, writes: 0, reason: 'K' };
        if (chance(10)) return { at, type: 'stepFailed', index: effect.index, writes: 0, reason: 'failed' };
        world.apply(state.tx!, plans[Number(kubectlSteps(state.plan!)[0]!.argv[1]) - 1]![effect.index]!);
        writes += 1;
        if (chance(6))
          return { at, type: 'stepFailed', index: effect.index, writes: 1, reason: 'failed after writing' };
        return { at, type: 'stepDone', index: effect.index, writes: 1 };
      }
      case 'settle':
        return { at, type: 'settled', settled: true, pending: [] };
      case 'judge': {
        const severity = read();
        const verdict = judgeCommit(options.commitRule, state.baseline!, severity, () => true);
        return { at, type: 'judged', severity, verdict, cheats: [] };
      }
      case 'commit':
        if (!lastReading.known) trace.committedUnknown = true;
        world.closed.set(effect.tx, 'committed');
        trace.writesPerTx.push(writes);
        return { at, type: 'commitRecorded', tx: effect.tx };
      case 'undo': {
        if (chance(5)) {
          return {
            at,
            type: 'undone',
            tx: effect.tx,
            result: { outcome: 'stranded', writes: 0, reason: 'unreachable' },
          };
        }
        world.undo(effect.tx);
        world.closed.set(effect.tx, 'undone');
        const proof = { hashBefore: '', hashAfter: '', levels: {}, residue: [], foreign: [] };
        return { at, type: 'undone', tx: effect.tx, result: { outcome: 'undone', writes: 1, proof } };
      }
      case 'verify':
        return { at, type: 'verified', severity: read() };
      case 'reflect':
        return { at, type: 'reflected', lesson: '' };
      case 'askBudget':
        expect(state.tx).toBeNull();
        return chance(60)
          ? { at, type: 'budgetRefused', reason: 'no' }
          : { at, type: 'budgetExtended', budget: extended(state.options!.budget, options.budget) };
    }
  };

  let pending: Effect | null = null;
  const feed = (event: MachineEvent): Step => {
    const before = trace.state.phase;
    trace.log.push(event);
    const step = reduce(trace.state, event);
    trace.state = step.state;
    trace.transitions.add(`${before}>${step.state.phase}`);
    const open = step.state.tx !== null && step.state.phase !== 'done';
    if (!open) trace.visibleMu.push(world.present.size);
    return step;
  };
  let step = feed({
    at: clock,
    type: 'started',
    run: 'r',
    brains: ['first', 'second'],
    schema: 2,
    options,
    target: { context: '', server: '', fingerprint: '', namespace: 'n' },
  });
  for (let guard = 0; step.effect || pending; guard++) {
    expect(guard).toBeLessThan(2_000);
    pending = step.effect ?? pending;
    const before = trace.state;
    if (chance(3)) feed({ at: ++clock, type: 'cancelRequested' });
    if (chance(3)) feed({ at: ++clock, type: 'lockLost', reason: 'expired' });
    if (chance(10)) feed({ at: ++clock, type: 'usage', model: 'm', tokensIn: 10, tokensOut: 1, usd: 0.5 });
    const crashed = chance(2);
    const event = answer(pending!, before);
    pending = null;
    if (crashed) {
      // The process dies with the effect done but its answer lost; the log is replayed and the run is stopped.
      expect(replay(trace.log)).toEqual(trace.state);
      // A transaction whose opening the log never saw is found in the journal folder and recovered from there.
      for (const tx of world.journal.keys()) {
        if (tx === trace.state.tx || world.closed.has(tx)) continue;
        world.undo(tx);
        world.closed.set(tx, 'undone');
      }
      feed({ at: ++clock, type: 'cancelRequested' });
      step = feed({ at: ++clock, type: 'effectFailed', effect: 'crash', reason: 'the process died' });
    } else {
      step = feed(event);
    }
  }
  const { outcome } = trace.state;
  trace.handedOver = outcome === 'stranded' || outcome === 'diverged';
  return trace;
}

describe('the incident state machine against random worlds', () => {
  const runs = { numRuns: 3_000 };

  it('never leaves a visible state worse than the start (I1)', () => {
    fc.assert(
      fc.property(scenario, (input) => {
        const { visibleMu, startMu, handedOver } = play(input);
        const judged = handedOver ? visibleMu.slice(0, -1) : visibleMu;
        for (const value of judged) expect(value).toBeLessThanOrEqual(startMu);
      }),
      runs,
    );
  });

  it('keeps K, the attempts and the end within their bounds (I6)', () => {
    fc.assert(
      fc.property(scenario, (input) => {
        const { state, writesPerTx } = play(input);
        expect(state.phase).toBe('done');
        expect(state.attempt).toBeLessThanOrEqual(input.options.maxAttempts);
        for (const writes of writesPerTx) expect(writes).toBeLessThanOrEqual(input.options.maxWrites);
      }),
      runs,
    );
  });

  it('ends within its budget and says so', () => {
    fc.assert(
      fc.property(scenario, (input) => {
        const { state, log } = play(input);
        const { calls } = state.options!.budget;
        if (calls !== null && state.spent.calls >= calls && !state.capped) {
          // Nothing was thought of between its end and a person's answer.
          const spentAt = log.filter(({ type }) => type === 'usage')[calls - 1];
          const after = log.slice(log.indexOf(spentAt!) + 1);
          const asked = after.findIndex(
            (event) =>
              event.type === 'budgetExtended' ||
              event.type === 'budgetRefused' ||
              (event.type === 'effectFailed' && event.effect === 'askBudget'),
          );
          const later = after.slice(0, asked < 0 ? undefined : asked).filter(({ type }) => type === 'planned');
          expect(later.length).toBeLessThanOrEqual(1);
        }
        expect(state.repeats).toBeLessThanOrEqual(3);
      }),
      runs,
    );
  });

  it('never commits on an unknown reading and never calls it healthy (I8)', () => {
    fc.assert(
      fc.property(scenario, (input) => {
        const { state, committedUnknown, world } = play(input);
        expect(committedUnknown).toBe(false);
        if (state.outcome === 'resolved') {
          expect([...world.present].filter((what) => FAULTS.includes(what))).toEqual([]);
          expect(state.current).toMatchObject({ known: true, items: [] });
        }
        if (state.outcome === 'healthy') expect(world.present.size).toBe(0);
      }),
      runs,
    );
  });

  it('leaves no transaction unfinished unless it says so', () => {
    fc.assert(
      fc.property(scenario, (input) => {
        const { state, world, handedOver } = play(input);
        if (handedOver) return;
        for (const tx of world.journal.keys()) expect(world.closed.has(tx)).toBe(true);
        if (state.outcome === 'restored' || state.outcome === 'cancelled') {
          expect([...world.present].sort()).toEqual([...input.start].sort());
        }
      }),
      runs,
    );
  });

  it('takes only transitions that are drawn, and every drawn one can happen', () => {
    const drawn = (from: Phase, to: Phase) =>
      TRANSITIONS.some((row) => row.to === to && (row.from === from || row.from === 'any' || row.from === 'any open'));
    const seen = new Set<string>();
    const undrawn = new Set<string>();
    fc.assert(
      fc.property(scenario, (input) => {
        for (const transition of play(input).transitions) {
          seen.add(transition);
          const [from, to] = transition.split('>') as [Phase, Phase];
          if (from !== to && !drawn(from, to)) undrawn.add(transition);
        }
      }),
      { numRuns: 8_000, seed: 11 },
    );
    expect([...undrawn].sort()).toEqual([]);
    const unseen = TRANSITIONS.filter(
      ({ from, to }) => from !== 'any' && from !== 'any open' && from !== to && !seen.has(`${from}>${to}`),
    );
    expect(unseen.map(({ from, to }) => `${from}>${to}`)).toEqual([]);
  });

  it('counts mu as the weighted size of the set', () => {
    const severity = new World(['alpha', 'beta']).severity();
    expect(mu(severity)).toBe(2);
    expect(severity.known && severity.items.map(itemId)).toEqual([
      'object:Service/n/alpha:alpha',
      'object:Service/n/beta:beta',
    ]);
  });
});
