import type { KubeObject } from '../../../../domain/kube-object.ts';
import type { ClusterView } from '../../../../kube/cluster-view.ts';
import { deleteNoWait, startJob } from '../../engine/changes.ts';
import { dueSoon, isFinished } from '../../../../kube/cron-runs.ts';
import { containerStatuses, hasStarted } from '../../../../kube/image-state.ts';
import { controllerOf } from '../../../../kube/ownership.ts';
import { isLiving, isReady } from '../../../../kube/pods.ts';
import type { Change } from '../../../../domain/change.ts';

/**
 * Commands that must follow a change of the template because the controller does not replace broken pods by itself: an
 * ordered StatefulSet waits for the broken pod to become ready first (kubernetes.io: "Forced rollback"), and with
 * strategy OnDelete nothing is ever replaced. Of a CronJob the change reaches the next run only: see {@link missedRun}.
 * `broken` tells which pods suffer from the fault.
 */
export function replaceStuckPods(
  view: ClusterView,
  workload: KubeObject,
  broken: (pod: KubeObject) => boolean = () => true,
): Change[] {
  if (workload.kind === 'CronJob') return missedRun(view, workload, broken);
  if (!waitsForBrokenPods(workload)) return [];
  return view
    .podsOf(workload)
    .filter((pod) => isLiving(pod) && !isReady(pod) && broken(pod))
    .map(deleteNoWait);
}

/**
 * False for a pod below the partition of a StatefulSet's rollout: when it is deleted, it comes back as it was
 * (kubernetes.io: StatefulSets, Partitioned rolling updates).
 */
export function comesBackAnew({ kind, spec }: KubeObject, { metadata }: KubeObject): boolean {
  const { type, rollingUpdate } = spec?.updateStrategy ?? {};
  if (kind !== 'StatefulSet' || type === 'OnDelete') return true;
  return ordinalOf(metadata.name) >= Number(rollingUpdate?.partition ?? 0);
}

/** `web-2` is the third replica of StatefulSet `web`. */
export function ordinalOf(name: string): number {
  return Number(/-(\d+)$/.exec(name)?.[1] ?? 0);
}

export function waitsForBrokenPods(workload: KubeObject): boolean {
  if (workload.spec?.updateStrategy?.type === 'OnDelete') {
    return workload.kind === 'StatefulSet' || workload.kind === 'DaemonSet';
  }
  return workload.kind === 'StatefulSet' && workload.spec?.podManagementPolicy !== 'Parallel';
}

/**
 * A run in the place of one that somebody, or the schedule, asked for and that could not start: a Job keeps the template
 * that it was made from. Where one of its containers ever started, or the next run is due soon, there is none: what a
 * program does twice nobody takes back.
 */
function missedRun(view: ClusterView, cronJob: KubeObject, broken: (pod: KubeObject) => boolean): Change[] {
  const jobs = view.ownedBy(cronJob, 'Job');
  const open = jobs.filter((job) => !isFinished(job) && job.spec?.suspend !== true && !job.metadata.deletionTimestamp);
  const waits = (job: KubeObject): boolean => {
    const pods = view.podsOf(cronJob).filter((pod) => controllerOf(pod)?.uid === job.metadata.uid);
    return pods.some(broken) && pods.every((pod) => isLiving(pod) && !containerStatuses(pod).some(hasStarted));
  };
  if (open.length === 0 || !open.every(waits) || dueSoon(cronJob, jobs, view.now) !== null) return [];
  const taken = new Set(view.all('Job', cronJob.metadata.namespace).map(({ metadata }) => metadata.name));
  const names = ['', ...Array.from({ length: jobs.length + 1 }, (_, index) => `-${index + 2}`)];
  const name = names.map((suffix) => `${cronJob.metadata.name}-mended${suffix}`).find((each) => !taken.has(each));
  return name ? [startJob(cronJob, name)] : [];
}
