import { describe, expect, it } from 'vitest';
import type { Span } from '../../../../src/domain/telemetry.ts';
import { ClusterView } from '../../../../src/kube/cluster-view.ts';
import { clusterOfSpans, spansOfCluster } from '../../../../src/signals/graph/spans-of-cluster.ts';

const pods = [{ apiVersion: 'v1', kind: 'Pod', metadata: { name: 'a', namespace: 'shop', uid: 'uid-a' } }];
const view = new ClusterView({ takenAt: '', namespaces: ['shop'], objects: { Pod: pods }, unreadable: {} });
const span = (trace: string, cluster?: string, uid?: string): Span => ({
  trace,
  id: `${trace}-${cluster}-${uid}`,
  parent: null,
  service: 'front',
  operation: 'GET /',
  kind: 'server',
  startsAt: 0,
  durationMs: 1,
  isError: false,
  attributes: {
    ...(cluster === undefined ? {} : { 'k8s.cluster.name': cluster }),
    ...(uid === undefined ? {} : { 'k8s.pod.uid': uid }),
  },
});

describe('spans of several clusters', () => {
  it('are all ours where they name one at most', () => {
    const one = [span('1', 'eu'), span('2')];
    expect(clusterOfSpans(one, view)).toEqual({ name: null });
    expect(spansOfCluster(one, null)).toEqual(one);
  });

  it('are ours by the uid of a pod, with those of their traces that name none', () => {
    const all = [
      span('1', 'eu', 'uid-a'),
      span('1'),
      span('1', 'us'),
      span('2', 'us', 'uid-b'),
      span('3'),
      span('4', 'eu'),
    ];
    expect(clusterOfSpans(all, view)).toEqual({ name: 'eu' });
    expect(spansOfCluster(all, 'eu')).toEqual([all[0], all[1], all[5]]);
  });

  it('are not told where no uid says which, or two do', () => {
    const why = { unknown: /^spans name several clusters \(k8s\.cluster\.name: eu, us\)/ as never };
    expect(clusterOfSpans([span('1', 'eu'), span('2', 'us', 'uid-b')], view)).toMatchObject(why);
    expect(clusterOfSpans([span('1', 'eu', 'uid-a'), span('2', 'us', 'uid-a')], view)).toMatchObject(why);
  });
});
