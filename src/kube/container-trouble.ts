import { peerBudgetMs } from './pod-state.ts';
import type { KubeObject } from '../domain/kube-object.ts';
import { stableJson } from '../json/stable-json.ts';
import type { ClusterEvent, ClusterView } from './cluster-view.ts';
import { readyPods } from './cluster-view.ts';
import { containerStatuses } from './image-state.ts';
import { controllerOf } from './ownership.ts';
import { containersOf, hasMutableTemplate, podTemplateOf } from './pod-template.ts';
import type { ContainerSpec, Untyped } from './pod-template.ts';
import { desiredReplicas, isLiving, isReady } from './pods.ts';
import { isOfRevision, revisionsOf } from './revisions.ts';

/** A container of a pod, as it is and as the template of its workload has it. */
export interface PodContainer {
  pod: KubeObject;
  status: Untyped;
  /** As the pod runs it, with what admission added. */
  spec: Untyped;
  /** In the template; null for a container that only pods have. */
  own: ContainerSpec | null;
}

/** A single crash may be a dependency that was not up yet. */
const LOOPING_ENDS = 2;

/** True if a JSON patch of the workload's template mends the pods that are made from it. */
export function hasPatchableTemplate(workload: KubeObject): boolean {
  return hasMutableTemplate(workload) || workload.kind === 'CronJob';
}

/** Containers of the living pods that were made from the workload's present template. */
export function podContainers(view: ClusterView, workload: KubeObject): readonly PodContainer[] {
  return view.derived(readContainers, workload);
}

function readContainers(view: ClusterView, workload: KubeObject): PodContainer[] {
  if (workload.metadata.deletionTimestamp) return [];
  const own = containersOf(podTemplateOf(workload)?.spec);
  return view
    .podsOf(workload)
    .filter((pod) => isLiving(pod) && isOfPresentTemplate(view, workload, pod))
    .flatMap((pod) => {
      const specs = containersOf(pod.spec);
      return containerStatuses(pod).map((status) => {
        const spec = specs.find(({ name }) => name === status?.name);
        return {
          pod,
          status,
          spec: spec?.spec ?? {},
          own: own.find(({ name, init }) => name === status?.name && init === (spec?.init ?? init)) ?? null,
        };
      });
    });
}

/** Pods of an earlier template are replaced, or wait to be: their troubles are not the template's. True where nobody can tell. */
export function isOfPresentTemplate(view: ClusterView, workload: KubeObject, pod: KubeObject): boolean {
  if (workload.kind === 'Deployment') {
    const current = view.currentReplicaSet(workload);
    return !current || pod.metadata.ownerReferences?.some(({ name }) => name === current.metadata.name) !== false;
  }
  if (workload.kind === 'CronJob') {
    const job = view.ownedBy(workload, 'Job').find(({ metadata }) => metadata.name === controllerOf(pod)?.name);
    return !job || stableJson(podTemplateOf(job)?.spec) === stableJson(podTemplateOf(workload)?.spec);
  }
  const current = revisionsOf(view, workload).find((revision) => revision.current);
  return !current || !pod.metadata.labels?.['controller-revision-hash'] || isOfRevision(pod, current.source);
}

/** How a container's last run ended; of one that runs again, its previous run. */
export function lastEnd(status: Untyped): Untyped {
  return status?.state?.terminated ?? status?.lastState?.terminated ?? null;
}

/** How long a run that ended had lasted, in seconds; null when unknown. */
export function ranSeconds(ended: Untyped): number | null {
  const ms = Date.parse(ended?.finishedAt ?? '') - Date.parse(ended?.startedAt ?? '');
  return Number.isNaN(ms) || ms < 0 ? null : ms / 1000;
}

/** Ends again and again. One that runs right now counts until it has outlived its last run by half. */
export function isCrashing(status: Untyped, now: number): boolean {
  if (status?.state?.waiting?.reason === 'CrashLoopBackOff') return true;
  const { running, terminated } = status?.state ?? {};
  if (Number(status?.restartCount ?? 0) + (terminated ? 1 : 0) < LOOPING_ENDS) return false;
  const ended = lastEnd(status);
  if (!ended || Number(ended.exitCode ?? 0) === 0) return false;
  if (!running) return true;
  const last = ranSeconds(ended);
  const since = (now - Date.parse(running.startedAt ?? '')) / 1000;
  return last !== null && since < Math.min(Math.max(last * 1.5, 10), 120);
}

/** The kubelet itself says that a probe failed, and longer than the probe's settings allow. */
export function isUnready(view: ClusterView, { pod, status, spec }: PodContainer): boolean {
  if (isReady(pod) || status?.ready !== false || !status?.state?.running) return false;
  const probe = spec?.startupProbe ?? spec?.readinessProbe;
  if (!probe || probeFailures(view, pod, /readiness|startup/i).length === 0) return false;
  const since = Date.parse(status.state.running.startedAt ?? '') || view.now;
  const peers = view.podsOf(view.workloadOf(pod));
  return view.now - since > Math.max(probeSeconds(probe) * 1000, peerBudgetMs(peers));
}

/** What a probe gives a container before its verdict, in seconds. */
export function probeSeconds(probe: Untyped): number {
  return (
    Number(probe?.initialDelaySeconds ?? 0) + Number(probe?.periodSeconds ?? 10) * Number(probe?.failureThreshold ?? 3)
  );
}

/** Events of failed probes of a pod, newest first. */
export function probeFailures(view: ClusterView, pod: KubeObject, probe: RegExp): ClusterEvent[] {
  return view
    .eventsOf(pod)
    .filter(({ reason, message }) => (reason === 'Unhealthy' || reason === 'ProbeWarning') && probe.test(message));
}

/** True if an event is about this container: it says so, or the pod has no other. */
export function isAbout(event: ClusterEvent, { pod, status }: PodContainer): boolean {
  const involved: Untyped = event.object['involvedObject'] ?? event.object['regarding'];
  const named = /\{(.+)\}$/.exec(String(involved?.fieldPath ?? ''))?.[1];
  return named === undefined
    ? containerStatuses(pod).length === 1 || quotes(event, status?.name)
    : named === status?.name;
}

function quotes({ message }: ClusterEvent, name: unknown): boolean {
  const names = /\b[Cc]ontainer "?([a-z0-9-]+)"?/.exec(message)?.[1];
  return names === undefined || names === name;
}

/** As many pods serve as are asked for, whatever else goes on. */
export function isServed(view: ClusterView, workload: KubeObject): boolean {
  const ready = readyPods(view, workload).length;
  return ready > 0 && ready >= (desiredReplicas(workload) ?? 1);
}
