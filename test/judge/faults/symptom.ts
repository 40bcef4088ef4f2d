import type { Api, KubeObject } from '../api.ts';
import { collectionPath } from '../api.ts';
import type { App, Member } from '../app-model.ts';
import { untilObjects } from '../wait.ts';

const TIMEOUT_MS = 45_000;

/** Waits until a workload has no pods left. */
export async function untilNoPods(api: Api, app: App, member: Member): Promise<void> {
  await untilPods(api, app, member, 'gone', (pods) => pods.length === 0);
}

/** Waits until no node suits a pod of the workload, or its claim keeps it from being placed. */
export async function untilPending(api: Api, app: App, member: Member): Promise<void> {
  await untilPods(api, app, member, 'pending', (pods) => pods.some(({ status }) => status?.phase === 'Pending'));
}

/** Waits until a container of the workload waits for one of these reasons. */
export async function untilWaiting(api: Api, app: App, member: Member, reasons: readonly string[]): Promise<void> {
  const waits = ({ status }: KubeObject): boolean =>
    ((status?.containerStatuses ?? []) as { state?: { waiting?: { reason?: string } } }[]).some(({ state }) =>
      reasons.includes(state?.waiting?.reason ?? ''),
    );
  await untilPods(api, app, member, `waiting (${reasons.join(' or ')})`, (pods) => pods.some(waits));
}

/** Waits until the kubelet has reported that a volume of the workload cannot be mounted. */
export async function untilMountFails(api: Api, app: App, member: Member): Promise<void> {
  const events = `/api/v1/namespaces/${app.namespace}/events`;
  await untilObjects(api, events, TIMEOUT_MS, `a failed mount of ${member.workload}`, (all) => {
    const failed = all.some(
      ({ reason, involvedObject }) =>
        reason === 'FailedMount' && String(involvedObject?.name).startsWith(`${member.workload}-`),
    );
    return failed ? '' : 'no such event';
  });
}

async function untilPods(
  api: Api,
  app: App,
  member: Member,
  what: string,
  satisfied: (pods: KubeObject[]) => boolean,
): Promise<void> {
  const pods = collectionPath('Pod', app.namespace);
  await untilObjects(api, pods, TIMEOUT_MS, `pods of ${member.workload} ${what}`, (objects) => {
    const ours = objects.filter(({ metadata }) => metadata.labels?.[app.labelKey] === member.workload);
    return satisfied(ours) ? '' : `pods: ${ours.map(({ status }) => status?.phase).join(', ') || 'none'}`;
  });
}
