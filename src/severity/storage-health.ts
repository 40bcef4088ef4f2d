import { refLabel, refOf } from '../domain/kube-object.ts';
import type { ClusterSnapshot } from '../domain/snapshot.ts';
import { objectsOf } from '../domain/snapshot.ts';
import { classOf, waitsForConsumer } from '../kube/claims.ts';
import type { Health } from './health-findings.ts';
import { healthItem } from './health-findings.ts';

/** A claim younger than this is being provisioned. */
const PROVISIONING_MS = 15_000;

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
