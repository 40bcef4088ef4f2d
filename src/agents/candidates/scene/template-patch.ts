import type { Change, PatchOp } from '../../../domain/change.ts';
import type { KubeObject } from '../../../domain/kube-object.ts';
import type { ClusterView } from '../../../kube/cluster-view.ts';
import { hasPatchableTemplate } from '../../../kube/container-trouble.ts';
import { podTemplateOf } from '../../../kube/pod-template.ts';
import { isOwnNamespace } from './own-namespace.ts';
import { jsonPatch } from '../../playbooks/engine/changes.ts';
import { replaceStuckPods } from '../../playbooks/clues/pods/stuck-pods.ts';

/** A workload that the incident may be about, whose template can be changed in place. */
export function isPatchable(view: ClusterView, workload: KubeObject): boolean {
  return hasPatchableTemplate(workload) && podTemplateOf(workload) !== null && isOwnNamespace(view, workload);
}

/** A change of a workload's template, with the pods that its controller would wait for in vain; none where it has no such template. */
export function templateChanges(view: ClusterView, workload: KubeObject, ops: readonly PatchOp[]): Change[] {
  if (!hasPatchableTemplate(workload) || ops.length === 0) return [];
  return [jsonPatch(workload, distinct(ops)), ...replaceStuckPods(view, workload)];
}

/** Sets the value at a pointer below the pod spec, guarded by what is there now; undefined takes it away. */
export function setInTemplate(workload: KubeObject, pointer: string, now: unknown, value: unknown): PatchOp[] {
  const path = `${podTemplateOf(workload)!.pointer}${pointer}`;
  return setAt(path, now, value);
}

/** The same at a pointer of the object. */
export function setAt(path: string, now: unknown, value: unknown): PatchOp[] {
  if (now === undefined) return value === undefined ? [] : [{ op: 'add', path, value }];
  const guard: PatchOp = { op: 'test', path, value: now };
  return [guard, value === undefined ? { op: 'remove', path } : { op: 'replace', path, value }];
}

function distinct(ops: readonly PatchOp[]): PatchOp[] {
  const seen = new Set<string>();
  return ops.filter((op) => {
    const text = JSON.stringify(op);
    return !seen.has(text) && seen.add(text);
  });
}
