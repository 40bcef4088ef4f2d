import { describe, expect, it } from 'vitest';
import type { KubeObject, ObjectRef } from '../../../src/domain/kube-object.ts';
import { refLabel, refOf } from '../../../src/domain/kube-object.ts';
import { affectedBy } from '../../../src/kube/affected.ts';
import {
  claim,
  container,
  deployment,
  node,
  NS,
  object,
  pod,
  service,
  slice,
  snapshot,
  storageClass,
} from './objects.ts';

/** back is called by front; lone shares nothing with them but the namespace. */
const back = deployment('back', {
  podSpec: {
    serviceAccountName: 'runner',
    volumes: [
      { name: 'a', configMap: { name: 'tuning' } },
      { name: 'b', persistentVolumeClaim: { claimName: 'jar' } },
    ],
    containers: [container({ env: [{ name: 'K', valueFrom: { secretKeyRef: { name: 'keys', key: 'k' } } }] })],
  },
});
const backPod = pod('back-5c9-1', 'ready', back.set);
const backService = service('back-api', { app: 'back' });
const backSlice = slice(backService, [backPod]);
const front = deployment('front', {
  podSpec: { containers: [container({ env: [{ name: 'UP', value: 'http://back-api:80/x' }] })] },
});
const frontPod = pod('front-5c9-1', 'ready', front.set, { spec: { nodeName: 'plot-2' } });
const lone = deployment('lone', { podSpec: { containers: [container({ args: ['--name=not-back-api-v2'] })] } });
const lonePod = pod('lone-5c9-1', 'ready', lone.set, { spec: { nodeName: 'plot-2' } });
const jar = claim('jar', 'Bound', { spec: { volumeName: 'vol' } });
const world = [
  back.deploy, back.set, backPod, backService, backSlice, front.deploy, front.set, frontPod, lone.deploy, lone.set, lonePod, jar,
  object('ConfigMap', 'tuning'), object('Secret', 'keys'), object('ServiceAccount', 'runner'), object('PersistentVolume', 'vol'),
  storageClass('shed'), node('plot-1'), node('plot-2'), object('Ingress', 'door', { spec: { x: 'back-api' } }),
  object('HorizontalPodAutoscaler', 'grow', { spec: { scaleTargetRef: { kind: 'Deployment', name: 'back' } } }),
]; // prettier-ignore

function affected(root: ObjectRef | KubeObject): string[] {
  const isAffected = affectedBy(['metadata' in root ? refOf(root as KubeObject) : root], snapshot(world));
  return world.filter((one) => isAffected(refOf(one))).map((one) => refLabel(refOf(one)));
}

const BACK = [
  'Deployment/orchard/back',
  'Pod/orchard/back-5c9-1',
  'Service/orchard/back-api',
  'EndpointSlice/orchard/back-api-x1',
];
const FRONT = ['Deployment/orchard/front', 'Pod/orchard/front-5c9-1'];

describe('affectedBy', () => {
  it.each<[string, KubeObject]>([
    ['workload', back.deploy],
    ['pod', backPod],
    ['ConfigMap', object('ConfigMap', 'tuning')],
    ['Secret', object('Secret', 'keys')],
    ['ServiceAccount', object('ServiceAccount', 'runner')],
    ['claim', jar],
    ['volume', object('PersistentVolume', 'vol')],
    ['storage class', storageClass('shed')],
    ['node', node('plot-1')],
    ['autoscaler', object('HorizontalPodAutoscaler', 'grow')],
  ])('a write to a %s reaches its users, their Service and the callers of that', (_name, root) => {
    const seen = affected(root);
    expect(seen).toEqual(expect.arrayContaining([...BACK, ...FRONT]));
    expect(seen.filter((label) => label.includes('lone'))).toEqual([]);
  });

  it('a write to a Service reaches endpoints, Ingress and callers, not the pods behind it', () => {
    const seen = affected(backService);
    expect(seen).toEqual(
      expect.arrayContaining(['EndpointSlice/orchard/back-api-x1', 'Ingress/orchard/door', ...FRONT]),
    );
    expect(seen).not.toContain('Deployment/orchard/back');
  });

  it('a caller does not affect what it calls', () => {
    expect(affected(front.deploy).filter((label) => label.includes('back'))).toEqual([]);
  });

  it('finds the workload of a deleted pod by its name', () => {
    const gone = { apiVersion: 'v1', kind: 'Pod', namespace: NS, name: 'back-5c9-gone' };
    expect(affected(gone)).toEqual(expect.arrayContaining(BACK));
  });

  it('includes a root that no longer exists', () => {
    const gone = { apiVersion: 'v1', kind: 'ConfigMap', namespace: NS, name: 'gone' };
    expect(affectedBy([gone], snapshot(world))(gone)).toBe(true);
  });

  it.each(['ResourceQuota', 'NetworkPolicy', 'LimitRange', 'RoleBinding', 'Widget'])(
    'a %s may affect the whole namespace',
    (kind) => {
      expect(affected(object(kind, 'x'))).toEqual(
        expect.arrayContaining([...BACK, ...FRONT, 'Deployment/orchard/lone']),
      );
    },
  );

  it('a cluster-wide object of unknown effect may affect everything', () => {
    expect(affected(object('ValidatingWebhookConfiguration', 'x'))).toHaveLength(world.length);
  });

  it('charges a node under pressure to the pods on it', () => {
    const sick = node('plot-1', { MemoryPressure: 'True' });
    const isAffected = affectedBy(
      [refOf(back.deploy)],
      snapshot([...world.filter(({ metadata }) => metadata.name !== 'plot-1'), sick]),
    );
    expect(isAffected(refOf(sick))).toBe(true);
    expect(isAffected(refOf(node('plot-2')))).toBe(false);
  });
});

describe('what a write cuts off', () => {
  it('was affected by it all the same', () => {
    const relabelled = deployment('back', { labels: { app: 'other' } });
    const after = snapshot([
      relabelled.deploy,
      relabelled.set,
      pod('back-5c9-1', 'ready', relabelled.set),
      backService,
    ]);
    const root = [refOf(back.deploy)];
    expect(affectedBy(root, after)(refOf(backService))).toBe(false);
    expect(affectedBy(root, snapshot(world), after)(refOf(backService))).toBe(true);
  });
});
