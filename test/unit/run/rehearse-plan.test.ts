import { describe, expect, it } from 'vitest';
import type { ObjectRef } from '../../../src/domain/kube-object.ts';
import { decide } from '../../../src/domain/autonomy.ts';
import type { Plan } from '../../../src/domain/plan.ts';
import { withPerson } from '../../../src/domain/plan.ts';
import { personForReach } from '../../../src/domain/reach-guard.ts';
import type { CallGraph } from '../../../src/domain/signals.ts';
import type { StepRehearsal } from '../../../src/domain/transaction.ts';
import { rehearsePlan } from '../../../src/run/incident/rehearse-plan.ts';
import { graphNode } from '../../../src/signals/graph/graph-builder.ts';
import { smallCluster } from '../../support/small-cluster.ts';

const never = new AbortController().signal;
const ref = (kind: string, name: string): ObjectRef => ({
  apiVersion: kind === 'StatefulSet' || kind === 'Deployment' ? 'apps/v1' : 'v1',
  kind,
  namespace: 'shop',
  name,
});
const STORE = ref('StatefulSet', 'store');
const CART = ref('Deployment', 'cart');

function planOf(...commands: string[]): Plan {
  const steps = commands.map((command) => ({ type: 'kubectl' as const, argv: command.split(' '), why: 'because' }));
  return { hash: 'h', title: 't', findingId: 'f', steps, files: [], expects: 'health' };
}

/** Each step writes what `writes` says. */
function rehearsed(plan: Plan, writes: readonly ObjectRef[][], graph: CallGraph | null) {
  const steps = plan.steps.map((_, index): StepRehearsal => ({
    argv: [],
    ok: true,
    problem: '',
    partial: index > 0,
    writes: writes[index]!.map((one) => ({
      ref: one,
      method: 'PATCH',
      before: null,
      after: null,
      undo: { class: 'exact', residue: [], inverse: '' },
    })),
  }));
  const transactions = { rehearse: async () => steps } as unknown as Parameters<typeof rehearsePlan>[0]['transactions'];
  const ports = { confine: () => null, transactions, hash: (text: string) => text };
  return rehearsePlan(ports, plan, new Map(), smallCluster(), graph, never);
}

describe('how far a rehearsed plan reaches by calls', () => {
  it('is known from settings where no telemetry is read', async () => {
    const { radius, stepRadii } = await rehearsed(planOf('patch store'), [[STORE]], null);
    expect(radius?.calls).toMatchObject({ callerCount: 2, bySettings: true, unknown: [] });
    expect(stepRadii).toBeUndefined();
  });

  it('is told of each of several steps, and of all together', async () => {
    const { radius, stepRadii } = await rehearsed(planOf('patch store', 'patch cart'), [[STORE], [CART]], null);
    expect(stepRadii?.map(({ objects, calls }) => [objects, calls?.callerCount])).toEqual([
      [1, 2],
      [1, 1],
    ]);
    // What is changed itself is no caller of it.
    expect(radius).toMatchObject({ objects: 2, calls: { callerCount: 1 } });
  });

  it('comes from telemetry where that is read, and is not there where nothing is written', async () => {
    const nodes = [graphNode('store', STORE), graphNode('billing', null)];
    const edge = { kind: 'call' as const, calls: null, errorRatio: null, p50Ms: null, p99Ms: null };
    const [store, billing] = nodes.map(({ id }) => id) as [string, string];
    const graph: CallGraph = {
      nodes,
      edges: [{ ...edge, from: billing, to: store, perSecond: 4, sources: ['service-graph'] }],
    };
    const { radius } = await rehearsed(planOf('patch store'), [[STORE]], graph);
    expect(radius?.calls).toMatchObject({ callers: [{ name: 'billing', via: '' }], perSecond: 4, bySettings: false });
    expect((await rehearsed(planOf('get store'), [[]], graph)).radius?.calls).toBeUndefined();
  });

  it('holds a plan back that would run unasked', async () => {
    const plan = planOf('patch store');
    const { radius, steps } = await rehearsed(plan, [[STORE]], null);
    const after = (limit: number | undefined) => {
      const person = personForReach(radius?.calls, limit) ?? '';
      return decide(
        { mode: 'all', protectedContexts: [], unattended: true },
        steps,
        'c',
        withPerson(plan, person).needsPerson,
      );
    };
    expect(after(undefined)).toMatchObject({ type: 'proceed' });
    expect(after(2)).toMatchObject({ type: 'proceed' });
    expect(after(1)).toMatchObject({
      type: 'refuse',
      reason: expect.stringContaining('2 workloads call what it changes'),
    });
  });
});
