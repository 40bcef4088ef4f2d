import type { PatchOp } from '../../../../domain/change.ts';
import type { Evidence, Finding } from '../../../../domain/finding.ts';
import type { KubeObject } from '../../../../domain/kube-object.ts';
import { cappedBy } from '../../../../kube/capped-scaler.ts';
import type { ClusterView } from '../../../../kube/cluster-view.ts';
import { NEED, PODS, REVISIONS } from '../../../../kube/kind-sets.ts';
import { labelSelectorMatches } from '../../../../kube/labels.ts';
import { LAST_APPLIED_FIELD, lastApplied, podTemplateOf } from '../../../../kube/pod-template.ts';
import { desiredReplicas } from '../../../../kube/pods.ts';
import { formerSizes } from '../../clues/scale/former-size.ts';
import { rivalScalers } from '../../../../kube/rival-scalers.ts';
import { jsonPatch } from '../../engine/changes.ts';
import { eventEvidence, evidence, makeFinding } from '../../engine/analyzer.ts';
import type { Analyzer, AnalyzerContext } from '../../engine/analyzer.ts';

const AUTOSCALER_RANGE = 'autoscaler-range';

/** What a workload needs at least, and who says so. */
interface Wanted {
  min: number;
  max: number;
  confidence: number;
  evidence: Evidence;
  /** The two numbers are a former range, not a need that was made one. */
  range: boolean;
}

/**
 * Autoscalers whose bounds keep a workload below what it had or needs. The bounds hold without metrics too, and a scale
 * by hand is taken back within seconds, so that the bounds themselves are what has to change.
 */
export function analyzeAutoscalerRange({ view, severity }: AnalyzerContext): Finding[] {
  const ill = severity.known && severity.items.length > 0;
  const rivals = rivalScalers(view);
  return view.all('HorizontalPodAutoscaler').flatMap((scaler): Finding[] => {
    const { kind = '', name = '' } = scaler.spec?.scaleTargetRef ?? {};
    const target = view.find(kind, scaler.metadata.namespace, name);
    if (!target || scaler.metadata.deletionTimestamp || rivals.has(scaler)) return [];
    const replicas = desiredReplicas(target) ?? 0;
    const [min, max] = rangeOf(scaler.spec);
    // Only a workload that is at its bound is kept from anything; one at 0 has switched its autoscaler off.
    if (replicas === 0 || replicas < max) return [];
    const wanted = wantedFor(view, scaler, target).filter((one) => one.max > max);
    const [best] = wanted;
    if (!best) return [];
    const capped = cappedBy(view, scaler);
    return [
      makeFinding({
        rule: AUTOSCALER_RANGE,
        // A smaller range may be meant; it matters where something is wrong.
        severity: ill && (capped !== undefined || best.confidence >= 0.8) ? 'warning' : 'info',
        object: scaler,
        what: 'range',
        message: `HorizontalPodAutoscaler ${scaler.metadata.name} keeps ${kind} ${name} at ${max} or fewer replicas (spec.maxReplicas), fewer than the ${best.range ? `${best.min} to ${best.max}` : best.max} it ${best.range ? 'was set to' : 'had or needs'}`,
        evidence: [
          evidence('spec', scaler, 'spec', `minReplicas ${min}, maxReplicas ${max}`),
          ...wanted.map((one) => one.evidence),
          ...(capped ? [eventEvidence(capped, scaler)] : []),
        ],
        fixes: distinct(wanted).map((one) => ({
          changes: [jsonPatch(scaler, opsFor(scaler, Math.max(min, one.min), one.max))],
          expects: `HorizontalPodAutoscaler ${scaler.metadata.name} lets ${kind} ${name} run ${Math.max(min, one.min)} to ${one.max} replicas`,
          confidence: one.confidence,
        })),
      }),
    ];
  });
}

function rangeOf(spec: KubeObject['spec']): [number, number] {
  return [Number(spec?.minReplicas ?? 1), Number(spec?.maxReplicas ?? 0)];
}

/** Both bounds: without metrics a higher upper one alone moves nothing. */
function opsFor(scaler: KubeObject, min: number, max: number): PatchOp[] {
  const set = (field: 'maxReplicas' | 'minReplicas', value: number): PatchOp[] => {
    const now: unknown = scaler.spec?.[field];
    const path = `/spec/${field}`;
    if (now === value) return [];
    return now === undefined
      ? [{ op: 'add', path, value }]
      : [
          { op: 'test', path, value: now },
          { op: 'replace', path, value },
        ];
  };
  return [...set('maxReplicas', max), ...set('minReplicas', min)];
}

function distinct(wanted: Wanted[]): Wanted[] {
  return wanted.filter((one, at) => wanted.findIndex((other) => other.min === one.min && other.max === one.max) === at);
}

/** Best evidence first. */
function wantedFor(view: ClusterView, scaler: KubeObject, target: KubeObject): Wanted[] {
  const found = [
    ...formerRange(scaler),
    ...formerSizesOf(view, target),
    ...scalingEvents(view, target, cappedBy(view, scaler) ? 0.85 : 0.75),
    ...budgets(view, target),
  ];
  return found.sort((a, b) => b.confidence - a.confidence);
}

function formerRange(scaler: KubeObject): Wanted[] {
  const applied = lastApplied(scaler)?.spec;
  if (!applied || typeof applied.maxReplicas !== 'number') return [];
  const [min, max] = rangeOf(applied);
  const text = `the configuration last applied gives minReplicas ${min}, maxReplicas ${max}`;
  return [
    { min, max, confidence: 0.92, range: true, evidence: evidence('revision', scaler, LAST_APPLIED_FIELD, text) },
  ];
}

/** What other autoscalers or the present bounds say of themselves is no evidence against them. */
function formerSizesOf(view: ClusterView, target: KubeObject): Wanted[] {
  return formerSizes(view, target)
    .filter(({ evidence: { object, source } }) => object?.kind !== 'HorizontalPodAutoscaler' && source !== 'sibling')
    .map(({ replicas, confidence, evidence: told }) => ({
      min: replicas,
      max: replicas,
      confidence: confidence * 0.8,
      range: false,
      evidence: told,
    }));
}

/** `Scaled down replica set web-7d4 from 3 to 1`, of the present ReplicaSet: the size right before. */
function scalingEvents(view: ClusterView, target: KubeObject, confidence: number): Wanted[] {
  const current = target.kind === 'Deployment' ? view.currentReplicaSet(target)?.metadata.name : undefined;
  if (current === undefined) return [];
  return view.eventsOf(target).flatMap((event): Wanted[] => {
    const match = /^Scaled down replica set (\S+) from (\d+) to [1-9]/.exec(event.message);
    if (event.reason !== 'ScalingReplicaSet' || match?.[1] !== current) return [];
    const size = Number(match[2]);
    return [{ min: size, max: size, confidence, range: false, evidence: eventEvidence(event, target) }];
  });
}

/** A budget that more pods have to stay up than the autoscaler allows can never be met. */
function budgets(view: ClusterView, target: KubeObject): Wanted[] {
  const labels = podTemplateOf(target)?.labels;
  return view.all('PodDisruptionBudget', target.metadata.namespace).flatMap((budget): Wanted[] => {
    const needed: unknown = budget.spec?.minAvailable;
    if (typeof needed !== 'number' || !labelSelectorMatches(budget.spec?.selector, labels)) return [];
    const text = `PodDisruptionBudget ${budget.metadata.name} wants ${needed} of its pods available`;
    const told = evidence('sibling', budget, 'spec.minAvailable', text);
    return [{ min: needed, max: needed, confidence: 0.8, range: false, evidence: told }];
  });
}

export const autoscalerRangeRule: Analyzer = {
  rule: AUTOSCALER_RANGE,
  layer: 'replicas',
  kinds: [...PODS, ...REVISIONS, ...NEED, 'PodDisruptionBudget'],
  explains:
    'Workloads that stay too small, and scale back by themselves, because the bounds of their autoscaler say so.',
  unfixed: 'nothing tells what the bounds were before',
  analyze: analyzeAutoscalerRange,
};
