import { readFileSync } from 'node:fs';
import { buildImage, busyboxImage, importImage, redisImage } from '../testbed/images.ts';
import type { ImageFile } from '../testbed/images.ts';
import { findProgram } from '../testbed/host-packages.ts';
import type { Instance } from '../testbed/instance-record.ts';

/** Busybox with kubectl, for programs that talk to the API. */
export const CLIENT_IMAGE = 'testbed.local/client:1';

const APPLETS = ['sh', 'cat', 'chmod', 'mkdir', 'sleep', 'wget'];

/** Puts the images of the incidents' programs on the node, unless they are there. */
export async function loadImages(instance: Instance): Promise<void> {
  for (const image of [await busyboxImage(), await redisImage(), clientImage(instance)]) {
    await importImage(instance, image);
  }
}

function clientImage(instance: Instance): ImageFile {
  return buildImage({
    name: CLIENT_IMAGE,
    files: [
      { name: 'bin/busybox', data: readFileSync(findProgram('busybox')), mode: 0o755 },
      { name: 'bin/kubectl', data: readFileSync(instance.kubectl), mode: 0o755 },
      ...APPLETS.map((applet) => ({ name: `bin/${applet}`, link: 'busybox' })),
      { name: 'tmp/', mode: 0o1777 },
    ],
    entrypoint: ['/bin/sh'],
  });
}
