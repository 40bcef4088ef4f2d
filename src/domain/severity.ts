import type { ObjectRef } from './kube-object.ts';
import { refLabel } from './kube-object.ts';

/**
 * Severity mu of a cluster state as a set of identified items (paper, section on Transactional No-Regression:
 * mu(s) = w1*|alerts| + w2*|violations| + w3*|unhealthy objects|). Sets rather than counts, so that "which one is
 * new" is known. A `signal` is what Stratus evaluates from metrics where no rule of the same meaning alerts.
 */
export type SeveritySource = 'alert' | 'signal' | 'check' | 'object';

export interface SeverityItem {
  source: SeveritySource;
  /** The object in question, or null for an alert or a user check. */
  object: ObjectRef | null;
  /** What is wrong, in a fixed vocabulary: `not-ready`, `no-endpoints`, incident type, check name, alert name … */
  what: string;
  /** 0..1: error ratio or unready share; 1 where there is no partial degree. */
  grade: number;
  /** Human text; may contain untrusted words from the cluster, already bounded. */
  message: string;
  /** Tells items of one name apart (an alert's labels); absent where object and `what` do. */
  key?: string;
  /** Objects it speaks of beside `object`; absent or empty where that cannot be told. */
  subjects?: ObjectRef[];
  /** Pods that it names, each standing among `subjects` as its workload; absent or empty where it names none. */
  pods?: ObjectRef[];
  /** Service that a check asks, where its URL names one: where to look, never who is charged. */
  asks?: ObjectRef;
  /** When it began, milliseconds since the epoch; absent where that cannot be told. */
  since?: number;
}

/** Objects that an item speaks of; empty where that cannot be told, so that it may be any. */
export function spokenOf({ object, subjects = [] }: Pick<SeverityItem, 'object' | 'subjects'>): ObjectRef[] {
  return object ? [object, ...subjects] : subjects;
}

/** Told by metrics over time, by a rule of the monitoring or by Stratus itself: it knows since when. */
export function isTelemetry({ source }: Pick<SeverityItem, 'source'>): boolean {
  return source === 'alert' || source === 'signal';
}

/** Where to look first: its object, the Service that a check asks, or the first that it speaks of; null: nowhere. */
export function aboutOf({ object, asks, subjects = [] }: SeverityItem): ObjectRef | null {
  return object ?? asks ?? subjects[0] ?? null;
}

export type Severity =
  | { known: true; items: SeverityItem[] }
  /** mu(bottom) = infinity: the API server is down or an oracle that worked before no longer answers (I8). */
  | { known: false; reason: string };

export interface SeverityWeights {
  alert: number;
  signal: number;
  check: number;
  object: number;
}

export const DEFAULT_WEIGHTS: SeverityWeights = { alert: 1, signal: 1, check: 1, object: 1 };
/** A grade may rise by this much before it counts as a new item. */
export const GRADE_TOLERANCE = 0.2;

export function itemId(item: SeverityItem): string {
  return `${item.source}:${item.object ? refLabel(item.object) : '-'}:${item.what}${item.key ? `:${item.key}` : ''}`;
}

export function mu(severity: Severity, weights: SeverityWeights = DEFAULT_WEIGHTS): number {
  if (!severity.known) return Number.POSITIVE_INFINITY;
  return severity.items.reduce((sum, item) => sum + weights[item.source], 0);
}

/**
 * Items of `after` that `before` lacks, or whose grade worsened beyond tolerance. What was tolerated since `start` counts,
 * so that it does not add up; a greater rise since then was not let through, so others caused it.
 */
function newItems(before: SeverityItem[], after: SeverityItem[], start: SeverityItem[]): SeverityItem[] {
  const grades = new Map(before.map((item) => [itemId(item), item.grade]));
  const first = new Map(start.map((item) => [itemId(item), item.grade]));
  return after.filter((item) => {
    const old = grades.get(itemId(item));
    if (old === undefined) return true;
    const least = Math.min(old, first.get(itemId(item)) ?? old);
    return item.grade > (old > least + GRADE_TOLERANCE ? old : least) + GRADE_TOLERANCE;
  });
}

/** Items of `before` that are gone from `after`. */
export function goneItems(before: SeverityItem[], after: SeverityItem[]): SeverityItem[] {
  const present = new Set(after.map(itemId));
  return before.filter((item) => !present.has(itemId(item)));
}

const NAMED = 3;

/** What the items are about, by name: the first few. */
export function itemNames(items: readonly SeverityItem[]): string {
  const names = [...new Set(items.map(({ object, what }) => (object ? refLabel(object) : what)))];
  const more = names.length > NAMED ? ` and ${names.length - NAMED} more` : '';
  return `${names.slice(0, NAMED).join(', ')}${more}`;
}

export type CommitRule = 'strict' | 'paper';

export interface CommitVerdict {
  commit: boolean;
  /** One sentence for the log and for reflection. */
  reason: string;
  /** New items charged to our writes. */
  ours: SeverityItem[];
  /** New items on objects that we did not touch and that do not depend on what we touched. */
  foreign: SeverityItem[];
}

const FRUITLESS = 'nothing got better';

const UNAIDED = 'it got well without the change';

/** The reason to take a change back that is not what helped. @param how in words */
export function unaidedReason(how: string): string {
  return `${UNAIDED}: ${how}`;
}

/** Of a verdict's reason: see {@link unaidedReason}. */
export function isUnaided(reason: string): boolean {
  return reason.startsWith(UNAIDED);
}

/** Of a verdict's reason: the change did no harm, and no good. */
export function isFruitless(reason: string): boolean {
  return reason.startsWith(FRUITLESS);
}

/**
 * Commit rule. `paper`: mu(post) <= mu(pre). `strict` (default) also wants that no new user-facing item appeared,
 * that no new item is charged to our writes, and that an item present at the start went away.
 * @param isOurs tells whether an object is one of our roots or depends on one.
 * @param wroteAt when the first write was sent, milliseconds since the epoch; absent: what began when is not asked
 * @param yields tells whether the plan said that an object would have to wait: that alone is no reason against it
 * @param start severity at the start of the incident, where other transactions were kept since
 */
export function judgeCommit(
  rule: CommitRule,
  before: Severity,
  after: Severity,
  isOurs: (object: ObjectRef) => boolean,
  wroteAt?: number,
  weights: SeverityWeights = DEFAULT_WEIGHTS,
  yields: (object: ObjectRef) => boolean = () => false,
  start: Severity | null = null,
): CommitVerdict {
  const none = { ours: [], foreign: [] };
  if (!after.known) return { commit: false, reason: `severity after the change is unknown: ${after.reason}`, ...none };
  if (!before.known) return { commit: false, reason: `severity before is unknown: ${before.reason}`, ...none };
  const fresh = newItems(before.items, after.items, start?.known ? start.items : before.items);
  const ours = fresh.filter((item) => isCharged(item, isOurs, wroteAt));
  const foreign = fresh.filter((item) => !ours.includes(item));
  const [muBefore, muAfter] = [mu(before, weights), mu({ known: true, items: without(after.items, foreign) }, weights)];
  const verdict = (commit: boolean, reason: string): CommitVerdict => ({ commit, reason, ours, foreign });
  if (muAfter > muBefore) return verdict(false, `severity rose from ${muBefore} to ${muAfter}`);
  if (rule === 'paper') return verdict(true, `severity did not rise: ${muBefore} → ${muAfter}`);
  const waits = ours.filter(({ object, what }) => what === 'unready' && object !== null && yields(object));
  const first = ours.find((item) => !waits.includes(item));
  if (first) return verdict(false, `the change caused: ${first.message}`);
  const gone = goneItems(before.items, after.items);
  if (gone.length === 0 || (waits.length > 0 && muAfter === muBefore))
    return verdict(false, `${FRUITLESS}: severity ${muBefore} → ${muAfter}`);
  return verdict(true, `healthy again: ${itemNames(gone)}; severity ${muBefore} → ${muAfter}`);
}

const CLOCK_ERROR_MS = 2_000;

/**
 * An item of which nobody can show that we did not cause it is charged to us: what speaks of our objects, and what speaks
 * of none and did not begin before our write.
 */
function isCharged(item: SeverityItem, isOurs: (object: ObjectRef) => boolean, wroteAt?: number): boolean {
  const { since } = item;
  // Only telemetry tells when a condition began; its clock is known to about a second.
  if (isTelemetry(item) && since !== undefined && wroteAt !== undefined && since < wroteAt - CLOCK_ERROR_MS)
    return false;
  const subjects = spokenOf(item);
  if (subjects.length > 0) return subjects.some(isOurs);
  return since === undefined || wroteAt === undefined || since >= wroteAt;
}

function without(items: SeverityItem[], removed: SeverityItem[]): SeverityItem[] {
  return items.filter((item) => !removed.includes(item));
}
