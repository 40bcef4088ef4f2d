import { describe, expect, it } from 'vitest';
import type { AttemptRecord, BrainContext, Proposal } from '../../../src/domain/brain.ts';
import { NO_LIMIT } from '../../../src/domain/budget.ts';
import type { Finding } from '../../../src/domain/finding.ts';
import type { Plan } from '../../../src/domain/plan.ts';
import { settleTasks, whileTimePasses } from '../../support/fake-clock.ts';
import { brainOf, planOf, RunWorld } from '../../support/run-world.ts';

const propose = (...argv: string[]): Proposal => ({ type: 'plan', plan: planOf(...argv), alternatives: [] });
const hangs = <T>() => new Promise<T>(() => undefined);
const mending = () =>
  brainOf('mending', {
    plan: async (_context, _diagnosis, attempts) => (attempts.length < 5 ? propose('mend') : propose('x')),
  });

const HANGS: Finding = {
  id: 'f',
  rule: 'init-hangs',
  severity: 'critical',
  object: { apiVersion: 'v1', kind: 'Service', namespace: 'shop', name: 'geo' },
  message: 'geo hangs',
  evidence: [],
  fixes: [],
};

describe('a run in which nothing is found while something has time to start', () => {
  /** Finds nothing at the first look. */
  const late = () => {
    const asked: number[] = [];
    const brain = brainOf('late', {
      diagnose: async ({ severity }) => {
        asked.push(severity.known ? severity.items.length : -1);
        const findings = asked.length > 1 ? [HANGS] : [];
        return { findings, hypotheses: [] };
      },
      plan: async (_context, { findings }) =>
        findings.length > 0 ? propose('mend') : { type: 'exhausted', reason: 'no cause' },
    });
    return { brain, asked };
  };

  it('looks again when the time is over', async () => {
    const world = new RunWorld();
    world.comesUp = false;
    const { brain, asked } = late();
    expect(await world.play([brain])).toMatchObject({ outcome: 'resolved', attempts: 1 });
    expect(asked.length).toBeGreaterThan(1);
  });

  it('ends healthy when it has come up', async () => {
    const world = new RunWorld();
    world.comesUp = true;
    expect(await world.play([late().brain])).toMatchObject({ outcome: 'healthy', writes: 0 });
    expect(world.done).toEqual([]);
  });

  it('ends where it began when nothing is moving', async () => {
    const { brain, asked } = late();
    expect(await new RunWorld().play([brain])).toMatchObject({ outcome: 'restored', reason: 'no cause' });
    expect(asked).toEqual([1]);
  });
});

describe('a run beside which it got well by itself', () => {
  it('takes its change back, and says so', async () => {
    const world = new RunWorld();
    world.unaided = 'it got well without the change: pod a became ready as well';
    expect(await world.play([mending()])).toMatchObject({
      outcome: 'restored',
      reason: world.unaided,
    });
    expect(world.done).toEqual(['mend', 'undo']);
  });
});

describe('a run that knows no fix for what is measured', () => {
  it('waits once for what is pending before it gives up, and mends that', async () => {
    const world = new RunWorld();
    world.ripens = true;
    const brain = brainOf('late', {
      plan: async () => (world.ripe ? propose('mend') : { type: 'exhausted', reason: 'no fix' }),
    });
    expect(await world.play([brain])).toMatchObject({ outcome: 'resolved', attempts: 1 });
    const again = new RunWorld();
    again.ripens = true;
    let asked = 0;
    const hopeless = brainOf('hopeless', {
      plan: async () => (asked++, (again.ripens = true), { type: 'exhausted', reason: 'no fix' }),
    });
    expect(await again.play([hopeless])).toMatchObject({ outcome: 'restored', reason: 'no fix' });
    expect(asked).toBe(2);
  });
});

describe('a run whose transaction cannot be cleared away behind it', () => {
  it('keeps what it has committed', async () => {
    const world = new RunWorld();
    world.cannotClose = true;
    expect(await world.play([mending()])).toMatchObject({ outcome: 'resolved', transactions: ['tx-0'] });
    expect(world.done).toEqual(['mend']);
  });

  it('goes on after what it has undone', async () => {
    const world = new RunWorld();
    world.cannotClose = true;
    const brain = brainOf('second', {
      plan: async (_context, _diagnosis, attempts) => propose(attempts.length === 0 ? 'nothing' : 'mend'),
    });
    expect(await world.play([brain])).toMatchObject({ outcome: 'resolved', attempts: 2 });
    expect(world.done).toEqual(['nothing', 'undo', 'mend']);
  });
});

describe('a run and its brains', () => {
  it.each(['diagnose', 'plan', 'reflect'] as const)('cancels a brain that hangs in %s at once', async (where) => {
    const world = new RunWorld();
    const brain = brainOf('slow', { plan: async () => propose('nothing'), [where]: () => hangs() });
    const result = world.start([brain]);
    await settleTasks();
    await world.clock.advance(50);
    expect(world.run.state.phase).toBe({ diagnose: 'diagnosing', plan: 'planning', reflect: 'reflecting' }[where]);
    const asked = world.clock.now();
    world.run.cancel();
    await settleTasks();
    expect((await result).outcome).toBe('cancelled');
    expect(world.clock.now() - asked).toBeLessThan(100);
  });

  it('lets another brain take over from one that does not answer in time, and does not listen to it any more', async () => {
    const world = new RunWorld();
    let late!: BrainContext;
    const slow = brainOf('slow', { diagnose: (context) => ((late = context), hangs()) });
    const result = await world.play([slow, mending()], { budget: { ...NO_LIMIT, thinkMs: 2_000 } });
    expect(result).toMatchObject({ outcome: 'resolved', attempts: 1 });
    expect(world.events).toContainEqual(
      expect.objectContaining({ type: 'effectFailed', effect: 'diagnose', reason: 'slow did not answer within 2 s' }),
    );
    const count = world.events.length;
    late.emit({ type: 'thought', text: 'too late' });
    late.emit({ type: 'usage', model: 'm', tokensIn: 1, tokensOut: 1, usd: 1 });
    expect(world.events).toHaveLength(count);
  });

  it.each(['diagnose', 'plan'] as const)('falls back to the next brain when one throws in %s', async (where) => {
    const world = new RunWorld();
    const throwing = brainOf('throwing', {
      [where]: () => {
        throw new Error('no key');
      },
    });
    expect((await world.play([throwing, mending()])).outcome).toBe('resolved');
    expect(world.done).toEqual(['mend']);
  });

  it('falls back when one knows no more, but not when it wants a person', async () => {
    expect((await new RunWorld().play([brainOf('empty', {}), mending()])).outcome).toBe('resolved');
    const escalating = brainOf('wise', { plan: async () => ({ type: 'escalate', reason: 'call the owner' }) });
    expect(await new RunWorld().play([escalating, mending()])).toMatchObject({
      outcome: 'restored',
      reason: 'call the owner',
    });
  });

  it('answers a repeated plan with a reflection, and ends restored when it is repeated for ever', async () => {
    const world = new RunWorld();
    const seen: AttemptRecord[][] = [];
    let asked = 0;
    const stubborn = brainOf('stubborn', {
      plan: async (_context, _diagnosis, attempts) => {
        seen.push([...attempts]);
        asked += 1;
        return propose('nothing');
      },
    });
    const result = await world.play([stubborn]);
    expect(result).toMatchObject({ outcome: 'restored', attempts: 1, writes: 2 });
    expect(result.reason).toMatch(/same plan was proposed 4 times in a row/);
    expect(world.done).toEqual(['nothing', 'undo']);
    expect(asked).toBe(5);
    expect(seen.at(-1)!.map(({ outcome }) => outcome)).toEqual(['undone', 'repeated', 'repeated', 'repeated']);
  });

  it('refuses by name, and before anything runs, a step that the gateway does not run', async () => {
    const world = new RunWorld();
    const kubectl = planOf('mend');
    const plan: Plan = {
      ...kubectl,
      hash: 'pull-request',
      steps: [
        ...kubectl.steps,
        { type: 'pull-request', repository: 'shop', title: 'smaller queue', why: 'the queue is full' },
      ],
    };
    const brain = brainOf('operator', { plan: async () => ({ type: 'plan', plan, alternatives: [] }) });
    await world.play([brain], { maxAttempts: 1 });
    expect(JSON.stringify(world.events)).toContain(
      'pull request to shop: this version runs kubectl commands and declared actions only',
    );
    expect(world.done).toEqual([]);
  });

  it('gives the lesson of an attempt to the next plan', async () => {
    const world = new RunWorld();
    const learning = brainOf('learning', {
      plan: async (_context, _diagnosis, [first]) =>
        first?.lesson === 'undone teaches' ? propose('mend') : propose('no'),
    });
    expect((await world.play([learning])).outcome).toBe('resolved');
    expect(world.done).toEqual(['no', 'undo', 'mend']);
  });

  it('a repeated plan gives way to another brain', async () => {
    const world = new RunWorld();
    const stubborn = brainOf('stubborn', { plan: async () => propose('nothing') });
    expect((await world.play([stubborn, mending()])).outcome).toBe('resolved');
    expect(world.done).toEqual(['nothing', 'undo', 'mend']);
  });
});

describe('a run beside what is owed', () => {
  it('ends before anything is read or asked where an own undo is unfinished', async () => {
    const world = new RunWorld();
    world.owed = 'tx-1';
    const result = await world.play([mending()]);
    expect(result).toMatchObject({ outcome: 'locked', owed: 'tx-1', reason: 'unfinished', writes: 0, attempts: 0 });
    expect(world.events.map(({ type }) => type)).toEqual(['started', 'phase', 'lockDenied', 'phase', 'result']);
  });

  it('tells writes of the fix and of the undo apart', async () => {
    const world = new RunWorld();
    const twice = brainOf('twice', {
      plan: async (_context, _diagnosis, attempts) => propose(attempts.length === 0 ? 'nothing' : 'mend'),
    });
    expect(await world.play([twice])).toMatchObject({ outcome: 'resolved', writes: 3, undoWrites: 1 });
  });
});

describe('the budget of a run', () => {
  const spending = (usd: number) =>
    brainOf('model', {
      plan: async (context, _diagnosis, attempts) => {
        context.emit({ type: 'usage', model: 'small', tokensIn: 900, tokensOut: 100, usd });
        // One that goes on thinking although it was told to stop.
        if (context.signal.aborted) await hangs();
        return propose('try', String(attempts.length));
      },
    });

  it.each([
    [{ usd: 1 }, /\$1\.20 of \$1\.00 are spent/],
    [{ tokens: 2_500 }, /3000 of 2500 tokens are spent/],
    [{ calls: 3 }, /3 of 3 calls of a model are made/],
  ])('ends it with a reason: %j', async (limit, reason) => {
    const world = new RunWorld();
    const result = await world.play([spending(0.4)], { budget: { ...NO_LIMIT, ...limit } });
    expect(result.outcome).toBe('restored');
    expect(result.reason).toMatch(reason);
    expect(result.costUsd).toBe(1.2);
    expect(world.done.filter((what) => what === 'undo')).toHaveLength(2);
  });

  it('ends at its time limit though a timer fires a moment too early', async () => {
    const world = new RunWorld();
    const waiting = brainOf('model', { plan: async () => hangs() });
    const running = world.start([waiting], { wallClockMs: 20_000, budget: { ...NO_LIMIT, thinkMs: 600_000 } });
    world.clock.setBack(1);
    expect(await whileTimePasses(world.clock, running)).toMatchObject({
      outcome: 'restored',
      reason: expect.stringContaining('time limit'),
    });
  });

  it('goes on when a person lets it spend as much again', async () => {
    const world = new RunWorld();
    const asked: string[] = [];
    const patient = brainOf('model', {
      plan: async (context, _diagnosis, attempts) => {
        context.emit({ type: 'usage', model: 'small', tokensIn: 900, tokensOut: 100, usd: 0.4 });
        return attempts.length < 2 ? propose(`try${attempts.length}`) : propose('mend');
      },
    });
    world.askBudget = async (limit) => asked.push(limit) > 0;
    const result = await world.play([patient], { budget: { ...NO_LIMIT, usd: 0.8 } });
    expect(result.outcome).toBe('resolved');
    expect(asked).toEqual([0.8, 1.6].map((usd) => `the budget of this run is spent: $${usd}0 of $${usd}0 are spent`));
  });

  it('has brains that cost nothing go on when more is refused', async () => {
    const world = new RunWorld();
    const rules = brainOf('playbook', { plan: async () => propose('mend') });
    world.askBudget = async () => false;
    const result = await world.play([spending(2), rules], { budget: { ...NO_LIMIT, usd: 1 } });
    expect(result).toMatchObject({ outcome: 'resolved', costUsd: 2 });
  });

  it('gives way to another brain, or ends, where a plan wants a person and nobody can be asked', async () => {
    const delicate = brainOf('model', { plan: async () => propose('mend') });
    const rules = brainOf('playbook', { plan: async () => propose('mend again') });
    for (const [brains, outcome] of [
      [[delicate], 'restored'],
      [[delicate, rules], 'restored'],
    ] as const) {
      const world = new RunWorld();
      world.refuses = 'a person has to look at this plan';
      const result = await world.play([...brains]);
      expect(result).toMatchObject({ outcome, reason: 'a person has to look at this plan', attempts: brains.length });
      expect(result.error).toBeUndefined();
    }
  });

  it('is no error when the brain that takes over fails', async () => {
    const rules = brainOf('playbook', { plan: async () => ({ type: 'exhausted', reason: 'no fix' }) });
    const gone = brainOf('model', { diagnose: async () => Promise.reject(new Error('no connection')) });
    const result = await new RunWorld().play([rules, gone]);
    expect(result).toMatchObject({ outcome: 'restored', reason: expect.stringContaining('no connection') });
    expect(result.error).toBeUndefined();
  });

  it('names no sum where a price is not known', async () => {
    const world = new RunWorld();
    const unpriced = brainOf('model', {
      plan: async (context) => {
        context.emit({ type: 'usage', model: 'small', tokensIn: 9, tokensOut: 1, usd: null });
        return propose('mend');
      },
    });
    const result = await world.play([unpriced]);
    expect(result).toMatchObject({ costUsd: null, models: { tokens: 10, calls: 1 } });
  });

  it('tells a brain what is left', async () => {
    const world = new RunWorld();
    const told: unknown[] = [];
    const asking = brainOf('asking', {
      plan: async (context, _diagnosis, attempts) => {
        told.push([context.budget.usd, context.budget.tokens, context.budget.calls]);
        context.emit({ type: 'usage', model: 'm', tokensIn: 3, tokensOut: 4, usd: 0.25 });
        return attempts.length < 2 ? propose(`try${attempts.length}`) : propose('mend');
      },
    });
    const budget = { usd: 1, tokens: 100, calls: null, thinkMs: 1_000 };
    expect(await world.play([asking], { budget })).toMatchObject({ outcome: 'resolved', costUsd: 0.75 });
    expect(told).toEqual([
      [1, 100, null],
      [0.75, 93, null],
      [0.5, 86, null],
    ]);
  });

  it('shows thoughts and tool calls in the log', async () => {
    const world = new RunWorld();
    const talking = brainOf('talking', {
      plan: async (context) => {
        context.emit({ type: 'thought', text: 'the port', partial: true });
        context.emit({ type: 'toolCall', tool: 'logs', args: '{"pod":"geo"}', digest: '3 lines' });
        return propose('mend');
      },
    });
    await world.play([talking]);
    expect(world.events).toContainEqual(expect.objectContaining({ type: 'thought', text: 'the port', partial: true }));
    expect(world.events).toContainEqual(
      expect.objectContaining({ type: 'toolCall', tool: 'logs', agent: 'mitigation' }),
    );
  });
});

it('looks for what a change affects as things were before it, and as they are after it', async () => {
  const world = new RunWorld();
  await world.play([mending()]);
  const [before, after] = world.reachedIn;
  expect(world.reachedIn).toHaveLength(2);
  expect(before).not.toBe(after);
});
