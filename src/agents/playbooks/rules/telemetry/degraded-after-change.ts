import type { Finding } from '../../../../domain/finding.ts';
import { PODS, REVISIONS } from '../../../../kube/kind-sets.ts';
import { desiredReplicas, isReady } from '../../../../kube/pods.ts';
import { durationText } from '../../../../text/amount.ts';
import { complainedOf } from '../../clues/pods/complained-of.ts';
import type { Degraded } from '../../clues/pods/degraded.ts';
import { degradedWorkloads } from '../../clues/pods/degraded.ts';
import { SUSPECT_MS } from '../../clues/pods/suspect-time.ts';
import type { Analyzer, AnalyzerContext } from '../../engine/analyzer.ts';
import { makeFinding } from '../../engine/analyzer.ts';
import type { RecentChange } from './changes-before.ts';
import { suspectChanges } from './changes-before.ts';

const DEGRADED_AFTER_CHANGE = 'degraded-after-change';

const HIGHEST = 0.88;
/** Of the confidence, lost over the whole time in which a change is a suspect. */
const AGE_COST = 0.25;

/**
 * Workloads of which telemetry, a check or the log of somebody who asks them says that something is wrong, although their
 * pods are ready, and that were changed shortly before it began.
 */
export async function analyzeDegradedAfterChange(context: AnalyzerContext): Promise<Finding[]> {
  const { view, signals } = context;
  const now = signals?.at ?? view.now;
  return degradedWorkloads(context, await complainedOf(context)).flatMap((degraded): Finding[] => {
    const { workload } = degraded;
    if (workload.metadata.deletionTimestamp || desiredReplicas(workload) === 0) return [];
    // Where its pods do not run, rules that look at pods know better.
    if (!view.podsOf(workload).some(isReady)) return [];
    const begins = degraded.begins.map((began) => Math.min(began, now));
    return suspectChanges(view, workload, begins).map(({ change, before }) => findingFor(degraded, change, before));
  });
}

function findingFor({ workload, weight, reasons, stops }: Degraded, change: RecentChange, beforeMs: number): Finding {
  const { kind, metadata } = workload;
  const age = AGE_COST * (Math.max(0, beforeMs) / SUSPECT_MS);
  const confidence = Math.max(0.3, HIGHEST * weight * change.trust - age);
  const when = beforeMs > 0 && Number.isFinite(beforeMs) ? `${durationText(beforeMs)} before` : 'when';
  const [first] = reasons;
  return makeFinding({
    rule: DEGRADED_AFTER_CHANGE,
    severity: stops ? 'critical' : 'warning',
    object: workload,
    what: change.what.replace(/, by .*|\(.*/, '').trim(),
    message: `${kind} ${metadata.name} had ${change.what} changed ${when} this began: ${first?.text ?? 'it serves worse'}`,
    evidence: [...reasons.slice(0, 4), ...change.reasons],
    fixes: change.back.map((fix) => ({ ...fix, confidence })),
    ...(change.back.length === 0
      ? { unfixed: `nothing in the cluster keeps what ${change.what} was before: whoever changed it can say` }
      : {}),
  });
}

export const degradedAfterChangeRule: Analyzer = {
  rule: DEGRADED_AFTER_CHANGE,
  // Whoever knows more of what is wrong comes first.
  layer: 'symptom',
  kinds: [...PODS, ...REVISIONS, 'Event', 'Service', 'EndpointSlice', 'HorizontalPodAutoscaler', 'Namespace'],
  explains:
    'Workloads that alerts, metrics, traces or those who ask them call slow or failing since somebody changed them.',
  unfixed: 'nothing in the cluster keeps what was changed as it was before: whoever changed it can say what was meant',
  analyze: analyzeDegradedAfterChange,
};
