import type { PinnedContainer } from '../../domain/action.ts';
import type { KubeObject } from '../../domain/kube-object.ts';

/** `gone`: what ran there is not there any more. `waiting`: it is, but its container does not run now. */
export type PinState = { state: 'ready' } | { state: 'gone' | 'waiting'; reason: string };

/** API path of the pod. */
export function podPath({ namespace, pod }: PinnedContainer): string {
  return `/api/v1/namespaces/${encodeURIComponent(namespace)}/pods/${encodeURIComponent(pod)}`;
}

/** Whether a pod is the one that was pinned, with the same image in the same container. */
export function pinStateOf(at: PinnedContainer, live: KubeObject | null): PinState {
  const pod = `Pod ${at.namespace}/${at.pod}`;
  if (!live) return { state: 'gone', reason: `${pod} is gone` };
  if (live.metadata.uid !== at.uid) return { state: 'gone', reason: `${pod} is another one of the same name` };
  if (live.metadata.deletionTimestamp) return { state: 'gone', reason: `${pod} is being deleted` };
  const phase: unknown = live.status?.phase;
  if (phase === 'Succeeded' || phase === 'Failed') return { state: 'gone', reason: `${pod} has ended` };
  const status = statusesOf(live).find(({ name }) => name === at.container);
  if (!status?.state?.running) return { state: 'waiting', reason: `container ${at.container} of ${pod} does not run` };
  if (status.imageID !== at.imageId)
    return { state: 'gone', reason: `container ${at.container} of ${pod} runs another image now` };
  return { state: 'ready' };
}

interface ContainerStatus {
  name: string;
  imageID?: string;
  state?: { running?: object };
}

function statusesOf({ status }: KubeObject): ContainerStatus[] {
  const lists = [status?.containerStatuses, status?.initContainerStatuses] as unknown[];
  return lists.flatMap((list) => (Array.isArray(list) ? (list as ContainerStatus[]) : []));
}
