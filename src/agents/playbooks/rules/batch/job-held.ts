import type { PatchOp } from '../../../../domain/change.ts';
import type { Finding } from '../../../../domain/finding.ts';
import type { KubeObject } from '../../../../domain/kube-object.ts';
import type { ClusterView } from '../../../../kube/cluster-view.ts';
import { isCrashing } from '../../../../kube/container-trouble.ts';
import { isFinished } from '../../../../kube/cron-runs.ts';
import { containerStatuses } from '../../../../kube/image-state.ts';
import { PODS } from '../../../../kube/kind-sets.ts';
import { changedAt } from '../../../../kube/managed-fields.ts';
import { controllerOf } from '../../../../kube/ownership.ts';
import { hasMutableTemplate, LAST_APPLIED_FIELD, lastApplied } from '../../../../kube/pod-template.ts';
import { isLiving } from '../../../../kube/pods.ts';
import type { Waiter } from '../../clues/jobs/waiters.ts';
import { waitersFor } from '../../clues/jobs/waiters.ts';
import { logEvidence } from '../../clues/pods/workload-logs.ts';
import { evidence, makeFinding } from '../../engine/analyzer.ts';
import type { Analyzer, AnalyzerContext, FixDraft } from '../../engine/analyzer.ts';
import { deleteNoWait, jsonPatch } from '../../engine/changes.ts';

const JOB_HELD = 'job-held';

/** Queues hold Jobs until it is their turn, and let them go themselves. */
const QUEUED = /^(?:kueue\.x-k8s\.io|scheduling\.volcano\.sh|yunikorn\.apache\.org|jobset\.sigs\.k8s\.io)\//;
const OWN_CONTROLLER = 'kubernetes.io/job-controller';

interface Hold {
  field: 'suspend' | 'parallelism';
  now: unknown;
  /** What lets it run. */
  value: unknown;
  /** The configuration last applied says so. */
  declared: boolean;
}

/** Jobs that are not to run as they stand, though somebody waits for them or they were applied otherwise. */
export async function analyzeHeldJobs(context: AnalyzerContext): Promise<Finding[]> {
  const { view } = context;
  const findings = view.all('Job').map(async (job) => {
    const hold = holdOf(job);
    if (!hold) return [];
    const waiters = await waitersFor(context, job);
    if (waiters.length === 0 && !hold.declared) return [];
    return [findingFor(view, job, hold, waiters)];
  });
  return (await Promise.all(findings)).flat();
}

function holdOf(job: KubeObject): Hold | null {
  const { metadata, spec } = job;
  const keys = [...Object.keys(metadata.labels ?? {}), ...Object.keys(metadata.annotations ?? {})];
  const isManaged = (spec?.managedBy ?? OWN_CONTROLLER) !== OWN_CONTROLLER || keys.some((key) => QUEUED.test(key));
  if (metadata.deletionTimestamp || isFinished(job) || isManaged || controllerOf(job)) return null;
  const applied = lastApplied(job)?.spec;
  if (spec?.suspend === true)
    return { field: 'suspend', now: true, value: false, declared: applied !== undefined && applied?.suspend !== true };
  if (spec?.parallelism !== 0 || applied?.parallelism === 0) return null;
  // Left out, it is one (kubernetes.io: Jobs, controlling parallelism).
  const value = Number(applied?.parallelism ?? 1);
  return { field: 'parallelism', now: 0, value, declared: applied !== undefined };
}

function findingFor(view: ClusterView, job: KubeObject, hold: Hold, waiters: readonly Waiter[]): Finding {
  const { name } = job.metadata;
  const { field, declared } = hold;
  const who = waiters.slice(0, 3).map(({ workload: { kind, metadata } }) => `${kind} ${metadata.name}`);
  const waiting =
    who.length > 0 ? `, and ${who.join(', ')} ${waiters.length > 1 ? 'wait' : 'waits'} for what it makes` : '';
  const state = field === 'suspend' ? 'is suspended' : 'may have no pod (parallelism 0)';
  const change = changedAt(job, ['spec', field]);
  return makeFinding({
    rule: JOB_HELD,
    severity: waiters.length > 0 ? 'critical' : 'info',
    object: job,
    what: field,
    message: `Job ${name} ${state}${declared ? ', which the configuration last applied does not say' : ''}${waiting}`,
    evidence: [
      evidence('spec', job, `spec.${field}`, `spec.${field} is ${JSON.stringify(hold.now)}`),
      ...(change?.by
        ? [
            evidence(
              'revision',
              job,
              `spec.${field}`,
              `last changed by ${change.by}, at ${new Date(change.at).toISOString()} at the latest`,
            ),
          ]
        : []),
      ...(declared ? [evidence('revision', job, LAST_APPLIED_FIELD, `it was applied without that`)] : []),
      ...waiters.slice(0, 3).flatMap(({ lines }) => lines.slice(-2).map(logEvidence)),
    ],
    fixes: [fixFor(view, job, hold, waiters)],
  });
}

function fixFor(view: ClusterView, job: KubeObject, hold: Hold, waiters: readonly Waiter[]): FixDraft {
  const isAwaited = waiters.length > 0;
  const path = `/spec/${hold.field}`;
  const ops: PatchOp[] = [
    { op: 'test', path, value: hold.now },
    { op: 'replace', path, value: hold.value },
  ];
  const person = personFor(view, job, hold);
  return {
    changes: [jsonPatch(job, ops), ...waiters.flatMap(({ workload }) => backedOff(view, workload).map(deleteNoWait))],
    expects: `Job ${job.metadata.name} runs${isAwaited ? ', and who waits for it goes on' : ''}`,
    confidence: hold.declared && isAwaited ? 0.85 : isAwaited ? 0.6 : 0.4,
    ...(person ? { needsPerson: person } : {}),
  };
}

/** Pods that crashed for want of the Job wait longer for each next start than it may run. */
function backedOff(view: ClusterView, workload: KubeObject): KubeObject[] {
  if (!hasMutableTemplate(workload)) return [];
  return view
    .podsOf(workload)
    .filter((pod) => isLiving(pod) && containerStatuses(pod).some((status) => isCrashing(status, view.now)));
}

/** What was never begun and was meant to run does nothing twice. */
function personFor(view: ClusterView, job: KubeObject, { declared }: Hold): string | null {
  const { failed = 0, succeeded = 0 } = job.status ?? {};
  const hasRun = Number(failed) + Number(succeeded) > 0 || view.podsOf(job).length > 0;
  if (hasRun)
    return `Job ${job.metadata.name} has run in part before: whether its program may begin anew, only a person can say`;
  return declared ? null : `nothing says that Job ${job.metadata.name} is not held on purpose`;
}

export const jobHeldRule: Analyzer = {
  rule: JOB_HELD,
  layer: 'replicas',
  kinds: [...PODS, 'Event', 'ConfigMap', 'Secret', 'Service', 'Namespace'],
  explains: 'Jobs that are suspended, or may have no pod, while somebody waits for what they make.',
  unfixed: 'nothing says that the hold is not meant: whoever set it can take it off',
  analyze: analyzeHeldJobs,
};
