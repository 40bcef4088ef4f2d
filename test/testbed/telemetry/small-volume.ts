import { closeSync, ftruncateSync, openSync } from 'node:fs';
import { join } from 'node:path';
import type { Manifest } from '../addons.ts';
import type { ApiClient } from '../api-client.ts';
import { SMALL_DISK_CLASS } from '../app/observed.ts';
import { REAL_NODE_NAME, type StartContext } from '../control-plane.ts';
import { instanceFiles } from '../instance-record.ts';
import { enterNode, NODE_DATA } from '../node/node-namespace.ts';
import type { Report } from '../report.ts';
import { mustRun } from '../run-command.ts';

const BYTES = 64 << 20;
const IMAGE = 'small-disk.img';
const MOUNT_POINT = '/var/lib/volumes/small-disk';

/**
 * A PersistentVolume on a file system of 64 MB, so that a volume can fill up within minutes and the kubelet tells how full
 * it is. Where no loop device can be had it is a plain folder, with a notice. It goes with the node.
 */
export async function createSmallVolume(
  context: StartContext,
  node: number,
  api: ApiClient,
  report: Report,
): Promise<void> {
  const image = join(instanceFiles(context.folder).node, 'data', IMAGE);
  const file = openSync(image, 'w');
  ftruncateSync(file, BYTES);
  closeSync(file);
  const inNode = (...argv: string[]) => mustRun(enterNode(node, argv));
  await inNode('mkdir', '-p', MOUNT_POINT);
  try {
    await mustRun(['mkfs.ext4', '-q', '-m', '0', image]);
    await inNode('mount', '-o', 'loop', `${NODE_DATA}/${IMAGE}`, MOUNT_POINT);
  } catch (error) {
    report.notice(`no small file system (${(error as Error).message}): the fault disk-filling will not show`);
  }
  // Pods write as a user of their own.
  await inNode('chmod', '0777', MOUNT_POINT);
  for (const manifest of MANIFESTS) await api.create(manifest);
}

const MANIFESTS: Manifest[] = [
  {
    apiVersion: 'storage.k8s.io/v1',
    kind: 'StorageClass',
    metadata: { name: SMALL_DISK_CLASS },
    provisioner: 'kubernetes.io/no-provisioner',
    volumeBindingMode: 'WaitForFirstConsumer',
  },
  {
    apiVersion: 'v1',
    kind: 'PersistentVolume',
    metadata: { name: SMALL_DISK_CLASS },
    spec: {
      capacity: { storage: '48Mi' },
      accessModes: ['ReadWriteOnce'],
      storageClassName: SMALL_DISK_CLASS,
      persistentVolumeReclaimPolicy: 'Retain',
      local: { path: MOUNT_POINT },
      nodeAffinity: {
        required: {
          nodeSelectorTerms: [
            { matchExpressions: [{ key: 'kubernetes.io/hostname', operator: 'In', values: [REAL_NODE_NAME] }] },
          ],
        },
      },
    },
  },
];
