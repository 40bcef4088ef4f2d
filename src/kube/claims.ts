import type { KubeObject } from '../domain/kube-object.ts';
import type { ClusterSnapshot } from '../domain/snapshot.ts';
import { objectsOf } from '../domain/snapshot.ts';

const DEFAULT_CLASS = 'storageclass.kubernetes.io/is-default-class';

/** True when an unbound claim is as it should be: its class binds on first use and no pod uses it. */
export function waitsForConsumer(claim: KubeObject, snapshot: ClusterSnapshot): boolean {
  const used = objectsOf(snapshot, 'Pod', claim.metadata.namespace).some(
    (pod) => !['Succeeded', 'Failed'].includes(pod.status?.phase) && usesClaim(pod, claim.metadata.name),
  );
  if (used) return false;
  const storageClass = classOf(claim, snapshot);
  // Classes that may not be read prove nothing; without a user the claim hurts nobody.
  if (!storageClass) return snapshot.objects.StorageClass === undefined;
  return storageClass.volumeBindingMode === 'WaitForFirstConsumer';
}

export function classOf(claim: KubeObject, snapshot: ClusterSnapshot): KubeObject | undefined {
  const name = claim.spec?.storageClassName as string | undefined;
  return objectsOf(snapshot, 'StorageClass').find((entry) =>
    name === undefined ? entry.metadata.annotations?.[DEFAULT_CLASS] === 'true' : entry.metadata.name === name,
  );
}

/** Direct use, or through a generic ephemeral volume (whose claim is named POD-VOLUME). */
export function usesClaim(pod: KubeObject, claim: string): boolean {
  const volumes = (pod.spec?.volumes ?? []) as {
    name: string;
    persistentVolumeClaim?: { claimName: string };
    ephemeral?: unknown;
  }[];
  return volumes.some(
    ({ name, persistentVolumeClaim, ephemeral }) =>
      persistentVolumeClaim?.claimName === claim ||
      (ephemeral !== undefined && `${pod.metadata.name}-${name}` === claim),
  );
}
