import type { Evidence, Finding } from '../../../../domain/finding.ts';
import type { KubeObject } from '../../../../domain/kube-object.ts';
import { changedAt } from '../../../../kube/managed-fields.ts';
import type { Fleet } from '../../../../kube/placement/fleet.ts';
import { CORDON_TAINT, taintsOf, taintText } from '../../../../kube/placement/taints.ts';
import { condition } from '../../../../kube/pods.ts';
import { PLACEMENT, REVISIONS } from '../../../../kube/kind-sets.ts';
import { untrustedLine } from '../../../../text/redact.ts';
import { maintenanceMarks } from '../../clues/placement/maintenance.ts';
import { obstaclesOf, schedulerSays, unplacedWorkloads } from '../../clues/placement/unplaced.ts';
import type { Unplaced } from '../../clues/placement/unplaced.ts';
import { evidence, makeFinding } from '../../engine/analyzer.ts';
import type { Analyzer, AnalyzerContext } from '../../engine/analyzer.ts';
import { jsonPatch } from '../../engine/changes.ts';

const CORDONED_NODE = 'cordoned-node';

/** Nodes that are cordoned although nobody drains them, with pods that wait for them. */
export async function analyzeCordonedNodes(context: AnalyzerContext): Promise<Finding[]> {
  const waiting = new Map<KubeObject, Unplaced[]>();
  for (const unplaced of await unplacedWorkloads(context)) {
    if (unplaced.growing) continue;
    for (const { node } of obstaclesOf(unplaced, 'cordoned')) {
      waiting.set(node, [...(waiting.get(node) ?? []), unplaced]);
    }
  }
  return [...waiting].map(([node, all]) => findingFor(context, node, all));
}

function findingFor({ view }: AnalyzerContext, node: KubeObject, waiting: Unplaced[]): Finding {
  const { name } = node.metadata;
  const work = maintenanceOn(node, waiting[0]!.fleet, view.now);
  const names = waiting.map(({ workload }) => `${workload.kind} ${workload.metadata.name}`);
  const more = names.length > 3 ? ` and ${names.length - 3} more` : '';
  const path = '/spec/unschedulable';
  const confidence = 0.85 * certainty(node, waiting);
  return makeFinding({
    rule: CORDONED_NODE,
    severity: waiting.some(({ served }) => !served) ? 'critical' : 'warning',
    object: node,
    what: 'unschedulable',
    message: `Node ${name} is cordoned, and pods of ${names.slice(0, 3).join(', ')}${more} wait for it`,
    evidence: [
      evidence('spec', node, 'spec.unschedulable', sinceWhen(node, view.now)),
      ...work.evidence,
      ...otherNodes(waiting[0]!, node),
      ...waiting.slice(0, 3).flatMap((unplaced) => schedulerSays(view, unplaced).slice(0, 1)),
    ],
    fixes: work.goesOn
      ? []
      : [
          {
            changes: [
              jsonPatch(node, [
                { op: 'test', path, value: true },
                { op: 'remove', path },
              ]),
            ],
            expects: `pods of ${names.slice(0, 3).join(', ')}${more} are placed on node ${name} and become ready`,
            confidence,
          },
        ],
    unfixed: work.goesOn ?? undefined,
  });
}

/** Who else could explain the wait, and what may be unseen, makes it less sure. */
function certainty(node: KubeObject, waiting: Unplaced[]): number {
  const only = waiting.some(({ nearest }) => nearest.every(({ obstacles }) => obstacles.some(isCordon)));
  const alone = waiting.some(({ nearest }) =>
    nearest.some((verdict) => verdict.node === node && verdict.obstacles.every(isCordon)),
  );
  const hints = maintenanceMarks(node).length > 0;
  return (only ? 1 : 0.7) * (alone ? 1 : 0.7) * (hints ? 0.6 : 1) * (waiting[0]!.fleet.complete ? 1 : 0.8);
}

const isCordon = ({ kind }: { kind: string }): boolean => kind === 'cordoned' || kind === 'unknown';

function sinceWhen(node: KubeObject, now: number): string {
  const author = changedAt(node, ['spec', 'unschedulable']);
  const at = author?.at ?? Date.parse(taintsOf(node).find(({ key }) => key === CORDON_TAINT)?.timeAdded ?? '');
  const when = Number.isNaN(at) ? '' : ` since ${new Date(at).toISOString()} at the latest (${ageText(now - at)})`;
  const who = author ? `, written by ${untrustedLine(author.by, 80)}` : '';
  return `the node is cordoned${when}${who}`;
}

function ageText(ms: number): string {
  const minutes = Math.max(0, Math.round(ms / 60_000));
  if (minutes < 120) return `${minutes} min ago`;
  return minutes < 2880 ? `${Math.round(minutes / 60)} h ago` : `${Math.round(minutes / 1440)} days ago`;
}

/** A node that was emptied this recently is still being worked on. */
const WORK_MS = 30 * 60_000;

interface Maintenance {
  /** Why the node is left alone; null when nobody is seen to work on it. */
  goesOn: string | null;
  evidence: Evidence[];
}

function maintenanceOn(node: KubeObject, fleet: Fleet, now: number): Maintenance {
  const marks = maintenanceMarks(node);
  const leave = (goesOn: string, ...facts: Evidence[]): Maintenance => ({ goesOn, evidence: [...facts, ...marks] });
  if (node.metadata.deletionTimestamp) return leave('the node is being deleted');
  if (condition(node, 'Ready')?.status !== 'True')
    return leave('the node is not ready either: whoever runs it decides when it takes pods again');
  const taints = taintsOf(node).filter(({ key }) => key !== CORDON_TAINT);
  if (taints.length > 0) {
    const text = `the node also has taint ${taints.map(taintText).join(', ')}`;
    return leave(
      'the node is tainted as well, so somebody keeps pods off it on purpose: whoever did so decides',
      evidence('spec', node, 'spec.taints', text),
    );
  }
  const evicted = fleet.pods.find(
    (pod) =>
      pod.spec?.nodeName === node.metadata.name &&
      condition(pod, 'DisruptionTarget')?.reason === 'EvictionByEvictionAPI',
  );
  if (evicted) {
    const text = `pod ${evicted.metadata.name} is being evicted from it now`;
    return leave(
      'the node is being drained right now: whoever drains it decides when it takes pods again',
      evidence('status', evicted, 'status.conditions[DisruptionTarget]', text),
    );
  }
  const author = changedAt(node, ['spec', 'unschedulable']);
  const fresh = !(now - (author?.at ?? NaN) > WORK_MS);
  if (fresh && /drain/i.test(author?.by ?? ''))
    return leave('the node was drained not long ago: whoever did so decides when it takes pods again');
  const staying = fleet.podsOn(node).filter(isEvictable);
  if (staying.length === 0 && fleet.complete && fresh) {
    return leave(
      'the node was emptied not long ago, as for maintenance: whoever cordoned it decides when it takes pods again',
      evidence('status', node, null, 'no pod is left on it that a drain would move'),
    );
  }
  const text = `${staying.length} pods that a drain would move run on it undisturbed, e.g. ${staying[0]?.metadata.name}`;
  return { goesOn: null, evidence: [...(staying.length > 0 ? [evidence('status', node, null, text)] : []), ...marks] };
}

/** `kubectl drain` leaves pods of DaemonSets and those that the kubelet itself runs. */
function isEvictable(pod: KubeObject): boolean {
  const owners = pod.metadata.ownerReferences ?? [];
  return !owners.some(({ kind }) => kind === 'DaemonSet' || kind === 'Node');
}

function otherNodes({ verdicts }: Unplaced, node: KubeObject): Evidence[] {
  return verdicts
    .filter((verdict) => verdict.node !== node)
    .slice(0, 3)
    .map(({ node: other, obstacles }) => {
      const kinds = [...new Set(obstacles.map(({ kind }) => kind))].join(', ') || 'nothing that is known';
      return evidence('status', other, null, `node ${other.metadata.name} does not take them either: ${kinds}`);
    });
}

export const cordonedNodeRule: Analyzer = {
  rule: CORDONED_NODE,
  layer: 'infrastructure',
  kinds: [...PLACEMENT, ...REVISIONS],
  explains: 'Pods that wait because the node that would take them was cordoned and is not being drained.',
  unfixed: 'whoever cordoned the node decides when it takes pods again',
  analyze: analyzeCordonedNodes,
};
