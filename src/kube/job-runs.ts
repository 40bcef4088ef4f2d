import type { KubeObject } from '../domain/kube-object.ts';
import { stableJson } from '../json/stable-json.ts';
import { isFinished, jobStart } from './cron-runs.ts';
import { controllerOf } from './ownership.ts';
import { podTemplateOf } from './pod-template.ts';
import { condition } from './pods.ts';

/** What a run gets to show that it fails or does not: its pods start meanwhile. */
const RUN_MS = 60_000;

/**
 * What became of a Job that was given up. `again`: a later run of the same pods came to its end, or goes on without a failure
 * for long enough. `awaited`: one was just started, and will have shown what it does by `until` (milliseconds since the
 * epoch). `failed`: so did the last one, which stands for all of them.
 */
export type LaterRun =
  { state: 'again' | 'failed'; job: KubeObject } | { state: 'awaited'; job: KubeObject; until: number };

/** Null: nobody ran it again. @param jobs those of the snapshot @param now milliseconds since the epoch */
export function laterRun(jobs: readonly KubeObject[], failed: KubeObject, now: number): LaterRun | null {
  const template = podTemplateOf(failed);
  if (!template) return null;
  const text = stableJson(template.spec);
  const [last] = jobs
    .filter(
      (job) =>
        job.metadata.namespace === failed.metadata.namespace &&
        job.metadata.uid !== failed.metadata.uid &&
        !job.metadata.deletionTimestamp &&
        job.spec?.suspend !== true &&
        !controllerOf(job) &&
        jobStart(job) > jobStart(failed) &&
        stableJson(podTemplateOf(job)?.spec ?? null) === text,
    )
    .sort((a, b) => jobStart(b) - jobStart(a));
  if (!last) return null;
  if (isFinished(last))
    return { state: condition(last, 'Complete')?.status === 'True' ? 'again' : 'failed', job: last };
  if (Number(last.status?.failed ?? 0) > 0) return { state: 'failed', job: last };
  const until = jobStart(last) + RUN_MS;
  return until > now ? { state: 'awaited', job: last, until } : { state: 'again', job: last };
}
