import type { KubeObject } from '../domain/kube-object.ts';
import type { Condition } from './pods.ts';
import { controllerOf } from './ownership.ts';
import { condition, isReady } from './pods.ts';
import { oneLine } from '../text/plain-text.ts';

/**
 * What a pod is doing: `starting` is within the time its own probes allow, `unready` is past it or fell back,
 * `stuck` names a reason that does not go away by waiting.
 */
export interface PodState {
  phase: 'healthy' | 'starting' | 'unready' | 'stuck' | 'failed' | 'finished' | 'terminating';
  /** `CrashLoopBackOff`, `Unschedulable`, `ImagePullBackOff`, `NotReady`, `Restarting` …; empty when healthy. */
  reason: string;
  /** One line for people; contains bounded words of the cluster. */
  text: string;
  /** Of a ready pod that is `Restarting`: how long until it has outlived the run, or the pod, before it, in ms. */
  provenInMs?: number;
}

interface ContainerStatus {
  name: string;
  ready?: boolean;
  restartCount?: number;
  state?: { waiting?: Waiting; running?: { startedAt?: string }; terminated?: Terminated };
  lastState?: { terminated?: Terminated };
}
interface Waiting {
  reason?: string;
  message?: string;
}
interface Terminated {
  exitCode?: number;
  reason?: string;
  startedAt?: string;
  finishedAt?: string;
}
interface Probe {
  initialDelaySeconds?: number;
  periodSeconds?: number;
  failureThreshold?: number;
  timeoutSeconds?: number;
}

/** Waiting reasons of the kubelet that are errors; all others (ContainerCreating, PodInitializing) are progress. */
const STUCK_WAITING = new Set([
  'CrashLoopBackOff', 'ImagePullBackOff', 'ErrImagePull', 'InvalidImageName', 'ErrImageNeverPull',
  'ImageInspectError', 'RegistryUnavailable', 'CreateContainerConfigError', 'CreateContainerError',
  'RunContainerError', 'PreCreateHookError', 'PostStartHookError', 'StartError',
]); // prettier-ignore

/** Nobody who ends once has to end again: but whoever has not lived longer since may. */
const LEAST_PROVING_MS = 10_000;
/** A pod that failed longer ago says nothing of those that came after it. */
const FAILED_LATELY_MS = 600_000;
/** A container that has run this long is not looping, however long its previous run was. */
export const MAX_PROVING_MS = 120_000;
/** Scheduling, sandbox and image pull before any probe counts. */
const BASE_START_MS = 20_000;
const INIT_CONTAINER_START_MS = 30_000;
const MAX_START_MS = 300_000;

/**
 * @param now milliseconds since the epoch when the pod was read
 * @param peerMs how long pods of its workload may take by what others of it took ({@link peerBudgetMs})
 */
export function podState(pod: KubeObject, now: number, peerMs = 0): PodState {
  if (pod.metadata.deletionTimestamp) return state('terminating', 'Terminating', 'is terminating');
  const phase = pod.status?.phase as string | undefined;
  if (phase === 'Succeeded') return state('finished', 'Completed', 'has completed');
  if (phase === 'Failed') {
    return state(
      'failed',
      pod.status?.reason ?? 'Failed',
      `failed: ${oneLine(pod.status?.message ?? failedContainer(pod), 200)}`,
    );
  }
  return (
    unscheduled(pod) ??
    containerTrouble(pod) ??
    (isReady(pod) ? restarting(pod, now) : notReady(pod, now, peerMs)) ??
    HEALTHY
  );
}

const HEALTHY: PodState = { phase: 'healthy', reason: '', text: 'is ready' };

/**
 * Time that a pod may take from creation to readiness by its own probes, in ms: start-up probe, then the readiness
 * probe's delay and failures, or as long as a delayed liveness probe leaves it alone, plus an allowance for image and sandbox. At most five minutes.
 */
export function startBudgetMs(podSpec: KubeObject['spec']): number {
  const containers = (podSpec?.containers ?? []) as Partial<
    Record<`${'startup' | 'readiness' | 'liveness'}Probe`, Probe>
  >[];
  const probes = containers.map(({ startupProbe, readinessProbe, livenessProbe }) => {
    // Whoever delays the first look at liveness says that the program may take this long to start.
    const delay = (livenessProbe?.initialDelaySeconds ?? 0) > 0 ? probeMs(livenessProbe) : 0;
    return Math.max(probeMs(startupProbe) + probeMs(readinessProbe), delay);
  });
  const init = ((podSpec?.initContainers ?? []) as unknown[]).length > 0 ? INIT_CONTAINER_START_MS : 0;
  return Math.min(BASE_START_MS + init + Math.max(0, ...probes), MAX_START_MS);
}

/**
 * How long a pod may take to start by what its peers took, in ms: twice the shortest time, because a program that was
 * ready after a minute before is no fault after half of one. 0 where no peer tells; at most five minutes.
 */
export function peerBudgetMs(peers: readonly KubeObject[]): number {
  const took = peers.flatMap((pod) => {
    const ready = condition(pod, 'Ready');
    // A restart, or a fall back since, would count as part of the start.
    if (ready?.status !== 'True' || restartsOf(pod) > 0) return [];
    const ms = Date.parse(ready.lastTransitionTime ?? '') - Date.parse(pod.status?.startTime ?? '');
    return Number.isNaN(ms) || ms < 0 ? [] : [ms];
  });
  return took.length === 0 ? 0 : Math.min(BASE_START_MS + 2 * Math.min(...took), MAX_START_MS);
}

function probeMs(probe: Probe | undefined): number {
  if (!probe) return 0;
  const { initialDelaySeconds = 0, periodSeconds = 10, failureThreshold = 3 } = probe;
  return (initialDelaySeconds + periodSeconds * failureThreshold) * 1000;
}

/** How often the containers of a pod were restarted, together. */
export function restartsOf(pod: KubeObject): number {
  return statusesOf(pod).reduce((sum, status) => sum + (status.restartCount ?? 0), 0);
}

/** Milliseconds until a ready pod whose containers ended before has outlived their previous run; 0 when it needs no proving. */
function provingMs(pod: KubeObject, now: number): number {
  return Math.max(0, ...statusesOf(pod).map((status) => provingOf(status, now)));
}

function provingOf(status: ContainerStatus, now: number): number {
  const last = status.lastState?.terminated;
  const startedAt = Date.parse(status.state?.running?.startedAt ?? '');
  if (!last || Number.isNaN(startedAt) || (status.restartCount ?? 0) === 0) return 0;
  return leftOf(Date.parse(last.finishedAt ?? '') - Date.parse(last.startedAt ?? ''), now - startedAt);
}

/** How much longer something has to run, in ms, that came after something that ran for so long. */
function leftOf(previousMs: number, sinceMs: number): number {
  const longest = Number.isNaN(previousMs) ? 0 : previousMs * 1.5;
  return Math.max(0, Math.min(Math.max(longest, LEAST_PROVING_MS), MAX_PROVING_MS) - sinceMs);
}

function state(phase: PodState['phase'], reason: string, text: string): PodState {
  return { phase, reason, text: oneLine(text) };
}

/** States of its containers, those of the start first. */
export function statusesOf(pod: KubeObject): ContainerStatus[] {
  return [...(pod.status?.initContainerStatuses ?? []), ...(pod.status?.containerStatuses ?? [])] as ContainerStatus[];
}

function failedContainer(pod: KubeObject): string {
  const dead = statusesOf(pod).find((status) => (status.state?.terminated?.exitCode ?? 0) !== 0);
  if (!dead) return 'no reason given';
  const { reason = 'Error', exitCode } = dead.state!.terminated!;
  return `container ${dead.name} ended with ${reason} (exit ${exitCode})`;
}

/** The states of a workload's pods, which are each other's peers. */
export function podStates(pods: readonly KubeObject[], now: number): { pod: KubeObject; state: PodState }[] {
  const peerMs = peerBudgetMs(pods);
  const failed = pods.filter(({ status }) => status?.phase === 'Failed');
  return pods.map((pod) => {
    const own = podState(pod, now, peerMs);
    return { pod, state: (own.phase === 'healthy' && successor(pod, failed, now)) || own };
  });
}

/** The state of a ready pod that stands in for one of the same template which failed, as by eviction, until it has lived longer. */
function successor(pod: KubeObject, failed: readonly KubeObject[], now: number): PodState | null {
  const startedAt = Date.parse(pod.status?.startTime ?? '');
  const former = failed.filter(
    (other) =>
      controllerOf(other)?.uid === controllerOf(pod)?.uid &&
      controllerOf(pod) !== undefined &&
      endedAt(other) <= startedAt + CLOCK_MS &&
      now - endedAt(other) < FAILED_LATELY_MS,
  );
  const last = former.sort((a, b) => endedAt(b) - endedAt(a))[0];
  const left = last ? leftOf(endedAt(last) - Date.parse(last.status?.startTime ?? ''), now - startedAt) : 0;
  if (left === 0) return null;
  const { reason = 'Failed', message = '' } = (last?.status ?? {}) as { reason?: string; message?: string };
  const text = `stands in for a pod that failed (${reason}${message ? `: ${oneLine(message, 160)}` : ''}) and has not lived longer yet`;
  return { ...state('unready', 'Restarting', text), provenInMs: left };
}

/** The same second, as times of the API are. */
const CLOCK_MS = 1_000;

/** When a pod that failed ended, in ms since the epoch; an evicted one may have no container that says so. */
export function endedAt(pod: KubeObject): number {
  const ends = statusesOf(pod).map((status) => Date.parse(status.state?.terminated?.finishedAt ?? ''));
  const known = [...ends, Date.parse(condition(pod, 'Ready')?.lastTransitionTime ?? '')].filter(
    (at) => !Number.isNaN(at),
  );
  return known.length > 0 ? Math.max(...known) : Date.parse(pod.metadata.creationTimestamp ?? '');
}

function unscheduled(pod: KubeObject): PodState | null {
  const scheduled = condition(pod, 'PodScheduled');
  if (!scheduled || scheduled.status !== 'False') return null;
  if (scheduled.reason === 'SchedulingGated') return state('unready', 'SchedulingGated', 'waits for a scheduling gate');
  return state('stuck', 'Unschedulable', `cannot be scheduled: ${scheduled.message ?? ''}`);
}

function containerTrouble(pod: KubeObject): PodState | null {
  for (const status of statusesOf(pod)) {
    const { waiting, terminated } = status.state ?? {};
    if (waiting?.reason && STUCK_WAITING.has(waiting.reason)) {
      const last = status.lastState?.terminated;
      const crash =
        waiting.reason === 'CrashLoopBackOff' && last ? `last exit ${last.exitCode} ${last.reason ?? ''}` : '';
      return state(
        'stuck',
        waiting.reason,
        `container ${status.name}: ${waiting.reason} ${crash || (waiting.message ?? '')}`,
      );
    }
    // Between a crash and its back-off; a container that ended well (an init container) is progress.
    if (terminated && (terminated.exitCode ?? 0) !== 0) {
      const reason = terminated.reason ?? 'Error';
      return state('stuck', reason, `container ${status.name} ended with ${reason} (exit ${terminated.exitCode})`);
    }
  }
  return null;
}

function restarting(pod: KubeObject, now: number): PodState | null {
  const left = provingMs(pod, now);
  if (left === 0) return null;
  const times = restartsOf(pod);
  const text = `restarted ${times === 1 ? 'once' : `${times} times`} and has not yet outlived its last run`;
  return { ...state('unready', 'Restarting', text), provenInMs: left };
}

function notReady(pod: KubeObject, now: number, peerMs: number): PodState {
  const ready = condition(pod, 'Ready');
  const created = Date.parse(pod.metadata.creationTimestamp ?? '');
  const age = Number.isNaN(created) ? Number.POSITIVE_INFINITY : now - created;
  const budget = Math.max(startBudgetMs(pod.spec), peerMs);
  if (restartsOf(pod) === 0 && !wasReady(pod, ready) && age < budget)
    return state('starting', 'Starting', 'is starting');
  return state('unready', 'NotReady', `is not ready: ${ready?.message ?? ready?.reason ?? 'no status reported'}`);
}

/** The Ready condition starts as False when the kubelet takes the pod; a later change to False was a fall back. */
function wasReady(pod: KubeObject, ready: Condition | undefined): boolean {
  const started = Date.parse(pod.status?.startTime ?? '');
  const changed = Date.parse(ready?.lastTransitionTime ?? '');
  return changed - started > 2_000;
}
