import type { Change, PatchOp } from '../../../../domain/change.ts';
import type { KubeObject } from '../../../../domain/kube-object.ts';
import type { ClusterView } from '../../../../kube/cluster-view.ts';
import { missingReferences } from '../../../../kube/config-references.ts';
import { isLiving } from '../../../../kube/pods.ts';
import { replaceStuckPods } from '../../clues/pods/stuck-pods.ts';
import type { FixDraft } from '../../engine/analyzer.ts';
import { jsonPatch } from '../../engine/changes.ts';

export function templatePatch(
  view: ClusterView,
  workload: KubeObject,
  ops: PatchOp[],
  to: string,
  confidence: number,
): FixDraft {
  // Items of one volume share the place of its name.
  const seen = new Set<string>();
  const distinct = ops.filter((op) => {
    const text = JSON.stringify(op);
    return !seen.has(text) && seen.add(text);
  });
  return {
    changes: [jsonPatch(workload, distinct), ...stuckPods(view, workload)],
    expects: `${workload.kind} ${workload.metadata.name} refers to ${to} and its pods become ready`,
    confidence,
  };
}

export function stuckPods(view: ClusterView, workload: KubeObject): Change[] {
  return replaceStuckPods(
    view,
    workload,
    (pod) => isLiving(pod) && missingReferences(view, pod.metadata.namespace, pod.spec).length > 0,
  );
}
