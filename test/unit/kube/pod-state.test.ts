import { describe, expect, it } from 'vitest';
import type { KubeObject } from '../../../src/domain/kube-object.ts';
import { peerBudgetMs, podState } from '../../../src/kube/pod-state.ts';
import { NOW, ago, object } from '../cluster/objects.ts';

const pod = (ageS: number, readyAfterS: number | null, restarts = 0): KubeObject =>
  object('Pod', `p-${ageS}`, {
    metadata: { creationTimestamp: ago(ageS) },
    spec: { containers: [{ name: 'main', readinessProbe: { periodSeconds: 2, failureThreshold: 3 } }] },
    status: {
      phase: 'Running',
      startTime: ago(ageS),
      containerStatuses: [{ name: 'main', restartCount: restarts, state: { running: { startedAt: ago(ageS) } } }],
      conditions: [
        {
          type: 'Ready',
          status: readyAfterS === null ? 'False' : 'True',
          lastTransitionTime: ago(ageS - (readyAfterS ?? 0)),
        },
      ],
    },
  });

describe('a pod that is not ready yet', () => {
  it('is starting for as long as its own probes allow', () => {
    expect(podState(pod(20, null), NOW).phase).toBe('starting');
    expect(podState(pod(40, null), NOW).phase).toBe('unready');
  });

  it('is starting for twice as long as its peers took', () => {
    const peers = [pod(5_000, 60), pod(4_000, 62)];
    expect(podState(pod(100, null), NOW, peerBudgetMs(peers)).phase).toBe('starting');
    expect(podState(pod(200, null), NOW, peerBudgetMs(peers)).phase).toBe('unready');
  });

  it('gains nothing from quick peers, from those that restarted, or from one that fell back long after its start', () => {
    expect(podState(pod(40, null), NOW, peerBudgetMs([pod(5_000, 2)])).phase).toBe('unready');
    expect(peerBudgetMs([pod(5_000, 60, 3)])).toBe(0);
    expect(peerBudgetMs([pod(5_000, 4_000), pod(5_000, 10)])).toBe(40_000);
    expect(peerBudgetMs([pod(9_000, 8_000)])).toBe(300_000);
  });
});
