import { describe, expect, it } from 'vitest';
import type { KubeObject } from '../../../src/domain/kube-object.ts';
import { refOf } from '../../../src/domain/kube-object.ts';
import { assessConvergence } from '../../../src/severity/convergence.ts';
import { rolloutBudgetMs } from '../../../src/severity/rollout-budget.ts';
import {
  ago,
  claim,
  container,
  deployment,
  node,
  NS,
  object,
  olderSet,
  pod,
  service,
  slice,
  snapshot,
  storageClass,
  template,
} from './objects.ts';

function assess(roots: KubeObject[], objects: KubeObject[]) {
  const { pending } = assessConvergence(snapshot(objects), roots.map(refOf));
  return pending.map(({ text, patienceMs }) => ({ text, patienceMs }));
}

describe('Deployment as root', () => {
  const world = (
    moods: Parameters<typeof pod>[1][],
    options: Parameters<typeof deployment>[1] = {},
    old: Parameters<typeof pod>[1][] = [],
  ) => {
    const { deploy, set } = deployment('plum', { replicas: 2, ...options });
    const previous = olderSet(deploy);
    const pods = [
      ...moods.map((mood, index) => pod(`n${index}`, mood, set)),
      ...old.map((mood, index) => pod(`o${index}`, mood, previous)),
    ];
    return assess([deploy], [deploy, set, previous, ...pods]);
  };

  it('has converged when observed, updated, available and alone', () => expect(world(['ready', 'ready'])).toEqual([]));

  it('has not before its controller saw the change', () => {
    expect(world(['ready', 'ready'], { metadata: { generation: 2 } })).toMatchObject([
      { text: expect.stringContaining('has not seen the change') },
    ]);
  });

  it.each([
    ['an old pod is still there', { status: { replicas: 3 } }],
    ['not all are updated', { status: { updatedReplicas: 1 } }],
    ['not all are available yet (minReadySeconds)', { status: { availableReplicas: 1 } }],
  ])('is moving while %s', (_name, options) => {
    expect(world(['ready', 'ready'], options)).toMatchObject([{ patienceMs: null }]);
  });

  it('is moving while new pods start, even beside a broken old one', () => {
    const seen = world(['starting'], { status: { updatedReplicas: 1 } }, ['crash']);
    expect(seen).toEqual([{ text: 'Deployment/orchard/plum: 0 of 2 pods ready', patienceMs: null }]);
  });

  it('waits only briefly for old pods to terminate', () => {
    const [seen] = world(['ready', 'ready'], {}, ['terminating']);
    expect(seen).toMatchObject({ text: expect.stringContaining('1 old pods are terminating') });
    expect(seen!.patienceMs).toBeLessThanOrEqual(10_000);
  });

  it('is finished when a new pod cannot pull its image or crashed twice', () => {
    expect(world(['pull'])).toMatchObject([{ patienceMs: 0, text: expect.stringContaining('ImagePullBackOff') }]);
    expect(world(['crash'])).toMatchObject([{ patienceMs: 0 }]);
  });

  it('gives a first crash another chance', () => expect(world(['crashed'])).toMatchObject([{ patienceMs: null }]));

  it('gives the scheduler some time', () => {
    const [seen] = world(['unschedulable']);
    expect(seen!.patienceMs).toBeGreaterThanOrEqual(10_000);
    expect(seen!.patienceMs).toBeLessThan(30_000);
  });

  it('is finished after its progress deadline', () => {
    const conditions = [{ type: 'Progressing', status: 'False', reason: 'ProgressDeadlineExceeded' }];
    expect(world(['late'], { status: { conditions } })).toMatchObject([{ patienceMs: 0 }]);
  });

  it('names a quota that stops pods from being created', () => {
    const conditions = [{ type: 'ReplicaFailure', status: 'True', message: 'exceeded quota' }];
    expect(world(['ready'], { status: { conditions } })).toMatchObject([
      { text: expect.stringContaining('exceeded quota'), patienceMs: 10_000 },
    ]);
  });

  it('waits for pods that go to make room', () => {
    const conditions = [{ type: 'ReplicaFailure', status: 'True', message: 'exceeded quota' }];
    expect(world(['ready'], { status: { conditions } }, ['terminating'])[0]!.patienceMs).toBeGreaterThanOrEqual(30_000);
  });

  it('has converged at zero when all pods are gone', () => {
    expect(world([], { replicas: 0 })).toEqual([]);
    expect(world(['ready'], { replicas: 0 })).toHaveLength(1);
  });

  it('does not wait for a paused rollout', () => {
    expect(world(['ready', 'ready'], { spec: { paused: true }, status: { updatedReplicas: 0 } })).toEqual([]);
  });
});

describe('what let pods in again as root', () => {
  const hook = object('MutatingWebhookConfiguration', 'gate');
  const patience = (refusedFor: number) => {
    const failure = { type: 'ReplicaFailure', status: 'True', message: 'no', lastTransitionTime: ago(refusedFor) };
    const { deploy, set } = deployment('plum', { replicas: 2, status: { conditions: [failure] } });
    return assess([hook], [hook, deploy, set])[0]!.patienceMs!;
  };

  it('gives a controller as long as it was refused, within bounds, to try again', () => {
    expect(patience(1)).toBe(60_000);
    expect(patience(100)).toBeGreaterThanOrEqual(100_000);
    expect(patience(100)).toBeLessThan(110_000);
    expect(patience(1_000)).toBeLessThan(180_000);
  });
});

describe('Service as root', () => {
  const { deploy, set } = deployment('plum', { replicas: 1 });
  const one = pod('p', 'ready', set);
  const world = (ports: object[], slicePorts: object[], ready = [one]) => {
    const gate = service('gate', { app: 'plum' }, { spec: { ports } });
    return assess([gate], [deploy, set, one, gate, slice(gate, ready, { ports: slicePorts })]);
  };

  it('has converged when its slices have its ports and its ready pods', () => {
    expect(world([{ port: 80, targetPort: 7000 }], [{ port: 7000 }])).toEqual([]);
    expect(world([{ port: 80, name: 'a', targetPort: 7000 }], [{ name: 'a', port: 7000 }])).toEqual([]);
  });
  it('has not while the slices have the old port', () => {
    expect(world([{ port: 80, targetPort: 7000 }], [{ port: 9999 }])).toMatchObject([
      { text: expect.stringContaining('ports of the Service') },
    ]);
    expect(
      world(
        [
          { port: 80, targetPort: 7000 },
          { port: 81, name: 'b', targetPort: 7001 },
        ],
        [{ port: 7000 }],
      ),
    ).toHaveLength(1);
  });
  it('does not wait for a named port that no pod has', () => {
    expect(world([{ port: 80, targetPort: 'nope' }], [])).toEqual([]);
  });
  it('has not while a ready pod is missing or a gone one is named', () => {
    expect(world([{ port: 80, targetPort: 7000 }], [{ port: 7000 }], [])).toMatchObject([
      { text: expect.stringContaining('lack a ready pod') },
    ]);
    expect(world([{ port: 80, targetPort: 7000 }], [{ port: 7000 }], [one, pod('gone', 'ready', set)])).toMatchObject([
      { text: expect.stringContaining('gone') },
    ]);
  });
  it('lets its callers recover for as long as their readiness probe needs', () => {
    const caller = deployment('caller', {
      replicas: 1,
      podSpec: {
        containers: [container({ env: [{ name: 'U', value: 'http://gate/' }], readinessProbe: { periodSeconds: 3 } })],
      },
    });
    const gate = service('gate', { app: 'plum' });
    const objects = [
      deploy,
      set,
      one,
      gate,
      slice(gate, [one]),
      caller.deploy,
      caller.set,
      pod('c', 'fell', caller.set),
    ];
    expect(assess([gate], objects)).toMatchObject([
      { text: expect.stringContaining('Deployment/orchard/caller'), patienceMs: 8_000 },
    ]);
  });
  it('does not wait for workloads that have nothing to do with it', () => {
    const other = deployment('other', { replicas: 1 });
    const gate = service('gate', { app: 'plum' });
    expect(
      assess(
        [gate],
        [deploy, set, one, gate, slice(gate, [one]), other.deploy, other.set, pod('x', 'pull', other.set)],
      ),
    ).toEqual([]);
  });
});

describe('other roots', () => {
  const user = (mood: Parameters<typeof pod>[1], podSpec: object) => {
    const { deploy, set } = deployment('plum', { replicas: 1, podSpec });
    return [deploy, set, pod('p', mood, set)];
  };
  const patience = (roots: KubeObject[], objects: KubeObject[]) =>
    assess(roots, objects).map(({ patienceMs }) => patienceMs);

  it('a ConfigMap gives its users time to try again; an unrelated trouble gets none', () => {
    const mounted = { volumes: [{ name: 'v', configMap: { name: 'tuning' } }] };
    const config = object('ConfigMap', 'tuning');
    expect(patience([config], [config, ...user('config', mounted)])[0]).toBeGreaterThanOrEqual(60_000);
    expect(patience([config], [config, ...user('pull', mounted)])).toEqual([0]);
    expect(patience([config], [config, ...user('config', {})])).toEqual([]);
  });

  it('a crash-looping user is given its next restart', () => {
    const mounted = { volumes: [{ name: 'v', configMap: { name: 'tuning' } }] };
    const config = object('ConfigMap', 'tuning');
    const objects = user('crash', mounted);
    objects[2]!.status!.containerStatuses[0].lastState.terminated.finishedAt = ago(50);
    // Fourth restart: 80 s back-off, 30 s of it left.
    expect(patience([config], [config, ...objects])).toEqual([40_000]);
  });

  it('a node gives the scheduler time', () => {
    expect(patience([node('plot-1')], [node('plot-1'), ...user('unschedulable', {})])[0]).toBeGreaterThanOrEqual(
      15_000,
    );
  });

  it('claims: bound or waiting for a consumer is done; the provisioner may take its time; no class, no hope', () => {
    const jar = claim('jar', 'Pending');
    expect(patience([jar], [claim('jar', 'Bound')])).toEqual([]);
    expect(patience([jar], [jar, storageClass('shed', 'WaitForFirstConsumer')])).toEqual([]);
    expect(patience([jar], [jar, storageClass('shed')])[0]).toBeGreaterThan(60_000);
    expect(patience([jar], [jar, storageClass('other')])[0]).toBeLessThan(5_000);
  });

  it('a StorageClass waits for the claims of its class', () => {
    expect(patience([storageClass('shed')], [storageClass('shed'), claim('jar', 'Pending')])[0]).toBeGreaterThan(
      60_000,
    );
  });

  it('a StatefulSet that will never replace its broken old pod is not waited for', () => {
    const owner = object('StatefulSet', 'nut', {
      spec: { replicas: 1, template: template({ a: 'nut' }), updateStrategy: { type: 'RollingUpdate' } },
      status: {
        observedGeneration: 1,
        currentRevision: 'a',
        updateRevision: 'b',
        updatedReplicas: 0,
        readyReplicas: 0,
      },
    });
    expect(patience([owner], [owner, pod('nut-0', 'pull', owner)])).toEqual([0]);
  });

  it('a deleted workload is waited for until its pods are gone', () => {
    const { deploy, set } = deployment('plum', { replicas: 1 });
    const seen = assess([deploy], [set, pod('p', 'ready', set)]);
    expect(seen).toMatchObject([{ text: 'Deployment/orchard/plum is gone, 1 pods are not yet' }]);
    expect(assess([deploy], [])).toEqual([]);
  });

  it('a deleted pod is waited for until its workload has another', () => {
    const { deploy, set } = deployment('plum', { replicas: 1 });
    const gone = pod('plum-5c9-x', 'ready', set);
    expect(assess([gone], [deploy, set])).toMatchObject([{ text: 'Deployment/orchard/plum: 0 of 1 pods ready' }]);
    expect(assess([gone], [deploy, set, pod('plum-5c9-y', 'ready', set)])).toEqual([]);
  });

  it('an autoscaler is waited for until its target is in its range', () => {
    const { deploy, set } = deployment('plum', { replicas: 1 });
    const scaler = (minReplicas: number) =>
      object('HorizontalPodAutoscaler', 'grow', {
        spec: { minReplicas, maxReplicas: 5, scaleTargetRef: { kind: 'Deployment', name: 'plum' } },
      });
    const world = [deploy, set, pod('p', 'ready', set)];
    expect(assess([scaler(2)], [...world, scaler(2)])).toMatchObject([
      { text: expect.stringContaining('has not scaled') },
    ]);
    expect(assess([scaler(1)], [...world, scaler(1)])).toEqual([]);
  });

  it('any object with an observedGeneration is waited for until it is observed', () => {
    const rollout = object('PodDisruptionBudget', 'x', {
      metadata: { generation: 3 },
      status: { observedGeneration: 2 },
    });
    expect(assess([rollout], [rollout])).toMatchObject([{ text: expect.stringContaining('has not seen the change') }]);
  });
});

describe('rolloutBudgetMs', () => {
  const probe = { readinessProbe: { initialDelaySeconds: 10, periodSeconds: 5, failureThreshold: 4 } };
  const of = (kind: string, spec: object) =>
    rolloutBudgetMs(
      object(kind, 'x', {
        spec: { replicas: 4, template: { spec: { containers: [probe] } }, ...spec },
        status: { desiredNumberScheduled: 4 },
      }),
    );
  it('grows with waves, probes and minReadySeconds', () => {
    const wave = 20_000 + 30_000;
    expect(of('Deployment', { strategy: { type: 'Recreate' } })).toBe(wave);
    expect(of('Deployment', {})).toBe(2 * wave);
    expect(of('Deployment', { strategy: { rollingUpdate: { maxSurge: 1, maxUnavailable: 0 } } })).toBe(4 * wave);
    expect(of('Deployment', { minReadySeconds: 5 })).toBe(2 * (wave + 5_000));
    expect(of('StatefulSet', {})).toBe(4 * wave);
    expect(of('StatefulSet', { podManagementPolicy: 'Parallel' })).toBe(2 * wave);
    expect(of('DaemonSet', { updateStrategy: { rollingUpdate: { maxUnavailable: '50%' } } })).toBe(2 * wave);
  });
  it('ends with the progress deadline of a Deployment', () => {
    expect(
      of('Deployment', {
        replicas: 40,
        strategy: { rollingUpdate: { maxSurge: 1, maxUnavailable: 0 } },
        progressDeadlineSeconds: 90,
      }),
    ).toBe(90_000);
  });
});

it('names objects of other namespaces as such', () => {
  const gate = service('gate', { app: 'x' }, { metadata: { namespace: 'far' } });
  expect(gate.metadata.namespace).not.toBe(NS);
  const stale = slice(gate, [pod('p', 'ready')]);
  stale.metadata.namespace = 'far';
  expect(assess([gate], [gate, stale])).toMatchObject([{ text: expect.stringContaining('Service/far/gate') }]);
});
