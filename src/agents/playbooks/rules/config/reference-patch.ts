import type { Change, PatchOp } from '../../../../domain/change.ts';
import type { KubeObject } from '../../../../domain/kube-object.ts';
import type { ClusterView } from '../../../../kube/cluster-view.ts';
import { missingReferences } from '../../../../kube/config-references.ts';
import type { ConfigReference } from '../../../../kube/config-references.ts';
import type { PodTemplate } from '../../../../kube/pod-template.ts';
import { isLiving } from '../../../../kube/pods.ts';
import { replaceStuckPods } from '../../clues/stuck-pods.ts';
import type { FixDraft } from '../../engine/analyzer.ts';
import { jsonPatch } from '../../engine/changes.ts';

/** What makes a reference name another object or key, guarded by what it names now. */
export function renamedOps(
  template: PodTemplate,
  reference: ConfigReference,
  name: string,
  key: string | null,
): PatchOp[] {
  const ops: PatchOp[] = [];
  const replace = (pointer: string, from: string, to: string): void => {
    if (from === to) return;
    const path = `${template.pointer}${pointer}`;
    ops.push({ op: 'test', path, value: from }, { op: 'replace', path, value: to });
  };
  replace(reference.namePointer, reference.name, name);
  if (reference.keyPointer && reference.key !== null && key !== null) replace(reference.keyPointer, reference.key, key);
  return ops;
}

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
