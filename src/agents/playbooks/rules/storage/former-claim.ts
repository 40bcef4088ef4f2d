import type { Evidence } from '../../../../domain/finding.ts';
import type { KubeObject } from '../../../../domain/kube-object.ts';
import type { ClusterView } from '../../../../kube/cluster-view.ts';
import { podTemplateOf } from '../../../../kube/pod-template.ts';
import type { Untyped } from '../../../../kube/pod-template.ts';
import { consumersOfClaim } from '../../../../kube/subjects.ts';
import { listOf } from '../../../../kube/untyped-list.ts';
import { partFixes } from '../../clues/former/part-fixes.ts';
import type { FixDraft } from '../../engine/analyzer.ts';

const CONFIDENCE = 0.95;

/** A claim with a volume that a workload mounted before it was told to mount another one. */
export interface FormerClaim {
  claim: KubeObject;
  fixes: FixDraft[];
  reasons: Evidence[];
}

/**
 * The claims that those who mount a claim without a volume had in its place before, and that still have theirs: what was stored
 * is there, and a new volume would be empty.
 */
export function formerClaims(view: ClusterView, claim: KubeObject): FormerClaim[] {
  const { namespace, name } = claim.metadata;
  return consumersOfClaim(view, namespace, name).flatMap((workload): FormerClaim[] => {
    const volumes = listOf(podTemplateOf(workload)?.spec?.volumes);
    const places = volumes.flatMap((volume, index) =>
      volume?.persistentVolumeClaim?.claimName === name ? [{ index, volume: String(volume.name) }] : [],
    );
    const boundBefore = (podSpec: Untyped): KubeObject | undefined =>
      places.map(({ volume }) => boundAt(view, namespace, podSpec, volume, name)).find((one) => one !== undefined);
    let former: KubeObject | undefined;
    const { fixes, reasons } = partFixes(
      view,
      workload,
      (pointer) => places.some(({ index }) => pointer === `/volumes/${index}/persistentVolumeClaim/claimName`),
      CONFIDENCE,
      ({ podSpec }) => {
        const bound = boundBefore(podSpec);
        former ??= bound;
        return bound !== undefined;
      },
    );
    return former ? [{ claim: former, fixes, reasons }] : [];
  });
}

function boundAt(
  view: ClusterView,
  namespace: string | undefined,
  podSpec: Untyped,
  volume: string,
  present: string,
): KubeObject | undefined {
  const before: unknown = listOf(podSpec?.volumes).find((one) => one?.name === volume)?.persistentVolumeClaim
    ?.claimName;
  if (typeof before !== 'string' || before === present) return undefined;
  const claim = view.find('PersistentVolumeClaim', namespace, before);
  return claim?.status?.phase === 'Bound' && !claim.metadata.deletionTimestamp ? claim : undefined;
}
