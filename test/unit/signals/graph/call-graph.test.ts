import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import type { CallGraph } from '../../../../src/domain/signals.ts';
import type { Answer, Series, Span } from '../../../../src/domain/telemetry.ts';
import { ClusterView } from '../../../../src/kube/cluster-view.ts';
import { callReach } from '../../../../src/signals/graph/call-reach.ts';
import { mergedGraph } from '../../../../src/signals/graph/merge-graphs.ts';
import { edgeQueries, graphOfMetrics } from '../../../../src/signals/graph/metric-graph.ts';
import { graphOfSettings } from '../../../../src/signals/graph/settings-graph.ts';
import { graphOfSpans } from '../../../../src/signals/graph/span-graph.ts';
import { ServiceNames } from '../../../../src/signals/identity/service-names.ts';
import { madeTraces, serviceTree } from '../../../support/made-traces.ts';
import { smallCluster } from '../../../support/small-cluster.ts';

const view = new ClusterView(smallCluster());
const names = ServiceNames.of(view);
const edgesOf = ({ edges }: CallGraph) => edges.map(({ from, to, kind }) => `${from} ${kind} ${to}`);
const span = (
  id: string,
  parent: string | null,
  service: string,
  kind: Span['kind'],
  more: Partial<Span> = {},
): Span => ({
  trace: 't',
  id,
  parent,
  service,
  kind,
  operation: 'GET',
  startsAt: 0,
  durationMs: 10,
  isError: false,
  attributes: {},
  ...more,
});
const inShop = { attributes: { 'k8s.namespace.name': 'shop' } };
const to = (attributes: Record<string, string>) => ({ attributes: { 'k8s.namespace.name': 'shop', ...attributes } });
const ok = (value: Series[]): Answer<Series[]> => ({ state: 'ok', value, asOf: 0 });
const sample = (labels: Record<string, string>, value: number): Series => ({ labels, samples: [{ at: 0, value }] });

describe('call graph of spans', () => {
  it('pairs client and server, and tells errors and durations as the caller sees them', () => {
    const call = (index: number, durationMs: number, isError: boolean) => [
      span(`a${index}`, null, 'web', 'server', inShop),
      span(`b${index}`, `a${index}`, 'web', 'client', { ...inShop, durationMs, isError }),
      span(`c${index}`, `b${index}`, 'basket', 'server', { ...inShop, durationMs: durationMs / 2 }),
    ];
    const spans = [call(0, 10, false), call(1, 30, true), call(2, 20, false)].flat();
    const graph = graphOfSpans(spans, names);
    expect(graph.edges).toEqual([
      {
        from: 'Deployment/shop/web',
        to: 'Deployment/shop/cart',
        kind: 'call',
        calls: 3,
        perSecond: null,
        errorRatio: 1 / 3,
        p50Ms: 20,
        p99Ms: expect.closeTo(29.8, 5),
        sources: ['spans'],
      },
    ]);
    expect(graphOfSpans([...spans].reverse(), names)).toEqual(graph);
  });

  it.each([
    ['a host of the cluster', { 'server.address': 'store.shop.svc.cluster.local' }, 'StatefulSet/shop/store'],
    ['the address of a Service', { 'server.address': '10.96.0.3' }, 'StatefulSet/shop/store'],
    ['the address of a pod', { 'net.peer.name': '10.0.3.2' }, 'StatefulSet/shop/store'],
    ['a URL', { 'url.full': 'http://store:8080/a?b=c' }, 'StatefulSet/shop/store'],
    ['a name', { 'peer.service': 'store' }, 'StatefulSet/shop/store'],
    ['a host outside', { 'server.address': 'api.example.com', 'db.system': 'x' }, 'api.example.com'],
    ['a database', { 'db.system': 'redis' }, 'redis'],
  ])('finds who does not trace by %s', (_, attributes, callee) => {
    const spans = [span('a', null, 'basket', 'client', to(attributes))];
    expect(edgesOf(graphOfSpans(spans, names))).toEqual([`Deployment/shop/cart call ${callee}`]);
  });

  it('follows messages to whoever takes them, by parent or by destination', () => {
    const topic = { attributes: { 'messaging.destination.name': 'orders' } };
    const direct = [span('a', null, 'web', 'producer', inShop), span('b', 'a', 'basket', 'consumer', inShop)];
    const apart = [
      span('a', null, 'web', 'producer', to(topic.attributes)),
      span('b', null, 'basket', 'consumer', { ...to(topic.attributes), trace: 'u' }),
    ];
    const wanted = ['Deployment/shop/web message Deployment/shop/cart'];
    expect(edgesOf(graphOfSpans(direct, names))).toEqual(wanted);
    expect(edgesOf(graphOfSpans(apart, names))).toEqual(wanted);
  });

  it('takes a server below a server for a call, and no call to itself', () => {
    const spans = [
      span('a', null, 'x', 'server'),
      span('b', 'a', 'y', 'server'),
      span('c', 'b', 'y', 'client'),
      span('d', 'c', 'y', 'server'),
    ];
    expect(edgesOf(graphOfSpans(spans, names))).toEqual(['x call y']);
  });

  it('does not mind circles, doubles and parents that are missing', () => {
    const id = fc.constantFrom('a', 'b', 'c', 'd', 'e');
    const any: fc.Arbitrary<Span> = fc.record({
      trace: fc.constantFrom('t', 'u'),
      id,
      parent: fc.option(id),
      service: fc.oneof(fc.string(), fc.constantFrom('web', 'basket', '__proto__')),
      operation: fc.string(),
      kind: fc.constantFrom('client', 'server', 'producer', 'consumer', 'internal'),
      startsAt: fc.oneof(fc.double(), fc.nat(10)),
      durationMs: fc.oneof(fc.double(), fc.nat(10)),
      isError: fc.boolean(),
      attributes: fc.dictionary(
        fc.constantFrom('server.address', 'peer.service', 'url.full', 'messaging.destination'),
        fc.string(),
      ),
    });
    fc.assert(
      fc.property(fc.array(any, { maxLength: 12 }), (spans) => {
        const { nodes, edges } = graphOfSpans(spans, names);
        const ids = new Set(nodes.map((node) => node.id));
        expect(ids.size).toBe(nodes.length);
        for (const { from, to: end, errorRatio, p50Ms, p99Ms } of edges) {
          expect(ids.has(from) && ids.has(end) && from !== end).toBe(true);
          expect(errorRatio! >= 0 && errorRatio! <= 1 && p50Ms! >= 0 && p99Ms! >= p50Ms!).toBe(true);
        }
      }),
    );
  });

  it('finds every call of a made tree of services, and no other', () => {
    const tree = serviceTree(7, 30);
    const { edges } = graphOfSpans(madeTraces(tree, 3, 200), names);
    const wanted = tree.children.flatMap((list, at) => list.map((child) => `${tree.names[at]}>${tree.names[child]}`));
    expect(edges.map(({ from, to: end }) => `${from}>${end}`).sort()).toEqual(wanted.sort());
  });
});

describe('call graph of metrics', () => {
  it('reads service graphs, and a counter of failures that has not begun as none', () => {
    const ends = { client: 'web', server: 'basket', client_k8s_namespace_name: 'shop' };
    const answers = {
      rate: ok([sample(ends, 5), sample({ client: 'web', server: 'pay' }, 2)]),
      failed: ok([sample(ends, 1)]),
      p50: ok([sample(ends, 12)]),
      p99: ok([sample(ends, 80), sample(ends, Number.NaN)]),
    };
    expect(graphOfMetrics('service-graph', answers, names).edges).toEqual([
      expect.objectContaining({
        from: 'Deployment/shop/web',
        to: 'Deployment/shop/cart',
        perSecond: 5,
        errorRatio: 0.2,
        p50Ms: 12,
        p99Ms: 80,
      }),
      expect.objectContaining({ from: 'web', to: 'pay', perSecond: 2, errorRatio: 0, p50Ms: null }),
    ]);
  });

  it('reads client sides of span metrics, and leaves unknown what was not answered', () => {
    const labels = {
      service_name: 'web',
      k8s_namespace_name: 'shop',
      span_kind: 'SPAN_KIND_CLIENT',
      server_address: 'cart',
    };
    const unknown: Answer<Series[]> = { state: 'unknown', reason: 'x' };
    const answers = { rate: ok([sample(labels, 5)]), failed: unknown, p50: unknown, p99: unknown };
    expect(graphOfMetrics('span-metrics', answers, names).edges).toEqual([
      expect.objectContaining({ to: 'Deployment/shop/cart', perSecond: 5, errorRatio: null, p99Ms: null }),
    ]);
  });

  it('asks in windows', () => {
    expect(edgeQueries(300_000)[0]!.rate).toContain('rate(traces_service_graph_request_total[5m])');
  });
});

describe('call graph', () => {
  const settings = graphOfSettings(view);

  it('is known from settings alone', () => {
    expect(edgesOf(settings)).toEqual([
      'Deployment/shop/cart call StatefulSet/shop/store',
      'Deployment/shop/web call Deployment/shop/cart',
    ]);
  });

  it('takes each number from the best source that knows it', () => {
    const spans = graphOfSpans(
      [span('a', null, 'web', 'client', inShop), span('b', 'a', 'basket', 'server', inShop)],
      names,
    );
    const labels = { client: 'web', server: 'basket', client_k8s_namespace_name: 'shop' };
    const none = ok([]);
    const metrics = graphOfMetrics(
      'service-graph',
      { rate: ok([sample(labels, 4)]), failed: none, p50: none, p99: none },
      names,
    );
    const wanted = { perSecond: 4, errorRatio: 0, p50Ms: 10, sources: ['service-graph', 'spans', 'settings'] };
    for (const order of [
      [settings, spans, metrics],
      [metrics, settings, spans],
    ]) {
      const edge = mergedGraph(order).edges.find(({ to: end }) => end === 'Deployment/shop/cart');
      expect(edge).toMatchObject(wanted);
    }
  });

  it('tells who is reached within so many calls, also for what makes none itself', () => {
    const names2 = (list: { node: { id: string }; hops: number }[]) =>
      list.map(({ node, hops }) => `${node.id} ${hops}`);
    const service = { apiVersion: 'v1', kind: 'Service', namespace: 'shop', name: 'store' };
    const reach = callReach(settings, view, [service], 2);
    expect(names2(reach.upstream)).toEqual(['Deployment/shop/cart 1', 'Deployment/shop/web 2']);
    expect(reach.downstream).toEqual([]);
    expect(names2(callReach(settings, view, [service], 1).upstream)).toEqual(['Deployment/shop/cart 1']);
    const web = { apiVersion: 'apps/v1', kind: 'Deployment', namespace: 'shop', name: 'web' };
    expect(names2(callReach(settings, view, [web], 9).downstream)).toEqual([
      'Deployment/shop/cart 1',
      'StatefulSet/shop/store 2',
    ]);
  });
});
