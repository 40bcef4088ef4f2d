import type { KubeObject } from '../domain/kube-object.ts';
import type { ClusterEvent, ClusterView } from './cluster-view.ts';
import { condition, desiredReplicas, isLiving } from './pods.ts';

/** What the API server answered to a controller that wanted to create something for a workload. */
export interface Refusal {
  workload: KubeObject;
  /** Whose controller was refused: the workload, or what it made (ReplicaSet, Job). */
  maker: KubeObject;
  /** Untrusted. */
  message: string;
  /** Null where only the maker's condition tells. */
  event: ClusterEvent | null;
}

const REFUSED = new Set(['FailedCreate', 'ReplicaSetCreateError']);
/** Creations of one sync are reported within moments of each other. */
const SAME_SYNC_MS = 5_000;

/** Workloads whose controller is refused, with its latest word. */
export function refusals(view: ClusterView): Refusal[] {
  return view.workloads().flatMap((workload) => refusalOf(view, workload) ?? []);
}

/** Null for a workload that lacks nothing, or lacks it for another reason. */
export function refusalOf(view: ClusterView, workload: KubeObject): Refusal | null {
  return view.derived(lastRefusal, workload);
}

function lastRefusal(view: ClusterView, workload: KubeObject): Refusal | null {
  const found = makersOf(view, workload)
    .filter((maker) => isShort(view, maker))
    .flatMap((maker) => wordOf(view, workload, maker) ?? [])
    .sort((a, b) => (b.event?.at ?? 0) - (a.event?.at ?? 0));
  return found[0] ?? null;
}

function makersOf(view: ClusterView, workload: KubeObject): KubeObject[] {
  switch (workload.kind) {
    case 'Deployment':
      return [workload, ...view.ownedBy(workload, 'ReplicaSet')];
    case 'CronJob':
      return [workload, ...view.ownedBy(workload, 'Job')];
    case 'Pod':
      return [];
    default:
      return [workload];
  }
}

/** Whether a controller has yet to create something for it. */
function isShort(view: ClusterView, maker: KubeObject): boolean {
  switch (maker.kind) {
    case 'Deployment':
      return condition(maker, 'Progressing')?.reason === 'ReplicaSetCreateError';
    case 'CronJob':
      return maker.spec?.suspend !== true;
    case 'DaemonSet':
      return pods(view, maker) < Number(maker.status?.desiredNumberScheduled ?? 1);
    case 'Job':
      return pods(view, maker) < wantedByJob(maker);
    default:
      return pods(view, maker) < (desiredReplicas(maker) ?? 0);
  }
}

function pods(view: ClusterView, maker: KubeObject): number {
  return view.ownedBy(maker, 'Pod').filter(isLiving).length;
}

function wantedByJob({ spec, status, ...job }: KubeObject): number {
  const ended = ['Complete', 'Failed'].some((type) => condition({ status, ...job }, type)?.status === 'True');
  if (ended || spec?.suspend === true) return 0;
  const left = Number(spec?.completions ?? Infinity) - Number(status?.succeeded ?? 0);
  return Math.min(Number(spec?.parallelism ?? 1), left);
}

function wordOf(view: ClusterView, workload: KubeObject, maker: KubeObject): Refusal | null {
  const events = view.eventsOf(maker);
  const event = events.find(({ reason }) => REFUSED.has(reason)) ?? null;
  const made = events.find(({ reason }) => reason === 'SuccessfulCreate');
  const failure = condition(maker, 'ReplicaFailure');
  const fails = failure?.status === 'True';
  if (event && (fails || !made || made.at <= event.at + SAME_SYNC_MS)) {
    // The server's recorder of events adds the first words when there are many like it.
    const message = event.message.replace(/^\(combined from similar events\): /, '');
    return { workload, maker, message, event };
  }
  // Events live for an hour.
  return fails && failure.message ? { workload, maker, message: failure.message, event: null } : null;
}

const WEBHOOK = /(?:failed calling|admission) webhook "([^"]+)"/;

/** Name of the webhook that a refusal is about. */
export function webhookIn(message: string): string | undefined {
  return WEBHOOK.exec(message)?.[1];
}
