import type { Evidence } from '../../../../domain/finding.ts';
import type { KubeObject } from '../../../../domain/kube-object.ts';
import { evidence } from '../../engine/analyzer.ts';
import type { ClusterView } from '../../../../kube/cluster-view.ts';
import { imageState } from '../../../../kube/image-state.ts';
import { fittingNodes, placementOf } from '../../../../kube/node-fit.ts';
import { containersOf } from '../../../../kube/pod-template.ts';
import { earlierRevisions } from '../../../../kube/revisions.ts';
import type { Revision } from '../../../../kube/revisions.ts';
import { desiredReplicas } from '../../../../kube/pods.ts';
import { lacksSomething, wouldBeRefused } from './would-fail-again.ts';

export interface GoodRevision {
  revision: Revision;
  /** 0..1: 1 when its pods are ready now, less when only nothing speaks against it. */
  trust: number;
  evidence: Evidence;
}

/**
 * Earlier revisions against which nothing speaks: images not known to fail, what they name is there, a node fits, and the
 * server would not refuse their pods for what it refuses those of now. Those with ready pods come first, then the newest.
 */
export function goodRevisions(view: ClusterView, workload: KubeObject): GoodRevision[] {
  const found = earlierRevisions(view, workload).flatMap((revision, age): GoodRevision[] => {
    const podSpec = revision.template.spec;
    const images = containersOf(podSpec).map((container) => imageState(view, container.image));
    if (images.includes('failing')) return [];
    if (lacksSomething(view, workload.metadata.namespace, podSpec)) return [];
    const runs = revision.readyPods > 0 && revision.readyPods >= (desiredReplicas(workload) ?? 1);
    if (!runs && wouldBeRefused(view, workload, podSpec)) return [];
    const nodes = view.known('Node') ? view.all('Node') : [];
    if (nodes.length > 0 && fittingNodes(nodes, placementOf(podSpec)).length === 0) return [];
    const seen = images.every((state) => state === 'runs');
    const base = revision.readyPods > 0 ? 1 : seen ? 0.9 : 0.8;
    const why =
      revision.readyPods > 0
        ? `${revision.readyPods} of its pods are ready`
        : seen
          ? 'its images are present in the cluster'
          : 'nothing speaks against it';
    const text = `revision ${revision.number} (${revision.source.metadata.name}) came before; ${why}`;
    return [
      { revision, trust: base - Math.min(age, 8) * 0.02, evidence: evidence('revision', revision.source, null, text) },
    ];
  });
  return found.sort((a, b) => b.trust - a.trust);
}
