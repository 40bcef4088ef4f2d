import type { Evidence, Finding } from '../../../../domain/finding.ts';
import type { KubeObject } from '../../../../domain/kube-object.ts';
import type { ClusterView } from '../../../../kube/cluster-view.ts';
import { refTo } from '../../../../kube/cluster-view.ts';
import { isFinished } from '../../../../kube/cron-runs.ts';
import { PODS, REVISIONS } from '../../../../kube/kind-sets.ts';
import { controllerOf } from '../../../../kube/ownership.ts';
import { completedResources } from '../../../../kube/pod-resources.ts';
import { hasMutableTemplate, podTemplateOf } from '../../../../kube/pod-template.ts';
import { isLiving } from '../../../../kube/pods.ts';
import { resourceRules, usedOf } from '../../../../kube/resource-rules.ts';
import { spelledQuantity } from '../../../../text/quantity.ts';
import { evidence, makeFinding } from '../../engine/analyzer.ts';
import type { Analyzer, AnalyzerContext, FixDraft } from '../../engine/analyzer.ts';
import { immutableReason, cannotMakePods, missingPods, refusalEvidence, refusedBy, severityOf } from './refused.ts';
import type { Refused } from './refused.ts';
import { formerResourceFixes } from './resource-change.ts';
import { formerSizeFix, surgeFix } from './smaller-rollout.ts';

const QUOTA_EXCEEDED = 'quota-exceeded';
const USERS_SHOWN = 3;

/** A resource of the quota that would be exceeded, in the server's own numbers. */
interface Over {
  name: string;
  asked: string;
  used: string;
  hard: string;
}

/** Pods that do not fit into what a resource quota leaves. */
export function analyzeExceededQuotas({ view }: AnalyzerContext): Finding[] {
  const scopes = refusedBy(view, 'quotaScope').map((refused) => scopeFinding(view, refused));
  return [...scopes, ...refusedBy(view, 'quotaExceeded').map((refused) => findingFor(view, refused))];
}

function findingFor(view: ClusterView, refused: Refused): Finding {
  const { workload, match } = refused;
  const { namespace } = workload.metadata;
  const name = match[1]!;
  const quota = view.find('ResourceQuota', namespace, name);
  const over = overOf(match);
  const words = over.map((one) => `${one.name}: ${one.used} of ${one.hard} used, ${one.asked} more asked for`);
  const about = quota ?? refTo('ResourceQuota', 'v1', namespace, name);
  const { fixes, reasons } = quota ? fixesFor(view, workload, quota, over) : { fixes: [], reasons: [] };
  const finished = over.flatMap((one) => finishedOf(view, namespace, one) ?? []);
  return makeFinding({
    rule: QUOTA_EXCEEDED,
    severity: severityOf(view, workload),
    object: workload,
    what: name,
    message: `${cannotMakePods(view, workload)}: ResourceQuota ${name} is used up (${words.join('; ')})`,
    evidence: [
      refusalEvidence(refused),
      ...over.map((one, index) => evidence('sibling', about, `status.used["${one.name}"]`, words[index]!)),
      ...reasons,
      ...over.flatMap((one) => users(view, namespace, one.name)),
      ...finished.map(({ text, field }) => evidence('sibling', about, field, text)),
    ],
    fixes: hasMutableTemplate(workload) ? fixes : [],
    unfixed:
      immutableReason(workload) ??
      clearing(finished) ??
      `nothing shows that ${workload.kind} ${workload.metadata.name} asks for more than it did: whoever gives out quota ${name} decides who gets what`,
  });
}

/** Only what the workload itself came to ask for beyond what it had is taken back. */
function fixesFor(
  view: ClusterView,
  workload: KubeObject,
  quota: KubeObject,
  over: readonly Over[],
): { fixes: FixDraft[]; reasons: Evidence[] } {
  const template = podTemplateOf(workload);
  if (!template) return { fixes: [], reasons: [] };
  const rules = resourceRules(view, workload.metadata.namespace);
  const now = completedResources(template.spec, rules.ranges);
  const asksLess = (podSpec: KubeObject['spec']) => {
    const then = completedResources(podSpec, rules.ranges);
    return over.some(({ name }) => usedOf(name, then) < usedOf(name, now));
  };
  const missing = missingPods(view, workload);
  const all = formerResourceFixes(view, workload, rules, missing);
  // Where not all fit, one more than now is still something.
  const some = all.fixes.length > 0 ? all : formerResourceFixes(view, workload, rules, Math.min(1, missing));
  const fixes = some.fixes.filter((_, index) => asksLess(some.parts[index]!.podSpec));
  const weight = some === all ? 1 : 0.7;
  const size = formerSizeFix(view, workload);
  const surge = surgeFix(view, workload, quota, now);
  return {
    fixes: [
      ...fixes.map((fix) => ({ ...fix, confidence: fix.confidence * weight })),
      ...(fixes.length === 0 ? [size, surge].flatMap((each) => each?.fix ?? []) : []),
    ],
    reasons: [
      ...some.parts.filter(({ podSpec }) => asksLess(podSpec)).map((part) => part.evidence),
      ...(fixes.length === 0 ? [size, surge].flatMap((each) => each?.evidence ?? []) : []),
    ],
  };
}

function overOf(match: RegExpExecArray): Over[] {
  const [asked, used, hard] = [match[2]!, match[3]!, match[4]!].map(
    (text) => new Map(text.split(',').map((part) => part.trim().split('=') as [string, string])),
  ) as [Map<string, string>, Map<string, string>, Map<string, string>];
  return [...asked].map(([name, amount]) => ({
    name,
    asked: amount,
    used: used.get(name) ?? '?',
    hard: hard.get(name) ?? '?',
  }));
}

/** Workloads of the namespace that take the most of a resource. */
function users(view: ClusterView, namespace: string | undefined, name: string): Evidence[] {
  const totals = view
    .workloads()
    .filter((workload) => workload.metadata.namespace === namespace)
    .map((workload) => {
      const pods = view.podsOf(workload).filter(isLiving);
      const total = pods.reduce((sum, pod) => sum + (usedOf(name, completedResources(pod.spec, [])) || 0), 0);
      return { workload, pods: pods.length, total };
    })
    .filter(({ total }) => total > 0)
    .sort((a, b) => b.total - a.total);
  return totals.slice(0, USERS_SHOWN).map(({ workload, pods, total }) => {
    const text = `${workload.kind} ${workload.metadata.name} takes ${spelledQuantity(total, name)} of ${name} with ${pods} pods`;
    return evidence('sibling', workload, null, text);
  });
}

interface Finished {
  /** Whose they are, most first. */
  owners: KubeObject[];
  field: string;
  text: string;
}

/** Kinds that a quota counts as objects, whether or not they have finished (kubernetes.io: Resource Quotas, object count). */
const COUNTED = { 'count/pods': 'Pod', 'count/jobs.batch': 'Job' } as const;
/** Owners of finished objects that are named. */
const OWNERS_SHOWN = 12;

/** What still counts although it has finished, of all owners together. */
function finishedOf(view: ClusterView, namespace: string | undefined, { name, used }: Over): Finished | null {
  const kind = COUNTED[name as keyof typeof COUNTED] as (typeof COUNTED)[keyof typeof COUNTED] | undefined;
  if (!kind) return null;
  const done = view
    .all(kind, namespace)
    .filter((one) => (kind === 'Job' ? isFinished(one) : /^(?:Succeeded|Failed)$/.test(String(one.status?.phase))));
  const byOwner = [...Map.groupBy(done, (one) => (kind === 'Pod' ? view.workloadOf(one) : makerOf(view, one)))];
  if (byOwner.length === 0) return null;
  byOwner.sort(([, a], [, b]) => b.length - a.length);
  const named = byOwner.slice(0, OWNERS_SHOWN).map(([{ kind: of, metadata }, all]) => {
    return `${of} ${metadata.name}${byOwner.length > 1 && all.length > 1 ? ` (${all.length})` : ''}`;
  });
  const more = byOwner.length > OWNERS_SHOWN ? ` and ${byOwner.length - OWNERS_SHOWN} more` : '';
  return {
    owners: byOwner.map(([owner]) => owner),
    field: `status.used["${name}"]`,
    text: `${done.length} of the ${used} that count as ${name} have finished: those of ${named.join(', ')}${more}`,
  };
}

function makerOf(view: ClusterView, job: KubeObject): KubeObject {
  const { kind = '', name = '' } = controllerOf(job) ?? {};
  return view.find(kind, job.metadata.namespace, name) ?? job;
}

function clearing([first]: readonly Finished[]): string | null {
  if (!first) return null;
  const isCron = ({ kind }: KubeObject) => kind === 'CronJob';
  const ways = [
    ...(first.owners.some(isCron) ? ['a lower successfulJobsHistoryLimit or failedJobsHistoryLimit'] : []),
    ...(first.owners.every(isCron) ? [] : ['ttlSecondsAfterFinished']),
  ];
  const [owner] = first.owners;
  const whose = first.owners.length > 1 ? 'them' : `${owner!.kind} ${owner!.metadata.name}`;
  return `${first.text}; whoever owns ${whose} can have them cleared (${ways.join(', or ')}), which nobody takes back`;
}

function scopeFinding(view: ClusterView, refused: Refused): Finding {
  const { workload } = refused;
  const priority = podTemplateOf(workload)?.spec?.priorityClassName as string | undefined;
  const what = priority ? ` of priority class ${priority}` : '';
  return makeFinding({
    rule: QUOTA_EXCEEDED,
    severity: severityOf(view, workload),
    object: workload,
    what: 'scope',
    message: `${cannotMakePods(view, workload)}: pods${what} are let in only where a ResourceQuota of the namespace gives them room, and none does`,
    evidence: [refusalEvidence(refused)],
    unfixed: 'whoever gives out quota for that scope decides whether the namespace gets some',
  });
}

export const quotaExceededRule: Analyzer = {
  rule: QUOTA_EXCEEDED,
  layer: 'configuration',
  kinds: [...PODS, 'HorizontalPodAutoscaler', ...REVISIONS, 'Event', 'ResourceQuota', 'LimitRange'],
  explains: 'Pods that do not fit into what a resource quota leaves, and who takes it.',
  unfixed: 'who gives out the quota decides who gets what of it',
  analyze: analyzeExceededQuotas,
};
