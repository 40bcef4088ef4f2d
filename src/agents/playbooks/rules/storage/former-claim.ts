import type { Evidence } from '../../../../domain/finding.ts';
import type { KubeObject } from '../../../../domain/kube-object.ts';
import type { ClusterView } from '../../../../kube/cluster-view.ts';
import { podTemplateOf } from '../../../../kube/pod-template.ts';
import { consumersOfClaim } from '../../../../kube/subjects.ts';
import { listOf } from '../../../../kube/untyped-list.ts';
import { formerParts } from '../../clues/former/former-part.ts';
import { patchFix } from '../../clues/former/part-fixes.ts';
import type { FixDraft } from '../../engine/analyzer.ts';
import { evidence } from '../../engine/analyzer.ts';

/** A claim that a workload mounted before it was given another one, and that still holds what it kept there. */
export interface FormerClaim {
  workload: KubeObject;
  claim: KubeObject;
  evidence: Evidence[];
  /** The former claim in the same volume. */
  fixes: FixDraft[];
}

/**
 * The bound claims that earlier states of workloads had in place of one that waits for a volume. Whatever binds that one
 * starts them on an empty volume, which looks healthy.
 */
export function formerClaims(view: ClusterView, claim: KubeObject, consumers: readonly KubeObject[]): FormerClaim[] {
  return consumers.flatMap((workload) => {
    const template = podTemplateOf(workload);
    const volumes = listOf(template?.spec?.volumes);
    const index = volumes.findIndex((volume) => volume?.persistentVolumeClaim?.claimName === claim.metadata.name);
    if (!template || index < 0) return [];
    for (const part of formerParts(view, workload, (pointer) => /^\/volumes(?:\/|$)/.test(pointer))) {
      const same = listOf(part.podSpec?.volumes).find((volume) => volume?.name === volumes[index]?.name);
      const name = String(same?.persistentVolumeClaim?.claimName ?? '');
      const former = view.find('PersistentVolumeClaim', claim.metadata.namespace, name);
      if (!former || former === claim || !isHeld(view, former, workload)) continue;
      const path = `${template.pointer}/volumes/${index}/persistentVolumeClaim/claimName`;
      const ops = [
        { op: 'test' as const, path, value: claim.metadata.name },
        { op: 'replace' as const, path, value: name },
      ];
      const expects = `${workload.kind} ${workload.metadata.name} mounts its former claim ${name} again, with what it holds, and its pods start`;
      const bound = evidence('sibling', former, 'status.phase', `claim ${name} is Bound, and nobody mounts it now`);
      return [
        {
          workload,
          claim: former,
          evidence: [part.evidence, bound],
          fixes: patchFix(view, workload, ops, expects, 0.95 * part.trust),
        },
      ];
    }
    return [];
  });
}

/** Bound, to stay, and used by nobody else. */
function isHeld(view: ClusterView, { metadata, status }: KubeObject, workload: KubeObject): boolean {
  if (status?.phase !== 'Bound' || metadata.deletionTimestamp) return false;
  return consumersOfClaim(view, metadata.namespace, metadata.name).every((each) => each === workload);
}
