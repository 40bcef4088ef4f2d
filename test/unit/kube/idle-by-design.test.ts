import { expect, it } from 'vitest';
import { evaluateHealth } from '../../../src/severity/health-oracle.ts';
import { World } from '../playbooks/builders.ts';
import type { Loose } from '../playbooks/builders.ts';

/** A workload at 0 behind a Service without endpoints, and who keeps it there. */
function idle(keeper: (world: World, name: string, workload: Loose) => void): World {
  const world = new World(11);
  const container = world.container({ ports: [{ containerPort: 8080 }], readinessProbe: undefined });
  const workload = world.workload({ replicas: 0, containers: [container] });
  world.service(workload.spec.template.metadata.labels, [{ port: 80, targetPort: 8080 }]);
  keeper(world, workload.metadata.name, workload);
  return world;
}
const target = (name: string) => ({ kind: 'Deployment', name, apiVersion: 'apps/v1' });
const autoscaler =
  (spec: object, labels: object = {}) =>
  (world: World, name: string) =>
    void world.add('HorizontalPodAutoscaler', 'autoscaling/v2', 'scaler', {
      metadata: { name: 'scaler', namespace: world.namespace, labels },
      spec: { scaleTargetRef: target(name), maxReplicas: 3, ...spec },
    });
const scaled = (spec: object) => (world: World, name: string) => {
  const object = world.add('ScaledObject', 'keda.sh/v1alpha1', 'queue', {
    spec: { scaleTargetRef: { name }, ...spec },
  });
  const read = world.snapshot.bind(world);
  // Custom resources stand under their kind and group.
  world.snapshot = () => {
    const snapshot = read();
    return { ...snapshot, objects: { ...snapshot.objects, 'ScaledObject.keda.sh': [object as never] } };
  };
};

async function verdicts(world: World) {
  const sick = evaluateHealth(world.snapshot()).items.map(({ object, what }) => `${object?.kind} ${what}`);
  const found = (await world.diagnose()).filter(({ severity }) => severity !== 'info').map(({ rule }) => rule);
  return { sick, found };
}

it.each<[string, Parameters<typeof idle>[0]]>([
  [
    'Knative',
    (_world, _name, { metadata }) =>
      void (metadata.labels = { ...metadata.labels, 'serving.knative.dev/service': 's' }),
  ],
  ['an autoscaler with minReplicas 0', autoscaler({ minReplicas: 0 })],
  ['an autoscaler that KEDA made', autoscaler({ minReplicas: 1 }, { 'scaledobject.keda.sh/name': 'queue' })],
  ['a ScaledObject of KEDA', scaled({})],
  [
    'oc idle',
    (_world, _name, { metadata }) =>
      void (metadata.annotations = {
        ...metadata.annotations,
        'idling.alpha.openshift.io/idled-at': '2031-01-01T00:00:00Z',
      }),
  ],
])('what %s keeps at 0 is neither sick nor to be mended', async (_who, keeper) => {
  expect(await verdicts(idle(keeper))).toEqual({ sick: [], found: [] });
});

it.each<[string, Parameters<typeof idle>[0]]>([
  ['nobody', () => undefined],
  ['an autoscaler that wants at least one', autoscaler({ minReplicas: 1 })],
  ['a ScaledObject that wants at least one', scaled({ minReplicaCount: 1 })],
  ['a ScaledObject of another workload', (world) => scaled({})(world, 'another')],
])('what %s keeps at 0 is both', async (_who, keeper) => {
  const { sick, found } = await verdicts(idle(keeper));
  expect(sick.length).toBeGreaterThan(0);
  expect(found).toContain('workload-scaled-to-zero');
});
