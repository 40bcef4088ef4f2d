import type { KubeObject, ObjectRef } from '../domain/kube-object.ts';
import { refKey, refLabel, refOf } from '../domain/kube-object.ts';
import type { ClusterSnapshot } from '../domain/snapshot.ts';
import { objectsOf } from '../domain/snapshot.ts';
import type { Health } from './health-findings.ts';
import { healthItem, healthOf } from './health-findings.ts';
import type { PodState } from '../kube/pod-state.ts';
import { endedAt, podStates } from '../kube/pod-state.ts';
import { scaledToZeroEvidence } from '../kube/scaled-to-zero.ts';
import {
  awaitedUntil,
  cronTrouble,
  isFinished,
  isOfPresentTemplate,
  isSuspendedAgainstApplied,
} from '../kube/cron-runs.ts';
import type { ClusterView } from '../kube/cluster-view.ts';
import { laterRun } from '../kube/job-runs.ts';
import { controllerOf } from '../kube/ownership.ts';
import { condition } from '../kube/pods.ts';
import { refusalOf } from '../kube/refusals.ts';

/** Failures older than this belong to the past, not to this incident. */
const FAILURE_MEMORY_MS = 24 * 3600_000;
/** Nothing makes a bare pod anew: once it has failed for this long, it is what somebody left behind. */
const BARE_FAILURE_MEMORY_MS = 3600_000;

interface Seen {
  pod: KubeObject;
  state: PodState;
}

/** Pods and what controls them. Items are named after the outermost controller: pod names change with every rollout. */
export function workloadHealth(snapshot: ClusterSnapshot, cluster: ClusterView): Health {
  const now = Date.parse(snapshot.takenAt);
  const context: Context = { snapshot, cluster, now };
  const known = new Set<string>();
  const parts: Health[] = [];
  const evaluate = (kind: string, rule: (object: KubeObject, context: Context) => Health) => {
    for (const object of objectsOf(snapshot, kind)) {
      known.add(refKey(refOf(object)));
      parts.push(rule(object, context));
    }
  };
  evaluate('Deployment', deploymentHealth);
  evaluate('StatefulSet', (object, at) => replicated(object, object.spec?.replicas ?? 1, at));
  evaluate('DaemonSet', (object, at) => replicated(object, object.status?.desiredNumberScheduled ?? 0, at));
  evaluate('ReplicaSet', (object, at) =>
    controllerOf(object) ? NOTHING : replicated(object, object.spec?.replicas ?? 1, at),
  );
  evaluate('Job', (object, at) => (controllerOf(object) ? NOTHING : plainJobHealth(object, at)));
  evaluate('CronJob', cronJobHealth);
  for (const { home, pods } of cluster.homes.all()) {
    if (!known.has(refKey(home))) parts.push(otherPodsHealth(home, pods, now));
  }
  return healthOf(...parts);
}

interface Context {
  snapshot: ClusterSnapshot;
  cluster: ClusterView;
  now: number;
}

const NOTHING: Health = { items: [], progressing: [] };

/** Pods that stand for replicas: finished, failed and terminating ones were or will be replaced. */
function live(seen: Seen[]): Seen[] {
  return seen.filter(({ state }) => !['finished', 'failed', 'terminating'].includes(state.phase));
}

const isTroubled = ({ state }: Seen) => state.phase === 'stuck' || state.phase === 'unready';
const isHealthy = ({ state }: Seen) => state.phase === 'healthy';

function deploymentHealth(deployment: KubeObject, context: Context): Health {
  const ref = refOf(deployment);
  const desired = (deployment.spec?.replicas ?? 1) as number;
  if (desired === 0) return zeroHealth(deployment, context);
  const pods = live(podStates(context.cluster.homes.podsAt(ref), context.now));
  const current = context.cluster.currentReplicaSet(deployment);
  const updated = pods.filter(({ pod }) => controllerOf(pod)?.uid === current?.metadata.uid);
  const healthy = pods.filter(isHealthy).length;
  const progressing = condition(deployment, 'Progressing');
  const failure = condition(deployment, 'ReplicaFailure');
  const blocked =
    (failure?.status === 'True' && (failure.message ?? 'pods cannot be created')) ||
    (progressing?.reason === 'ProgressDeadlineExceeded' && 'the rollout made no progress within its deadline') ||
    '';
  const unobserved = (deployment.status?.observedGeneration ?? 0) < (deployment.metadata.generation ?? 0);
  // During a rollout the old pods' troubles are about to end; only the new ones tell whether it will succeed.
  const rollingOut = unobserved || updated.length < pods.length || updated.length < desired;
  const trouble = blocked || worst(rollingOut && updated.length > 0 ? updated : pods);
  if (healthy < desired) {
    const message = `${refLabel(ref)}: ${healthy} of ${desired} pods ready${trouble ? `; ${trouble}` : ''}`;
    return verdict(
      !unobserved && trouble !== '',
      healthItem(ref, 'unready', 1 - healthy / desired, message),
      blocked ? null : provenAt(pods, context.now),
    );
  }
  const updatedHealthy = updated.filter(isHealthy).length;
  if (updatedHealthy >= desired || deployment.spec?.paused === true) return NOTHING;
  const message = `${refLabel(ref)}: rollout reached ${updatedHealthy} of ${desired} pods${trouble ? `; ${trouble}` : ''}`;
  return verdict(
    !unobserved && trouble !== '',
    healthItem(ref, 'rollout-stuck', 1 - updatedHealthy / desired, message),
    blocked ? null : provenAt(updated, context.now),
  );
}

/** StatefulSet, DaemonSet, ReplicaSet: pods against the desired number. */
function replicated(object: KubeObject, desired: number, context: Context): Health {
  if (desired === 0) return object.kind === 'DaemonSet' ? NOTHING : zeroHealth(object, context);
  const ref = refOf(object);
  const pods = live(podStates(context.cluster.homes.podsAt(ref), context.now));
  const healthy = pods.filter(isHealthy).length;
  if (healthy >= desired) return NOTHING;
  const unobserved = (object.status?.observedGeneration ?? 0) < (object.metadata.generation ?? 0);
  const failure = condition(object, 'ReplicaFailure');
  // Controllers of StatefulSets and DaemonSets set no condition: only their events tell.
  const refused = pods.length < desired ? refusalOf(context.cluster, object)?.message : undefined;
  const trouble =
    (failure?.status === 'True' && (failure.message ?? 'pods cannot be created')) || worst(pods) || (refused ?? '');
  const message = `${refLabel(ref)}: ${healthy} of ${desired} pods ready${trouble ? `; ${trouble}` : ''}`;
  return verdict(
    !unobserved && trouble !== '',
    healthItem(ref, 'unready', 1 - healthy / desired, message),
    provenAt(pods, context.now),
  );
}

function zeroHealth(object: KubeObject, context: Context): Health {
  const evidence = scaledToZeroEvidence(object, context.cluster);
  if (!evidence) return NOTHING;
  const ref = refOf(object);
  return verdict(true, healthItem(ref, 'scaled-to-zero', 1, `${refLabel(ref)} is scaled to 0: ${evidence}`));
}

function cronJobHealth(cronJob: KubeObject, context: Context): Health {
  const ref = refOf(cronJob);
  // Whoever suspended it wants nothing of it for now, unless that contradicts what was declared.
  if (cronJob.spec?.suspend === true) {
    const text = `${refLabel(ref)} is suspended, and the configuration last applied says that it is not`;
    return isSuspendedAgainstApplied(cronJob) ? verdict(true, healthItem(ref, 'suspended', 1, text)) : NOTHING;
  }
  const jobs = objectsOf(context.snapshot, 'Job', ref.namespace).filter(
    (job) => controllerOf(job)?.uid === cronJob.metadata.uid,
  );
  const newestFirst = [...jobs].sort((a, b) => startOf(b).localeCompare(startOf(a)));
  // Only the last word counts: an earlier failure was followed by another run.
  const running = newestFirst.filter((job) => !isFinished(job));
  const lastFinished = newestFirst.find(isFinished);
  const trouble = cronTrouble(cronJob, jobs, context.now);
  const schedule = trouble
    ? [verdict(true, healthItem(ref, trouble.what, 1, `${refLabel(ref)}: ${trouble.text}`))]
    : [];
  const isOwn = (job: KubeObject) => isOfPresentTemplate(cronJob, job);
  const heard = [...running, ...(lastFinished ? [lastFinished] : [])];
  const lastOwn = newestFirst.find((job) => isFinished(job) && isOwn(job));
  const own = jobHealth(ref, [...running.filter(isOwn), ...(lastOwn ? [lastOwn] : [])], context);
  const overtaken = (job: KubeObject) => failedLately(job, context) && startOf(job) > startOf(lastOwn!);
  const failedSince = lastOwn && own.items.length === 0 && heard.some((job) => !isOwn(job) && overtaken(job));
  // What was made from another template says nothing of the present one, of which something is known; but what failed since may
  // have had other reasons, which a run that is due soon will show.
  if (lastOwn && !(failedSince && awaitedUntil(cronJob, jobs, context.now))) return healthOf(own, ...schedule);
  const former = jobHealth(
    ref,
    heard.filter((job) => !isOwn(job)),
    context,
  );
  const until = former.items.length > 0 && own.items.length === 0 ? awaitedUntil(cronJob, jobs, context.now) : null;
  if (until === null) return healthOf(jobHealth(ref, heard, context), ...schedule);
  const when = new Date(until).toISOString();
  const awaited = former.items.map((item) => ({
    ...item,
    message: `${refLabel(ref)}: a run with another template failed; what the next one does is known by ${when}`,
    until,
  }));
  return healthOf(own, { items: [], progressing: awaited }, ...schedule);
}

function failedLately(job: KubeObject, { now }: Context): boolean {
  const failure = condition(job, 'Failed');
  return failure?.status === 'True' && now - Date.parse(failure.lastTransitionTime ?? '') < FAILURE_MEMORY_MS;
}

/** Only the last word counts: what somebody runs again is judged by that. */
function plainJobHealth(job: KubeObject, context: Context): Health {
  const health = jobHealth(refOf(job), [job], context);
  const later = health.items.length > 0 ? laterRun(objectsOf(context.snapshot, 'Job'), job, context.now) : null;
  if (!later || !isFinished(job)) return health;
  // One that fails, too, has a word of its own once it is given up.
  if (later.state === 'again' || (later.state === 'failed' && isFinished(later.job))) return NOTHING;
  if (later.state !== 'awaited') return health;
  const { until } = later;
  return { items: [], progressing: health.items.map((item) => ({ ...item, until })) };
}

function jobHealth(ref: ObjectRef, jobs: KubeObject[], context: Context): Health {
  const failed = jobs.find((job) => failedLately(job, context));
  if (failed) {
    const { reason = '', message = '' } = condition(failed, 'Failed')!;
    return verdict(true, healthItem(ref, 'failed', 1, `${refLabel(ref)} failed: ${reason} ${message}`));
  }
  const uids = new Set(jobs.filter((job) => !isFinished(job)).map((job) => job.metadata.uid));
  const pods = live(podStates(context.cluster.homes.podsAt(ref), context.now)).filter(({ pod }) =>
    uids.has(controllerOf(pod)?.uid),
  );
  // A Job's pods need not be ready, only able to run.
  const stuck = pods.filter(({ state }) => state.phase === 'stuck');
  if (stuck.length === 0) return pods.length === 0 ? podless(ref, jobs, context) : NOTHING;
  const message = `${refLabel(ref)}: ${stuck.length} of ${pods.length} pods cannot run; ${worst(stuck)}`;
  return verdict(true, healthItem(ref, 'unready', stuck.length / pods.length, message));
}

/** A Job that is to run and whose pods the server refuses; one that is suspended has none on purpose. */
function podless(ref: ObjectRef, jobs: KubeObject[], { cluster }: Context): Health {
  const refused = jobs
    .filter((job) => !job.metadata.deletionTimestamp)
    .map((job) => refusalOf(cluster, job))
    .find((refusal) => refusal !== null);
  if (!refused) return NOTHING;
  return verdict(true, healthItem(ref, 'unready', 1, `${refLabel(ref)} cannot make its pods: ${refused.message}`));
}

function startOf(job: KubeObject): string {
  return (job.status?.startTime as string | undefined) ?? job.metadata.creationTimestamp ?? '';
}

/** Bare pods, and pods of controllers that the snapshot does not know (custom resources). */
function otherPodsHealth(home: ObjectRef, pods: KubeObject[], now: number): Health {
  const seen = podStates(pods, now);
  const bareFailure = home.kind === 'Pod' && seen.find(({ state }) => state.phase === 'failed');
  if (bareFailure) {
    if (!(now - endedAt(bareFailure.pod) < BARE_FAILURE_MEMORY_MS)) return NOTHING;
    return verdict(true, healthItem(home, 'failed', 1, `${refLabel(home)} ${bareFailure.state.text}`));
  }
  const present = live(seen);
  const missing = present.filter((entry) => !isHealthy(entry));
  if (missing.length === 0) return NOTHING;
  const trouble = worst(present);
  const message = `${refLabel(home)}: ${present.length - missing.length} of ${present.length} pods ready${trouble ? `; ${trouble}` : ''}`;
  const item = healthItem(home, 'unready', missing.length / present.length, message);
  return verdict(trouble !== '', item, provenAt(present, now));
}

/** The most telling trouble among pods; empty when none is in trouble. Pod names are left out: they are random. */
function worst(seen: Seen[]): string {
  const troubled = seen.filter(isTroubled);
  const first = troubled.find(({ state }) => state.phase === 'stuck') ?? troubled[0];
  return first?.state.text ?? '';
}

/** @param known when time alone will tell, in ms since the epoch; null where it will not */
function verdict(bad: boolean, item: ReturnType<typeof healthItem>, known: number | null = null): Health {
  if (bad && known === null) return { items: [item], progressing: [] };
  return { items: [], progressing: [known === null || !bad ? item : { ...item, until: known }] };
}

/** When pods that lack nothing but to outlive their last run will have done so; null where something else is wrong, too. */
function provenAt(seen: Seen[], now: number): number | null {
  const troubled = seen.filter(isTroubled);
  if (troubled.length === 0 || troubled.some(({ state }) => state.reason !== 'Restarting')) return null;
  return now + Math.max(...troubled.map(({ state }) => state.provenInMs ?? 0));
}
