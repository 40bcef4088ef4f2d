import type { KubeObject, ObjectRef } from '../../domain/kube-object.ts';
import type { Effect } from './effect.ts';
import { claimsGo } from './claim-volumes.ts';
import { comesBack, isLost } from './effect.ts';
import type { ClusterFacts } from './facts.ts';
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
