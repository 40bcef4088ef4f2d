import { describe, expect, it } from 'vitest';
import type { KubeObject, ObjectRef } from '../../../../src/domain/kube-object.ts';
import { ClusterView } from '../../../../src/kube/cluster-view.ts';
import { memoryCause } from '../../../../src/signals/incident-types/memory-cause.ts';
import { memoryAsks, memoryHistory } from '../../../../src/signals/incident-types/memory-history.ts';
import { answersTo, CART, sceneAt, START } from '../../../support/signal-scene.ts';
import { smallCluster } from '../../../support/small-cluster.ts';

const MINUTE = 60_000;
const MIB = 2 ** 20;
const now = START + 120 * MINUTE;
const cart: ObjectRef = { apiVersion: 'apps/v1', kind: 'Deployment', namespace: 'shop', name: 'cart' };

/** The small cluster with a limit for `cart`, which had another one in its revision before. */
function limited(limit: string, former: string): ClusterView {
  const snapshot = smallCluster();
  const deployment = snapshot.objects.Deployment!.find(
    ({ metadata }) => metadata.name === 'cart' && metadata.namespace === 'shop',
  )!;
  const set = snapshot.objects.ReplicaSet!.find(({ metadata }) => metadata.name.startsWith('cart-'))!;
  const withLimit = (memory: string): KubeObject['spec'] => {
    const template = structuredClone(deployment.spec.template);
    template.spec.containers[0].resources = { limits: { memory } };
    return template;
  };
  const revision = (number: string, created: number) => ({
    creationTimestamp: new Date(created).toISOString(),
    annotations: { 'deployment.kubernetes.io/revision': number },
  });
  const old = structuredClone(set);
  Object.assign(old.metadata, revision('1', START - 60 * MINUTE), { name: 'cart-77c5d8f6b4', uid: 'old' });
  Object.assign(set.metadata, revision('2', START + 90 * MINUTE));
  old.spec.template = withLimit(former);
  set.spec.template = withLimit(limit);
  deployment.spec.template = withLimit(limit);
  snapshot.objects.ReplicaSet!.push(old);
  return new ClusterView(snapshot);
}

describe('the history of a container', () => {
  const view = limited('128Mi', '512Mi');
  const scene = sceneAt(now, { view });
  const asks = memoryAsks(scene, cart, 'cart');
  const every = (value: (minute: number) => number) =>
    Array.from({ length: 240 }, (_, index) => ({ at: START + index * 30_000, value: value(index / 2) }));
  const pod = (name: string) => ({ namespace: 'shop', pod: name, container: 'cart' });

  it('is put together of pods that are there and gone, their starts, traffic and the limit before', () => {
    const answers = answersTo(asks, {
      'memory-cause/used': [
        { labels: pod('cart-5f6d8c7b9-abcd0'), samples: every(() => 120 * MIB) },
        { labels: pod('cart-77c5d8f6b4-x2x9z'), samples: every(() => 120 * MIB) },
        { labels: pod('cart-worker-0'), samples: every(() => MIB) },
      ],
      'memory-cause/started': [
        { labels: pod('cart-5f6d8c7b9-abcd0'), samples: every(() => (START + 90 * MINUTE) / 1_000) },
      ],
      'memory-cause/requests/0/answered': [{ labels: CART, samples: every(() => 5) }],
    });
    const history = memoryHistory(answers, scene, cart, 'cart')!;
    expect(history.pods.map(({ starts }) => starts)).toEqual([[START + 90 * MINUTE], []]);
    expect(history).toMatchObject({
      limitBytes: 128 * MIB,
      former: { limitBytes: 512 * MIB, changedAt: START + 90 * MINUTE },
    });
    expect(history.traffic).toHaveLength(240);
    const { cause, evidence } = memoryCause(history);
    expect(cause).toBe('tight-limit');
    expect(evidence.join()).toMatch(/lowered from 512 MiB to 128 MiB, and 120 MiB were used before already/);
  });

  it('knows when the container was killed, as far as its pod remembers', () => {
    const at = START + 110 * MINUTE;
    const killed = structuredClone(view.snapshot);
    const victim = killed.objects.Pod!.find(({ metadata }) => metadata.name === 'cart-5f6d8c7b9-abcd0')!;
    const run = (from: number) => ({ startedAt: new Date(from).toISOString() });
    victim.status.containerStatuses = [
      {
        name: 'cart',
        state: { running: run(at + 5_000) },
        lastState: {
          terminated: { ...run(at - 4 * MINUTE), finishedAt: new Date(at).toISOString(), reason: 'OOMKilled' },
        },
      },
    ];
    const answers = answersTo(asks, {
      'memory-cause/used': [{ labels: pod('cart-5f6d8c7b9-abcd0'), samples: every(() => 100 * MIB) }],
    });
    const history = memoryHistory(answers, sceneAt(now, { view: new ClusterView(killed) }), cart, 'cart')!;
    expect(history.pods).toMatchObject([{ starts: [at + 5_000, at - 4 * MINUTE], kills: [at] }]);
  });

  it('is not known without a limit, or without samples', () => {
    expect(memoryHistory(answersTo(asks, {}), scene, cart, 'cart')).toBeNull();
    const free = sceneAt(now);
    const answers = answersTo(asks, {
      'memory-cause/used': [{ labels: pod('cart-5f6d8c7b9-abcd0'), samples: every(() => 1) }],
    });
    expect(memoryHistory(answers, free, cart, 'cart')).toBeNull();
  });
});
