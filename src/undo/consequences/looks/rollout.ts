import { own } from '../../../json/json-map.ts';
import { sameJson } from '../../../json/same-json.ts';
import type { KubeObject, ObjectRef } from '../../../domain/kube-object.ts';
import type { Effect } from '../effect.ts';
import { comesBack, staysBehind } from '../effect.ts';
import { cannotComeBack } from '../admission.ts';
import { earlierPodsGo, templateOf } from '../earlier-revision.ts';
import type { ClusterFacts } from '../facts.ts';
import { mayPreempt } from '../preemption.ts';
import { effectsOfScale } from '../scaling.ts';
import { goesWithPods, MADE_BY, replicasOf } from '../workload.ts';
import { prunedBy } from './history.ts';
import type { Look } from './look.ts';

/** A changed template replaces the pods of a workload, once by the change and once by its undo. */
export const lookAtRollout: Look = async ({ ref, before, after }, facts) => {
  const effects: Effect[] = [];
  if (!replacesLater(after)) {
    effects.push(comesBack('pods are replaced, once by the change and once by its undo', ref, ['Pod']));
    effects.push(...(await goesWithPods(before, ref, facts)));
    if (await replacesPods(before, after, facts))
      effects.push(...(await cannotComeBack(before, ref, before.spec?.template, facts)));
    effects.push(...(await mayPreempt(after.spec?.template?.spec, ref, facts)));
  }
  effects.push(...notRecognised(before, ref));
  if (ref.kind === 'Deployment')
    effects.push(staysBehind('one more ReplicaSet stays in its history', ref, ['ReplicaSet']));
  if (own(MADE_BY, ref.kind)?.includes('ControllerRevision'))
    effects.push(staysBehind('one more ControllerRevision stays in its history', ref, ['ControllerRevision']));
  return [...effects, ...(await pushedOut(before, after, facts))];
};

/** What hides pods when it could not be listed. */
const UNSEEN_PODS = ['pods', 'replicasets.apps', 'all kinds'];

/** False where there are no pods that could go, or all are of the template that the workload gets. */
async function replacesPods(before: KubeObject, after: KubeObject, facts: ClusterFacts): Promise<boolean> {
  if (before.spec?.replicas === 0) return false;
  const { uid, namespace } = before.metadata;
  if (!uid) return true;
  const { owned, unseen } = await facts.below(uid, namespace);
  if (unseen.some((name) => UNSEEN_PODS.includes(name))) return true;
  const pods = owned.filter(({ ref, metadata }) => ref.kind === 'Pod' && !metadata.deletionTimestamp);
  if (pods.length === 0 || before.kind !== 'Deployment') return pods.length > 0;
  const sets = await facts.list('apps/v1', 'ReplicaSet', namespace);
  const wanted = templateOf(after);
  const staying = new Set(sets?.filter((set) => sameJson(templateOf(set), wanted)).map(({ metadata }) => metadata.uid));
  return pods.some(({ metadata }) => !metadata.ownerReferences?.some((owner) => staying.has(owner.uid)));
}

/** A Deployment knows its ReplicaSets by their templates (FindNewReplicaSet): another template is no longer its own. */
function notRecognised({ metadata }: KubeObject, { kind, namespace }: ObjectRef): Effect[] {
  const owner = metadata.ownerReferences?.find(({ controller }) => controller);
  if (kind !== 'ReplicaSet' || owner?.kind !== 'Deployment') return [];
  const deployment = { apiVersion: owner.apiVersion, kind: owner.kind, namespace, name: owner.name };
  const text = `Deployment ${owner.name} no longer knows it by its template, and makes another ReplicaSet, which stays in its history`;
  return [
    staysBehind(text, deployment, ['ReplicaSet']),
    comesBack(`pods of Deployment ${owner.name} are replaced`, deployment, ['Pod']),
  ];
}

/** Every rollout beyond the limit deletes the oldest revision that was kept: named, but no rollout could do without. */
async function pushedOut(before: KubeObject, after: KubeObject, facts: ClusterFacts): Promise<Effect[]> {
  const pruned = await prunedBy(before, after, 1, facts);
  return pruned.map((effect) => (effect.grade === 'consequence' ? { ...effect, usual: true } : effect));
}

/** Replaces pods only when somebody deletes them. */
function replacesLater(workload: KubeObject): boolean {
  return workload.spec?.updateStrategy?.type === 'OnDelete';
}

export const lookAtScale: Look = async ({ ref, before, after }, facts) => {
  if (ref.kind === 'Job')
    return [comesBack('pods come or go; the work of those that go is lost, and done again', ref, ['Pod'])];
  const [from, to] = [replicasOf(before), replicasOf(after)];
  const first = (set: KubeObject) => Number(set.spec?.ordinals?.start ?? 0);
  const isRenumbered = first(before) !== first(after);
  const lost = to < from || isRenumbered ? await earlierPodsGo(before, ref, isRenumbered ? 0 : to, facts) : [];
  if (!isRenumbered) return [...lost, ...(await effectsOfScale(after, ref, from, to, facts))];
  // All pods get other numbers: the old ones go, with claims of their own.
  const gone = await effectsOfScale(before, ref, from, 0, facts);
  return [...lost, ...gone, ...(await effectsOfScale(after, ref, 0, to, facts))];
};

/** How a rollout goes on matters where one is under way or held back. */
export const lookAtStrategy: Look = async ({ ref, before, after }, facts) => {
  const wanted = before.kind === 'DaemonSet' ? before.status?.desiredNumberScheduled : replicasOf(before);
  const updated = before.kind === 'DaemonSet' ? before.status?.updatedNumberScheduled : before.status?.updatedReplicas;
  const complete =
    Number(updated ?? 0) === Number(wanted ?? 0) &&
    Number(before.status?.replicas ?? wanted ?? 0) === Number(wanted ?? 0);
  if (complete) return [];
  // All others stop before pods of the template start (kubernetes.io, "Deployments", recreate).
  const stopsAll = after.spec?.strategy?.type === 'Recreate' && before.spec?.strategy?.type !== 'Recreate';
  const lost = stopsAll ? await earlierPodsGo(before, ref, 0, facts, true) : [];
  const goOn = comesBack(
    'a rollout under way goes on otherwise: pods are replaced now or later',
    ref,
    own(MADE_BY, ref.kind) ?? ['Pod'],
  );
  return [...lost, goOn, ...(await goesWithPods(before, ref, facts))];
};
