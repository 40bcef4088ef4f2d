import type { KindTable } from '../field-rule.ts';
import { fields, immutable, itself, look, lost, reversible, under } from '../rows.ts';

const DEADLINE = 'the job may end for good, or be deleted with its pods';
const ACCOUNTS = 'the job controller keeps its accounts there';
const RUNS = 'runs are started, missed or stopped by it';

/** Jobs (pkg/controller/{job,cronjob,ttlafterfinished}, ValidateJobSpecUpdate, ValidateCronJobUpdate). */
export const BATCH: KindTable = {
  'batch/Job': fields(
    look('suspend', 'its pods are stopped or started', 'spec.suspend'),
    // Only while suspended, and only what places the pods.
    look('suspend', 'pods made from now on follow it', 'spec.template.**'),
    look('scale', 'pods come or go; the work of those that go is lost', 'spec.parallelism'),
    look(
      'deadline',
      DEADLINE,
      ...under('spec', 'activeDeadlineSeconds', 'ttlSecondsAfterFinished', 'backoffLimit', 'maxFailedIndexes'),
    ),
    // Indexed jobs only: pods beyond it are deleted, and a job that has them all is complete for good.
    lost(DEADLINE, 'spec.completions'),
    itself('a failed pod is replaced sooner or later', 'spec.podReplacementPolicy'),
    // Read once, at the creation.
    reversible('spec.manualSelector'),
    immutable(
      ...under('spec', 'selector.**', 'completionMode', 'podFailurePolicy.**', 'successPolicy.**'),
      ...under('spec', 'backoffLimitPerIndex', 'managedBy'),
    ),
    lost(ACCOUNTS, 'metadata.annotations[batch.kubernetes.io/*]', 'metadata.labels[batch.kubernetes.io/*]'),
  ),

  'batch/CronJob': fields(
    look('suspend', RUNS, 'spec.suspend'),
    look('schedule', RUNS, ...under('spec', 'schedule', 'timeZone', 'startingDeadlineSeconds', 'concurrencyPolicy')),
    look('schedule', 'jobs started meanwhile follow it', 'spec.jobTemplate.**'),
    look(
      'history',
      'jobs beyond the limit are deleted with their pods',
      'spec.successfulJobsHistoryLimit',
      'spec.failedJobsHistoryLimit',
    ),
  ),
};
