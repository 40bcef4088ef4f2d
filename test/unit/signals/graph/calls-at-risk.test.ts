import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { callsText } from '../../../../src/domain/blast-radius.ts';
import type { ObjectRef } from '../../../../src/domain/kube-object.ts';
import type { CallGraph, CallGraphEdge } from '../../../../src/domain/signals.ts';
import { ClusterView } from '../../../../src/kube/cluster-view.ts';
import { callReach } from '../../../../src/signals/graph/call-reach.ts';
import { callsAtRisk } from '../../../../src/signals/graph/calls-at-risk.ts';
import { graphNode } from '../../../../src/signals/graph/graph-builder.ts';
import { graphOfSettings } from '../../../../src/signals/graph/settings-graph.ts';
import { smallCluster } from '../../../support/small-cluster.ts';

const view = new ClusterView(smallCluster());
const ref = (kind: string, name: string): ObjectRef => ({
  apiVersion: { Deployment: 'apps/v1', StatefulSet: 'apps/v1' }[kind] ?? 'v1',
  kind,
  namespace: 'shop',
  name,
});
const WEB = ref('Deployment', 'web');
const CART = ref('Deployment', 'cart');
const STORE = ref('StatefulSet', 'store');
const nodes = [
  graphNode('web', WEB),
  graphNode('cart', CART),
  graphNode('store', STORE),
  graphNode('mobile app', null),
];
const [web, cart, store, mobile] = nodes.map(({ id }) => id) as [string, string, string, string];

function edge(from: string, to: string, perSecond: number | null, more: Partial<CallGraphEdge> = {}): CallGraphEdge {
  const sources: CallGraphEdge['sources'] = perSecond === null ? ['spans'] : ['service-graph'];
  return {
    from,
    to,
    kind: 'call',
    calls: null,
    perSecond,
    errorRatio: null,
    p50Ms: null,
    p99Ms: null,
    sources,
    ...more,
  };
}

const graph = (...edges: CallGraphEdge[]): CallGraph => ({ nodes, edges });

describe('who is reached by calls', () => {
  it('names callers with those between, what passes through, and whom it calls', () => {
    const calls = callsAtRisk(graph(edge(mobile, web, 3), edge(web, cart, 12), edge(cart, store, 8)), view, [CART]);
    expect(calls).toEqual({
      callers: [
        { name: 'web', via: '' },
        { name: 'mobile app', via: 'web' },
      ],
      callerCount: 2,
      callees: [{ name: 'store', via: '' }],
      calleeCount: 1,
      perSecond: 12,
      isPartial: false,
      bySettings: false,
      unknown: [],
    });
    expect(callsText(calls)).toEqual([
      'called by web, mobile app (via web); 12 requests a second pass through',
      'it calls store',
    ]);
  });

  it('counts what is counted, and says that there is more', () => {
    const calls = callsAtRisk(graph(edge(web, store, 2.5), edge(cart, store, null)), view, [STORE]);
    expect(calls).toMatchObject({ perSecond: 2.5, isPartial: true });
    expect(callsText(calls)[0]).toBe('called by web, cart; at least 2.5 requests a second pass through');
  });

  it('knows callers by settings without telemetry, and says how little that is', () => {
    const calls = callsAtRisk(graphOfSettings(view), view, [ref('Service', 'store')]);
    expect(calls).toMatchObject({ callerCount: 2, perSecond: null, bySettings: true, unknown: [] });
    expect(callsText(calls)).toEqual([
      'called by cart, web (via cart)',
      'some callers are known from settings only: how often they call is not known, nor who else does',
    ]);
  });

  it.each<[string, CallGraph, ObjectRef, string]>([
    ['nothing tells of it', graph(), CART, 'who calls Deployment/shop/cart is not known'],
    ['only its own settings name others', graphOfSettings(view), WEB, 'who calls Deployment/shop/web is not known'],
    ['it bears on no workload', graph(), ref('RoleBinding', 'x'), 'who calls RoleBinding/shop/x is not known'],
  ])('is unknown, never none, where %s', (_, known, object, text) => {
    const bare = known.edges.length === 0 ? { nodes: [], edges: [] } : known;
    const calls = callsAtRisk(bare, view, [object]);
    expect(calls.callerCount).toBe(0);
    expect(callsText(calls).at(-1)).toBe(text);
    expect(callsText(calls).join()).not.toContain('nobody');
  });

  it('says that no caller was seen where telemetry knows it', () => {
    const calls = callsAtRisk(graph(edge(web, cart, 1)), view, [WEB]);
    expect(calls).toMatchObject({ callerCount: 0, unknown: [] });
    expect(callsText(calls)[0]).toBe('nobody was seen to call it, which does not say that nobody does');
  });

  it('counts each caller once, none of what is changed itself, and names at most twenty', () => {
    const many = Array.from({ length: 40 }, (_, index) => graphNode(`caller-${index}`, null));
    const wide: CallGraph = {
      nodes: [...nodes, ...many],
      edges: [...many.map(({ id }) => edge(id, cart, 1)), edge(web, cart, 1), edge(cart, web, 1)],
    };
    const calls = callsAtRisk(wide, view, [WEB, CART]);
    expect(calls).toMatchObject({ callerCount: 40, perSecond: 40, calleeCount: 0 });
    expect(calls.callers).toHaveLength(20);
    expect(callsText(calls)[0]).toContain('and 34 more; 40 requests a second');
  });

  it('agrees with a search over any graph: direct callers have nobody between, others a caller that is nearer', () => {
    const id = fc.constantFrom(...nodes.map((node) => node.id));
    const edges = fc.array(fc.record({ from: id, to: id }), { maxLength: 12 });
    fc.assert(
      fc.property(edges, fc.constantFrom(WEB, CART, STORE), (pairs, object) => {
        const any = graph(...pairs.filter(({ from, to }) => from !== to).map(({ from, to }) => edge(from, to, 1)));
        const { upstream } = callReach(any, view, [object], 3);
        const hops = new Map(upstream.map(({ node, hops: count }) => [node.id, count]));
        expect(hops.size).toBe(upstream.length);
        const root = nodes.find(({ object: own }) => own === object)!.id;
        expect(hops.has(root)).toBe(false);
        for (const { node, via, hops: count } of upstream) {
          expect(count === 1).toBe(via === null);
          const next = via?.id ?? root;
          expect(any.edges.some(({ from, to }) => from === node.id && to === next)).toBe(true);
          if (via) expect(hops.get(via.id)).toBe(count - 1);
        }
        expect(callsAtRisk(any, view, [object]).callerCount).toBe(upstream.length);
      }),
    );
  });
});
