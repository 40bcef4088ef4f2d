import type { Change, PatchOp } from '../../../domain/change.ts';
import type { KubeObject } from '../../../domain/kube-object.ts';
import { refOf } from '../../../domain/kube-object.ts';

/** Changes of an object as rules propose them. */
export const jsonPatch = (object: KubeObject, ops: PatchOp[]): Change => ({
  type: 'json-patch',
  object: refOf(object),
  ops,
});
export const mergePatch = (object: KubeObject, patch: unknown): Change => ({
  type: 'merge-patch',
  object: refOf(object),
  patch,
});
export const scaleTo = (object: KubeObject, replicas: number): Change => ({
  type: 'scale',
  object: refOf(object),
  replicas,
});
export const rolloutUndo = (object: KubeObject, revision: number): Change => ({
  type: 'rollout-undo',
  object: refOf(object),
  revision,
});
export const rolloutRestart = (object: KubeObject): Change => ({ type: 'rollout-restart', object: refOf(object) });
export const awaitRollout = (workload: KubeObject): Change => ({ type: 'await-rollout', workload: refOf(workload) });
export const setImage = (object: KubeObject, images: Record<string, string>): Change => ({
  type: 'set-image',
  object: refOf(object),
  images,
});
export const deleteAndWait = (object: KubeObject): Change => ({ type: 'delete', object: refOf(object), wait: true });
export const deleteNoWait = (object: KubeObject): Change => ({ type: 'delete', object: refOf(object), wait: false });
export const startJob = (cronJob: KubeObject, name: string): Change => ({
  type: 'start-job',
  cronJob: refOf(cronJob),
  name,
});
export const createFromFile = (file: string, namespace: string): Change => ({ type: 'create', file, namespace });
