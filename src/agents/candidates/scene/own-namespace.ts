import type { KubeObject } from '../../../domain/kube-object.ts';
import type { ClusterView } from '../../../kube/cluster-view.ts';

/** In a namespace that the incident is about, and not in one that the cluster itself lives in. */
export function isOwnNamespace(view: ClusterView, { metadata }: KubeObject): boolean {
  const { namespace } = metadata;
  return namespace !== undefined && !namespace.startsWith('kube-') && view.inScope(namespace);
}
