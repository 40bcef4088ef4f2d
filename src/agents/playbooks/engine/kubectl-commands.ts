import type { KubeObject } from '../../../domain/kube-object.ts';

export type PatchOp = { op: 'test' | 'add' | 'replace'; path: string; value: unknown } | { op: 'remove'; path: string };

function namespaceFlag(object: KubeObject): string[] {
  return object.metadata.namespace ? ['-n', object.metadata.namespace] : [];
}

function kindWord(object: KubeObject): string {
  return object.kind.toLowerCase();
}

export function jsonPatch(object: KubeObject, ops: PatchOp[]): string[] {
  const flags = ['--type=json', `-p=${JSON.stringify(ops)}`];
  return ['patch', kindWord(object), object.metadata.name, ...namespaceFlag(object), ...flags];
}

export function mergePatch(object: KubeObject, change: unknown): string[] {
  const flags = ['--type=merge', `-p=${JSON.stringify(change)}`];
  return ['patch', kindWord(object), object.metadata.name, ...namespaceFlag(object), ...flags];
}

export function scaleTo(object: KubeObject, replicas: number): string[] {
  return ['scale', `${kindWord(object)}/${object.metadata.name}`, `--replicas=${replicas}`, ...namespaceFlag(object)];
}

export function rolloutUndo(object: KubeObject, revision: number): string[] {
  const target = `${kindWord(object)}/${object.metadata.name}`;
  return ['rollout', 'undo', target, ...namespaceFlag(object), `--to-revision=${revision}`];
}

/** `images` maps container names to images. */
export function setImage(object: KubeObject, images: Record<string, string>): string[] {
  const pairs = Object.entries(images).map(([container, image]) => `${container}=${image}`);
  return ['set', 'image', `${kindWord(object)}/${object.metadata.name}`, ...pairs, ...namespaceFlag(object)];
}

/** Waits until the object is gone, finalizers included, so that a successor of the same name can be created. */
export function deleteAndWait(object: KubeObject): string[] {
  return ['delete', kindWord(object), object.metadata.name, ...namespaceFlag(object), '--timeout=60s'];
}

/** For pods that their controller makes anew: waiting for that is the settler's work. */
export function deleteNoWait(object: KubeObject): string[] {
  return ['delete', kindWord(object), object.metadata.name, ...namespaceFlag(object), '--wait=false'];
}

/** Creates what the plan file `file` holds. */
export function createFromFile(file: string, namespace: string): string[] {
  return ['create', '-f', `{{${file}}}`, '-n', namespace];
}

const PLAIN_IMAGE = /^[A-Za-z0-9][A-Za-z0-9._:/@-]*$/;

/** True for an image reference that is safe and sensible to write into a command. */
export function isPlainImage(image: string): boolean {
  return image.length <= 400 && PLAIN_IMAGE.test(image);
}
