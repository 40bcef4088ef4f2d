import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { keyOf, refOf } from '../catalogue/cluster.ts';
import type { KubeObject } from '../judge/api.ts';
import { HOST, pod, rolledOut, RuleLab, serviceOf, workload } from './rule-lab.ts';

/** Rules of what leads to pods, whose fault no incident of the catalogue has, each on a cluster. */
let lab: RuleLab;
beforeAll(async () => {
  lab = await RuleLab.open();
});
afterAll(() => lab?.close());

const LAST_APPLIED = 'kubectl.kubernetes.io/last-applied-configuration';
const GATEWAY_API = 'gateway.networking.k8s.io';

describe('on a cluster it is found', () => {
  it('that a Service was turned to other pods since it was applied, on the way of somebody who fails', async () => {
    const place = await lab.place();
    await place.cluster.create([
      workload('Deployment', 'directory', pod()),
      workload('Deployment', 'directory-ui', pod()),
      // kubectl writes anew what was applied where an object says that something was.
      { ...serviceOf('directory'), metadata: { name: 'directory', annotations: { [LAST_APPLIED]: '{}' } } },
      workload(
        'Deployment',
        'caller',
        pod({ nodeSelector: { [HOST]: 'nowhere' } }, { env: [{ name: 'DIRECTORY', value: 'http://directory:80' }] }),
      ),
      // Who is asked by somebody is missed at once.
      serviceOf('caller'),
    ]);
    await place.cluster.patch({ kind: 'Service', name: 'directory' }, [
      { op: 'replace', path: '/spec/selector/app', value: 'directory-ui' },
    ]);
    await lab.shows(place, 'drifted-route', 'directory');
  });

  it('that an Ingress is of a class which does not exist', async () => {
    const place = await lab.place();
    const { cluster, own } = place;
    place.outside.push({ kind: 'IngressClass', name: own });
    const apiVersion = 'networking.k8s.io/v1';
    const defaultBackend = { service: { name: 'web', port: { number: 80 } } };
    const ingress = (name: string, ingressClassName: string): KubeObject => ({
      apiVersion,
      kind: 'Ingress',
      metadata: { name },
      spec: { ingressClassName, defaultBackend },
    });
    await cluster.create([
      { apiVersion, kind: 'IngressClass', metadata: { name: own }, spec: { controller: 'shown.example/none' } },
      workload('Deployment', 'web', pod()),
      serviceOf('web'),
      ingress('right', own),
      ingress('wrong', `${own}-internal`),
    ]);
    expect(await lab.shows(place, 'ingress-class', 'wrong')).not.toContain('ingress-class right');
  });

  it('that callers on other nodes reach nobody', async () => {
    const place = await lab.place();
    const { cluster, own } = place;
    const [one, other] = (await cluster.list('nodes', '--selector', 'node.kubernetes.io/instance-type=simulated')).map(
      ({ metadata }) => metadata.name,
    );
    const env = [{ name: 'STORE_ADDR', value: 'store:80' }];
    await cluster.create([
      workload('Deployment', 'store', pod({ nodeSelector: { [HOST]: one } })),
      serviceOf('store', { internalTrafficPolicy: 'Local' }),
      workload('Deployment', 'front', pod({ nodeSelector: { [HOST]: other } }, { env })),
      serviceOf('front'),
    ]);
    for (const name of ['store', 'front']) await rolledOut(place, name);
    // Nobody answers on simulated nodes, so that the check fails as it would where the store is not reached.
    await lab.shows(place, 'local-traffic', 'store', '--check', `front=svc://${own}/front:80/`);
  });

  it('that nobody serves what is asked in another namespace', async () => {
    const [place, other] = [await lab.place(), await lab.place()];
    await other.cluster.create([workload('Deployment', 'ledger', pod(), 0), serviceOf('ledger')]);
    const env = [{ name: 'LEDGER_URL', value: `http://ledger.${other.own}.svc:80` }];
    // Only of a workload in trouble it is asked whom it asks.
    const waiting = pod({ nodeSelector: { [HOST]: 'gone.example' } }, { env });
    await place.cluster.create([workload('Deployment', 'caller', waiting)]);
    await lab.shows(place, 'foreign-service', 'ledger');
  });

  it('that a route of the Gateway API leads to a Service which does not exist', async () => {
    const place = await lab.place();
    const { cluster } = place;
    const kinds = [customKind('HTTPRoute', 'httproutes'), customKind('Gateway', 'gateways')];
    place.outside.push(...kinds.map(refOf));
    await cluster.create(kinds);
    for (const kind of kinds)
      await cluster.kubectl(['wait', '--for=condition=Established', keyOf(refOf(kind)), '--timeout=60s']);
    const route = (name: string, service: string): KubeObject => ({
      apiVersion: `${GATEWAY_API}/v1`,
      kind: 'HTTPRoute',
      metadata: { name },
      spec: { parentRefs: [{ name: 'edge' }], rules: [{ backendRefs: [{ name: service, port: 80 }] }] },
    });
    await cluster.create([
      { apiVersion: `${GATEWAY_API}/v1`, kind: 'Gateway', metadata: { name: 'edge' }, spec: {} },
      workload('Deployment', 'web', pod()),
      serviceOf('web'),
      route('right', 'web'),
      route('wrong', 'web-next'),
    ]);
    expect(await lab.shows(place, 'gateway-route', 'wrong')).not.toContain('gateway-route right');
  });
});

/** A kind of the Gateway API, with whatever its objects hold. */
function customKind(kind: string, plural: string): KubeObject {
  const schema = { openAPIV3Schema: { type: 'object', 'x-kubernetes-preserve-unknown-fields': true } };
  return {
    apiVersion: 'apiextensions.k8s.io/v1',
    kind: 'CustomResourceDefinition',
    metadata: {
      name: `${plural}.${GATEWAY_API}`,
      // Groups of this ending are reserved, but for such as say so.
      annotations: { 'api-approved.kubernetes.io': 'unapproved, for a test' },
    },
    spec: {
      group: GATEWAY_API,
      scope: 'Namespaced',
      names: { kind, plural, singular: kind.toLowerCase(), listKind: `${kind}List` },
      versions: [{ name: 'v1', served: true, storage: true, schema }],
    },
  };
}
