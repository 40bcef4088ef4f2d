import type { KubeObject } from '../domain/kube-object.ts';
import { refLabel, refOf } from '../domain/kube-object.ts';
import type { Pending } from './convergence.ts';
import type { PodState } from '../kube/pod-state.ts';
import { podStates, restartsOf } from '../kube/pod-state.ts';
import type { ClusterView } from '../kube/cluster-view.ts';
import { controllerOf } from '../kube/ownership.ts';
import { condition } from '../kube/pods.ts';

export interface WorkloadContext {
  cluster: ClusterView;
  /** Milliseconds since the epoch of the view. */
  now: number;
  /** Our write was to this workload: its pods were created by it, and their first word is final. */
  isFresh: boolean;
  /** Kinds of all roots: they decide which old troubles may still end by themselves. */
  rootKinds: ReadonlySet<string>;
}

/** Terminating pods change nothing for users: they are waited for, but not long. */
const TERMINATING_PATIENCE_MS = 5_000;
const SCHEDULER_PATIENCE_MS = 12_000;
/** After a change elsewhere the scheduler moves a pod back into its queue with up to 10 s of back-off. */
const RESCHEDULE_PATIENCE_MS = 20_000;
/** The kubelet tries a failed configuration again at its next sync of the pod, up to a minute and a half later. */
const CONFIG_PATIENCE_MS = 90_000;
const PULL_PATIENCE_MS = 75_000;
/**
 * A controller that was refused waits twice as long after every refusal. The next try comes at the latest after as long
 * as it has been refused so far; a new ReplicaSet, or a controller that was prodded, tries at once.
 */
const RETRY_PATIENCE_MS = { least: 60_000, most: 170_000 };
const CREATE_PATIENCE_MS = 10_000;
const MAX_RESTART_PATIENCE_MS = 60_000;
const TERMINAL_RESTARTS = 2;

const CONFIG_KINDS = ['ConfigMap', 'Secret'];
const PLACEMENT_KINDS = [
  'Node',
  'PersistentVolumeClaim',
  'PersistentVolume',
  'StorageClass',
  'PriorityClass',
  'CSIDriver',
];
const ADMISSION_KINDS = [
  'ResourceQuota', 'LimitRange', 'ServiceAccount', 'Namespace', 'ValidatingWebhookConfiguration',
  'MutatingWebhookConfiguration', 'PodDisruptionBudget',
]; // prettier-ignore

/** What of a workload is not as its specification says. */
export function workloadPending(object: KubeObject, context: WorkloadContext): Pending[] {
  const label = refLabel(refOf(object));
  const one = (what: string, text: string, patienceMs: number | null): Pending[] => [
    { key: `${label} ${what}`, text: `${label}: ${text}`, patienceMs },
  ];
  const unobserved = (object.status?.observedGeneration ?? 0) < (object.metadata.generation ?? 0);
  if (unobserved && object.kind !== 'Job')
    return one('unobserved', 'its controller has not seen the change', CREATE_PATIENCE_MS);
  const pods = context.cluster.homes.podsAt(refOf(object));
  const seen = podStates(pods, context.now);
  if (object.kind === 'Job') return jobPending(seen, one);

  const { desired, lagging } = progressOf(object);
  const live = seen.filter(({ state }) => !['finished', 'failed', 'terminating'].includes(state.phase));
  const current = live.filter(({ pod }) => isCurrent(pod, object, context.cluster));
  const healthy = current.filter(({ state }) => state.phase === 'healthy').length;
  const terminating = seen.filter(({ state }) => state.phase === 'terminating').length;
  if (healthy >= desired && !lagging && live.length === desired) {
    return terminating > 0
      ? one('terminating', `${terminating} old pods are terminating`, TERMINATING_PATIENCE_MS)
      : [];
  }
  const count = `${Math.min(healthy, desired)} of ${desired} pods ready`;
  const blocked = blockage(object, context);
  if (blocked && current.every(({ state }) => state.phase !== 'starting')) {
    // What goes makes room in a quota.
    const patienceMs = terminating > 0 ? Math.max(blocked.patienceMs, RETRY_PATIENCE_MS.least) : blocked.patienceMs;
    return one(`blocked ${blocked.reason}`, `${count}; ${blocked.text}`, patienceMs);
  }
  const troubled =
    current.find(({ state }) => state.phase === 'stuck') ?? current.find(({ state }) => state.phase === 'unready');
  const starting = current.some(({ state }) => state.phase === 'starting');
  if (!troubled || (starting && troubled.state.phase !== 'stuck'))
    return one('moving', count, movingPatience(object, live, context));
  const { pod, state } = troubled;
  const patienceMs = patienceWith(pod, state, terminating > 0, context);
  // Restarts are part of the key: a new crash is news.
  return one(`${state.reason} ${restartsOf(pod)}`, `${count}; ${state.text}`, patienceMs);
}

type One = (what: string, text: string, patienceMs: number | null) => Pending[];

/** A Job has converged when none of its pods is waiting for something that will not come. */
function jobPending(seen: { pod: KubeObject; state: PodState }[], one: One): Pending[] {
  const stuck = seen.find(({ state }) => state.phase === 'stuck');
  return stuck ? one(stuck.state.reason, stuck.state.text, SCHEDULER_PATIENCE_MS) : [];
}

/** Desired pods, and whether the controller itself reports that it is not there yet. */
function progressOf(object: KubeObject): { desired: number; lagging: boolean } {
  const { spec = {}, status = {} } = object;
  if (object.kind === 'DaemonSet') {
    const desired = (status.desiredNumberScheduled ?? 0) as number;
    const updates = spec.updateStrategy?.type !== 'OnDelete';
    const lagging =
      (status.numberAvailable ?? 0) < desired || (updates && (status.updatedNumberScheduled ?? 0) < desired);
    return { desired, lagging };
  }
  const desired = (spec.replicas ?? 1) as number;
  if (object.kind === 'Deployment') {
    const updated = (status.updatedReplicas ?? 0) as number;
    const lagging = !spec.paused && (updated < desired || (status.replicas ?? 0) > updated);
    return { desired, lagging: lagging || (status.availableReplicas ?? 0) < desired };
  }
  const ready = (status.readyReplicas ?? 0) as number;
  if (object.kind !== 'StatefulSet') return { desired, lagging: ready < desired };
  const partition = (spec.updateStrategy?.rollingUpdate?.partition ?? 0) as number;
  const updates = spec.updateStrategy?.type !== 'OnDelete' && status.updateRevision !== status.currentRevision;
  return { desired, lagging: ready < desired || (updates && (status.updatedReplicas ?? 0) < desired - partition) };
}

/** Pods of the revision that the specification asks for; for other kinds all pods. */
function isCurrent(pod: KubeObject, object: KubeObject, cluster: ClusterView): boolean {
  if (object.kind !== 'Deployment' || object.spec?.paused) return true;
  return controllerOf(pod)?.uid === cluster.currentReplicaSet(object)?.metadata.uid;
}

/** The controller says why it cannot create pods or go on. */
function blockage(
  object: KubeObject,
  context: WorkloadContext,
): { reason: string; text: string; patienceMs: number } | null {
  const failure = condition(object, 'ReplicaFailure');
  if (failure?.status === 'True') {
    const since = context.now - Date.parse(failure.lastTransitionTime ?? '');
    const patienceMs = mayBeAdmitted(context) ? retryPatience(since) : context.isFresh ? CREATE_PATIENCE_MS : 0;
    return { reason: 'ReplicaFailure', text: failure.message ?? 'pods cannot be created', patienceMs };
  }
  // Written by the observation of our change; for other workloads it may be an old verdict.
  if (context.isFresh && condition(object, 'Progressing')?.reason === 'ProgressDeadlineExceeded') {
    return { reason: 'ProgressDeadlineExceeded', text: 'no progress within its deadline', patienceMs: 0 };
  }
  return null;
}

/** We wrote to something that decides whether pods are let in. */
function mayBeAdmitted({ rootKinds }: WorkloadContext): boolean {
  return ADMISSION_KINDS.some((kind) => rootKinds.has(kind));
}

function retryPatience(refusedForMs: number): number {
  const { least, most } = RETRY_PATIENCE_MS;
  return Math.min(Math.max(least, refusedForMs || 0), most);
}

/**
 * Pods that do not exist yet, or are starting. A StatefulSet never replaces a broken pod of the previous revision
 * (it waits for it to become ready first), so that such a pod would be waited for in vain.
 */
function movingPatience(object: KubeObject, live: { state: PodState }[], context: WorkloadContext): number | null {
  if (object.kind === 'StatefulSet' && live.some(({ state }) => state.phase === 'stuck')) return CREATE_PATIENCE_MS;
  if (context.isFresh || live.some(({ state }) => state.phase === 'starting')) return null;
  return mayBeAdmitted(context) ? RETRY_PATIENCE_MS.least : CREATE_PATIENCE_MS;
}

function patienceWith(pod: KubeObject, state: PodState, freeing: boolean, context: WorkloadContext): number | null {
  const touched = (kinds: string[]) => kinds.some((kind) => context.rootKinds.has(kind));
  switch (state.reason) {
    case 'Unschedulable':
      if (freeing || touched([...PLACEMENT_KINDS, ...ADMISSION_KINDS])) return RESCHEDULE_PATIENCE_MS;
      return context.isFresh ? SCHEDULER_PATIENCE_MS : 3_000;
    case 'CreateContainerConfigError':
    case 'CreateContainerError':
      if (touched([...CONFIG_KINDS, 'PersistentVolumeClaim'])) return CONFIG_PATIENCE_MS;
      return context.isFresh ? 3_000 : 0;
    case 'ErrImagePull':
      return touched(['Secret', 'ServiceAccount']) ? PULL_PATIENCE_MS : context.isFresh ? 8_000 : 0;
    case 'ImagePullBackOff':
      return touched(['Secret', 'ServiceAccount']) ? PULL_PATIENCE_MS : 0;
    case 'InvalidImageName':
    case 'ErrImageNeverPull':
      return 0;
    case 'Restarting':
      return (state.provenInMs ?? 0) + 1_000;
    case 'NotReady':
      return readinessPatience(pod);
    default:
      return crashPatience(pod, context);
  }
}

/** A pod of ours that crashed twice has given its answer; others get the restart that is already planned. */
function crashPatience(pod: KubeObject, context: WorkloadContext): number | null {
  const restarts = restartsOf(pod);
  if (context.isFresh) return restarts >= TERMINAL_RESTARTS ? 0 : null;
  const ends = [...(pod.status?.containerStatuses ?? [])].map((status) =>
    Date.parse(status.lastState?.terminated?.finishedAt ?? status.state?.terminated?.finishedAt ?? ''),
  );
  const last = Math.max(...ends.filter((time) => !Number.isNaN(time)), 0);
  // The kubelet's restart back-off: 10 s doubled per restart, at most five minutes.
  const backOff = Math.min(10_000 * 2 ** Math.max(0, restarts - 1), 300_000);
  const untilRestart = Math.max(0, last + backOff - context.now);
  return Math.min(untilRestart + 10_000, MAX_RESTART_PATIENCE_MS);
}

function readinessPatience(pod: KubeObject): number {
  const containers = (pod.spec?.containers ?? []) as {
    readinessProbe?: { periodSeconds?: number; successThreshold?: number };
  }[];
  const periods = containers.map(({ readinessProbe }) =>
    readinessProbe ? (readinessProbe.periodSeconds ?? 10) * ((readinessProbe.successThreshold ?? 1) + 1) : 0,
  );
  return Math.min(Math.max(...periods, 1) * 1000 + 2_000, 30_000);
}
