import type { Finding } from '../../../../domain/finding.ts';
import type { FixDraft } from '../../engine/analyzer.ts';
import type { KubeObject } from '../../../../domain/kube-object.ts';
import { eventEvidence, evidence, makeFinding } from '../../engine/analyzer.ts';
import type { Analyzer, AnalyzerContext } from '../../engine/analyzer.ts';
import type { ClusterView } from '../../../../kube/cluster-view.ts';
import { readyPods, refTo } from '../../../../kube/cluster-view.ts';
import { jsonPatch } from '../../engine/changes.ts';
import { hasMutableTemplate, podTemplateOf } from '../../../../kube/pod-template.ts';
import type { Untyped } from '../../../../kube/pod-template.ts';
import { rollbackFixes } from '../../clues/former/rollback.ts';
import { clearlySimilar } from '../../clues/names/similar-names.ts';
import { claimAnew } from './claim-handover.ts';
import { replaceStuckPods } from '../../clues/pods/stuck-pods.ts';
import { consumersOfClaim } from '../../../../kube/subjects.ts';
import { isWanted } from '../../clues/scale/need.ts';
import { desiredReplicas, isLiving } from '../../../../kube/pods.ts';
import { PODS, REVISIONS, NEED } from '../../../../kube/kind-sets.ts';

const MISSING_CLAIM = 'missing-claim';

/** Workloads with a volume whose PersistentVolumeClaim does not exist. */
export function analyzeMissingClaims({ view }: AnalyzerContext): Finding[] {
  if (!view.known('PersistentVolumeClaim')) return [];
  return view.workloads().flatMap((workload) => {
    const { namespace, deletionTimestamp } = workload.metadata;
    if (deletionTimestamp || !view.inScope(namespace) || !isInUse(view, workload)) return [];
    const volumes: Untyped = podTemplateOf(workload)?.spec?.volumes;
    return (Array.isArray(volumes) ? (volumes as Untyped[]) : []).flatMap((volume, index) => {
      const name: unknown = volume?.persistentVolumeClaim?.claimName;
      if (typeof name !== 'string' || view.find('PersistentVolumeClaim', namespace, name)) return [];
      return findingFor(view, workload, name, index);
    });
  });
}

function isInUse(view: ClusterView, workload: KubeObject): boolean {
  if (workload.kind === 'Pod') return isLiving(workload);
  if (workload.kind === 'Job' || workload.kind === 'CronJob') return view.podsOf(workload).some(isLiving);
  return isWanted(view, workload);
}

function findingFor(view: ClusterView, workload: KubeObject, claim: string, index: number): Finding {
  const template = podTemplateOf(workload)!;
  const ready = readyPods(view, workload).length;
  const served = ready > 0 && ready >= (desiredReplicas(workload) ?? 1);
  const pending = view.podsOf(workload).filter((pod) => isLiving(pod) && !pod.spec?.nodeName);
  const events = pending.slice(0, 1).flatMap((pod) =>
    view
      .eventsOf(pod)
      .filter((event) => event.reason === 'FailedScheduling')
      .slice(0, 1)
      .map((event) => eventEvidence(event, pod)),
  );
  const rollback = rollbackFixes(view, workload);
  const field = `${template.field}.volumes[${index}].persistentVolumeClaim.claimName`;
  const anew = claimAnew(view, workload.metadata.namespace ?? 'default', claim);
  const absent = refTo('PersistentVolumeClaim', 'v1', workload.metadata.namespace, claim);
  return makeFinding({
    rule: MISSING_CLAIM,
    severity: served ? 'warning' : 'critical',
    object: workload,
    what: claim,
    message: `${workload.kind} ${workload.metadata.name} mounts claim ${claim}, which does not exist`,
    evidence: [
      evidence('spec', workload, field, `volume uses claim ${claim}`),
      evidence('sibling', absent, null, `no claim ${claim} in namespace ${workload.metadata.namespace}`),
      ...(anew ? [anew.reason] : []),
      ...events,
      ...rollback.reasons,
    ],
    fixes: [...rollback.fixes, ...(anew ? [anew.fix] : []), ...similarClaim(view, workload, claim, index)],
  });
}

/** Points the volume to a claim of nearly the same name that no other workload uses. */
function similarClaim(view: ClusterView, workload: KubeObject, claim: string, index: number): FixDraft[] {
  if (!hasMutableTemplate(workload)) return [];
  const { namespace } = workload.metadata;
  const idle = view
    .all('PersistentVolumeClaim', namespace)
    .filter((each) => consumersOfClaim(view, namespace, each.metadata.name).length === 0);
  const close = clearlySimilar(claim, idle, (each) => each.metadata.name);
  if (!close) return [];
  const path = `${podTemplateOf(workload)!.pointer}/volumes/${index}/persistentVolumeClaim/claimName`;
  const { name } = close.item.metadata;
  return [
    {
      changes: [
        jsonPatch(workload, [
          { op: 'test', path, value: claim },
          { op: 'replace', path, value: name },
        ]),
        ...replaceStuckPods(view, workload, (pod) => !pod.spec?.nodeName),
      ],
      expects: `${workload.kind} ${workload.metadata.name} mounts claim ${name} and its pods start`,
      confidence: 0.35 + 0.45 * close.similarity,
    },
  ];
}

export const missingClaimRule: Analyzer = {
  rule: MISSING_CLAIM,
  layer: 'configuration',
  kinds: [...PODS, ...REVISIONS, ...NEED, 'PersistentVolume'],
  explains: 'Pods that cannot be placed because a volume names a claim that does not exist.',
  unfixed: 'no claim of this namespace is known to hold what the volume was meant to hold',
  analyze: analyzeMissingClaims,
};
