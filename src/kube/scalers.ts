import type { KubeObject } from '../domain/kube-object.ts';
import type { ClusterSnapshot } from '../domain/snapshot.ts';
import { objectsOf } from '../domain/snapshot.ts';
import { podTemplate } from './pod-template.ts';

/** KEDA's own objects, as a snapshot names custom resources. */
const SCALED_OBJECT = 'ScaledObject.keda.sh';
const IDLED = 'idling.alpha.openshift.io/idled-at';

/** HorizontalPodAutoscalers that scale a workload. */
export function autoscalersOf(workload: KubeObject, snapshot: ClusterSnapshot): KubeObject[] {
  return objectsOf(snapshot, 'HorizontalPodAutoscaler', workload.metadata.namespace).filter(({ spec }) =>
    isTarget(spec?.scaleTargetRef, workload),
  );
}

/**
 * Why 0 is a normal size of a workload: somebody scales it up when it is asked for; null when nobody is known to.
 * Sources: Knative Serving (scale to zero), KEDA (minReplicaCount, default 0), HorizontalPodAutoscaler v2 (minReplicas 0,
 * feature gate HPAScaleToZero), OpenShift (oc idle).
 */
export function idleByDesign(workload: KubeObject, snapshot: ClusterSnapshot): string | null {
  const { annotations, namespace } = workload.metadata;
  const labels = { ...workload.metadata.labels, ...podTemplate(workload)?.metadata?.labels };
  if (Object.keys(labels).some((key) => key.startsWith('serving.knative.dev/')))
    return 'Knative scales it to 0 when nobody asks';
  for (const scaled of objectsOf(snapshot, SCALED_OBJECT, namespace)) {
    const target = { kind: 'Deployment', ...scaled.spec?.scaleTargetRef };
    if (isTarget(target, workload) && Number(scaled.spec?.minReplicaCount ?? 0) === 0)
      return `KEDA object ${scaled.metadata.name} may scale it to 0`;
  }
  for (const { metadata, spec } of autoscalersOf(workload, snapshot)) {
    if (metadata.labels?.['scaledobject.keda.sh/name'] || metadata.labels?.[MANAGED_BY] === 'keda-operator')
      return 'KEDA scales it';
    if (spec?.minReplicas === 0) return `its autoscaler ${metadata.name} may scale it to 0`;
  }
  return annotations?.[IDLED] ? 'it was idled until somebody asks' : null;
}

const MANAGED_BY = 'app.kubernetes.io/managed-by';

function isTarget(target: { kind?: string; name?: string } | undefined, workload: KubeObject): boolean {
  return target?.kind === workload.kind && target?.name === workload.metadata.name;
}
