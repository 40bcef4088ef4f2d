import type { PinnedContainer } from '../domain/action.ts';
import type { KubeObject } from '../domain/kube-object.ts';

interface Status {
  name: string;
  imageID?: string;
  state?: { running?: unknown };
}

/** The pin of a container that runs now; null when it does not, or its image is not known. */
export function pinnedContainer(pod: KubeObject, container: string): PinnedContainer | null {
  const { namespace, name, uid, deletionTimestamp } = pod.metadata;
  const statuses = (pod.status?.containerStatuses ?? []) as Status[];
  const status = statuses.find((one) => one.name === container);
  if (!status?.state?.running || !status.imageID || !namespace || !uid || deletionTimestamp) return null;
  return { namespace, pod: name, uid, container, imageId: status.imageID };
}
