import type { Evidence } from '../../../../domain/finding.ts';
import type { KubeObject } from '../../../../domain/kube-object.ts';
import { evidence } from '../../engine/analyzer.ts';
import type { ClusterView } from '../../../../kube/cluster-view.ts';

/** Provisioner name of classes whose volumes are made by hand. */
export const NO_PROVISIONER = 'kubernetes.io/no-provisioner';

/** Evidence that something serves a provisioner; null when nothing in the snapshot shows it. */
export function servedBy(view: ClusterView, provisioner: string): Evidence | null {
  const volume = view.all('PersistentVolume').find((each) => provisionerOf(each) === provisioner);
  if (volume) return evidence('sibling', volume, null, `volume ${volume.metadata.name} was made by ${provisioner}`);
  const driver = view.find('CSIDriver', undefined, provisioner);
  if (driver) return evidence('sibling', driver, null, `CSI driver ${provisioner} is registered`);
  const node = view
    .all('CSINode')
    .find((each) => (each.spec?.drivers ?? []).some((item: { name?: string }) => item?.name === provisioner));
  if (node)
    return evidence('sibling', node, 'spec.drivers', `node ${node.metadata.name} runs CSI driver ${provisioner}`);
  for (const claim of view.all('PersistentVolumeClaim')) {
    const event = view
      .eventsOf(claim)
      .find((each) => isProvisionersOwn(each.reason) && each.component.startsWith(provisioner));
    if (event)
      return evidence('event', claim, null, `${provisioner} reported ${event.reason} for claim ${claim.metadata.name}`);
    const { annotations } = claim.metadata;
    const by =
      annotations?.['volume.kubernetes.io/storage-provisioner'] ??
      annotations?.['volume.beta.kubernetes.io/storage-provisioner'];
    if (by === provisioner && claim.status?.phase === 'Bound') {
      return evidence(
        'sibling',
        claim,
        'status.phase',
        `claim ${claim.metadata.name} is bound to a volume of ${provisioner}`,
      );
    }
  }
  return null;
}

/** Reasons that only the provisioner itself writes, not the controller that waits for it. */
export function isProvisionersOwn(reason: string): boolean {
  return reason === 'Provisioning' || reason === 'ProvisioningSucceeded';
}

function provisionerOf(volume: KubeObject): string | undefined {
  return volume.metadata.annotations?.['pv.kubernetes.io/provisioned-by'] ?? volume.spec?.csi?.driver;
}

/** The class that claims without a class get: the newest of those marked as default. */
export function defaultClass(view: ClusterView): KubeObject | null {
  const marked = view.all('StorageClass').filter((each) => {
    const { annotations } = each.metadata;
    return (
      annotations?.['storageclass.kubernetes.io/is-default-class'] === 'true' ||
      annotations?.['storageclass.beta.kubernetes.io/is-default-class'] === 'true'
    );
  });
  const age = (each: KubeObject): number => Date.parse(each.metadata.creationTimestamp ?? '') || 0;
  return marked.sort((a, b) => age(b) - age(a))[0] ?? null;
}

/** Class a claim asks for; undefined when it leaves the choice to the cluster, empty for a volume made by hand. */
export function classOf(claim: KubeObject): string | undefined {
  return claim.spec?.storageClassName ?? claim.metadata.annotations?.['volume.beta.kubernetes.io/storage-class'];
}
