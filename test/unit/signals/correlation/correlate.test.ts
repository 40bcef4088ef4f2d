import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import type { ObjectRef } from '../../../../src/domain/kube-object.ts';
import { refLabel } from '../../../../src/domain/kube-object.ts';
import { DEFAULT_SIGNAL_SETTINGS } from '../../../../src/domain/signal-settings.ts';
import type { CorrelatedIncident, IncidentMember, Suspect } from '../../../../src/domain/signals.ts';
import { ClusterView } from '../../../../src/kube/cluster-view.ts';
import { alertItems, alertsInScope } from '../../../../src/signals/alerts/alert-items.ts';
import { correlate } from '../../../../src/signals/correlation/correlate.ts';
import { memberOfAlert, memberOfItem } from '../../../../src/signals/correlation/members.ts';
import { Topology } from '../../../../src/signals/correlation/topology.ts';
import { graphNode } from '../../../../src/signals/graph/graph-builder.ts';
import { graphOfSettings } from '../../../../src/signals/graph/settings-graph.ts';
import { smallCluster } from '../../../support/small-cluster.ts';

const MINUTE = 60_000;
const settings = DEFAULT_SIGNAL_SETTINGS.correlation;
const view = new ClusterView(smallCluster());
const topology = new Topology(view, graphOfSettings(view));
const ref = (kind: string, name: string, namespace?: string): ObjectRef => ({
  apiVersion: { Deployment: 'apps/v1', StatefulSet: 'apps/v1' }[kind] ?? 'v1',
  kind,
  ...(namespace ? { namespace } : {}),
  name,
});
const WEB = ref('Deployment', 'web', 'shop');
const CART = ref('Deployment', 'cart', 'shop');
const STORE = ref('StatefulSet', 'store', 'shop');
const BLOG = ref('Deployment', 'web', 'blog');
const member = (id: string, objects: ObjectRef[], since = 0, more: Partial<IncidentMember> = {}): IncidentMember => ({
  source: 'alert',
  id,
  objects,
  labels: {},
  since,
  message: id,
  ...more,
});
const found = (members: IncidentMember[], open: CorrelatedIncident[] = [], suspects: Suspect[] = []) =>
  correlate({ members, open, topology, settings, suspects });
const idsOf = ({ members }: CorrelatedIncident) => members.map(({ id }) => id).sort();
const named = (name: string, since = 0) => member(`${name}${since}`, [], since, { labels: { service_name: name } });

describe('things belong together', () => {
  it.each([
    ['about one object, whenever they began', [member('a', [WEB]), member('b', [WEB], 90 * MINUTE)]],
    [
      'about a pod, its workload and its Service',
      [
        member('a', [ref('Pod', 'web-5f6d8c7b9-abcd0', 'shop')]),
        member('b', [WEB], 30 * MINUTE),
        member('c', [ref('Service', 'web', 'shop')], 60 * MINUTE),
      ],
    ],
    ['one call apart', [member('a', [WEB]), member('b', [CART], 2 * MINUTE)]],
    ['two calls apart', [member('a', [WEB]), member('b', [STORE], 2 * MINUTE)]],
    ['on an ill node', [member('a', [STORE]), member('b', [ref('Node', 'node2')])]],
    ['of a program by its name alone', [named('x'), named('x', 9)]],
  ])('%s', (_, members) => {
    expect(found(members)).toHaveLength(1);
  });

  it.each([
    ['one call apart that began at other times', [member('a', [WEB]), member('b', [CART], 6 * MINUTE)]],
    ['of other namespaces', [member('a', [WEB]), member('b', [BLOG])]],
    ['that name nothing', [member('a', []), member('b', [])]],
    ['of programs with other names', [named('x'), named('y')]],
  ])('but not %s', (_, members) => {
    expect(found(members)).toHaveLength(2);
  });

  it('but not two that have nothing but a node in common that is well', () => {
    const apart = new Topology(view, { nodes: [], edges: [] });
    const members = [member('a', [WEB]), member('b', [CART])];
    expect(correlate({ members, open: [], topology: apart, settings })).toHaveLength(2);
    const three = [...members, member('c', [ref('Node', 'node1')])];
    expect(correlate({ members: three, open: [], topology: apart, settings })).toHaveLength(1);
  });

  it('but not two whose series also name the node that both run on, and neither begins there', () => {
    const apart = new Topology(view, { nodes: [], edges: [] });
    const node = ref('Node', 'node1');
    const members = [member('a', [WEB, node]), member('b', [CART, node], 30 * MINUTE)];
    const incidents = correlate({ members, open: [], topology: apart, settings });
    expect(incidents.map(({ root }) => root?.object)).toEqual([WEB, CART]);
  });

  it('or call the same, unless everybody does', () => {
    const shared = (callers: number) => {
      const callee = graphNode('db', ref('StatefulSet', 'db', 'shop'));
      const nodes = Array.from({ length: callers }, (_, at) =>
        graphNode(`c${at}`, ref('Deployment', `c${at}`, 'shop')),
      );
      const numbers = { calls: 1, perSecond: null, errorRatio: null, p50Ms: null, p99Ms: null };
      const edges = nodes.map(({ id }) => ({
        from: id,
        to: callee.id,
        kind: 'call' as const,
        ...numbers,
        sources: [],
      }));
      const members = nodes.slice(0, 2).map(({ id, object }) => member(id, [object!]));
      const wide = new Topology(view, { nodes: [callee, ...nodes], edges });
      return correlate({ members, open: [], topology: wide, settings }).length;
    };
    expect([shared(5), shared(30)]).toEqual([1, 2]);
  });
});

describe('an incident', () => {
  it('has its root where the others depend on it, and says so', () => {
    const [incident] = found([
      member('web slow', [WEB]),
      member('cart slow', [CART]),
      member('store down', [STORE], MINUTE),
    ]);
    expect(refLabel(incident!.root!.object)).toBe('StatefulSet/shop/store');
    expect(incident!.root!.reason).toBe('2 of the 2 others depend on StatefulSet/shop/store');
    expect(incident).toMatchObject({ title: 'store down, and 2 more', count: 3, isKnown: false, isStorm: false });
  });

  it('has its root where traces say, if they are sure', () => {
    const members = [member('web slow', [WEB]), member('store slow', [STORE])];
    const suspect = (confidence: number): Suspect => ({
      node: graphNode('web', WEB),
      pod: null,
      symptom: 'latency',
      score: 1,
      confidence,
      lift: null,
      message: 'traces say so',
      traces: [],
    });
    expect(found(members, [], [suspect(0.9)])[0]!.root).toEqual({ object: WEB, reason: 'traces say so' });
    expect(refLabel(found(members, [], [suspect(0.2)])[0]!.root!.object)).toBe('StatefulSet/shop/store');
  });

  it('has its root where traces say, also where no alert speaks of it, if a member depends on it', () => {
    const suspect = (node: ObjectRef): Suspect => ({
      ...{ node: graphNode(node.name, node), pod: null, symptom: 'errors', score: 1, confidence: 0.9, lift: null },
      ...{ message: 'errors begin there', traces: [] },
    });
    const [named] = found([member('web fails', [WEB])], [], [suspect(STORE)]);
    expect(named!.root).toEqual({ object: STORE, reason: 'errors begin there' });
    expect(named).toMatchObject({ title: 'web fails' });
    expect(refLabel(found([member('store down', [STORE])], [], [suspect(WEB)])[0]!.root!.object)).toBe(
      'StatefulSet/shop/store',
    );
  });

  describe('that tells only how something serves', () => {
    const rootWith = (changes: readonly (readonly [ObjectRef, number])[], ...members: IncidentMember[]) => {
      const changesOf = (object: ObjectRef) =>
        changes.flatMap(([ref, at]) => (refLabel(ref) === refLabel(object) ? [{ at, label: 'changed' }] : []));
      const [incident] = correlate({ members, open: [], topology, settings, changesOf });
      return incident!.root!;
    };
    const wrong = member('alert:-:EmptyAnswers:service=web', [WEB]);

    it('begins at what it depends on and what was changed just before', () => {
      expect(rootWith([[STORE, -40_000]], wrong)).toEqual({
        object: STORE,
        reason: 'StatefulSet/shop/store was changed 40 s before it began, and Deployment/shop/web depends on it',
      });
      // Of several the last change; deeper than whom most depend on.
      const both = [wrong, member('alert:-:HighErrorRatio:service=cart', [CART])];
      expect(
        refLabel(
          rootWith(
            [
              [CART, -10 * MINUTE],
              [STORE, -MINUTE],
            ],
            ...both,
          ).object,
        ),
      ).toBe('StatefulSet/shop/store');
    });

    it.each([
      [
        'was changed itself since',
        [
          [WEB, -30_000],
          [STORE, -60_000],
        ],
      ],
      [
        'was changed together with it',
        [
          [WEB, -60_000],
          [STORE, -60_000],
        ],
      ],
      ['depends on what was changed long before', [[STORE, -20 * MINUTE]]],
      ['depends on what was changed long after', [[STORE, 3 * MINUTE]]],
      ['does not depend on what was changed', [[BLOG, -MINUTE]]],
    ] as [string, [ObjectRef, number][]][])('begins where it is seen, where that %s', (_, changes) => {
      expect(rootWith(changes, wrong).object).toEqual(WEB);
    });

    it.each([
      ['an unhealthy object', member('object:Deployment/shop/web:unready', [WEB], 0, { source: 'object' })],
      ['a signal of its memory', member('signal:Deployment/shop/web:oom', [WEB], 0, { source: 'signal' })],
      ['an alert about its memory', member('alert:-:MemoryNearLimit:object=x', [WEB])],
    ])('not where it is %s', (_, own) => {
      expect(rootWith([[STORE, -40_000]], own).object).toEqual(WEB);
    });
  });

  it('keeps its fingerprint while others join it, and when it comes again later', () => {
    const [first] = found([member('store down', [STORE])]);
    const [grown] = found([member('store down', [STORE]), member('web slow', [WEB], MINUTE)], [first!]);
    const [later] = found([member('store full', [STORE], 9 * 60 * MINUTE)]);
    expect([grown!.fingerprint, later!.fingerprint]).toEqual([first!.fingerprint, first!.fingerprint]);
    expect(grown).toMatchObject({ isKnown: true, count: 2, absorbed: [] });
  });

  it('is not opened twice: what was told before, and what is late, join it', () => {
    const [open] = found([member('web slow', [WEB])]);
    const again = found(
      [member('web slow', [WEB], 9, { message: 'slower still' }), member('web down', [WEB], 60 * MINUTE)],
      [open!],
    );
    expect(again).toEqual([
      expect.objectContaining({ fingerprint: open!.fingerprint, isKnown: true, count: 2, since: 0 }),
    ]);
    expect(again[0]!.members[0]).toMatchObject({ message: 'slower still', since: 0 });
  });

  it('takes in another that turns out to be the same', () => {
    const [one] = found([member('web slow', [WEB])]);
    const [other] = found([member('store down', [STORE], MINUTE)]);
    const both = found([member('cart slow', [CART], MINUTE)], [other!, one!]);
    expect(both).toEqual([
      expect.objectContaining({ fingerprint: one!.fingerprint, absorbed: [other!.fingerprint], count: 3 }),
    ]);
  });

  it('counts an alert once, told of as an alert and as an item of severity', () => {
    const labels = { alertname: 'Slow', namespace: 'shop', deployment: 'web' };
    const alerts = [{ name: 'Slow', state: 'firing' as const, labels, annotations: {}, startsAt: 5, fingerprint: 'f' }];
    const items = alertItems(alerts, smallCluster(), ['shop']).map((item) => memberOfItem(item, 9));
    const scoped = alertsInScope(alerts, view, ['shop']).map(memberOfAlert);
    expect(found([...items, ...scoped])).toEqual([expect.objectContaining({ count: 1, since: 5 })]);
  });
});

describe('a storm', () => {
  const many = (count: number, since = 0) =>
    Array.from({ length: count }, (_, index) =>
      member(`s${since}-${index}`, [ref('Deployment', `d${since}-${index}`, 'shop')], since + index * 100),
    );

  it('of more than 50 a minute is one incident that counts', () => {
    expect(found(many(50))).toHaveLength(50);
    expect(found(many(51))).toEqual([expect.objectContaining({ isStorm: true, count: 51, isKnown: false })]);
  });

  it('goes on under its fingerprint, and leaves what began apart alone', () => {
    const [storm] = found(many(60));
    const next = found([...many(60), ...many(70, 3 * MINUTE), member('late', [BLOG], 60 * MINUTE)], [storm!]);
    expect(next.map(({ isStorm, isKnown, count }) => ({ isStorm, isKnown, count }))).toEqual([
      { isStorm: true, isKnown: true, count: 130 },
      { isStorm: false, isKnown: false, count: 1 },
    ]);
    expect(next[0]!.fingerprint).toBe(storm!.fingerprint);
  });

  it('that topology holds together is no storm', () => {
    const alike = Array.from({ length: 80 }, (_, index) => member(`a${index}`, [STORE], index));
    expect(found(alike)).toEqual([expect.objectContaining({ isStorm: false, count: 80 })]);
  });

  it('does not take in what was open before', () => {
    const [open] = found([member('web slow', [WEB])]);
    expect(found(many(60), [open!]).map(({ isStorm, count }) => [isStorm, count])).toEqual(
      expect.arrayContaining([
        [true, 60],
        [false, 1],
      ]),
    );
  });
});

describe('whatever is given', () => {
  const objects = [
    WEB,
    CART,
    STORE,
    BLOG,
    ref('Node', 'node1'),
    ref('Pod', 'store-0', 'shop'),
    ref('Service', 'x', 'shop'),
  ];
  const anyMember = fc.record({
    source: fc.constantFrom('alert' as const, 'signal' as const, 'object' as const),
    id: fc.constantFrom('a', 'b', 'c', 'd', 'e', 'f', 'g'),
    objects: fc.array(fc.constantFrom(...objects), { maxLength: 2 }),
    labels: fc.dictionary(fc.constantFrom('service_name', 'namespace', '__proto__'), fc.constantFrom('x', 'y', '')),
    since: fc.integer({ min: 0, max: 20 * MINUTE }),
    message: fc.string(),
  });
  const list = fc.array(anyMember, { maxLength: 14 });

  it('the order makes no difference, and each member is in exactly one incident', () => {
    const shuffled = list.chain((members) =>
      fc.tuple(fc.constant(members), fc.shuffledSubarray(members, { minLength: members.length })),
    );
    fc.assert(
      fc.property(shuffled, ([members, other]) => {
        const incidents = found(members);
        expect(found(other)).toEqual(incidents);
        expect(incidents.flatMap(idsOf).sort()).toEqual([...new Set(members.map(({ id }) => id))].sort());
        expect(new Set(incidents.map(({ fingerprint }) => fingerprint)).size).toBe(incidents.length);
      }),
    );
  });

  it('told again with what is open, nothing new is opened', () => {
    fc.assert(
      fc.property(list, (members) => {
        const first = found(members);
        const again = found(members, first);
        expect(again.every(({ isKnown, absorbed }) => isKnown && absorbed.length === 0)).toBe(true);
        expect(again.map(({ fingerprint }) => fingerprint)).toEqual(first.map(({ fingerprint }) => fingerprint));
        expect(again.map(idsOf)).toEqual(first.map(idsOf));
      }),
    );
  });
});
