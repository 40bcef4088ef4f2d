import type { AttemptRecord } from '../../../domain/brain.ts';
import type { Finding, Fix } from '../../../domain/finding.ts';
import type { KubeObject, ObjectRef } from '../../../domain/kube-object.ts';
import { refKey, refOf } from '../../../domain/kube-object.ts';
import { planText } from '../../../domain/plan.ts';
import type { Plan, PlanStep } from '../../../domain/plan.ts';
import { areCoherent, combinedSteps, deletesPod } from './combined-steps.ts';
import type { Severity } from '../../../domain/severity.ts';
import { isTelemetry, spokenOf } from '../../../domain/severity.ts';
import type { ClusterView } from '../../../kube/cluster-view.ts';
import { LAYERS } from './analyzer.ts';
import { revisionsOf } from '../../../kube/revisions.ts';
import { callersOf, subjectsOf } from '../../../kube/subjects.ts';
import { keysOfCallees } from '../../../kube/callees.ts';

export interface PlanningInput {
  view: ClusterView;
  severity: Severity;
  /** Ranked, most likely cause first. */
  findings: Finding[];
  attempts: readonly AttemptRecord[];
  depthOf: (rule: string) => number;
  hash: (text: string) => string;
}

/** Alternatives below this come after every better one, whatever their finding. */
const UNLIKELY = 0.3;
/** Joint alternatives looked at per group of findings. */
const MAX_JOINT = 8;
const REPLICAS_DEPTH = LAYERS.indexOf('replicas');
const SYMPTOM_DEPTH = LAYERS.indexOf('symptom');
/** Rules up to this layer keep pods from running. */
const LAST_POD_DEPTH = REPLICAS_DEPTH;

interface Candidate {
  findings: Finding[];
  fixes: Fix[];
  score: number;
}

/** Other plans that are told beside the next one. */
const MAX_ALTERNATIVES = 3;

/**
 * The next plan and what else could be done, best first; empty when every justified plan was tried. Findings come in rank order; after an undone attempt another
 * alternative of the same finding comes before the next finding. Findings that only together keep the same pods from
 * running are mended in one transaction, because mending one of them would show no improvement.
 */
export function nextPlans(input: PlanningInput): Plan[] {
  const plans = new Map<string, Plan>();
  const tried = new Set(input.attempts.map((attempt) => attempt.plan.hash));
  const candidates = groupsOf(input).flatMap((group) => candidatesOf(input, group));
  const likely = candidates.filter(({ score }) => score >= UNLIKELY);
  const unlikely = candidates.filter(({ score }) => score < UNLIKELY);
  for (const candidate of [...likely, ...unlikely]) {
    const plan = planOf(candidate, input.hash);
    if (tried.has(plan.hash) || input.attempts.some((attempt) => sameEffect(input.view, attempt.plan, plan))) continue;
    // Of causes with one remedy, the first is the more likely.
    if (!plans.has(plan.hash)) plans.set(plan.hash, plan);
    if (plans.size > MAX_ALTERNATIVES) break;
  }
  return [...plans.values()];
}

/** Findings with fixes, in rank order, put together where they stand in each other's way. */
function groupsOf({ view, severity, findings, depthOf }: PlanningInput): Finding[][] {
  const beyond = new Set(
    findings
      .filter((one) => one.beyond && one.severity !== 'info')
      .flatMap(({ object }) => [...subjectsOf(view, object), ...callersOf(view, object)]),
  );
  const explained = ({ rule, object }: Finding) =>
    depthOf(rule) >= SYMPTOM_DEPTH && subjectsOf(view, object).every((subject) => beyond.has(subject));
  const fixable = findings.filter(
    (finding) => finding.fixes.length > 0 && isWorthwhile(view, severity, finding) && !explained(finding),
  );
  const groups: Finding[][] = [];
  for (const finding of fixable) {
    const touching = groups.filter((group) => group.some((other) => belongTogether(view, depthOf, finding, other)));
    const [first] = touching;
    if (!first) {
      groups.push([finding]);
      continue;
    }
    first.push(finding);
    for (const other of touching.slice(1)) {
      first.push(...other);
      groups.splice(groups.indexOf(other), 1);
    }
  }
  return groups.sort((a, b) => concern(view, severity, a) - concern(view, severity, b));
}

/** 0 for findings that bear on something measured as unhealthy; the sort is stable, so rank decides the rest. */
function concern(view: ClusterView, severity: Severity, group: Finding[]): number {
  return group.some((finding) => bearsOnSeverity(view, severity, finding)) ? 0 : 1;
}

/**
 * A warning about something that nobody measures as unhealthy is reported, not mended in the middle of an incident:
 * nothing could show that it helped. While a user's check fails, anything may be its cause.
 */
function isWorthwhile(view: ClusterView, severity: Severity, finding: Finding): boolean {
  if (finding.severity === 'info') return false;
  return finding.severity === 'critical' || bearsOnSeverity(view, severity, finding);
}

function bearsOnSeverity(view: ClusterView, severity: Severity, finding: Finding): boolean {
  if (!severity.known) return true;
  const reach = new Set([...subjectsOf(view, finding.object), ...callersOf(view, finding.object)]);
  return severity.items.some((item) => {
    const named = spokenOf(item);
    if (named.length === 0) return true;
    if (named.some((ref) => subjectsOf(view, ref).some((subject) => reach.has(subject)))) return true;
    // What telemetry tells of requests comes from anywhere that they go; what is not ready asks its neighbours at most.
    const asking = isTelemetry(item) ? named.flatMap((ref) => workloadsAt(view, ref)) : [];
    return asking.some((workload) => [...keysOfCallees(view, workload)].some((key) => reach.has(key)));
  });
}

function workloadsAt(view: ClusterView, ref: ObjectRef): KubeObject[] {
  const keys = new Set(subjectsOf(view, ref));
  return view.workloads().filter((workload) => keys.has(refKey(refOf(workload))));
}

function belongTogether(view: ClusterView, depthOf: (rule: string) => number, a: Finding, b: Finding): boolean {
  const depths = [depthOf(a.rule), depthOf(b.rule)].sort((x, y) => x - y) as [number, number];
  const gatePods = depths[1] <= LAST_POD_DEPTH;
  // Starting pods behind a Service that sends them nothing helps nobody, and the other way round.
  const startAndRoute = depths[0] === REPLICAS_DEPTH && depths[1] === REPLICAS_DEPTH + 1;
  if (!gatePods && !startAndRoute) return false;
  const subjects = new Set(subjectsOf(view, a.object));
  return subjectsOf(view, b.object).some((subject) => subjects.has(subject));
}

function candidatesOf({ depthOf }: PlanningInput, group: Finding[]): Candidate[] {
  const singles = group.flatMap((finding) =>
    finding.fixes.map((fix) => ({ findings: [finding], fixes: [fix], score: fix.confidence })),
  );
  if (group.length === 1) return singles;
  const byDepth = [...group].sort((a, b) => depthOf(a.rule) - depthOf(b.rule));
  const joint = jointCandidates(byDepth);
  // One finding of several can only show improvement if the others were false alarms.
  const alone = singles.map((single) => ({ ...single, score: single.score / 2 }));
  return [...joint, ...alone].sort((a, b) => b.score - a.score);
}

/** Combinations of one alternative per finding; a rollback that several findings share stands for all of them. */
function jointCandidates(group: Finding[]): Candidate[] {
  let partial: Candidate[] = [{ findings: group, fixes: [], score: 1 }];
  for (const finding of group) {
    partial = partial
      .flatMap((so) => finding.fixes.map((fix) => extend(so, fix)))
      .sort((a, b) => b.score - a.score)
      .slice(0, MAX_JOINT * 4);
  }
  return partial.filter(({ fixes }) => areCoherent(fixes.map(({ changes }) => changes))).slice(0, MAX_JOINT);
}

function extend(candidate: Candidate, fix: Fix): Candidate {
  const known = candidate.fixes.some((other) => fixText(other) === fixText(fix));
  // Faults that one rollback removes together most likely came together.
  const score = known ? Math.min(1, candidate.score + 0.1) : Math.min(candidate.score, fix.confidence);
  return { ...candidate, fixes: known ? candidate.fixes : [...candidate.fixes, fix], score };
}

function fixText(fix: Fix): string {
  return JSON.stringify([fix.changes, fix.files ?? []]);
}

function planOf({ findings, fixes }: Candidate, hash: (text: string) => string): Plan {
  const lead = findings[0]!;
  const steps = stepsOf(findings, fixes);
  const files = fixes.flatMap((fix) => fix.files ?? []);
  const distinct = files.filter((file, index) => files.findIndex((other) => other.name === file.name) === index);
  const others = findings.length - 1;
  const yields = fixes.flatMap((fix) => fix.yields ?? []);
  const persons = [...new Set(fixes.flatMap((fix) => fix.needsPerson ?? []))];
  return {
    hash: hash(planText(steps, distinct)),
    title: others === 0 ? lead.message : `${lead.message} (and ${others} more in its way)`,
    findingId: lead.id,
    ...(others > 0 ? { causes: findings.map(({ id }) => id) } : {}),
    steps,
    files: distinct,
    expects: [...new Set(fixes.map((fix) => fix.expects))].join('; '),
    ...(yields.length > 0 ? { yields } : {}),
    ...(persons.length > 0 ? { needsPerson: persons.join('; ') } : {}),
  };
}

function stepsOf(findings: Finding[], fixes: Fix[]): PlanStep[] {
  return combinedSteps(
    fixes.map((fix) => ({
      changes: fix.changes,
      why: (findings.find((each) => each.fixes.includes(fix)) ?? findings[0]!).message,
    })),
  );
}

/**
 * True if two plans do the same although their texts differ: undoing a rollback gives the same template a new revision
 * number, and a replaced pod a new name.
 */
function sameEffect(view: ClusterView, before: Plan, next: Plan): boolean {
  const [a, b] = [before, next].map(({ steps }) => steps.filter((step) => !deletesPod(step)));
  if (!a || !b || a.length === 0 || a.length !== b.length) return false;
  if (JSON.stringify(before.files) !== JSON.stringify(next.files)) return false;
  return a.every((step, index) => sameStep(view, step, b[index]!));
}

function sameStep(view: ClusterView, before: PlanStep, next: PlanStep): boolean {
  if (before.type === 'runbook' && next.type === 'runbook')
    return JSON.stringify(before.action) === JSON.stringify(next.action);
  if (before.type !== 'kubectl' || next.type !== 'kubectl') return false;
  if (JSON.stringify(before.argv) === JSON.stringify(next.argv)) return true;
  const [old, now] = [before.change, next.change];
  if (old?.type !== 'rollout-undo' || now?.type !== 'rollout-undo') return false;
  if (refKey(old.object) !== refKey(now.object)) return false;
  const workload = view.find(now.object.kind, now.object.namespace, now.object.name);
  if (!workload) return false;
  const revisions = revisionsOf(view, workload);
  const target = revisions.find((revision) => revision.number === now.revision);
  if (target?.earlierNumbers.includes(old.revision)) return true;
  // ControllerRevisions keep no former numbers: a number that is gone was most likely given anew.
  return workload.kind !== 'Deployment' && !revisions.some((revision) => revision.number === old.revision);
}
