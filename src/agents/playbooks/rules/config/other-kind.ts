import type { PatchOp } from '../../../../domain/change.ts';
import type { KubeObject } from '../../../../domain/kube-object.ts';
import type { ClusterView } from '../../../../kube/cluster-view.ts';
import type { ConfigReference } from '../../../../kube/config-references.ts';
import { keysOf } from '../../../../kube/config-references.ts';
import { podTemplateOf } from '../../../../kube/pod-template.ts';
import { evidence } from '../../engine/analyzer.ts';
import { belongsToOthers } from './config-ownership.ts';
import type { Alternatives } from './missing-config-fixes.ts';
import { templatePatch } from './reference-patch.ts';

/** A Secret was taken for a ConfigMap or the other way round (variables only). */
export function otherKind(view: ClusterView, workload: KubeObject, references: ConfigReference[]): Alternatives {
  const { kind, name } = references[0]!;
  const other = kind === 'ConfigMap' ? 'Secret' : 'ConfigMap';
  const field = other === 'Secret' ? 'secretKeyRef' : 'configMapKeyRef';
  const object = view.known(other) ? view.find(other, workload.metadata.namespace, name) : undefined;
  if (!object || belongsToOthers(view, workload, object)) return { fixes: [], reasons: [] };
  const template = podTemplateOf(workload)!;
  const ops: PatchOp[] = [];
  for (const { key, namePointer } of references) {
    if (key === null || !namePointer.includes('/valueFrom/') || !keysOf(object).includes(key))
      return { fixes: [], reasons: [] };
    const pointer = namePointer.replace(/\/name$/, '');
    const test: PatchOp = { op: 'test', path: `${template.pointer}${namePointer}`, value: name };
    const path = `${template.pointer}${pointer.slice(0, pointer.lastIndexOf('/'))}`;
    ops.push(test, { op: 'replace', path, value: { [field]: { name, key } } });
  }
  return {
    fixes: [templatePatch(view, workload, ops, `${other} ${name}`, 0.7)],
    reasons: [evidence('sibling', object, 'data', `there is a ${other} ${name} with the wanted keys`)],
  };
}
