import type { PatchOp } from '../../../../domain/change.ts';
import type { Evidence, Finding } from '../../../../domain/finding.ts';
import type { KubeObject } from '../../../../domain/kube-object.ts';
import { everFires, parseSchedule } from '../../../../kube/cron.ts';
import type { CronTrouble } from '../../../../kube/cron-runs.ts';
import { cronTrouble, isSuspendedAgainstApplied, SYNC_S } from '../../../../kube/cron-runs.ts';
import { changedAt } from '../../../../kube/managed-fields.ts';
import { LAST_APPLIED_FIELD, lastApplied } from '../../../../kube/pod-template.ts';
import { jsonPatch } from '../../engine/changes.ts';
import type { Analyzer, AnalyzerContext, FixDraft } from '../../engine/analyzer.ts';
import { eventEvidence, evidence, makeFinding } from '../../engine/analyzer.ts';

const CRON_JOB_SCHEDULE = 'cron-job-schedule';

/** CronJobs that do not run as they should: by their schedule, their deadline, a run that does not end, or suspended. */
export function analyzeCronJobs({ view }: AnalyzerContext): Finding[] {
  return view.all('CronJob').flatMap((cronJob): Finding[] => {
    if (cronJob.spec?.suspend === true) return suspended(cronJob);
    const trouble = cronTrouble(cronJob, view.all('Job', cronJob.metadata.namespace), view.now);
    if (!trouble) return [];
    const { name } = cronJob.metadata;
    const warnings = view.eventsOf(cronJob).filter(({ type }) => type === 'Warning');
    return [
      makeFinding({
        rule: CRON_JOB_SCHEDULE,
        severity: 'warning',
        object: cronJob,
        what: trouble.what,
        message: `CronJob ${name} does not run: ${trouble.text}`,
        evidence: [
          evidence('spec', cronJob, 'spec.schedule', `schedule "${cronJob.spec?.schedule}"`),
          ...(trouble.job
            ? [
                evidence(
                  'status',
                  trouble.job,
                  'status.startTime',
                  `Job ${trouble.job.metadata.name} started at ${trouble.job.status?.startTime}`,
                ),
              ]
            : []),
          ...changedBy(cronJob, trouble.what === 'missed' ? 'startingDeadlineSeconds' : 'schedule'),
          ...warnings.slice(0, 2).map((event) => eventEvidence(event, cronJob)),
        ],
        fixes: fixesFor(cronJob, trouble),
        unfixed: UNFIXED[trouble.what],
      }),
    ];
  });
}

const UNFIXED: Record<CronTrouble['what'], string> = {
  'never-fires': 'nothing tells which day was meant: whoever wrote the schedule knows',
  hung: 'whether the run that does not end may be stopped is known to whoever owns the Job',
  missed:
    'its controller does not say why it started nothing: whether the controller manager runs is for whoever runs the cluster',
};

function changedBy(cronJob: KubeObject, field: string): Evidence[] {
  const change = changedAt(cronJob, ['spec', field]);
  if (!change?.by) return [];
  const text = `spec.${field} was last changed by ${change.by}, at ${new Date(change.at).toISOString()} at the latest`;
  return [evidence('revision', cronJob, `spec.${field}`, text)];
}

function fixesFor(cronJob: KubeObject, { what }: CronTrouble): FixDraft[] {
  const applied = lastApplied(cronJob)?.spec;
  const expects = `CronJob ${cronJob.metadata.name} starts its Jobs again`;
  if (what === 'never-fires') {
    const former = parseSchedule(String(applied?.schedule ?? ''));
    if (!former || !everFires(former)) return [];
    return [
      {
        changes: [jsonPatch(cronJob, replace('/spec/schedule', cronJob.spec.schedule, applied.schedule))],
        expects,
        confidence: 0.92,
      },
    ];
  }
  const deadline = cronJob.spec?.startingDeadlineSeconds as number | undefined;
  if (what !== 'missed' || deadline === undefined || deadline >= SYNC_S || !applied) return [];
  const before = applied.startingDeadlineSeconds as number | undefined;
  if (before !== undefined && before < SYNC_S) return [];
  const ops = replace('/spec/startingDeadlineSeconds', deadline, before);
  return [{ changes: [jsonPatch(cronJob, ops)], expects, confidence: 0.9 }];
}

function replace(path: string, now: unknown, before: unknown): PatchOp[] {
  const guard: PatchOp = { op: 'test', path, value: now };
  return [guard, before === undefined ? { op: 'remove', path } : { op: 'replace', path, value: before }];
}

/**
 * Suspending is a decision, so that it is only noted; where the configuration last applied says in so many words that it
 * runs, the decision was not that of whoever answers for it.
 */
function suspended(cronJob: KubeObject): Finding[] {
  const applied = lastApplied(cronJob)?.spec;
  if (!applied || applied.suspend === true) return [];
  const declared = isSuspendedAgainstApplied(cronJob);
  return [
    makeFinding({
      rule: CRON_JOB_SCHEDULE,
      severity: declared ? 'warning' : 'info',
      object: cronJob,
      what: 'suspended',
      message: `CronJob ${cronJob.metadata.name} is suspended, ${declared ? 'although the configuration last applied says that it is not' : 'which the configuration last applied does not say'}`,
      evidence: [
        evidence('spec', cronJob, 'spec.suspend', 'spec.suspend is true'),
        ...(declared ? [evidence('revision', cronJob, LAST_APPLIED_FIELD, 'it was applied with suspend: false')] : []),
        ...changedBy(cronJob, 'suspend'),
      ],
      fixes: [
        {
          changes: [jsonPatch(cronJob, replace('/spec/suspend', true, applied.suspend ?? false))],
          expects: `CronJob ${cronJob.metadata.name} starts its Jobs again`,
          confidence: declared ? 0.8 : 0.4,
        },
      ],
    }),
  ];
}

export const cronJobScheduleRule: Analyzer = {
  rule: CRON_JOB_SCHEDULE,
  layer: 'replicas',
  kinds: ['CronJob', 'Job', 'Event'],
  explains:
    'CronJobs whose runs are missed: a day that no calendar has, a deadline too short, a run that does not end.',
  unfixed: 'nothing tells what was meant',
  analyze: analyzeCronJobs,
};
