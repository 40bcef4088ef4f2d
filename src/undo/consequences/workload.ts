import type { KubeObject, ObjectRef } from '../../domain/kube-object.ts';
import type { Effect } from './effect.ts';
import { claimsGo } from './claim-volumes.ts';
import { comesBack, eachOf, isLost, unknown } from './effect.ts';
import { cannotComeBack } from './admission.ts';
import type { ClusterFacts } from './facts.ts';
import { mayPreempt } from './preemption.ts';
import type { LabelSelector } from './selector.ts';

/** Kinds whose controller keeps a number of equal pods. */
export const POD_KEEPERS = new Set(['Deployment', 'StatefulSet', 'DaemonSet', 'ReplicaSet', 'ReplicationController']);

/** What the controller of a workload makes, and makes again. */
export const MADE_BY: Readonly<Record<string, string[]>> = {
  Deployment: ['ReplicaSet', 'Pod'],
  StatefulSet: ['ControllerRevision', 'Pod'],
  DaemonSet: ['ControllerRevision', 'Pod'],
  ReplicaSet: ['Pod'],
  ReplicationController: ['Pod'],
  Job: ['Pod'],
};

type Volume = { name: string; emptyDir?: unknown; ephemeral?: unknown };

// eslint-disable-next-line @typescript-eslint/no-explicit-any
export function podSpecOf(object: KubeObject): any {
  if (object.kind === 'Pod') return object.spec;
  if (object.kind === 'CronJob') return object.spec?.jobTemplate?.spec?.template?.spec;
  if (object.kind === 'PodTemplate') return object.template?.spec;
  return object.spec?.template?.spec;
}

export function volumesOf(object: KubeObject): Volume[] {
  return (podSpecOf(object)?.volumes ?? []) as Volume[];
}

/** The selector of a workload; that of a ReplicationController is a plain map. */
export function selectorOf(workload: KubeObject): LabelSelector | undefined {
  const selector = workload.spec?.selector as LabelSelector | Record<string, string> | undefined;
  if (workload.kind !== 'ReplicationController') return selector as LabelSelector | undefined;
  const plain = selector ?? (workload.spec?.template?.metadata?.labels as Record<string, string> | undefined);
  return plain && { matchLabels: plain as Record<string, string> };
}

/** Number of pods asked for, 1 where it is not said. */
export function replicasOf(workload: KubeObject): number {
  return Number(workload.spec?.replicas ?? 1);
}

/** Names of the claims that a StatefulSet makes for its pods number `from` to below `to`. */
export function claimsOfOrdinals(set: KubeObject, from: number, to: number): ObjectRef[] {
  const templates = (set.spec?.volumeClaimTemplates ?? []) as Array<{ metadata?: { name?: string } }>;
  const start = Number(set.spec?.ordinals?.start ?? 0);
  const ordinals = Array.from({ length: Math.max(0, to - from) }, (_, index) => start + from + index);
  return ordinals.flatMap((ordinal) =>
    templates.map((template) => ({
      apiVersion: 'v1',
      kind: 'PersistentVolumeClaim',
      ...(set.metadata.namespace ? { namespace: set.metadata.namespace } : {}),
      name: `${template.metadata?.name ?? ''}-${set.metadata.name}-${ordinal}`,
    })),
  );
}

/**
 * What goes with the pods of a workload when they are stopped or replaced: claims of generic ephemeral volumes are
 * deleted with their pod (volumes of kind `ephemeral`), data in emptyDir volumes is lost with it.
 */
export async function goesWithPods(workload: KubeObject, ref: ObjectRef, facts: ClusterFacts): Promise<Effect[]> {
  const effects: Effect[] = [];
  const volumes = volumesOf(workload);
  const ephemeral = volumes.filter((volume) => volume.ephemeral);
  if (ephemeral.length > 0) {
    const sentence = (names: string) =>
      `claims of its generic ephemeral volumes are deleted with their data, new pods get new and empty ones${names ? `: ${names}` : ''}`;
    const claims = await claimsOfEphemeral(workload, ephemeral, facts);
    effects.push(
      ...(claims.length > 0
        ? await claimsGo(claims, facts, sentence)
        : [isLost(sentence(''), ref, ['PersistentVolumeClaim'])]),
    );
  }
  if (volumes.some((volume) => volume.emptyDir))
    effects.push(comesBack('emptyDir data of the pods that go is lost', ref, ['Pod']));
  return effects;
}

async function claimsOfEphemeral(workload: KubeObject, volumes: Volume[], facts: ClusterFacts): Promise<ObjectRef[]> {
  const { namespace, uid = '' } = workload.metadata;
  const pods =
    workload.kind === 'Pod'
      ? [workload.metadata.name]
      : (await facts.below(uid, namespace)).owned.filter(({ ref }) => ref.kind === 'Pod').map(({ ref }) => ref.name);
  return pods.flatMap((pod) =>
    volumes.map((volume) => ({
      apiVersion: 'v1',
      kind: 'PersistentVolumeClaim',
      ...(namespace ? { namespace } : {}),
      name: `${pod}-${volume.name}`,
    })),
  );
}

/**
 * What a change of the number of pods brings about, whoever makes it. Which pods go when a raised number is taken back
 * is the controller's choice (ReplicaSet controller, getPodsToDelete).
 */
export async function effectsOfScale(
  workload: KubeObject,
  ref: ObjectRef,
  from: number,
  to: number,
  facts: ClusterFacts,
): Promise<Effect[]> {
  if (from === to) return [];
  const effects: Effect[] = [];
  const isSet = workload.kind === 'StatefulSet';
  if (to < from) {
    effects.push(comesBack('pods that go are replaced by new ones', ref, ['Pod']));
    effects.push(...(await cannotComeBack(workload, ref, workload.spec?.template, facts)));
    if (isSet && workload.spec?.persistentVolumeClaimRetentionPolicy?.whenScaled === 'Delete') {
      const claims = claimsOfOrdinals(workload, to, from);
      const sentence = (names: string) =>
        `scaling down deletes volumes (persistentVolumeClaimRetentionPolicy.whenScaled: Delete): ${names}`;
      effects.push(...(await claimsGo(claims, facts, sentence)));
    }
    effects.push(...(await goesWithPods(workload, ref, facts)));
    return effects;
  }
  effects.push(...(await mayPreempt(podSpecOf(workload), ref, facts)));
  const claims = isSet ? claimsOfOrdinals(workload, from, to) : [];
  if (claims.length > 0 && workload.spec?.persistentVolumeClaimRetentionPolicy?.whenScaled === 'Delete')
    effects.push(...(await claimsGoOnTheWayBack(workload, claims, facts)));
  else if (claims.length > 0) effects.push(...(await claimsLeftBehind(workload, from, to, facts)));
  if (from > 0 && !isSet)
    effects.push(
      comesBack('which of its pods go when the number is taken back is its controller’s choice', ref, ['Pod']),
    );
  return effects;
}

/** The undo scales down again, which deletes the claims of the pods that go, also those that were there before. */
async function claimsGoOnTheWayBack(set: KubeObject, claims: ObjectRef[], facts: ClusterFacts): Promise<Effect[]> {
  const known = await facts.metadata('v1', 'PersistentVolumeClaim', set.metadata.namespace);
  if (!known) return [unknown('which claims its undo would delete (whenScaled: Delete) could not be read')];
  const names = new Set(known.map(({ ref }) => ref.name));
  const there = claims.filter(({ name }) => names.has(name));
  const sentence = (list: string) => `its undo scales down, which deletes claims (whenScaled: Delete): ${list}`;
  const fresh = claims.filter(({ name }) => !names.has(name));
  return [
    ...eachOf(
      fresh,
      true,
      (list) => `claims that it makes are deleted again by its undo (whenScaled: Delete): ${list}`,
    ),
    ...(there.length > 0 ? await claimsGo(there, facts, sentence) : []),
  ];
}

/** Claims that are not there yet, are made for new pods, and stay when those go. */
export async function claimsLeftBehind(
  set: KubeObject,
  from: number,
  to: number,
  facts: ClusterFacts,
): Promise<Effect[]> {
  const known = await facts.metadata('v1', 'PersistentVolumeClaim', set.metadata.namespace);
  const names = new Set(known?.map(({ ref }) => ref.name));
  const made = claimsOfOrdinals(set, from, to).filter(({ name }) => !names.has(name));
  return eachOf(made, true, (list) => `claims that it makes stay behind with their volumes: ${list}`);
}
