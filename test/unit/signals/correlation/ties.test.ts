import { describe, expect, it } from 'vitest';
import type { ObjectRef } from '../../../../src/domain/kube-object.ts';
import { DEFAULT_SIGNAL_SETTINGS } from '../../../../src/domain/signal-settings.ts';
import type { IncidentMember } from '../../../../src/domain/signals.ts';
import { ClusterView } from '../../../../src/kube/cluster-view.ts';
import { correlate } from '../../../../src/signals/correlation/correlate.ts';
import { shownIncidents } from '../../../../src/signals/correlation/shown-incident.ts';
import { tiesOf } from '../../../../src/signals/correlation/ties.ts';
import { Topology } from '../../../../src/signals/correlation/topology.ts';
import { graphOfSettings } from '../../../../src/signals/graph/settings-graph.ts';
import { smallCluster } from '../../../support/small-cluster.ts';

const view = new ClusterView(smallCluster());
const topology = new Topology(view, graphOfSettings(view));
const { correlation: settings } = DEFAULT_SIGNAL_SETTINGS;
const ref = (kind: string, name: string, namespace?: string): ObjectRef => ({
  apiVersion: { Deployment: 'apps/v1', StatefulSet: 'apps/v1' }[kind] ?? 'v1',
  kind,
  ...(namespace ? { namespace } : {}),
  name,
});
const WEB = ref('Deployment', 'web', 'shop');
const CART = ref('Deployment', 'cart', 'shop');
const STORE = ref('StatefulSet', 'store', 'shop');
const member = (id: string, objects: ObjectRef[], since = 0): IncidentMember => ({
  source: 'alert',
  id,
  objects,
  labels: objects.length > 0 ? {} : { service_name: 'x' },
  since,
  message: id,
});
const correlated = (...members: IncidentMember[]) => correlate({ members, open: [], topology, settings });

describe('why things belong together', () => {
  it('is told by how each depends on where it begins', () => {
    const [incident] = correlated(
      member('web', [WEB], 2),
      member('cart', [CART], 1),
      member('store', [STORE], 0),
      member('pod', [ref('Pod', 'store-0', 'shop')], 3),
    );
    expect(incident!.root!.object).toEqual(STORE);
    expect(tiesOf(incident!, topology, settings.hops)).toEqual([
      'about StatefulSet/shop/store',
      'depends on StatefulSet/shop/store',
      'depends on StatefulSet/shop/store over others',
      'about StatefulSet/shop/store',
    ]);
  });

  it('is told the other way round, by names, and of a storm', () => {
    const root = { object: WEB, reason: 'traces say so' };
    const of = (members: IncidentMember[], isStorm = false) =>
      tiesOf({ members, root, isStorm }, topology, settings.hops);
    expect(of([member('node', [ref('Node', 'node1')])])).toEqual(['Deployment/shop/web depends on it']);
    expect(of([member('name', [])])).toEqual(['its labels name the same program']);
    const far = [member('blog', [ref('Deployment', 'web', 'blog')])];
    expect([of(far, true), of(far)]).toEqual([['began within the same minute'], ['told of together with it']]);
  });

  it('is shown where there is more than one, with no time where that was only assumed', () => {
    const incidents = correlated(member('cart', [CART]), member('store', [STORE]), member('x', []));
    const shown = shownIncidents(incidents, topology, settings.hops, new Set(['cart']));
    expect(shown).toHaveLength(1);
    expect(shown[0]).toMatchObject({ count: 2, root: { object: STORE } });
    expect(shown[0]!.members.map(({ message, since }) => [message, since])).toEqual([
      ['cart', null],
      ['store', 0],
    ]);
  });

  it('is shown in bounds', () => {
    const many = Array.from({ length: 60 }, (_, index) => member(`a${String(index).padStart(2, '0')}`, [STORE]));
    const [shown] = shownIncidents(correlated(...many), topology, settings.hops);
    expect(shown!.count).toBe(60);
    expect(shown!.members).toHaveLength(12);
  });
});
