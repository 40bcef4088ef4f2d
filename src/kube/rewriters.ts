import { literalPattern } from '../text/literal-pattern.ts';
import type { KubeObject, ObjectRef } from '../domain/kube-object.ts';
import { refLabel } from '../domain/kube-object.ts';
import type { ClusterSnapshot } from '../domain/snapshot.ts';
import { objectsOf } from '../domain/snapshot.ts';
import { ClusterView } from './cluster-view.ts';
import { nextRun, parseSchedule } from './cron.ts';
import { containersOf, podTemplateOf } from './pod-template.ts';
import { condition } from './pods.ts';

/** What was changed of an object, and who else may write there. */
export interface Touched {
  ref: ObjectRef;
  /** Fields that a transaction set, e.g. `spec.replicas`. */
  fields: string[];
  /** Controllers that owned one of them before. */
  managers: string[];
}

/** Somebody who may take a change back, and how long it takes to see that he does not. */
export interface Rewriter {
  /** For people: who does what. */
  text: string;
  forMs: number;
  /** True once it is proved that nothing will be taken back; null where only time tells. */
  settled: ((now: ClusterSnapshot) => boolean) | null;
}

/** The autoscaler's sync period is 15 s: two of them, and the time that a look takes (kubernetes.io: Horizontal Pod Autoscaling). */
const AUTOSCALER_MS = 35_000;
/** A controller that watches answers within seconds; GitOps tools heal themselves after about as long. */
const CONTROLLER_MS = 20_000;
/** CronJobs that run later than this are not waited for. */
const MAX_CRON_WAIT_MS = 75_000;
/** From the start of a Job to its first write. */
const JOB_MS = 12_000;
const MAX_PROBE_MS = 60_000;
/** Kills older than this belong to another incident. */
const KILL_MEMORY_MS = 600_000;

/**
 * Who may take back what was changed, by what the cluster showed before: autoscalers of a workload whose size was set,
 * CronJobs that name the object and run soon, controllers that owned the fields, liveness probes that killed containers.
 */
export function rewritersOf(touched: readonly Touched[], before: ClusterSnapshot): Rewriter[] {
  const view = new ClusterView(before);
  return touched.flatMap((one) => [
    ...autoscalers(one, before),
    ...cronJobs(one, view),
    ...controllers(one, view),
    ...probes(one, view),
  ]);
}

function autoscalers({ ref, fields }: Touched, before: ClusterSnapshot): Rewriter[] {
  const isScaler = ref.kind === 'HorizontalPodAutoscaler';
  if (!isScaler && !fields.includes('spec.replicas')) return [];
  return objectsOf(before, 'HorizontalPodAutoscaler', ref.namespace)
    .filter(({ metadata, spec }) =>
      isScaler
        ? metadata.name === ref.name
        : spec?.scaleTargetRef?.kind === ref.kind && spec?.scaleTargetRef?.name === ref.name,
    )
    .map(({ metadata, spec }) => ({
      text: `HorizontalPodAutoscaler ${metadata.name} sets the size of ${spec?.scaleTargetRef?.kind} ${spec?.scaleTargetRef?.name}`,
      forMs: AUTOSCALER_MS,
      settled: (now) => agrees(metadata.name, metadata.namespace, now),
    }));
}

/** The autoscaler has looked at the present size and wants just that. */
function agrees(name: string, namespace: string | undefined, now: ClusterSnapshot): boolean {
  const scaler = objectsOf(now, 'HorizontalPodAutoscaler', namespace).find(({ metadata }) => metadata.name === name);
  if (!scaler) return true;
  const { spec, status } = scaler;
  const target = objectsOf(now, spec?.scaleTargetRef?.kind ?? '', namespace).find(
    (object) => object.metadata.name === spec?.scaleTargetRef?.name,
  );
  const replicas = Number(target?.spec?.replicas ?? 1);
  const within = replicas >= Number(spec?.minReplicas ?? 1) && replicas <= Number(spec?.maxReplicas ?? Infinity);
  // Without metrics it computes no size of its own, and only keeps to its bounds.
  const wants = status?.desiredReplicas === replicas || condition(scaler, 'ScalingActive')?.status === 'False';
  return within && wants && status?.currentReplicas === replicas;
}

const WRITES = /\b(kubectl|patch|apply|scale|replace|edit|rollout|set|annotate|label|curl|wget|PUT|PATCH)\b/;

function cronJobs({ ref }: Touched, view: ClusterView): Rewriter[] {
  return view.all('CronJob').flatMap((cronJob) => {
    if (cronJob.spec?.suspend === true || (ref.kind === 'CronJob' && ref.name === cronJob.metadata.name)) return [];
    const said = JSON.stringify(containersOf(podTemplateOf(cronJob)?.spec ?? {}).map(({ spec }) => spec));
    if (!WRITES.test(said) || !new RegExp(`(?<![\\w-])${literalPattern(ref.name)}(?![\\w-])`).test(said)) return [];
    const schedule = parseSchedule(String(cronJob.spec?.schedule ?? ''));
    const next = schedule && nextRun(schedule, view.now);
    if (!next || next - view.now > MAX_CRON_WAIT_MS) return [];
    const text = `CronJob ${cronJob.metadata.name} names ${refLabel(ref)} and runs next at ${new Date(next).toISOString().slice(11, 16)} UTC`;
    return { text, forMs: next - view.now + JOB_MS, settled: null };
  });
}

function controllers({ ref, managers }: Touched, view: ClusterView): Rewriter[] {
  const object = view.find(ref.kind, ref.namespace, ref.name);
  const owner = object?.metadata.ownerReferences?.find((one) => one.controller);
  // Its own pods are made anew as a matter of course; a custom resource's controller restores what it made.
  const foreign = owner?.apiVersion.includes('.') && !owner.apiVersion.endsWith('.k8s.io/v1') ? owner : undefined;
  return [
    ...managers.map((manager) => ({
      text: `${manager} owns what was changed of ${refLabel(ref)}`,
      forMs: CONTROLLER_MS,
      settled: null,
    })),
    ...(foreign
      ? [{ text: `${foreign.kind} ${foreign.name} controls ${refLabel(ref)}`, forMs: CONTROLLER_MS, settled: null }]
      : []),
  ];
}

/** Containers that their liveness probe killed: the new ones have to outlive it. */
function probes({ ref, fields }: Touched, view: ClusterView): Rewriter[] {
  const workload = view.find(ref.kind, ref.namespace, ref.name);
  const template = workload && podTemplateOf(workload);
  if (!workload || !template || !fields.some((field) => field.includes('template'))) return [];
  const killed = view
    .podsOf(workload)
    .flatMap((pod) => view.eventsOf(pod))
    .some(({ message, at }) => /failed (liveness|startup) probe/.test(message) && view.now - at < KILL_MEMORY_MS);
  if (!killed) return [];
  return [
    {
      text: `the liveness probe of ${refLabel(ref)} killed containers before`,
      forMs: MAX_PROBE_MS,
      settled: (now) => outlived(ref, now),
    },
  ];
}

function outlived(ref: ObjectRef, now: ClusterSnapshot): boolean {
  const view = new ClusterView(now);
  const workload = view.find(ref.kind, ref.namespace, ref.name);
  const template = workload && podTemplateOf(workload);
  if (!workload || !template) return true;
  const windowMs = Math.max(0, ...containersOf(template.spec).map(({ spec }) => killMs(spec?.livenessProbe)));
  const statuses = view
    .podsOf(workload)
    .filter((pod) => !pod.metadata.deletionTimestamp)
    .flatMap((pod) => (pod.status?.containerStatuses ?? []) as KubeObject['spec'][]);
  return statuses.every((status) => view.now - Date.parse(status?.state?.running?.startedAt ?? '') >= windowMs);
}

function killMs(probe: KubeObject['spec']): number {
  if (!probe) return 0;
  const { initialDelaySeconds = 0, periodSeconds = 10, failureThreshold = 3, timeoutSeconds = 1 } = probe;
  return (initialDelaySeconds + periodSeconds * failureThreshold + timeoutSeconds) * 1000;
}
