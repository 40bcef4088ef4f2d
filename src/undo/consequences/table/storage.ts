import type { KindTable } from '../field-rule.ts';
import { fields, immutable, itself, look, lost, reversible, under } from '../rows.ts';

const PROVISIONED = 'volumes made from it meanwhile keep what it gave them';
const MOUNTED = 'pods that mount its volumes meanwhile keep what they were given until they are replaced';
const OWNERS = 'files of volumes mounted meanwhile are given to another group or label, and stay so';

/** Storage (pkg/apis/storage/validation, pkg/controller/volume, pkg/volume/csi, CSI sidecars). */
export const STORAGE: KindTable = {
  'storage.k8s.io/StorageClass': fields(
    immutable('provisioner', 'parameters.*', 'reclaimPolicy', 'volumeBindingMode'),
    // Asked when somebody changes the size of a claim.
    reversible('allowVolumeExpansion'),
    itself(PROVISIONED, 'mountOptions.*', ...under('allowedTopologies.*.matchLabelExpressions.*', 'key', 'values.*')),
    // Claims without a class that still wait are given the default one for good (pkg/controller/volume/persistentvolume).
    look(
      'volume-binding',
      'claims that wait for a class are given this one, or are no longer',
      'metadata.annotations[storageclass.kubernetes.io/is-default-class]',
      'metadata.annotations[storageclass.beta.kubernetes.io/is-default-class]',
    ),
  ),

  'storage.k8s.io/CSIDriver': fields(
    immutable('spec.attachRequired', 'spec.volumeLifecycleModes.*'),
    lost(OWNERS, 'spec.fsGroupPolicy', 'spec.seLinuxMount'),
    lost('tokens of pods are handed to the driver', ...under('spec.tokenRequests.*', 'audience', 'expirationSeconds')),
    itself(
      MOUNTED,
      ...under('spec', 'podInfoOnMount', 'requiresRepublish', 'serviceAccountTokenInSecrets', 'storageCapacity'),
      ...under('spec', 'nodeAllocatableUpdatePeriodSeconds', 'preventPodSchedulingIfMissing'),
    ),
  ),

  'storage.k8s.io/CSINode': fields(
    itself('pods are placed by what its drivers can carry; the kubelet writes its own again', 'spec.drivers.**'),
    lost(
      'volumes are handled by another driver than the one that holds them',
      'metadata.annotations[storage.alpha.kubernetes.io/migrated-plugins]',
    ),
  ),

  'storage.k8s.io/CSIStorageCapacity': fields(
    immutable('storageClassName', 'nodeTopology.**'),
    itself('its provisioner writes its own number again', 'capacity', 'maximumVolumeSize'),
  ),

  'storage.k8s.io/VolumeAttachment': fields(immutable('spec.**')),
  'storage.k8s.io/VolumeAttributesClass': fields(immutable('driverName', 'parameters.*')),
};
