import type { KubeObject } from '../../../../domain/kube-object.ts';
import type { ClusterView } from '../../../../kube/cluster-view.ts';
import type { ContainerSpec, Untyped } from '../../../../kube/pod-template.ts';
import { desiredReplicas } from '../../../../kube/pods.ts';
import { quantity } from '../../../../kube/quantity.ts';

/** A made-up limit takes no more than this of a node. */
const NODE_SHARE = 0.5;

/** Most bytes that a container's limit may be set to: LimitRanges, what quotas have left, and the nodes. */
export function memoryCeiling(view: ClusterView, workload: KubeObject, { spec }: ContainerSpec): number {
  const { namespace } = workload.metadata;
  const ranges = view.all('LimitRange', namespace).flatMap((range) =>
    ((range.spec?.limits ?? []) as Untyped[])
      .filter((item) => item?.type === 'Container' || item?.type === 'Pod')
      .flatMap((item) => {
        const ratio = quantity(item.maxLimitRequestRatio?.memory);
        const request = quantity(spec?.resources?.requests?.memory);
        return [quantity(item.max?.memory), ratio !== null && request !== null ? ratio * request : null];
      }),
  );
  const now = quantity(spec?.resources?.limits?.memory) ?? 0;
  const pods = Math.max(1, desiredReplicas(workload) ?? 1);
  const quotas = view.all('ResourceQuota', namespace).map((quota) => {
    const [hard, used] = [quota.status?.hard, quota.status?.used].map((part) => quantity(part?.['limits.memory']));
    return typeof hard === 'number' && typeof used === 'number' ? now + Math.max(0, hard - used) / pods : null;
  });
  const nodes = view.all('Node').map((node) => quantity(node.status?.allocatable?.memory) ?? 0);
  const largest = Math.max(0, ...nodes);
  const node = largest > 0 ? largest * NODE_SHARE : null;
  return Math.min(
    ...[...ranges, ...quotas, node].filter((each): each is number => each !== null),
    Number.MAX_SAFE_INTEGER,
  );
}
