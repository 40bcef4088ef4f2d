import type { KindTable } from '../field-rule.ts';
import { fields, immutable, itself, look, oneWay, under } from '../rows.ts';
import { objectReference } from './selectors.ts';

const BINDING = 'the volume controller binds, releases, provisions or deletes by it';
const SIZE = 'a volume can grow but not shrink';
const ATTRIBUTES = 'the volume is modified outside the cluster, and a class once applied cannot be taken away';
/** Handshakes between the volume controller, the scheduler and the provisioners (component-helpers/storage/volume). */
const HANDSHAKES = under(
  'metadata',
  'annotations[pv.kubernetes.io/*]',
  'annotations[volume.kubernetes.io/*]',
  'annotations[volume.beta.kubernetes.io/*]',
);

/** Core group: volumes and claims (pkg/controller/volume, ValidatePersistentVolume(Claim)Update). */
export const CORE_STORAGE: KindTable = {
  '/PersistentVolume': fields(
    // The volume source and the volume mode.
    immutable('spec.**'),
    look('volume-binding', BINDING, ...objectReference('spec.claimRef'), ...HANDSHAKES),
    look('volume-binding', BINDING, 'spec.storageClassName', 'spec.accessModes.*', 'metadata.labels.*'),
    look('reclaim', 'decides whether its data is deleted with its claim', 'spec.persistentVolumeReclaimPolicy'),
    oneWay(SIZE, 'spec.capacity.*'),
    oneWay('where a volume can be reached, once set, cannot be changed', 'spec.nodeAffinity.**'),
    oneWay('once set it cannot be changed', 'spec.csi.controllerExpandSecretRef.**'),
    oneWay(ATTRIBUTES, 'spec.volumeAttributesClassName'),
    itself('pods that mount it meanwhile keep it so until they are replaced', 'spec.mountOptions.*'),
  ),

  '/PersistentVolumeClaim': fields(
    immutable('spec.**'),
    oneWay('binding a claim to a volume cannot be taken back', 'spec.volumeName'),
    oneWay('a class once given cannot be changed', 'spec.storageClassName'),
    oneWay(`${SIZE}: a changed storage request cannot be taken back`, 'spec.resources.requests.*'),
    oneWay(ATTRIBUTES, 'spec.volumeAttributesClassName'),
    look('volume-binding', BINDING, ...HANDSHAKES),
  ),
};
