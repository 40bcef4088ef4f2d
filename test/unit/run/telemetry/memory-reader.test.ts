import { describe, expect, it } from 'vitest';
import type { Signal } from '../../../../src/domain/signals.ts';
import { ClusterView } from '../../../../src/kube/cluster-view.ts';
import { readMemory } from '../../../../src/run/telemetry/memory-reader.ts';
import type { Ask } from '../../../../src/signals/incident-types/incident-type.ts';
import { answersTo, CART, sceneAt, START } from '../../../support/signal-scene.ts';
import { smallCluster } from '../../../support/small-cluster.ts';

const MINUTE = 60_000;
const MIB = 2 ** 20;
const now = START + 120 * MINUTE;
const cart = { apiVersion: 'apps/v1', kind: 'Deployment', namespace: 'shop', name: 'cart' };
const POD = 'cart-5f6d8c7b9-abcd0';

function limited(): ClusterView {
  const snapshot = smallCluster();
  const deployment = snapshot.objects.Deployment!.find(
    ({ metadata }) => metadata.name === 'cart' && metadata.namespace === 'shop',
  )!;
  deployment.spec.template.spec.containers[0].resources = { limits: { memory: '128Mi' } };
  return new ClusterView(snapshot);
}

const short = (part: Partial<Signal> = {}): Signal => ({
  kind: 'oom',
  level: 'incident',
  object: cart,
  others: [],
  labels: { namespace: 'shop', pod: POD, container: 'cart' },
  since: now,
  message: 'container cart uses 120 MiB',
  value: 120 * MIB,
  usual: null,
  threshold: null,
  unit: 'bytes',
  query: null,
  chart: null,
  ...part,
});

const every = (value: (index: number) => number) =>
  Array.from({ length: 240 }, (_, index) => ({ at: START + index * 30_000, value: value(index) }));

describe('the memory of containers that run out of it', () => {
  const scene = sceneAt(now, { view: limited() });
  const used = (value: (index: number) => number) => async (asks: readonly Ask[]) =>
    answersTo(asks, {
      'memory-cause/used': [{ labels: { namespace: 'shop', pod: POD, container: 'cart' }, samples: every(value) }],
      'memory-cause/requests/0/answered': [{ labels: CART, samples: every(() => 5) }],
    });

  it('is unknown where more is told than a limit lets anybody have: nothing is made of that', async () => {
    const [odd] = await readMemory(
      [short()],
      scene,
      used((index) => (index === 200 ? 900 : 120) * MIB),
    );
    expect(odd).toMatchObject({
      cause: 'unknown',
      peakBytes: null,
      evidence: [expect.stringMatching(/another container/)],
    });
  });

  it('is told with its cause and the most that was used', async () => {
    const [leak] = await readMemory(
      [short()],
      scene,
      used((index) => (20 + index / 3) * MIB),
    );
    expect(leak).toMatchObject({ workload: cart, container: 'cart', cause: 'leak' });
    expect(leak!.peakBytes).toBeCloseTo((20 + 239 / 3) * MIB);
    const [tight] = await readMemory(
      [short({ level: 'early' })],
      scene,
      used(() => 120 * MIB),
    );
    expect(tight).toMatchObject({ cause: 'tight-limit', peakBytes: 120 * MIB });
  });

  it('is not asked for where no signal speaks of it', async () => {
    const asked: Ask[] = [];
    const none = await readMemory(
      [short({ level: 'forecast' }), short({ kind: 'latency' }), short({ object: null }), short({ labels: {} })],
      scene,
      async (asks) => (asked.push(...asks), new Map()),
    );
    expect(none).toEqual([]);
    expect(asked).toEqual([]);
  });

  it('is unknown where nobody answers, and says why', async () => {
    const [unanswered] = await readMemory(
      [short()],
      scene,
      async (asks) =>
        new Map(asks.map(({ key }) => [key, { state: 'unknown', reason: 'Prometheus does not answer' } as const])),
    );
    expect(unanswered).toMatchObject({ cause: 'unknown', peakBytes: null });
    expect(unanswered!.evidence.join()).toContain('Prometheus does not answer');
    const [empty] = await readMemory([short()], scene, async (asks) => answersTo(asks, {}));
    expect(empty!.evidence.join()).toContain('nobody tells what it uses');
  });

  it('is asked for once for each container, however many signals there are', async () => {
    let times = 0;
    await readMemory([short(), short({ level: 'early' })], scene, async () => (times++, new Map()));
    expect(times).toBe(1);
  });
});
