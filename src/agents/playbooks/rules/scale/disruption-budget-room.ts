import type { PatchOp } from '../../../../domain/change.ts';
import type { Finding } from '../../../../domain/finding.ts';
import type { KubeObject } from '../../../../domain/kube-object.ts';
import type { ClusterView } from '../../../../kube/cluster-view.ts';
import { PODS } from '../../../../kube/kind-sets.ts';
import { labelSelectorMatches } from '../../../../kube/labels.ts';
import { lastApplied, podTemplateOf } from '../../../../kube/pod-template.ts';
import { desiredReplicas, isLiving, isReady } from '../../../../kube/pods.ts';
import { jsonPatch } from '../../engine/changes.ts';
import type { Analyzer, AnalyzerContext, FixDraft } from '../../engine/analyzer.ts';
import { evidence, makeFinding } from '../../engine/analyzer.ts';

const DISRUPTION_BUDGET_ROOM = 'disruption-budget-room';

/**
 * Disruption budgets that no pod may ever leave, even when all are well: a node that carries one of them cannot be drained
 * (kubernetes.io: Specifying a Disruption Budget).
 */
export function analyzeBudgets({ view }: AnalyzerContext): Finding[] {
  return view.all('PodDisruptionBudget').flatMap((budget): Finding[] => {
    const covered = view
      .all('Pod', budget.metadata.namespace)
      .filter((pod) => isLiving(pod) && labelSelectorMatches(budget.spec?.selector, pod.metadata.labels));
    if (covered.length === 0 || !covered.every(isReady)) return [];
    const wanted = wantedPods(view, budget);
    const why = noRoom(budget.spec, wanted);
    if (!why || Number(budget.status?.disruptionsAllowed ?? 0) > 0) return [];
    const waiting = covered.find((pod) => view.find('Node', undefined, pod.spec?.nodeName)?.spec?.unschedulable);
    const waits = waiting ? `; node ${waiting.spec?.nodeName} is cordoned and carries ${waiting.metadata.name}` : '';
    return [
      makeFinding({
        rule: DISRUPTION_BUDGET_ROOM,
        severity: waiting ? 'warning' : 'info',
        object: budget,
        what: 'room',
        message: `PodDisruptionBudget ${budget.metadata.name} ${covered.length === 1 ? 'does not let its only pod' : `lets none of its ${covered.length} pods`} be evicted: ${why}${waits}`,
        evidence: [
          evidence('spec', budget, 'spec', why),
          evidence(
            'status',
            budget,
            'status.disruptionsAllowed',
            'disruptionsAllowed is 0 although all of its pods are ready',
          ),
        ],
        fixes: formerBudget(budget, wanted),
        unfixed:
          'how many of its pods may be missing at a time, or whether it should have more, is for their owner to say',
      }),
    ];
  });
}

/** Pods that the covered workloads are asked to run. */
function wantedPods(view: ClusterView, budget: KubeObject): number {
  return view
    .workloads()
    .filter(({ metadata }) => metadata.namespace === budget.metadata.namespace)
    .filter((workload) => labelSelectorMatches(budget.spec?.selector, podTemplateOf(workload)?.labels))
    .reduce((sum, workload) => sum + (desiredReplicas(workload) ?? 0), 0);
}

/** Why a budget has no room at `wanted` pods; null where it has some. Shares round up (policy/v1). */
function noRoom(spec: KubeObject['spec'], wanted: number): string | null {
  const share = (value: unknown) =>
    typeof value === 'number' ? value : Math.ceil((Number.parseFloat(String(value)) / 100) * wanted);
  if (spec?.maxUnavailable !== undefined) {
    return share(spec.maxUnavailable) === 0 ? `spec.maxUnavailable is ${spec.maxUnavailable}` : null;
  }
  const needed = share(spec?.minAvailable ?? 1);
  return needed >= wanted && wanted > 0
    ? `spec.minAvailable is ${spec?.minAvailable ?? 1} and its workloads run ${wanted}`
    : null;
}

/** Only what it was before: a budget is somebody's protection, and is not loosened by guess. */
function formerBudget(budget: KubeObject, wanted: number): FixDraft[] {
  const applied = lastApplied(budget)?.spec;
  if (!applied || noRoom(applied, wanted) !== null) return [];
  const ops = ['minAvailable', 'maxUnavailable'].flatMap((field): PatchOp[] => {
    const [now, before] = [budget.spec?.[field] as unknown, applied[field] as unknown];
    const path = `/spec/${field}`;
    if (now === before) return [];
    if (now === undefined) return [{ op: 'add', path, value: before }];
    const guard: PatchOp = { op: 'test', path, value: now };
    return [guard, before === undefined ? { op: 'remove', path } : { op: 'replace', path, value: before }];
  });
  const expects = `PodDisruptionBudget ${budget.metadata.name} lets pods be evicted one after the other again`;
  return ops.length > 0 ? [{ changes: [jsonPatch(budget, ops)], expects, confidence: 0.9 }] : [];
}

export const disruptionBudgetRoomRule: Analyzer = {
  rule: DISRUPTION_BUDGET_ROOM,
  layer: 'configuration',
  kinds: [...PODS, 'PodDisruptionBudget', 'Node'],
  explains: 'Drains and node upgrades that wait for ever, because a disruption budget lets no pod go.',
  unfixed: 'how many pods may be missing at a time is for their owner to say',
  analyze: analyzeBudgets,
};
