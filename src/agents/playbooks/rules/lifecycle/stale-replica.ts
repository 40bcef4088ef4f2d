import type { Finding } from '../../../../domain/finding.ts';
import type { KubeObject } from '../../../../domain/kube-object.ts';
import { PODS, REVISIONS } from '../../../../kube/kind-sets.ts';
import { podState } from '../../../../kube/pod-state.ts';
import { isLiving } from '../../../../kube/pods.ts';
import { isOfRevision, revisionsOf } from '../../../../kube/revisions.ts';
import { waitsForBrokenPods } from '../../clues/stuck-pods.ts';
import { evidence, makeFinding } from '../../engine/analyzer.ts';
import type { Analyzer, AnalyzerContext } from '../../engine/analyzer.ts';
import { deleteNoWait } from '../../engine/changes.ts';

const STALE_REPLICA = 'stale-replica';

/**
 * StatefulSets whose template was mended, but whose controller waits for a broken pod of another revision to become ready
 * before it goes on (kubernetes.io "StatefulSets", forced rollback).
 */
export function analyzeStaleReplicas({ view }: AnalyzerContext): Finding[] {
  return view.all('StatefulSet').flatMap((set) => {
    if (set.metadata.deletionTimestamp || !waitsForBrokenPods(set)) return [];
    const current = revisionsOf(view, set).find((revision) => revision.current);
    // Before the controller has seen the template, nothing can be said of its pods.
    if (!current || Number(set.status?.observedGeneration ?? 0) < Number(set.metadata.generation ?? 0)) return [];
    const partition = Number(set.spec?.updateStrategy?.rollingUpdate?.partition ?? 0);
    const pods = view
      .podsOf(set)
      .filter((pod) => isLiving(pod) && ordinalOf(pod) >= partition && !isOfRevision(pod, current.source))
      .filter((pod) => podState(pod, view.now).phase === 'stuck');
    const first = pods[0];
    if (!first) return [];
    const { name } = set.metadata;
    const { text } = podState(first, view.now);
    return [
      makeFinding({
        rule: STALE_REPLICA,
        severity: 'critical',
        object: set,
        what: 'revision',
        message: `StatefulSet ${name} waits for pod ${first.metadata.name} of another revision, which does not start, before it makes it anew from the present template`,
        evidence: [
          evidence('status', first, null, `pod ${first.metadata.name} ${text}`),
          evidence(
            'status',
            first,
            'metadata.labels["controller-revision-hash"]',
            `it was made from ${first.metadata.labels?.['controller-revision-hash'] ?? 'another revision'}; the template is that of ${current.source.metadata.name}`,
          ),
          evidence(
            'spec',
            set,
            'spec.podManagementPolicy',
            'its pods are replaced one by one, each after the last is ready',
          ),
        ],
        fixes: [
          {
            changes: pods.map(deleteNoWait),
            expects: `StatefulSet ${name} makes ${pods.map((pod) => pod.metadata.name).join(', ')} anew from its template, and the rollout goes on`,
            confidence: 0.9,
          },
        ],
      }),
    ];
  });
}

function ordinalOf(pod: KubeObject): number {
  return Number(/-(\d+)$/.exec(pod.metadata.name)?.[1] ?? 0);
}

export const staleReplicaRule: Analyzer = {
  rule: STALE_REPLICA,
  layer: 'replicas',
  kinds: [...PODS, ...REVISIONS],
  explains: 'StatefulSets that were mended, but wait for a broken pod of another revision.',
  unfixed: 'the pod is not known to be of another revision',
  analyze: analyzeStaleReplicas,
};
