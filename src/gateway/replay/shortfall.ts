import type { KubeObject } from '../../domain/kube-object.ts';
import { refLabel } from '../../domain/kube-object.ts';
import type { InverseStep } from '../../undo/inverse.ts';
import { admissionOf } from '../inventory/pod-admission.ts';
import type { UndoAccess } from './undo-access.ts';

/** Why pods of restored workloads do not come back, as far as the server says; pods that only take long are no shortfall. */
export async function shortfallOf(access: UndoAccess, plan: readonly InverseStep[]): Promise<string[]> {
  const found: string[] = [];
  for (const { ref, path } of plan) {
    const live = await access.get(path);
    const template = live?.spec?.template as Pick<KubeObject, 'metadata' | 'spec'> | undefined;
    if (!template?.spec || live?.spec?.replicas === 0) continue;
    const metadata = { ...template.metadata, generateName: 'admission-', name: '', namespace: ref.namespace };
    const pod = { apiVersion: 'v1', kind: 'Pod', metadata, spec: template.spec } as KubeObject;
    const refusal = await admissionOf(pod, false, (at, body) => access.rehearse('POST', at, body));
    if (refusal) found.push(`pods of ${refLabel(ref)} cannot be made again: ${refusal}`);
  }
  return found;
}
