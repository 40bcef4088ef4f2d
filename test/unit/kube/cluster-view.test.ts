import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import type { KubeObject } from '../../../src/domain/kube-object.ts';
import { ClusterView } from '../../../src/kube/cluster-view.ts';
import { selectorMapMatches } from '../../../src/kube/labels.ts';

const labels = fc.dictionary(fc.constantFrom('app', 'tier'), fc.constantFrom('a', 'b'));
const named = (kind: string) =>
  fc
    .uniqueArray(
      fc.record({ name: fc.constantFrom('x', 'y', 'z', 'x-y'), namespace: fc.constantFrom('n', 'm'), labels }),
      {
        selector: ({ name, namespace }) => `${namespace}/${name}`,
        maxLength: 6,
      },
    )
    .map((all) => all.map(({ labels: own, ...rest }) => ({ apiVersion: 'v1', kind, rest, own })));
const pods = named('Pod').map((all): KubeObject[] =>
  all.map(({ rest, own, ...object }) => ({ ...object, metadata: { ...rest, labels: own } })),
);
const services = named('Service').map((all): KubeObject[] =>
  all.map(({ rest, own, ...object }) => ({ ...object, metadata: rest, spec: { selector: own } })),
);
const slices = named('EndpointSlice').map((all): KubeObject[] =>
  all.map(({ rest, own, ...object }) => ({
    ...object,
    metadata: {
      ...rest,
      labels: Object.fromEntries(own.app ? [['kubernetes.io/service-name', own.app === 'a' ? 'x' : 'y']] : []),
    },
  })),
);
const names = (objects: KubeObject[]) => objects.map(({ metadata }) => `${metadata.namespace}/${metadata.name}`);

describe('ClusterView', () => {
  it('finds by its indexes what looking at everything finds, in the order of names', () => {
    fc.assert(
      fc.property(pods, services, slices, (Pod, Service, EndpointSlice) => {
        const objects = { Pod, Service, EndpointSlice };
        const view = new ClusterView({ takenAt: '', namespaces: ['n', 'm'], objects, unreadable: {} });
        for (const service of view.all('Service')) {
          const { namespace, name } = service.metadata;
          const picked = (pod: KubeObject) => selectorMapMatches(service.spec.selector, pod.metadata.labels);
          expect(names(view.selectedPods(service))).toEqual(names(view.all('Pod', namespace).filter(picked)));
          const own = (slice: KubeObject) => slice.metadata.labels?.['kubernetes.io/service-name'] === name;
          expect(names(view.slicesOf(service))).toEqual(names(view.all('EndpointSlice', namespace).filter(own)));
        }
        for (const { metadata } of view.all('Pod')) {
          const picks = (service: KubeObject) => selectorMapMatches(service.spec.selector, metadata.labels);
          expect(names(view.servicesSelecting(metadata.namespace, metadata.labels))).toEqual(
            names(view.all('Service', metadata.namespace).filter(picks)),
          );
        }
      }),
    );
  });

  it('works out once what follows for an object, also nothing', () => {
    const view = new ClusterView({ takenAt: '', namespaces: ['n'], objects: {}, unreadable: {} });
    const object: KubeObject = { apiVersion: 'v1', kind: 'Pod', metadata: { name: 'x' } };
    const calls: string[] = [];
    const work = (_: ClusterView, { metadata }: KubeObject) => void calls.push(metadata.name);
    for (const of of [object, object, { ...object }]) view.derived(work, of);
    expect(calls).toEqual(['x', 'x']);
  });
});
