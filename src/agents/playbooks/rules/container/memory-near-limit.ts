import type { Finding } from '../../../../domain/finding.ts';
import type { KubeObject } from '../../../../domain/kube-object.ts';
import type { ClusterView } from '../../../../kube/cluster-view.ts';
import { lastEnd, podContainers } from '../../../../kube/container-trouble.ts';
import { PODS, REVISIONS } from '../../../../kube/kind-sets.ts';
import type { ContainerSpec } from '../../../../kube/pod-template.ts';
import { containersOf, podTemplateOf } from '../../../../kube/pod-template.ts';
import { quantity, quantityText } from '../../../../kube/quantity.ts';
import { amountText } from '../../../../text/amount.ts';
import { within } from '../../clues/patches/container-patch.ts';
import type { ShortOfMemory } from '../../clues/pods/memory-verdict.ts';
import { shortOfMemory } from '../../clues/pods/memory-verdict.ts';
import type { Analyzer, AnalyzerContext, FixDraft } from '../../engine/analyzer.ts';
import { makeFinding } from '../../engine/analyzer.ts';
import { memoryCeiling } from './memory-ceiling.ts';
import { isHigher, memoryLimitOf, raiseMemory } from './memory-raise.ts';
import { partFixes } from '../../clues/former/part-fixes.ts';

const MEMORY_NEAR_LIMIT = 'memory-near-limit';

const MI = 2 ** 20;
const FORMER = 0.85;
const MEASURED = 0.6;
/** The most that was ever in use is to be less than 80 % of the new limit: alerts come from 85 or 90 %. */
const HEAD_ROOM = 1.3;
/** A limit that is raised by less would be reached at once. */
const LEAST_RISE = 1.1;

/** Containers that need nearly all of their memory limit, and have not been killed for it yet. */
export function analyzeMemoryNearLimit(context: AnalyzerContext): Finding[] {
  const { view } = context;
  return shortOfMemory(context, 'tight-limit', 'unknown').flatMap((short): Finding[] => {
    const { workload, verdict } = short;
    const own = containersOf(podTemplateOf(workload)?.spec).find(({ name }) => name === verdict.container);
    // What was killed is another rule's.
    if (!own || wasKilled(view, workload, own)) return [];
    return [findingFor(view, short, own)];
  });
}

function wasKilled(view: ClusterView, workload: KubeObject, own: ContainerSpec): boolean {
  return podContainers(view, workload).some(
    ({ own: other, status }) => other?.name === own.name && lastEnd(status)?.reason === 'OOMKilled',
  );
}

function findingFor(view: ClusterView, { workload, verdict, reasons }: ShortOfMemory, own: ContainerSpec): Finding {
  const limit: unknown = memoryLimitOf(podTemplateOf(workload)?.spec, own.name);
  const where = `Container ${own.name} of ${workload.kind} ${workload.metadata.name}`;
  const base = {
    rule: MEMORY_NEAR_LIMIT,
    severity: 'warning' as const,
    object: workload,
    what: own.name,
  };
  if (verdict.cause === 'unknown') {
    return makeFinding({
      ...base,
      message: `${where} is about to run out of memory, and why is not known`,
      evidence: reasons,
      unfixed: `what would tell a leak from a limit that is too tight is missing: ${verdict.evidence.at(-1)}`,
    });
  }
  const former = partFixes(
    view,
    workload,
    within(own, 'resources/limits/memory', 'resources/requests/memory'),
    FORMER,
    ({ podSpec }) => isHigher(memoryLimitOf(podSpec, own.name), limit),
  );
  return makeFinding({
    ...base,
    message: `${where} always needs nearly all of its memory limit (${String(limit ?? 'set by its namespace')}): ${verdict.evidence[0]}`,
    evidence: [...reasons, ...former.reasons],
    fixes: [...former.fixes, ...measuredFix(view, workload, own, verdict.peakBytes)],
    unfixed:
      verdict.peakBytes === null
        ? 'nobody tells how much it needs'
        : `it used up to ${amountText(verdict.peakBytes, 'bytes')}, and its namespace or the nodes have no room for a limit with head room above that`,
  });
}

/** What was used at most, with head room, as far as LimitRanges, quotas and nodes allow. */
function measuredFix(view: ClusterView, workload: KubeObject, own: ContainerSpec, peak: number | null): FixDraft[] {
  const now = quantity(own.spec?.resources?.limits?.memory);
  if (peak === null || now === null) return [];
  const bytes = Math.ceil(Math.max(peak * HEAD_ROOM, now * LEAST_RISE) / MI) * MI;
  if (bytes > memoryCeiling(view, workload, own)) return [];
  return raiseMemory(view, workload, own, quantityText('memory', bytes), MEASURED);
}

export const memoryNearLimitRule: Analyzer = {
  rule: MEMORY_NEAR_LIMIT,
  layer: 'symptom',
  kinds: [...PODS, ...REVISIONS, 'LimitRange', 'ResourceQuota'],
  explains: 'Containers that always need nearly all of their memory limit, so that a little more load kills them.',
  unfixed: 'nothing tells how much memory it needs, or there is no more to give',
  analyze: analyzeMemoryNearLimit,
};
