import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import type { KubeObject } from '../../../src/domain/kube-object.ts';
import type { Direction, PolicyEdge, PolicyEnd } from '../../../src/kube/network-policy.ts';
import { cutting, directionsOf, inBlock, isolating } from '../../../src/kube/network-policy.ts';

const keys = fc.constantFrom('app', 'tier');
const values = fc.constantFrom('a', 'b', 'c');
const labels = fc.dictionary(keys, values, { maxKeys: 2 });
const namespace = fc.constantFrom('one', 'two');
const protocol = fc.constantFrom('TCP', 'UDP');
const number = fc.integer({ min: 80, max: 84 });

const end: fc.Arbitrary<PolicyEnd> = fc.record({
  namespace,
  labels,
  namespaceLabels: labels,
  ip: fc.option(fc.constantFrom('10.1.0.4', '10.2.0.4', 'fd00::5'), { nil: null }),
  podSpec: fc.constant({ containers: [{ name: 'c', ports: [{ name: 'web', containerPort: 80 }] }] }),
});
const edge: fc.Arbitrary<PolicyEdge> = fc.record({ from: end, to: end, port: number, protocol });

const selector = fc.oneof(
  labels.map((matchLabels) => ({ matchLabels })),
  fc.constant({}),
  fc.record({ matchExpressions: fc.tuple(fc.record({ key: keys, operator: fc.constantFrom('In', 'NotIn'), values: fc.tuple(values) })) }),
); // prettier-ignore
const peer = fc.oneof(
  fc.record({ podSelector: selector }),
  fc.record({ namespaceSelector: selector }),
  fc.record({ namespaceSelector: selector, podSelector: selector }),
  fc.record({ ipBlock: fc.constantFrom({ cidr: '10.0.0.0/8' }, { cidr: '10.0.0.0/8', except: ['10.2.0.0/16'] }) }),
);
const port = fc.oneof(
  fc.record({ protocol, port: number }),
  fc.record({ protocol }),
  fc.constant({ port: 'web' }),
  fc.record({ port: fc.constant(81), endPort: fc.constant(83) }),
);
const rule = (field: 'from' | 'to') =>
  fc.record(
    { [field]: fc.array(peer, { maxLength: 2 }), ports: fc.array(port, { maxLength: 2 }) },
    { requiredKeys: [] },
  );
const policy: fc.Arbitrary<KubeObject> = fc
  .record({
    namespace,
    spec: fc.record(
      {
        podSelector: selector,
        policyTypes: fc.subarray(['Ingress', 'Egress']),
        ingress: fc.array(rule('from'), { maxLength: 2 }),
        egress: fc.array(rule('to'), { maxLength: 2 }),
      },
      { requiredKeys: ['podSelector'] },
    ),
  })
  .map(({ namespace: place, spec }) => ({
    apiVersion: 'networking.k8s.io/v1',
    kind: 'NetworkPolicy',
    metadata: { name: 'p', namespace: place },
    spec,
  }));
const direction = fc.constantFrom<Direction>('ingress', 'egress');
const allowed = (policies: KubeObject[], to: PolicyEdge, way: Direction) => cutting(policies, to, way).length === 0;

describe('network policies', () => {
  it('allow everything to pods that none isolates, and nothing that no rule names', () => {
    fc.assert(
      fc.property(fc.array(policy, { maxLength: 4 }), edge, direction, (policies, to, way) => {
        const own = isolating(policies, way === 'ingress' ? to.to : to.from, way);
        if (own.length === 0) expect(allowed(policies, to, way)).toBe(true);
        const empty = own.map((each) => ({
          ...each,
          spec: { ...each.spec, policyTypes: ['Ingress', 'Egress'], ingress: [], egress: [] },
        }));
        if (empty.length > 0) expect(allowed(empty, to, way)).toBe(false);
      }),
    );
  });

  it('add up: each isolating policy that allows a connection alone is enough, whatever the order', () => {
    fc.assert(
      fc.property(fc.array(policy, { maxLength: 4 }), edge, direction, (policies, to, way) => {
        const own = isolating(policies, way === 'ingress' ? to.to : to.from, way);
        const alone = own.some((each) => allowed([each], to, way));
        expect(allowed(policies, to, way)).toBe(own.length === 0 || alone);
        expect(allowed([...policies].reverse(), to, way)).toBe(allowed(policies, to, way));
      }),
    );
  });

  it('never lose a connection by one more rule, and have all by an empty one', () => {
    fc.assert(
      fc.property(policy, rule('from'), edge, (one, more, to) => {
        const ingress = (one.spec.ingress ?? []) as unknown[];
        const types = { policyTypes: ['Ingress'] };
        const before = { ...one, spec: { ...one.spec, ...types } };
        const after = { ...one, spec: { ...one.spec, ...types, ingress: [...ingress, more] } };
        if (allowed([before], to, 'ingress')) expect(allowed([after], to, 'ingress')).toBe(true);
        const open = { ...one, spec: { ...one.spec, ...types, ingress: [...ingress, {}] } };
        expect(allowed([open], to, 'ingress')).toBe(true);
      }),
    );
  });

  it('take a range of ports as each of its ports', () => {
    fc.assert(
      fc.property(edge, fc.nat(4), (to, length) => {
        const spec = (ports: object[]) => ({ podSelector: {}, policyTypes: ['Ingress'], ingress: [{ ports }] });
        const made = (ports: object[]): KubeObject[] => [
          {
            apiVersion: 'v1',
            kind: 'NetworkPolicy',
            metadata: { name: 'p', namespace: to.to.namespace },
            spec: spec(ports),
          },
        ];
        const single = Array.from({ length: length + 1 }, (_, at) => ({ port: 80 + at, protocol: to.protocol }));
        const range = [{ port: 80, endPort: 80 + length, protocol: to.protocol }];
        expect(allowed(made(range), to, 'ingress')).toBe(allowed(made(single), to, 'ingress'));
      }),
    );
  });

  it('isolate in the directions that the API server fills in', () => {
    const of = (spec: object) =>
      directionsOf({ apiVersion: 'v1', kind: 'NetworkPolicy', metadata: { name: 'p' }, spec });
    expect(of({ podSelector: {} })).toEqual(['ingress']);
    expect(of({ egress: [{}] })).toEqual(['ingress', 'egress']);
    expect(of({ policyTypes: ['Egress'] })).toEqual(['egress']);
  });

  it('know blocks of addresses of both families', () => {
    expect(inBlock('10.0.0.0/8', '10.255.0.1')).toBe(true);
    expect(inBlock('10.0.0.0/9', '10.255.0.1')).toBe(false);
    expect(inBlock('0.0.0.0/0', '192.0.2.1')).toBe(true);
    expect(inBlock('fd00::/8', 'fd12:3::1')).toBe(true);
    expect(inBlock('::/0', '10.0.0.1')).toBe(false);
    expect(inBlock('10.0.0.0/8', 'no address')).toBe(false);
    fc.assert(
      fc.property(fc.ipV4(), fc.integer({ min: 0, max: 32 }), (ip, length) => {
        expect(inBlock(`${ip}/${length}`, ip)).toBe(true);
      }),
    );
  });
});
