import type { KubeObject } from '../domain/kube-object.ts';
import { stableJson } from '../json/stable-json.ts';
import { everFires, nextRun, parseSchedule, periodOf } from './cron.ts';
import { controllerOf } from './ownership.ts';
import { lastApplied } from './pod-template.ts';
import { condition } from './pods.ts';
import { oneLine } from '../text/plain-text.ts';

/** Why a CronJob does not run as its schedule says. */
export interface CronTrouble {
  what: 'never-fires' | 'hung' | 'missed';
  /** One clause for people. */
  text: string;
  /** The Job that does not end. */
  job?: KubeObject;
}

/** True if it is suspended and the configuration last applied says in so many words that it is not to be. */
export function isSuspendedAgainstApplied(cronJob: KubeObject): boolean {
  return cronJob.spec?.suspend === true && lastApplied(cronJob)?.spec?.suspend === false;
}

/** Fewer may be a controller that was restarted, or clocks that differ. */
const MISSED_RUNS = 3;
const MIN_MISSED_MS = 180_000;
const MIN_BLOCKED_MS = 90_000;
/** A run this many times longer than every one before it does not end by itself, or not in time. */
const LONGER = 3;

/**
 * What keeps a CronJob from running, as far as it is certain; null where nothing does, while it is suspended, and where
 * hours of an unknown time zone would have to be guessed.
 * @param jobs Jobs of its namespace
 * @param now milliseconds since the epoch
 */
export function cronTrouble(cronJob: KubeObject, jobs: readonly KubeObject[], now: number): CronTrouble | null {
  const { spec, status, metadata } = cronJob;
  const schedule = parseSchedule(String(spec?.schedule ?? ''));
  if (spec?.suspend === true || metadata.deletionTimestamp || !schedule) return null;
  if (!everFires(schedule)) {
    return { what: 'never-fires', text: `its schedule "${spec.schedule}" names a day that no calendar has` };
  }
  const last = Date.parse(status?.lastScheduleTime ?? metadata.creationTimestamp ?? '');
  const period = periodOf(schedule, last);
  if (Number.isNaN(last) || period === null) return null;
  const daily = period >= 86_400_000;
  if (schedule.hours.size < 24 && !daily) return null;
  const due = nextRun(schedule, last);
  const late = due === null ? 0 : now - due - (daily ? period / 2 : 0);
  const own = jobs.filter((job) => controllerOf(job)?.uid === metadata.uid);
  const running = own.filter((job) => !isFinished(job) && job.spec?.suspend !== true);
  const usual = Math.max(0, ...own.filter((one) => condition(one, 'Complete')?.status === 'True').map(durationOf));
  const isBlocked = spec.concurrencyPolicy === 'Forbid' && running.length > 0;
  // Who knows how long runs take need not wait for what only a controller that rests would explain.
  const least = isBlocked && usual > 0 ? Math.max(MIN_BLOCKED_MS, LONGER * usual) : MIN_MISSED_MS;
  if (late < Math.max((MISSED_RUNS - 1) * period, least)) return null;
  const missed = `${Math.floor(late / period) + 1} runs`;
  if (isBlocked) {
    const job = running.sort((a, b) => jobStart(a) - jobStart(b))[0]!;
    const lasts = now - jobStart(job);
    if (!(lasts > LONGER * (usual > 0 ? Math.max(usual, MIN_BLOCKED_MS / LONGER) : period))) return null;
    const text = `Job ${job.metadata.name} has run for ${inWords(lasts)} and concurrencyPolicy Forbid lets no other start: ${missed} missed`;
    return { what: 'hung', text, job };
  }
  if (running.length > 0) return null;
  const deadline = spec.startingDeadlineSeconds as number | undefined;
  const why =
    deadline !== undefined && deadline < SYNC_S
      ? `; startingDeadlineSeconds ${deadline} is shorter than the ${SYNC_S} s between two looks of its controller`
      : '';
  return { what: 'missed', text: `${missed} missed since ${new Date(last).toISOString()}${why}` };
}

/** A run that is due this soon is worth waiting for. */
const SOON_MS = 120_000;
/** What a run gets to show that it fails or does not: its pods start meanwhile. */
const RUN_MS = 60_000;

/**
 * Until when, milliseconds since the epoch, a run with the CronJob's present template will have shown what it does. Null where
 * none is under way or due soon.
 * @param jobs those of the CronJob
 */
export function awaitedUntil(cronJob: KubeObject, jobs: readonly KubeObject[], now: number): number | null {
  const own = jobs.filter((job) => !isFinished(job) && isOfPresentTemplate(cronJob, job));
  const started = Math.max(...own.map(jobStart));
  if (started + RUN_MS > now) return started + RUN_MS;
  const due = dueSoon(cronJob, jobs, now);
  return due === null ? null : due + SYNC_S * 1000 + RUN_MS;
}

/**
 * What nobody can know yet of a CronJob whose template was changed, in words: no run of it has come to its end since. Null
 * where one has. @param jobs those of the CronJob @param since milliseconds since the epoch @param now the same
 */
export function unprovenRuns(
  cronJob: KubeObject,
  jobs: readonly KubeObject[],
  since: number,
  now: number,
): string | null {
  const ran = jobs.some((job) => jobStart(job) >= since && condition(job, 'Complete')?.status === 'True');
  if (ran || cronJob.spec?.suspend === true) return null;
  const text = String(cronJob.spec?.schedule ?? '');
  const schedule = parseSchedule(text);
  // Hours of an unknown time zone would have to be guessed.
  const next = schedule?.hours.size === 24 ? nextRun(schedule, now) : null;
  const when = next === null ? ` (schedule ${oneLine(text, 60)})` : ` (${new Date(next).toISOString()})`;
  return `CronJob ${cronJob.metadata.name} has not run since it was changed: its next run${when} will show whether it works`;
}

/** When the next run will start, if that is worth waiting for. */
export function dueSoon({ spec }: KubeObject, jobs: readonly KubeObject[], now: number): number | null {
  const running = jobs.some((job) => !isFinished(job));
  if (spec?.suspend === true || (spec?.concurrencyPolicy === 'Forbid' && running)) return null;
  const schedule = parseSchedule(String(spec?.schedule ?? ''));
  // Hours of an unknown time zone would have to be guessed.
  const due = schedule && schedule.hours.size === 24 ? nextRun(schedule, now) : null;
  return due !== null && due - now <= SOON_MS ? due : null;
}

/** What the CronJob says of its Jobs stands in this one; the server adds to a Job what the CronJob leaves open. */
export function isOfPresentTemplate(cronJob: KubeObject, job: KubeObject): boolean {
  const { template, ...rest } = (cronJob.spec?.jobTemplate?.spec ?? {}) as Record<string, unknown> & {
    template?: { spec?: unknown };
  };
  const own = job.spec ?? {};
  return (
    stableJson(template?.spec ?? null) === stableJson(own.template?.spec ?? null) &&
    Object.entries(rest).every(([field, value]) => stableJson(value) === stableJson(own[field] ?? null))
  );
}

/** The CronJob controller looks every 10 s (kubernetes.io: CronJob, startingDeadlineSeconds). */
export const SYNC_S = 10;

export function isFinished(job: KubeObject): boolean {
  return ['Complete', 'Failed'].some((type) => condition(job, type)?.status === 'True');
}

/** When a Job started, else was made, in ms since the epoch; NaN where neither is known. */
export function jobStart(job: KubeObject): number {
  return Date.parse(job.status?.startTime ?? job.metadata.creationTimestamp ?? '');
}

function durationOf(job: KubeObject): number {
  return Date.parse(job.status?.completionTime ?? '') - jobStart(job) || 0;
}

function inWords(ms: number): string {
  const minutes = Math.round(ms / 60_000);
  return minutes < 120 ? `${minutes} minutes` : `${Math.round(minutes / 60)} hours`;
}
