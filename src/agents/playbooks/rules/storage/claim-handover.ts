import type { KubeObject } from '../../../../domain/kube-object.ts';
import { claimOrdinal } from '../../../../kube/subjects.ts';
import type { ClusterView } from '../../../../kube/cluster-view.ts';
import type { Change } from '../../../../domain/change.ts';
import type { Evidence } from '../../../../domain/finding.ts';
import type { FixDraft } from '../../engine/analyzer.ts';
import { evidence } from '../../engine/analyzer.ts';
import { createFromFile, deleteAndWait, jsonPatch } from '../../engine/changes.ts';
import { cleanClaim, obstacleTo, statefulSetOf, withoutReplicas } from './claim-replacement.ts';
import { isOfClaim, mismatches } from './volume-match.ts';

/** A fix, or why there is none, for people. */
type Handover = { fix: FixDraft } | { obstacle: string };

/**
 * Gives a released volume to the claim that has the name of its former one. The volume stays reserved by name, so that
 * nobody else can take it, and the claim is made anew in between: a claim that was never bound can be taken back, one
 * that is bound cannot (kubernetes.io, "Persistent Volumes", reclaiming and reserving).
 * @param released volumes that are kept for a deleted claim of this name
 */
export function handover(view: ClusterView, claim: KubeObject, released: readonly KubeObject[]): Handover {
  const asked = claim.spec?.volumeName as string | undefined;
  const wanted = asked ? released.filter(({ metadata }) => metadata.name === asked) : released;
  const [volume] = wanted;
  if (!volume) return { obstacle: `the claim asks for volume ${asked}, which is not one of them` };
  const { name } = volume.metadata;
  if (wanted.length > 1)
    return { obstacle: `${wanted.length} volumes are kept for it: whose data it needs is not known` };
  const policy = String(volume.spec?.persistentVolumeReclaimPolicy ?? 'Retain');
  if (policy !== 'Retain')
    return { obstacle: `with reclaim policy ${policy} volume ${name} would not outlive an undo` };
  const [wrong] = mismatches(volume, claim);
  if (wrong) return { obstacle: `volume ${name} ${wrong.text}` };
  const obstacle = obstacleTo(view, claim);
  if (obstacle) return { obstacle: obstacle.text };
  const file = {
    name: `claim-${claim.metadata.name}.json`,
    content: cleanClaim(claim, asked ? { volumeName: asked } : {}),
  };
  const changes = [
    deleteAndWait(claim),
    reservation(volume),
    createFromFile(file.name, claim.metadata.namespace ?? 'default'),
  ];
  const set = statefulSetOf(view, claim);
  const ordinal = set ? (claimOrdinal(set, claim.metadata.name)?.ordinal ?? 0) : 0;
  const kept = Math.max(0, ordinal - Number(set?.spec?.ordinals?.start ?? 0));
  return {
    fix: {
      changes: set ? withoutReplicas(set, kept, changes) : changes,
      files: [file],
      expects: `claim ${claim.metadata.name} is bound to volume ${name} again, with what is stored in it, and its pods start`,
      confidence: asked ? 0.85 : 0.7,
    },
  };
}

/** Keeps a released volume for whichever claim has the name of its former one. */
function reservation(volume: KubeObject): Change {
  const { uid, namespace, name } = volume.spec?.claimRef as Record<string, string>;
  return jsonPatch(volume, [
    { op: 'test', path: '/spec/claimRef/uid', value: uid },
    {
      op: 'replace',
      path: '/spec/claimRef',
      value: { apiVersion: 'v1', kind: 'PersistentVolumeClaim', namespace, name },
    },
  ]);
}

/**
 * Makes a claim anew that is gone, as the one released volume that is still kept for it was claimed: its class, its size,
 * its access modes. Null where there is no such volume, or several.
 */
export function claimAnew(
  view: ClusterView,
  namespace: string,
  name: string,
): { fix: FixDraft; reason: Evidence } | null {
  const kept = view
    .all('PersistentVolume')
    .filter(
      (volume) =>
        isOfClaim(volume, { metadata: { namespace, name } }) &&
        (volume.spec?.claimRef as { uid?: string }).uid !== undefined &&
        volume.status?.phase === 'Released' &&
        !volume.metadata.deletionTimestamp,
    );
  const [volume] = kept;
  if (!volume || kept.length > 1 || volume.spec?.persistentVolumeReclaimPolicy !== 'Retain') return null;
  const { storageClassName, accessModes, capacity, volumeMode } = volume.spec as Record<string, unknown>;
  const claim: KubeObject = {
    apiVersion: 'v1',
    kind: 'PersistentVolumeClaim',
    metadata: { name, namespace },
    spec: {
      accessModes,
      ...(volumeMode ? { volumeMode } : {}),
      resources: { requests: { storage: (capacity as { storage?: unknown } | undefined)?.storage } },
      storageClassName: storageClassName ?? '',
      volumeName: volume.metadata.name,
    },
  };
  const file = { name: `claim-${name}.json`, content: `${JSON.stringify(claim, null, 2)}\n` };
  const text = `volume ${volume.metadata.name} is Released and still kept for claim ${namespace}/${name}, which is gone`;
  return {
    fix: {
      changes: [reservation(volume), createFromFile(file.name, namespace)],
      files: [file],
      expects: `claim ${name} is there again and bound to volume ${volume.metadata.name}, with what is stored in it, and its pods start`,
      confidence: 0.75,
    },
    reason: evidence('sibling', volume, 'spec.claimRef', text),
  };
}
