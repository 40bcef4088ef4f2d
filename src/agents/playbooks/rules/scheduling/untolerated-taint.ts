import type { Evidence, Finding } from '../../../../domain/finding.ts';
import type { KubeObject } from '../../../../domain/kube-object.ts';
import { NEED, PLACEMENT, REVISIONS } from '../../../../kube/kind-sets.ts';
import { eventOf } from '../../../../kube/cluster-view.ts';
import type { ClusterEvent, ClusterView } from '../../../../kube/cluster-view.ts';
import { changedAt } from '../../../../kube/managed-fields.ts';
import { tolerates } from '../../../../kube/node-fit.ts';
import { taintText } from '../../../../kube/placement/taints.ts';
import type { Taint } from '../../../../kube/placement/taints.ts';
import type { Untyped } from '../../../../kube/pod-template.ts';
import { untrustedLine } from '../../../../text/redact.ts';
import { maintenanceMarks, speaksOfWork } from '../../clues/placement/maintenance.ts';
import { nameOf, placementFixes } from '../../clues/placement/placement-fixes.ts';
import { obstaclesOf, schedulerSays, unplacedWorkloads } from '../../clues/placement/unplaced.ts';
import type { Unplaced } from '../../clues/placement/unplaced.ts';
import { eventEvidence, evidence, makeFinding } from '../../engine/analyzer.ts';
import type { Analyzer, AnalyzerContext, FixDraft } from '../../engine/analyzer.ts';
import { jsonPatch } from '../../engine/changes.ts';

const UNTOLERATED_TAINT = 'untolerated-taint';
/** A taint this young may be the first step of some work on its node. */
const YOUNG_MS = 10 * 60_000;

/** Pods that would fit nodes but for a taint that they do not tolerate. */
export async function analyzeTaints(context: AnalyzerContext): Promise<Finding[]> {
  return (await unplacedWorkloads(context)).flatMap((unplaced) => {
    const tainted = obstaclesOf(unplaced, 'taint');
    if (tainted.length === 0 || unplaced.growing) return [];
    return [findingFor(unplaced, tainted)];
  });
}

type Tainted = ReturnType<typeof obstaclesOf<'taint'>>;

function findingFor(unplaced: Unplaced, tainted: Tainted): Finding {
  const { workload, fleet } = unplaced;
  const expects = `the pods of ${nameOf(unplaced)} are placed and become ready`;
  const lost = placementFixes(unplaced, (pointer) => pointer === '/tolerations', expects);
  const stray = lost.fixes.length > 0 ? [] : strayTaints(unplaced, tainted, expects);
  const texts = [...new Set(tainted.map(({ obstacle }) => taintText(obstacle.taint)))];
  const names = [...new Set(tainted.map(({ node }) => node.metadata.name))];
  const nodes = `${names.slice(0, 3).join(', ')}${names.length > 3 ? ` and ${names.length - 3} more` : ''}`;
  return makeFinding({
    rule: UNTOLERATED_TAINT,
    severity: unplaced.served ? 'warning' : 'critical',
    object: workload,
    what: texts.join(','),
    message: `${nameOf(unplaced)} does not tolerate taint ${texts.slice(0, 3).join(', ')} of node ${nodes}, and no other node takes its pods`,
    evidence: [
      ...tainted.slice(0, 4).map(({ node, obstacle }) => taintEvidence(node, obstacle.taint)),
      ...lost.reasons,
      ...stray.flatMap(({ reasons }) => reasons),
      ...schedulerSays(fleet.view, unplaced),
    ],
    fixes: [...lost.fixes, ...stray.map(({ fix }) => fix)],
    unfixed: tainted.every(({ obstacle }) => obstacle.standing)
      ? 'the taint says what the node is or how it is: it is taken away by mending the node, not by hand'
      : 'whoever tainted the node knows what it is kept for and decides whether these pods belong there',
  });
}

function taintEvidence(node: KubeObject, taint: Taint): Evidence {
  const author = changedAt(node, ['spec', 'taints']);
  const since = taint.timeAdded ?? (author && new Date(author.at).toISOString());
  const who = author ? `, list of taints last written by ${untrustedLine(author.by, 80)}` : '';
  const text = `node ${node.metadata.name} has taint ${taintText(taint)}${since ? ` since ${since}` : ''}${who}`;
  return evidence('spec', node, 'spec.taints', text);
}

/**
 * Takes a taint away that shuts everybody out: nobody in the cluster tolerates it, so it keeps the node for no one, and
 * it came after pods that were placed there without tolerating it. A young one stays where it or its node speaks of work,
 * and where it also evicts, as whoever empties a node does.
 */
function strayTaints(unplaced: Unplaced, tainted: Tainted, expects: string): { fix: FixDraft; reasons: Evidence[] }[] {
  const { fleet } = unplaced;
  if (!fleet.complete) return [];
  return tainted
    .filter(({ alone, obstacle }) => alone && !obstacle.standing)
    .slice(0, 1)
    .flatMap(({ node, obstacle: { taint } }) => {
      const author = changedAt(node, ['spec', 'taints']);
      const added = taint.timeAdded ? Date.parse(taint.timeAdded) : (author?.at ?? NaN);
      const young = !(fleet.view.now - added >= YOUNG_MS);
      if (young && atWork(node, taint)) return [];
      const before = fleet
        .podsOn(node)
        .filter((pod) => !toleratesTaint(pod, taint) && Date.parse(pod.metadata.creationTimestamp ?? '') <= added);
      const meant = fleet.pods.find((pod) => names(pod, taint));
      // Other taints of the pods' nearest node stay in the way.
      const others = unplaced.nearest.find((verdict) => verdict.node === node)!.obstacles.length > 1;
      // One that also evicts leaves nobody there to tell.
      const evicted = evictions(fleet.view, taint);
      const facts = before[0]
        ? [evidence('sibling', before[0], 'spec.tolerations', staying(before))]
        : evicted.map((event) => eventEvidence(event, event.object));
      if (meant || others || facts.length === 0) return [];
      const index = (node.spec.taints as Taint[]).indexOf(taint);
      const path = `/spec/taints/${index}`;
      return [
        {
          fix: {
            changes: [
              jsonPatch(node, [
                { op: 'test', path, value: taint },
                { op: 'remove', path },
              ]),
            ],
            expects,
            confidence: young ? 0.4 : 0.5,
          },
          reasons: [
            ...facts,
            evidence('sibling', node, 'spec.taints', `no pod of the cluster tolerates ${taint.key} by name`),
          ],
        },
      ];
    });
}

function atWork(node: KubeObject, taint: Taint): boolean {
  return (
    taint.effect === 'NoExecute' ||
    node.spec?.unschedulable === true ||
    speaksOfWork(taint.key) ||
    maintenanceMarks(node).length > 0
  );
}

function staying(pods: KubeObject[]): string {
  return `${pods.length} pods without a toleration were on the node before the taint came, e.g. ${pods[0]!.metadata.name}`;
}

function evictions(view: ClusterView, { effect }: Taint): ClusterEvent[] {
  if (effect !== 'NoExecute') return [];
  const pods = view.all('Event').filter((event) => event['reason'] === 'TaintManagerEviction');
  return pods.slice(0, 1).map(eventOf);
}

function toleratesTaint(pod: KubeObject, taint: Taint): boolean {
  return ((pod.spec?.tolerations ?? []) as Untyped[]).some((toleration) => tolerates(toleration, taint));
}

function names(pod: KubeObject, taint: Taint): boolean {
  return ((pod.spec?.tolerations ?? []) as Untyped[]).some(({ key }) => key === taint.key);
}

export const untoleratedTaintRule: Analyzer = {
  rule: UNTOLERATED_TAINT,
  layer: 'template',
  kinds: [...PLACEMENT, ...REVISIONS, ...NEED, 'Secret'],
  explains: 'Pods that no node takes because of a taint which they do not tolerate.',
  unfixed: 'whoever tainted the node knows what it is kept for and decides whether these pods belong there',
  analyze: analyzeTaints,
};
