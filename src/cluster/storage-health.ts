import type { KubeObject } from '../domain/kube-object.ts';
import { refLabel, refOf } from '../domain/kube-object.ts';
import type { ClusterSnapshot } from '../domain/snapshot.ts';
import { objectsOf } from '../domain/snapshot.ts';
import type { Health } from './health-findings.ts';
import { healthItem } from './health-findings.ts';

/** A claim younger than this is being provisioned. */
const PROVISIONING_MS = 15_000;
const DEFAULT_CLASS = 'storageclass.kubernetes.io/is-default-class';

/** Claims that are not bound, and volumes of the scope that failed. */
export function storageHealth(snapshot: ClusterSnapshot): Health {
  const health: Health = { items: [], progressing: [] };
  const now = Date.parse(snapshot.takenAt);
  for (const claim of objectsOf(snapshot, 'PersistentVolumeClaim')) {
    const ref = refOf(claim);
    const phase = claim.status?.phase as string | undefined;
    if (phase === 'Lost') {
      health.items.push(healthItem(ref, 'lost', 1, `${refLabel(ref)} lost its volume ${claim.spec?.volumeName ?? ''}`));
    }
    if (phase !== 'Pending' || waitsForConsumer(claim, snapshot)) continue;
    const className = claim.spec?.storageClassName as string | undefined;
    const item = healthItem(ref, 'pending', 1, `${refLabel(ref)} is not bound (storage class ${className || 'none'})`);
    const age = now - Date.parse(claim.metadata.creationTimestamp ?? '');
    // Nobody will provision a claim of a class that does not exist.
    const hopeful = age < PROVISIONING_MS && classOf(claim, snapshot) !== undefined;
    (hopeful ? health.progressing : health.items).push(item);
  }
  for (const volume of objectsOf(snapshot, 'PersistentVolume')) {
    const owner = volume.spec?.claimRef?.namespace as string | undefined;
    if (volume.status?.phase !== 'Failed' || !owner || !snapshot.namespaces.includes(owner)) continue;
    const ref = refOf(volume);
    health.items.push(healthItem(ref, 'failed', 1, `${refLabel(ref)} failed: ${volume.status?.message ?? ''}`));
  }
  return health;
}

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
