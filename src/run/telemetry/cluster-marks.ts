import type { Clock } from '../../domain/clock.ts';
import type { KubeObject } from '../../domain/kube-object.ts';
import type { KubeApi } from '../../gateway/wire/kube-api.ts';
import { isLiving } from '../../kube/pods.ts';
import { listOf } from '../../kube/untyped-list.ts';
import type { ClusterMarks, MarkedNode, MarkedPod } from '../../telemetry/clusters/cluster-queries.ts';

/** A few are enough to be known by, and a question has to fit into an address. */
const MOST = 8;
const READ = 20;
/** Twice as long as metric servers look back for a sample. */
const OLD_MS = 600_000;
/** As the API server makes them; what is not of this form is no mark. */
const UID = /^[0-9a-zA-Z-]{8,64}$/;

/** Pods of a namespace and nodes of the cluster as they are now. Rejects on cancel only: what may not be read proves nothing. */
export async function clusterMarks(
  api: Pick<KubeApi, 'getJson'>,
  namespace: string,
  clock: Clock,
  signal: AbortSignal,
): Promise<ClusterMarks> {
  const read = async (path: string): Promise<KubeObject[]> => {
    try {
      const list = await api.getJson<{ items?: unknown }>(`${path}?limit=${READ}`, signal);
      return listOf(list.items) as KubeObject[];
    } catch {
      // Without it there is less to be known by, and that makes nothing healthy.
      signal.throwIfAborted();
      return [];
    }
  };
  const [pods, nodes] = await Promise.all([
    read(`/api/v1/namespaces/${encodeURIComponent(namespace)}/pods`),
    read('/api/v1/nodes'),
  ]);
  const isOld = ({ metadata }: KubeObject): boolean =>
    clock.now() - Date.parse(metadata.creationTimestamp ?? '') > OLD_MS;
  const some = <T extends { isOld: boolean }>(all: readonly T[]): T[] =>
    [...all].sort((a, b) => Number(b.isOld) - Number(a.isOld)).slice(0, MOST);
  const living = pods.filter(isLiving).flatMap((pod): MarkedPod[] => {
    const { uid, name } = pod.metadata;
    return UID.test(uid ?? '') ? [{ namespace, name, uid: uid!, isOld: isOld(pod) }] : [];
  });
  const machines = nodes.flatMap((node): MarkedNode[] => {
    const uuid: unknown = node.status?.nodeInfo?.systemUUID;
    return typeof uuid === 'string' && UID.test(uuid) ? [{ name: node.metadata.name, uuid, isOld: isOld(node) }] : [];
  });
  return { pods: some(living), nodes: some(machines) };
}
