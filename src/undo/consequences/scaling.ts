import type { KubeObject, ObjectRef } from '../../domain/kube-object.ts';
import { cannotComeBack } from './admission.ts';
import { claimsGo } from './claim-volumes.ts';
import type { Effect } from './effect.ts';
import { comesBack, eachOf, unknown } from './effect.ts';
import type { ClusterFacts } from './facts.ts';
import { mayPreempt } from './preemption.ts';
import { claimsOfOrdinals, goesWithPods, podSpecOf } from './workload.ts';

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
