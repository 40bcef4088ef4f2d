import { describe, expect, it } from 'vitest';
import type { KubeObject } from '../../../src/domain/kube-object.ts';
import { peerBudgetMs, podState, podStates } from '../../../src/kube/pod-state.ts';
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

describe('a pod that is ready', () => {
  /** Ready, in its second run for so long, after a first one that lasted so long. */
  const again = (sinceS: number, firstS: number): KubeObject => {
    const one = pod(sinceS + firstS, 1);
    Object.assign(one.status!.containerStatuses[0], {
      restartCount: 1,
      state: { running: { startedAt: ago(sinceS) } },
      lastState: { terminated: { exitCode: 137, startedAt: ago(sinceS + firstS), finishedAt: ago(sinceS) } },
    });
    return one;
  };

  it('has yet to outlive the run that ended before, also the first one', () => {
    expect(podState(again(5, 8), NOW)).toMatchObject({ phase: 'unready', reason: 'Restarting', provenInMs: 7_000 });
    expect(podState(again(5, 8), NOW).text).toBe('restarted once and has not yet outlived its last run');
    expect(podState(again(13, 8), NOW).phase).toBe('healthy');
    expect(podState(again(121, 3_600), NOW).phase).toBe('healthy');
  });

  const of = (set: string, one: KubeObject): KubeObject => {
    one.metadata.ownerReferences = [
      { apiVersion: 'apps/v1', kind: 'ReplicaSet', name: set, uid: `uid-${set}`, controller: true },
    ];
    return one;
  };
  /** Failed so long ago, after it had been there for so long. */
  const evicted = (agoS: number, livedS: number): KubeObject => {
    const one = pod(agoS + livedS, null);
    const message = 'Usage of EmptyDir volume "scratch" exceeds the limit "2Mi".';
    const conditions = [{ type: 'Ready', status: 'False', lastTransitionTime: ago(agoS) }];
    one.status = { ...one.status, phase: 'Failed', reason: 'Evicted', message, containerStatuses: [], conditions };
    return one;
  };
  const stateBeside = (failed: KubeObject, sinceS: number, set = 'a') =>
    podStates([of('a', failed), of(set, pod(sinceS, 1))], NOW)[1]!.state;

  it('has yet to outlive the one that failed before it', () => {
    expect(stateBeside(evicted(6, 20), 5)).toMatchObject({
      phase: 'unready',
      reason: 'Restarting',
      provenInMs: 25_000,
    });
    expect(stateBeside(evicted(6, 20), 5).text).toMatch(
      /pod that failed \(Evicted: Usage of EmptyDir volume "scratch"/,
    );
    expect(stateBeside(evicted(40, 20), 31).phase).toBe('healthy');
  });

  it('is no successor of one of another template, that failed long ago, or beside which it was there', () => {
    expect(stateBeside(evicted(6, 20), 5, 'b').phase).toBe('healthy');
    expect(stateBeside(evicted(700, 7_000), 50).phase).toBe('healthy');
    expect(stateBeside(evicted(6, 60), 30).phase).toBe('healthy');
  });
});
