import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import type { Span } from '../../../../src/domain/telemetry.ts';
import { ClusterView } from '../../../../src/kube/cluster-view.ts';
import { localise } from '../../../../src/signals/graph/localise.ts';
import { ServiceNames } from '../../../../src/signals/identity/service-names.ts';
import type { Injected } from '../../../support/made-traces.ts';
import { madeTraces, serviceTree } from '../../../support/made-traces.ts';
import { smallCluster } from '../../../support/small-cluster.ts';

const empty = { takenAt: '', namespaces: [], objects: {}, unreadable: {} };
const nobody = ServiceNames.of(new ClusterView(empty));
const SEEDS = Array.from({ length: 40 }, (_, index) => index + 1);

/** The culprit's place in the list of suspects over many trees; each has another size and culprit. */
function placesFound(symptom: 'errors' | 'latency', inject: (service: number) => Injected): number[] {
  return SEEDS.map((seed) => {
    const services = 5 + (seed % 26);
    const tree = serviceTree(seed, services);
    const culprit = (seed * 7) % services;
    const now = madeTraces(tree, seed + 1_000, 120, inject(culprit));
    const usual = madeTraces(tree, seed + 2_000, 120);
    const { suspects } = localise(now, usual, nobody, { symptom });
    return suspects.findIndex(({ node }) => node.name === tree.names[culprit]);
  });
}

const part = (places: number[], most: number) => places.filter((at) => at >= 0 && at <= most).length / places.length;

describe('localisation in 40 made trees of 5 to 30 services, 120 traces now and usually', () => {
  it.each([
    ['half of the requests failing', 'errors', (service: number) => ({ service, errors: 0.5 })],
    ['all slower by 150 ms', 'latency', (service: number) => ({ service, slow: { part: 1, ms: 150 } })],
    ['a third slower by 600 ms', 'latency', (service: number) => ({ service, slow: { part: 0.33, ms: 600 } })],
  ] as const)('names the culprit first in nine of ten: %s', (_, symptom, inject) => {
    expect(part(placesFound(symptom, inject), 0)).toBeGreaterThanOrEqual(0.9);
  });

  it('names nobody where nothing has changed', () => {
    for (const seed of SEEDS) {
      const tree = serviceTree(seed, 5 + (seed % 26));
      const [now, usual] = [madeTraces(tree, seed + 1_000, 120), madeTraces(tree, seed + 2_000, 120)];
      for (const symptom of ['errors', 'latency'] as const)
        expect({ seed, suspects: localise(now, usual, nobody, { symptom }).suspects }).toEqual({ seed, suspects: [] });
    }
  });
});

const span = (
  trace: number,
  id: string,
  parent: string | null,
  service: string,
  kind: Span['kind'],
  more: Partial<Span> = {},
): Span => ({
  trace: `t${trace}`,
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
const traces = (count: number, make: (index: number) => Span[]) =>
  Array.from({ length: count }, (_, index) => make(index)).flat();

describe('localisation', () => {
  it('names who did not answer, traced or not', () => {
    const now = traces(20, (at) => [
      span(at, 'a', null, 'web', 'server', { isError: true }),
      span(at, 'b', 'a', 'web', 'client', { isError: true, attributes: { 'server.address': 'pay.example.com' } }),
    ]);
    const usual = traces(20, (at) => [
      span(at, 'a', null, 'web', 'server'),
      span(at, 'b', 'a', 'web', 'client', { attributes: { 'server.address': 'pay.example.com' } }),
    ]);
    const { suspects } = localise(now, usual, nobody, { symptom: 'errors' });
    expect(suspects[0]).toMatchObject({ node: { name: 'pay.example.com', object: null }, score: 1, confidence: 1 });
    expect(suspects[0]!.lift).toBeGreaterThan(20);
  });

  it('follows a call that was given up to who was still at work', () => {
    const request = (at: number, ms: number, isError: boolean) => [
      span(at, 'a', null, 'web', 'server', { isError, durationMs: 102 }),
      span(at, 'b', 'a', 'web', 'client', { isError, startsAt: 1, durationMs: Math.min(100, ms) }),
      span(at, 'c', 'b', 'cart', 'server', { startsAt: 1, durationMs: ms }),
      span(at, 'd', 'c', 'cart', 'client', { startsAt: 2, durationMs: ms - 2 }),
      span(at, 'e', 'd', 'store', 'server', { startsAt: 3, durationMs: ms - 4 }),
    ];
    const now = traces(20, (at) => request(at, 5_000, true));
    const usual = traces(20, (at) => request(at, 40, false));
    const { suspects } = localise(now, usual, nobody, { symptom: 'errors' });
    expect(suspects[0]).toMatchObject({ node: { name: 'store' }, symptom: 'errors' });
  });

  it('charges a wait before every answer of one callee to it, and before every call of one caller to that', () => {
    const request = (at: number, from: string, callee: string, wait: number) => [
      span(at, 'a', null, from, 'server', { durationMs: 40 + wait, operation: `${from}-${callee}` }),
      span(at, 'b', 'a', from, 'client', { startsAt: 5, durationMs: 30 + wait + (at % 5) }),
      span(at, 'c', 'b', callee, 'server', { startsAt: 10 + wait, durationMs: 20 }),
    ];
    const all = (wait: (from: string, callee: string) => number) =>
      traces(120, (at) => {
        const [from, callee] = [`from${at % 2}`, `to${(at >> 1) % 2}`];
        return request(at, from, callee, wait(from, callee));
      });
    const usual = all(() => 0);
    const first = (now: Span[]) => localise(now, usual, nobody, { symptom: 'latency' }).suspects[0]?.node.name;
    expect(first(all((_, callee) => (callee === 'to1' ? 300 : 0)))).toBe('to1');
    expect(first(all((from) => (from === 'from1' ? 300 : 0)))).toBe('from1');
  });

  it('names the one bad pod of three', () => {
    const view = new ClusterView(smallCluster());
    const request = (at: number, isError: boolean) => [
      span(at, 'a', null, 'cart', 'server', {
        isError,
        attributes: {
          'k8s.namespace.name': 'shop',
          'k8s.pod.name': `cart-5f6d8c7b9-abcd${at % 3}`,
          'k8s.deployment.name': 'cart',
        },
      }),
    ];
    const now = traces(60, (at) => request(at, at % 3 === 1));
    const usual = traces(60, (at) => request(at, false));
    const { suspects } = localise(now, usual, ServiceNames.of(view), { symptom: 'errors' });
    expect(suspects[0]).toMatchObject({
      node: { id: 'Deployment/shop/cart' },
      pod: { kind: 'Pod', name: 'cart-5f6d8c7b9-abcd1' },
    });
  });

  it('says why it names nobody', () => {
    const fine = traces(20, (at) => [span(at, 'a', null, 'web', 'server')]);
    const failing = traces(2, (at) => [span(at, 'a', null, 'web', 'server', { isError: true })]);
    expect(localise([], fine, nobody, { symptom: 'errors' }).unknown).toBe('no traces were found');
    expect(localise(fine, fine, nobody, { symptom: 'errors' })).toEqual({ suspects: [], unknown: null });
    expect(localise(failing, fine, nobody, { symptom: 'errors' }).unknown).toMatch(/too few/);
    expect(localise(fine, [], nobody, { symptom: 'latency' }).unknown).toMatch(/no kind of request/);
  });

  it('is the same for the same seed, and never throws', () => {
    const id = fc.constantFrom('a', 'b', 'c', 'd');
    const any: fc.Arbitrary<Span> = fc.record({
      trace: fc.constantFrom('t', 'u', 'v', 'w', 'x', 'y'),
      id,
      parent: fc.option(id),
      service: fc.constantFrom('x', 'y', '', 'constructor'),
      operation: fc.constant('o'),
      kind: fc.constantFrom('client', 'server', 'producer', 'consumer', 'internal'),
      startsAt: fc.oneof(fc.double(), fc.nat(10)),
      durationMs: fc.oneof(fc.double(), fc.nat(10)),
      isError: fc.boolean(),
      attributes: fc.dictionary(fc.constantFrom('server.address', 'k8s.pod.name'), fc.string()),
    });
    fc.assert(
      fc.property(fc.array(any, { maxLength: 20 }), fc.array(any, { maxLength: 20 }), (now, usual) => {
        for (const symptom of ['errors', 'latency'] as const) {
          const found = localise(now, usual, nobody, { symptom });
          expect(localise([...now].reverse(), usual, nobody, { symptom })).toEqual(found);
          for (const { score, confidence } of found.suspects)
            expect(score >= 0 && score <= 1 && confidence >= 0 && confidence <= 1.000001).toBe(true);
        }
      }),
      { numRuns: 60 },
    );
  });
});
