import type { Evidence, Finding } from '../../../../domain/finding.ts';
import type { KubeObject } from '../../../../domain/kube-object.ts';
import { NEED, PLACEMENT, REVISIONS } from '../../../../kube/kind-sets.ts';
import { reaches } from '../../../../kube/placement/node-obstacles.ts';
import { stableJson } from '../../../../json/stable-json.ts';
import { nameOf, placementFixes } from '../../clues/placement/placement-fixes.ts';
import { obstaclesOf, schedulerSays, unplacedWorkloads } from '../../clues/placement/unplaced.ts';
import type { Unplaced } from '../../clues/placement/unplaced.ts';
import { evidence, makeFinding } from '../../engine/analyzer.ts';
import type { Analyzer, AnalyzerContext } from '../../engine/analyzer.ts';

const VOLUME_REACH = 'volume-reach';

/** Pods whose volume cannot be used on any node that would take them. */
export async function analyzeVolumeReach(context: AnalyzerContext): Promise<Finding[]> {
  return (await unplacedWorkloads(context)).flatMap((unplaced) => {
    const first = obstaclesOf(unplaced, 'volume')[0];
    return first && !unplaced.growing ? [findingFor(unplaced, first.obstacle)] : [];
  });
}

function findingFor(unplaced: Unplaced, { claim, volume }: { claim: string; volume: KubeObject }): Finding {
  const { workload, fleet, verdicts } = unplaced;
  const { name } = volume.metadata;
  const within = verdicts.filter(({ node }) => reaches(volume, node));
  const expects = `the pods of ${nameOf(unplaced)} are placed where volume ${name} is and become ready`;
  const { fixes, reasons } = placementFixes(unplaced, isPlacement, expects);
  return makeFinding({
    rule: VOLUME_REACH,
    severity: unplaced.served ? 'warning' : 'critical',
    object: workload,
    what: claim,
    message:
      within.length === 0
        ? `Volume ${name} of ${nameOf(unplaced)} can only be used on a node that the cluster does not have`
        : `${nameOf(unplaced)} cannot be placed where its volume ${name} is: ${within
            .map(({ node }) => node.metadata.name)
            .slice(0, 3)
            .join(', ')} does not take it`,
    evidence: [
      evidence(
        'spec',
        volume,
        'spec.nodeAffinity',
        `claim ${claim} is bound to volume ${name}, for nodes with ${affinityText(volume)}`,
      ),
      ...within.slice(0, 3).map(whyNot),
      ...reasons,
      ...schedulerSays(fleet.view, unplaced),
    ],
    fixes,
    unfixed:
      within.length === 0
        ? 'what the volume holds is on a node that is gone: whoever runs the nodes brings it back, or gives the data up'
        : 'nothing that the pods were before fits the node of their volume: whoever runs that node makes room there',
  });
}

/** Demands on the node's own labels and name. */
const isPlacement = (pointer: string): boolean =>
  /^\/(?:nodeSelector|affinity|nodeName|tolerations)(?:\/|$)/.test(pointer);

function affinityText(volume: KubeObject): string {
  const terms: unknown = volume.spec?.nodeAffinity?.required?.nodeSelectorTerms;
  return stableJson(terms ?? null).slice(0, 160);
}

function whyNot({ node, obstacles }: Unplaced['verdicts'][number]): Evidence {
  const kinds = [...new Set(obstacles.map(({ kind }) => kind))].join(', ') || 'nothing that is known';
  return evidence(
    'status',
    node,
    null,
    `node ${node.metadata.name}, where the volume is, does not take the pod: ${kinds}`,
  );
}

export const volumeReachRule: Analyzer = {
  rule: VOLUME_REACH,
  layer: 'template',
  kinds: [...PLACEMENT, ...REVISIONS, ...NEED, 'Secret'],
  explains: 'Pods that no node takes because their volume is bound to nodes that do not take them.',
  unfixed: 'the volume can only be used where the pods are not taken: whoever runs the nodes decides',
  analyze: analyzeVolumeReach,
};
