import type { PatchOp } from '../../../../domain/change.ts';
import type { Evidence, Finding } from '../../../../domain/finding.ts';
import { NEED, PLACEMENT, REVISIONS } from '../../../../kube/kind-sets.ts';
import type { NeighbourTrouble } from '../../../../kube/placement/neighbours.ts';
import { hasMutableTemplate, podTemplateOf } from '../../../../kube/pod-template.ts';
import type { PodTemplate, Untyped } from '../../../../kube/pod-template.ts';
import { stableJson } from '../../../../json/stable-json.ts';
import { nameOf, placementFixes } from '../../clues/placement/placement-fixes.ts';
import { isDeadlock, makeWay } from '../../clues/pods/rollout-deadlock.ts';
import { replaceStuckPods } from '../../clues/pods/stuck-pods.ts';
import {
  obstaclesOf,
  schedulerSays,
  unplacedWorkloads,
  waitsForNode,
  wouldFit,
} from '../../clues/placement/unplaced.ts';
import type { Unplaced } from '../../clues/placement/unplaced.ts';
import { evidence, makeFinding } from '../../engine/analyzer.ts';
import type { Analyzer, AnalyzerContext, FixDraft } from '../../engine/analyzer.ts';
import { jsonPatch } from '../../engine/changes.ts';
import { retargeted } from './affinity-meant.ts';

const POD_NEIGHBOURS = 'pod-neighbours';
const REQUIRED = 'requiredDuringSchedulingIgnoredDuringExecution';
const PREFERRED = 'preferredDuringSchedulingIgnoredDuringExecution';

/** Pods whose required rules about other pods (affinity, anti-affinity, spread) no node satisfies. */
export async function analyzePodNeighbours(context: AnalyzerContext): Promise<Finding[]> {
  return (await unplacedWorkloads(context)).flatMap((unplaced) => {
    if (unplaced.growing) return [];
    const found = (['anti-affinity', 'affinity', 'spread'] as const).flatMap((kind) => obstaclesOf(unplaced, kind));
    const first = found[0];
    return first ? [findingFor(unplaced, first.obstacle)] : [];
  });
}

function findingFor(unplaced: Unplaced, trouble: NeighbourTrouble): Finding {
  const { workload, fleet } = unplaced;
  const expects = `the pods of ${nameOf(unplaced)} are placed and become ready`;
  const { fixes, reasons } = proposals(unplaced, trouble, expects);
  return makeFinding({
    rule: POD_NEIGHBOURS,
    severity: unplaced.served ? 'warning' : 'critical',
    object: workload,
    what: trouble.kind,
    message: messageOf(unplaced, trouble),
    evidence: [...ruleEvidence(unplaced, trouble), ...reasons, ...schedulerSays(fleet.view, unplaced)],
    fixes,
    unfixed:
      trouble.pointer === null
        ? 'the rule belongs to the other pod: whoever runs it decides whether they may share a node'
        : 'the rule was never met otherwise: whoever wrote it decides between fewer pods, more nodes and a softer rule',
  });
}

function messageOf(unplaced: Unplaced, { kind, pointer, other, topologyKey }: NeighbourTrouble): string {
  const name = nameOf(unplaced);
  if (kind === 'affinity')
    return `${name} must run beside pods that are on no node which would take it (by ${topologyKey})`;
  if (kind === 'spread')
    return `${name} must be spread evenly over ${topologyKey}, and no node is left that keeps it even`;
  if (pointer === null)
    return `Pod ${other!.metadata.namespace}/${other!.metadata.name} bears no pod of ${name} beside it (by ${topologyKey}), and no other node is left`;
  return unplaced.fleet.view.workloadOf(other!) === unplaced.workload
    ? `${name} must not run twice in one ${topologyKey}, and every node that would take another pod has one already`
    : `${name} must not run beside pod ${other!.metadata.name} (by ${topologyKey}), and no other node is left`;
}

function ruleEvidence({ workload, nearest, pod }: Unplaced, trouble: NeighbourTrouble): Evidence[] {
  const root = podTemplateOf(workload)?.field ?? 'spec';
  const { pointer, other } = trouble;
  const rule = pointer === null ? null : at(pod.spec, pointer);
  const field = pointer === null ? null : `${root}${pointer.replaceAll(/\/(\d+)/g, '[$1]').replaceAll('/', '.')}`;
  return [
    ...(field ? [evidence('spec', workload, field, `required: ${stableJson(rule ?? null).slice(0, 200)}`)] : []),
    ...(other
      ? [evidence('sibling', other, null, `pod ${other.metadata.name} is on node ${other.spec?.nodeName as string}`)]
      : []),
    evidence(
      'status',
      nearest[0]!.node,
      null,
      `${nearest.length === 1 ? '1 node' : `${nearest.length} nodes`} would take the pods but for this rule`,
    ),
  ];
}

function proposals(
  unplaced: Unplaced,
  trouble: NeighbourTrouble,
  expects: string,
): { fixes: FixDraft[]; reasons: Evidence[] } {
  const { workload, fleet, pod } = unplaced;
  const lists = /^\/(?:affinity(?:\/(?:podAffinity|podAntiAffinity)(?:\/.*)?)?|topologySpreadConstraints(?:\/.*)?)$/;
  const former = placementFixes(unplaced, (pointer) => lists.test(pointer), expects);
  if (former.fixes.length > 0) return former;
  const { kind, other } = trouble;
  if (kind === 'anti-affinity' && other && isDeadlock(fleet.view, workload, pod, other)) return makeWay(workload);
  const meant = retargeted(unplaced, trouble, expects);
  return { fixes: [...meant, ...softened(unplaced, trouble, expects)], reasons: former.reasons };
}

/** Last of all: the rule becomes a wish, so that pods run although not as they were meant to stand. */
function softened(unplaced: Unplaced, { kind, pointer }: NeighbourTrouble, expects: string): FixDraft[] {
  const { workload, fleet } = unplaced;
  const template = podTemplateOf(workload);
  if (pointer === null || !template || !hasMutableTemplate(workload)) return [];
  const changed = kind === 'spread' ? looseSpread(template, pointer) : wish(template, pointer);
  if (!changed || !wouldFit(unplaced, changed.podSpec)) return [];
  const stuck = replaceStuckPods(fleet.view, workload, waitsForNode);
  return [{ changes: [jsonPatch(workload, changed.ops), ...stuck], expects, confidence: 0.35 }];
}

interface Changed {
  ops: PatchOp[];
  podSpec: Untyped;
}

function looseSpread(template: PodTemplate, pointer: string): Changed | null {
  const podSpec = structuredClone(template.spec);
  const constraint = at(podSpec, pointer);
  if (!constraint) return null;
  const path = `${template.pointer}${pointer}`;
  const ops: PatchOp[] = [{ op: 'test', path, value: structuredClone(constraint) }];
  constraint.whenUnsatisfiable = 'ScheduleAnyway';
  delete constraint.minDomains;
  return { ops: [...ops, { op: 'replace', path, value: constraint }], podSpec };
}

function wish(template: PodTemplate, pointer: string): Changed | null {
  const [, , group, , index] = pointer.split('/') as [string, string, string, string, string];
  const podSpec = structuredClone(template.spec);
  const rules = podSpec?.affinity?.[group];
  const term = rules?.[REQUIRED]?.[Number(index)];
  if (!term) return null;
  const path = `${template.pointer}/affinity/${group}`;
  const ops: PatchOp[] = [{ op: 'test', path, value: structuredClone(rules) }];
  rules[REQUIRED].splice(Number(index), 1);
  if (rules[REQUIRED].length === 0) delete rules[REQUIRED];
  rules[PREFERRED] = [...((rules[PREFERRED] ?? []) as Untyped[]), { weight: 100, podAffinityTerm: term }];
  return { ops: [...ops, { op: 'replace', path, value: rules }], podSpec };
}

function at(podSpec: Untyped, pointer: string): Untyped {
  return pointer
    .split('/')
    .slice(1)
    .reduce((value, step) => value?.[step], podSpec);
}

export const podNeighboursRule: Analyzer = {
  rule: POD_NEIGHBOURS,
  layer: 'template',
  kinds: [...PLACEMENT, ...REVISIONS, ...NEED, 'Secret'],
  explains: 'Pods that no node takes because of required rules about which pods may, or must, run beside them.',
  unfixed: 'whoever wrote the rule decides between fewer pods, more nodes and a softer rule',
  analyze: analyzePodNeighbours,
};
