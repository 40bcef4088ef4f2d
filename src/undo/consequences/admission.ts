import type { KubeObject, ObjectRef } from '../../domain/kube-object.ts';
import type { Effect } from './effect.ts';
import { isLost } from './effect.ts';
import type { ClusterFacts } from './facts.ts';

/**
 * Whether pods that go could be made again, by the change or by its undo: quota, pod security, service account or a
 * webhook may stand in the way since they were made. The server is asked; what it does not tell is not told here.
 */
export async function cannotComeBack(
  owner: KubeObject,
  ref: ObjectRef,
  template: { metadata?: Partial<KubeObject['metadata']>; spec?: KubeObject['spec'] } | undefined,
  facts: ClusterFacts,
): Promise<Effect[]> {
  if (!template?.spec) return [];
  const { labels, annotations } = template.metadata ?? {};
  const spec = { ...template.spec };
  // Where it ran is decided anew.
  delete spec.nodeName;
  const { namespace } = owner.metadata;
  const metadata = {
    generateName: 'admission-',
    name: '',
    ...(namespace ? { namespace } : {}),
    ...(labels ? { labels } : {}),
    ...(annotations ? { annotations } : {}),
  };
  const refusal = await facts.admits({ apiVersion: 'v1', kind: 'Pod', metadata, spec });
  return refusal ? [isLost(`pods that go cannot be made again: ${refusal}`, ref, ['Pod'])] : [];
}
