import type { Evidence, Finding } from '../../../../domain/finding.ts';
import type { KubeObject } from '../../../../domain/kube-object.ts';
import type { ClusterView } from '../../../../kube/cluster-view.ts';
import { isOfPresentTemplate, isServed } from '../../../../kube/container-trouble.ts';
import { PODS, REVISIONS } from '../../../../kube/kind-sets.ts';
import { hasMutableTemplate, podTemplateOf } from '../../../../kube/pod-template.ts';
import { isLiving } from '../../../../kube/pods.ts';
import { rollbackFixes } from '../../clues/former/rollback.ts';
import { setField } from '../../clues/patches/container-patch.ts';
import { evidence, makeFinding } from '../../engine/analyzer.ts';
import type { Analyzer, AnalyzerContext, FixDraft } from '../../engine/analyzer.ts';
import { partFixes, patchFix } from '../../clues/former/part-fixes.ts';
import { DEFAULT_SCHEDULER, holdOf } from './holds.ts';
import type { Hold } from './holds.ts';

const POD_HELD = 'pod-held';

/** Pods that are held on their way to their containers and Services, or thrown out again, for what their template asks. */
export function analyzeHeldPods({ view }: AnalyzerContext): Finding[] {
  return view.workloads().flatMap((workload) => {
    if (workload.metadata.deletionTimestamp) return [];
    const seen = new Map<string, Hold>();
    for (const pod of view.podsOf(workload)) {
      // A Job counts the pods that failed itself.
      if (!isLiving(pod) && !hasMutableTemplate(workload)) continue;
      const hold = isOfPresentTemplate(view, workload, pod) ? holdOf(view, workload, pod) : null;
      if (hold && !seen.has(hold.what)) seen.set(hold.what, hold);
    }
    return [...seen.values()].map((hold) => findingFor(view, workload, hold));
  });
}

function findingFor(view: ClusterView, workload: KubeObject, hold: Hold): Finding {
  const label = `${workload.kind} ${workload.metadata.name}`;
  const { fixes, reasons } = fixesFor(view, workload, hold);
  return makeFinding({
    rule: POD_HELD,
    severity: isServed(view, workload) ? 'warning' : 'critical',
    object: workload,
    what: hold.what,
    message: `${label}: ${hold.text}`,
    evidence: [...hold.reasons, ...reasons],
    fixes,
    unfixed: hold.unfixed,
    // Where the template has no part in it, changing the template mends nothing.
    ...(hold.concerns ? {} : { beyond: true as const }),
  });
}

/** The former value of what holds the pods, then another way that the cluster itself shows, then the revision as a whole. */
function fixesFor(view: ClusterView, workload: KubeObject, hold: Hold): { fixes: FixDraft[]; reasons: Evidence[] } {
  if (!hold.concerns) return { fixes: [], reasons: [] };
  const former = partFixes(view, workload, hold.concerns, 0.92);
  const other = hold.what === 'no-scheduler' ? commonScheduler(view, workload) : { fixes: [], reasons: [] };
  const whole = former.fixes.length > 0 ? rollbackFixes(view, workload) : { fixes: [], reasons: [] };
  const least = Math.min(...former.fixes.map(({ confidence }) => confidence));
  return {
    fixes: [
      ...former.fixes,
      ...other.fixes,
      ...whole.fixes.map((fix) => ({ ...fix, confidence: Math.min(fix.confidence, least - 0.05) })),
    ],
    reasons: [...former.reasons, ...other.reasons],
  };
}

/** The cluster's own scheduler, where it places pods of this snapshot and the one that is named has placed none. */
function commonScheduler(view: ClusterView, workload: KubeObject): { fixes: FixDraft[]; reasons: Evidence[] } {
  const { spec, pointer } = podTemplateOf(workload)!;
  const named = String(spec?.schedulerName ?? DEFAULT_SCHEDULER);
  const placed = view.all('Pod').filter((pod) => pod.spec?.nodeName);
  const by = (name: string) => placed.find((pod) => (pod.spec?.schedulerName ?? DEFAULT_SCHEDULER) === name);
  const example = by(DEFAULT_SCHEDULER);
  if (named === DEFAULT_SCHEDULER || by(named) || !example) return { fixes: [], reasons: [] };
  const expects = `${workload.kind} ${workload.metadata.name} has its pods placed by ${DEFAULT_SCHEDULER}`;
  const ops = setField(pointer, spec, 'schedulerName', DEFAULT_SCHEDULER);
  const text = `pod ${example.metadata.name} was placed by ${DEFAULT_SCHEDULER}; none was by ${named}`;
  return {
    fixes: patchFix(view, workload, ops, expects, 0.6),
    reasons: [evidence('sibling', example, 'spec.schedulerName', text)],
  };
}

export const podHeldRule: Analyzer = {
  rule: POD_HELD,
  layer: 'template',
  kinds: [...PODS, ...REVISIONS],
  explains:
    'Pods that are held before their containers start, or are thrown out again: schedulers, gates, mounts, sandboxes, evictions.',
  unfixed: 'no earlier state of the template had it otherwise',
  analyze: analyzeHeldPods,
};
