import type { Finding } from '../../../../domain/finding.ts';
import type { KubeObject } from '../../../../domain/kube-object.ts';
import { refKey, refOf } from '../../../../domain/kube-object.ts';
import type { AutoscalerDemand } from '../../../../kube/autoscaler-demand.ts';
import { demandOf, isCapped } from '../../../../kube/autoscaler-demand.ts';
import { PLACEMENT, REVISIONS } from '../../../../kube/kind-sets.ts';
import { lastApplied, podTemplateOf } from '../../../../kube/pod-template.ts';
import { condition, isReady } from '../../../../kube/pods.ts';
import { rivalScalers } from '../../../../kube/rival-scalers.ts';
import { roomFor } from '../../../../kube/placement/room.ts';
import { completedResources } from '../../../../kube/pod-resources.ts';
import { appliesTo, leftIn, resourceRules, usedOf } from '../../../../kube/resource-rules.ts';
import { degradedWorkloads } from '../../clues/pods/degraded.ts';
import { fleetOf } from '../../clues/placement/unplaced.ts';
import type { Analyzer, AnalyzerContext } from '../../engine/analyzer.ts';
import { evidence, makeFinding } from '../../engine/analyzer.ts';
import { jsonPatch } from '../../engine/changes.ts';
import { suspectChanges } from './changes-before.ts';

const AUTOSCALER_AT_MAXIMUM = 'autoscaler-at-maximum';

const SURE = 0.75;
/** Beside pods that nobody here may see there may be less room. */
const ROOM_UNKNOWN = 0.6;
/** A change that made it need more is gone back on first. */
const AFTER_ROLLBACK = 0.4;
/** Where nobody here may see what nodes have room for, a metric that goes wrong asks for any number. */
const MOST_TIMES = 4;
/** Load is never even: at exactly what it asks for now the bound would be met again at once. */
const SLACK = 1.25;

/** Autoscalers at their upper bound whose own metrics ask for more, while telemetry says that what they scale suffers. */
export async function analyzeAutoscalerAtMaximum(context: AnalyzerContext): Promise<Finding[]> {
  const { view } = context;
  const rivals = rivalScalers(view);
  const capped = view
    .all('HorizontalPodAutoscaler')
    .filter((one) => !one.metadata.deletionTimestamp && isCapped(one) && !knowsWider(one) && !rivals.has(one));
  const findings = await Promise.all(capped.map((scaler) => findingFor(context, scaler)));
  return findings.flat();
}

/** A wider range that was applied before is what autoscaler-range goes back to. */
function knowsWider(scaler: KubeObject): boolean {
  const applied: unknown = lastApplied(scaler)?.spec?.maxReplicas;
  return typeof applied === 'number' && applied > Number(scaler.spec?.maxReplicas);
}

async function findingFor(context: AnalyzerContext, scaler: KubeObject): Promise<Finding[]> {
  const { view } = context;
  const { kind = '', name = '' } = scaler.spec?.scaleTargetRef ?? {};
  const target = view.find(kind, scaler.metadata.namespace, name);
  const max = Number(scaler.spec?.maxReplicas ?? 0);
  const demand = demandOf(scaler);
  if (!target || Number(scaler.status?.currentReplicas) < max) return [];
  const suffering = degradedWorkloads(context).find(
    ({ workload }) => refKey(refOf(workload)) === refKey(refOf(target)),
  );
  const most = demand && (await bounded(context, target, max, demand));
  const base = {
    rule: AUTOSCALER_AT_MAXIMUM,
    severity: suffering ? ('warning' as const) : ('info' as const),
    object: scaler,
    what: 'maximum',
    message: `HorizontalPodAutoscaler ${scaler.metadata.name} has ${kind} ${name} at its ${max} replicas (spec.maxReplicas), ${demand ? `and its metrics ask for ${demand.replicas}: ${demand.text}` : 'and would have more'}`,
    evidence: [
      evidence(
        'status',
        scaler,
        'status.conditions',
        String(condition(scaler, 'ScalingLimited')?.message ?? 'limited'),
      ),
      ...(demand ? [evidence('status', scaler, 'status.currentMetrics', demand.text)] : []),
      ...(suffering?.reasons ?? []),
    ],
  };
  if (!demand || !most)
    return [makeFinding({ ...base, unfixed: 'it does not tell how many replicas its metrics ask for' })];
  if (!suffering)
    return [makeFinding({ ...base, unfixed: 'nothing is known to suffer from it: the bound may be meant' })];
  if (most.replicas <= max) return [makeFinding({ ...base, unfixed: `there is no room for more: ${most.bound}` })];
  const now = context.signals?.at ?? view.now;
  const began = suffering.begins.map((each) => Math.min(each, now));
  const isBrought = suspectChanges(view, target, began).some(({ change }) => change.back.length > 0);
  return [
    makeFinding({
      ...base,
      evidence: [...base.evidence, ...(most.bound ? [evidence('sibling', target, null, most.bound)] : [])],
      fixes: [
        {
          changes: [
            jsonPatch(scaler, [
              { op: 'test', path: '/spec/maxReplicas', value: max },
              { op: 'replace', path: '/spec/maxReplicas', value: most.replicas },
            ]),
          ],
          expects: `HorizontalPodAutoscaler ${scaler.metadata.name} lets ${kind} ${name} have up to ${most.replicas} replicas, and its metrics come down to their targets`,
          confidence: isBrought ? AFTER_ROLLBACK : most.isRoomKnown ? SURE : ROOM_UNKNOWN,
        },
      ],
    }),
  ];
}

/** As many as the metrics ask for, and some slack, within quotas and the room on nodes; `bound` says what holds it below. */
async function bounded(
  context: AnalyzerContext,
  target: KubeObject,
  max: number,
  demand: AutoscalerDemand,
): Promise<{ replicas: number; bound: string | null; isRoomKnown: boolean }> {
  const { view } = context;
  const template = podTemplateOf(target);
  const wanted = Math.ceil(demand.replicas * SLACK);
  const { ranges, quotas } = resourceRules(view, target.metadata.namespace);
  const containers = completedResources(template?.spec, ranges);
  const rooms = quotas
    .filter((quota) => appliesTo(quota, template?.spec, containers))
    .flatMap((quota) =>
      Object.entries(leftIn(quota)).flatMap(([resource, left]) => {
        const each = usedOf(resource, containers);
        const text = `ResourceQuota ${quota.metadata.name} has ${resource} left for`;
        return each > 0 ? [{ more: Math.floor(left / each + 1e-9), text }] : [];
      }),
    );
  const model = view.podsOf(target).find(isReady) ?? view.podsOf(target)[0];
  const onNodes =
    model && view.known('Node')
      ? roomFor(await fleetOf(context), { ...model, spec: { ...model.spec, nodeName: undefined } })
      : null;
  if (onNodes !== null) rooms.push({ more: onNodes, text: 'nodes have room for' });
  else rooms.push({ more: (MOST_TIMES - 1) * max, text: 'the room on nodes is not known, so that it gets' });
  const [least] = rooms.sort((a, b) => a.more - b.more);
  const isBound = least !== undefined && max + least.more < wanted;
  return {
    replicas: isBound ? max + least.more : wanted,
    bound: isBound ? `${least.text} ${least.more} more ${least.more === 1 ? 'pod' : 'pods'} of it` : null,
    isRoomKnown: onNodes !== null,
  };
}

export const autoscalerAtMaximumRule: Analyzer = {
  rule: AUTOSCALER_AT_MAXIMUM,
  layer: 'symptom',
  kinds: [
    ...PLACEMENT,
    ...REVISIONS,
    'HorizontalPodAutoscaler',
    'ScaledObject.keda.sh',
    'Service',
    'ResourceQuota',
    'LimitRange',
  ],
  explains:
    'Workloads that get slow under load because their autoscaler may not add the pods that its metrics ask for.',
  unfixed: 'it does not tell how many replicas its metrics ask for',
  analyze: analyzeAutoscalerAtMaximum,
};
