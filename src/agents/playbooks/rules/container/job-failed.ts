import { isFinished, jobStart } from '../../../../kube/cron-runs.ts';
import type { Evidence, Finding } from '../../../../domain/finding.ts';
import type { KubeObject } from '../../../../domain/kube-object.ts';
import { evidence, makeFinding } from '../../engine/analyzer.ts';
import type { Analyzer, AnalyzerContext, FixDraft } from '../../engine/analyzer.ts';
import type { ClusterView } from '../../../../kube/cluster-view.ts';
import { lastEnd } from '../../../../kube/container-trouble.ts';
import { containerStatuses } from '../../../../kube/image-state.ts';
import { controllerOf } from '../../../../kube/ownership.ts';
import { containersOf, podTemplateOf } from '../../../../kube/pod-template.ts';
import type { Untyped } from '../../../../kube/pod-template.ts';
import { condition } from '../../../../kube/pods.ts';
import { PODS, REVISIONS } from '../../../../kube/kind-sets.ts';
import { untrustedLine } from '../../../../text/redact.ts';
import { laterRun } from '../../../../kube/job-runs.ts';
import { givenUp } from '../../clues/jobs/given-up.ts';
import { changesSince } from './changes-since.ts';
import { lastWords, logLines } from './logs.ts';
import { patchFix } from '../../clues/former/part-fixes.ts';
import { setField } from '../../clues/patches/container-patch.ts';

export const JOB_FAILED = 'job-failed';

/** Failures older than this belong to the past. */
const MEMORY_MS = 24 * 3600_000;
/** Limits of a Job that end it whatever its program does. */
const LIMITS: Record<string, string> = {
  DeadlineExceeded: 'activeDeadlineSeconds',
  BackoffLimitExceeded: 'backoffLimit',
};

/** Jobs that were given up, and CronJobs whose last run was. */
export async function analyzeFailedJobs(context: AnalyzerContext): Promise<Finding[]> {
  const { view, readLog } = context;
  const findings: Finding[] = [];
  for (const owner of view.workloads()) {
    const job = lastFailure(view, owner);
    if (!job || (owner === job && isSuperseded(view, job))) continue;
    const { reason = '', message = '' } = condition(job, 'Failed')!;
    const last = lastPod(view, job);
    const status = last && failedStatus(last);
    const lines = last && status ? await logLines(readLog, { pod: last, status }, false) : [];
    const own = containersOf(podTemplateOf(owner)?.spec).find(({ name }) => name === status?.name);
    const changes = own ? changesSince(view, owner, own, lines) : { fixes: [], reasons: [], words: [] };
    const limit = formerLimit(view, owner, job, reason);
    const label =
      owner === job
        ? `Job ${job.metadata.name}`
        : `CronJob ${owner.metadata.name}: its last run, Job ${job.metadata.name},`;
    const differs = changes.words.length > 0 ? `; a run that succeeded differs in ${changes.words.join(', ')}` : '';
    const again = owner === job ? await givenUp(context, job, lines, lastStart(job, last)) : null;
    const ended = status ? lastEnd(status) : null;
    findings.push(
      makeFinding({
        rule: JOB_FAILED,
        severity: again?.isMissed ? 'critical' : 'warning',
        object: owner,
        what: reason || 'failed',
        message: `${label} failed: ${untrustedLine(reason || message, 100)}${ended ? ` (container ${status.name} ended with exit code ${ended.exitCode ?? '?'})` : ''}${differs}${again?.words ?? ''}`,
        evidence: [
          evidence('status', job, 'status.conditions[Failed]', untrustedLine(`${reason}: ${message}`)),
          ...(last && status ? lastWords(lines, { pod: last, status }) : []),
          ...limit.reasons,
          ...changes.reasons,
          ...(again?.reasons ?? []),
        ],
        fixes: [...limit.fixes, ...changes.fixes, ...(again?.fixes ?? [])],
        unfixed:
          again?.unfixed ??
          'no earlier run is kept that succeeded with another template: whoever maintains the program can tell from its log what it lacks',
      }),
    );
  }
  return findings;
}

/** The last word of a Job, or of a CronJob's Jobs, if it was a failure. */
function lastFailure(view: ClusterView, owner: KubeObject): KubeObject | null {
  if (owner.metadata.deletionTimestamp) return null;
  const jobs = owner.kind === 'CronJob' ? view.ownedBy(owner, 'Job') : owner.kind === 'Job' ? [owner] : [];
  const ended = (job: KubeObject) =>
    condition(job, 'Failed')?.status === 'True' || condition(job, 'Complete')?.status === 'True';
  const [last] = jobs.filter(ended).sort((a, b) => startOf(b) - startOf(a));
  const failure = last && condition(last, 'Failed');
  if (failure?.status !== 'True') return null;
  const at = Date.parse(failure.lastTransitionTime ?? '');
  return view.now - at < MEMORY_MS ? last! : null;
}

/** A later run of the same pods stands for it. */
function isSuperseded(view: ClusterView, job: KubeObject): boolean {
  const later = laterRun(view.all('Job'), job, view.now);
  return later?.state === 'again' || (later?.state === 'failed' && isFinished(later.job));
}

/** One that tells no time is the oldest. */
const startOf = (job: KubeObject) => jobStart(job) || 0;

function lastPod(view: ClusterView, job: KubeObject): KubeObject | null {
  const pods = view.all('Pod', job.metadata.namespace).filter((pod) => controllerOf(pod)?.name === job.metadata.name);
  const made = (pod: KubeObject) => Date.parse(pod.metadata.creationTimestamp ?? '') || 0;
  return pods.sort((a, b) => made(b) - made(a))[0] ?? null;
}

/** What a run reads, it mostly reads when it starts. */
function lastStart(job: KubeObject, last: KubeObject | null): number {
  const started = Date.parse(last?.status?.startTime ?? last?.metadata.creationTimestamp ?? '');
  return started || Date.parse(condition(job, 'Failed')?.lastTransitionTime ?? '');
}

function failedStatus(pod: KubeObject): Untyped {
  return containerStatuses(pod).find((status) => Number(lastEnd(status)?.exitCode ?? 0) !== 0);
}

/** The limit that ended the Job, as an earlier run of its CronJob had it that came to its end. */
function formerLimit(
  view: ClusterView,
  owner: KubeObject,
  job: KubeObject,
  reason: string,
): { fixes: FixDraft[]; reasons: Evidence[] } {
  const field = LIMITS[reason];
  const now: unknown = field && owner.spec?.jobTemplate?.spec?.[field];
  if (!field || owner.kind !== 'CronJob' || typeof now !== 'number') return { fixes: [], reasons: [] };
  const good = view
    .ownedBy(owner, 'Job')
    .filter(
      (other) => other !== job && condition(other, 'Complete')?.status === 'True' && Number(other.spec?.[field]) > now,
    )
    .sort((a, b) => startOf(b) - startOf(a))[0];
  if (!good) return { fixes: [], reasons: [] };
  const value: number = good.spec![field];
  const ops = setField('/spec/jobTemplate/spec', owner.spec?.jobTemplate?.spec, field, value);
  const expects = `the next run of CronJob ${owner.metadata.name} has its former ${field} of ${value}`;
  return {
    fixes: patchFix(view, owner, ops, expects, 0.9),
    reasons: [
      evidence(
        'sibling',
        good,
        `spec.${field}`,
        `Job ${good.metadata.name} succeeded with ${field} ${value}; now it is ${now}`,
      ),
    ],
  };
}

export const jobFailedRule: Analyzer = {
  rule: JOB_FAILED,
  layer: 'symptom',
  kinds: [...PODS, ...REVISIONS, 'ConfigMap', 'Secret', 'Node', 'Service', 'Namespace'],
  explains:
    'Jobs that were given up, and CronJobs whose last run was: what the program said, and what was otherwise before or since.',
  unfixed: 'the template of a Job cannot be changed',
  analyze: analyzeFailedJobs,
};
