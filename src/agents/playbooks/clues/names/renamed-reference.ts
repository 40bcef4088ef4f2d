import type { PatchOp } from '../../../../domain/change.ts';
import type { ConfigReference } from '../../../../kube/config-references.ts';
import type { PodTemplate } from '../../../../kube/pod-template.ts';

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
