import type { KubeObject, ObjectRef } from '../../../domain/kube-object.ts';
import { refOf } from '../../../domain/kube-object.ts';
import type { Effect } from '../effect.ts';
import { comesBack, eachOf, isLost, oneWay, unknown } from '../effect.ts';
import type { ClusterFacts } from '../facts.ts';
import { goesWithPods } from '../workload.ts';
import { isRemade } from '../remade.ts';
import type { Look } from './look.ts';

interface Taint {
  key: string;
  value?: string;
  effect: string;
}

interface Toleration {
  key?: string;
  operator?: string;
  value?: string;
  effect?: string;
  tolerationSeconds?: unknown;
}

/** Pod garbage collection and attach-detach controller act on it, whatever its effect. */
const OUT_OF_SERVICE = 'node.kubernetes.io/out-of-service';

/**
 * A NoExecute taint evicts the pods of the node that do not tolerate it (taint eviction controller); one that is taken away
 * lets pods in, which its undo evicts.
 */
export const lookAtTaints: Look = async ({ ref, before, after }, facts) => {
  if (ref.kind !== 'Node') return [unknown(`which pods ${ref.kind} ${ref.name} reaches is not known`)];
  const keys = (node: KubeObject) => ((node.spec?.taints ?? []) as Taint[]).map(({ key }) => key);
  if (keys(after).includes(OUT_OF_SERVICE) && !keys(before).includes(OUT_OF_SERVICE))
    return [oneWay('pods of a node out of service are removed by force, and their volumes detached')];
  if (keys(before).includes(OUT_OF_SERVICE) && !keys(after).includes(OUT_OF_SERVICE))
    return [isLost('pods that come to the node meanwhile are removed by force by the undo', ref, ['Pod'])];
  const added = gainedTaints(before, after);
  const back = await evictedByUndo(ref, gainedTaints(after, before), facts);
  if (added.length === 0) return back;
  return [...back, ...(await evictedBy(ref, added, facts))];
};

/** NoExecute taints that `now` has and `was` has not. */
function gainedTaints(was: KubeObject, now: KubeObject): Taint[] {
  const taints = (node: KubeObject) =>
    ((node.spec?.taints ?? []) as Taint[]).filter(({ effect }) => effect === 'NoExecute');
  return taints(now).filter((taint) => !taints(was).some((old) => sameTaint(old, taint)));
}

/** Pods that come to the node while the taint is away. One that waits without a controller may end there for good. */
async function evictedByUndo(node: ObjectRef, removed: Taint[], facts: ClusterFacts): Promise<Effect[]> {
  if (removed.length === 0) return [];
  const effects = [comesBack('pods that are placed on the node meanwhile are evicted by the undo', node, ['Pod'])];
  const pods = await facts.list('v1', 'Pod');
  if (!pods) return [...effects, unknown('which pods without a controller might be placed there cannot be read')];
  const bare: KubeObject[] = [];
  for (const pod of pods) {
    const waits = !pod.spec?.nodeName && !isEnded(pod) && removed.some((taint) => !tolerates(pod, taint));
    if (waits && !(await isRemade(pod, facts))) bare.push(pod);
  }
  const sentence = (names: string) =>
    `pods that wait may be placed there, and are then evicted for good by the undo: ${names}`;
  return [...effects, ...eachOf(bare.map(refOf), false, sentence)];
}

async function evictedBy(ref: ObjectRef, added: Taint[], facts: ClusterFacts): Promise<Effect[]> {
  const pods = await facts.podsOn(ref.name);
  if (!pods) return [unknown('which pods the taint evicts is not known: the pods of the node cannot be read')];
  const evicted = pods.filter((pod) => !isEnded(pod) && added.some((taint) => !tolerates(pod, taint)));
  const effects: Effect[] = [];
  const remade: KubeObject[] = [];
  const bare: KubeObject[] = [];
  for (const pod of evicted) ((await isRemade(pod, facts)) ? remade : bare).push(pod);
  effects.push(
    ...eachOf(
      bare.map(refOf),
      false,
      (names) => `pods evicted by the taint for good, no controller brings them back: ${names}`,
    ),
  );
  effects.push(...eachOf(remade.map(refOf), true, (names) => `pods evicted by the taint do not move back: ${names}`));
  effects.push(...(await lostWith(evicted, facts)));
  return effects.length > 0
    ? effects
    : [comesBack('pods without a toleration are evicted from the node while the taint is there', ref, ['Pod'])];
}

/** What does not come back of pods that leave the node. */
async function lostWith(pods: readonly KubeObject[], facts: ClusterFacts): Promise<Effect[]> {
  const effects: Effect[] = [];
  for (const pod of pods) effects.push(...(await goesWithPods(pod, refOf(pod), facts)));
  return effects.filter((effect) => effect.grade !== 'consequence' || !effect.back);
}

function sameTaint(a: Taint, b: Taint): boolean {
  return a.key === b.key && (a.value ?? '') === (b.value ?? '') && a.effect === b.effect;
}

/** Tolerated for ever; one that is tolerated for some seconds evicts in the end. */
function tolerates(pod: KubeObject, taint: Taint): boolean {
  return ((pod.spec?.tolerations ?? []) as Toleration[]).some(({ key, operator, value, effect, tolerationSeconds }) => {
    const matches =
      operator === 'Exists'
        ? key === undefined || key === '' || key === taint.key
        : key === taint.key && (value ?? '') === (taint.value ?? '');
    return matches && (!effect || effect === taint.effect) && tolerationSeconds == null;
  });
}

export function isEnded(pod: KubeObject): boolean {
  return pod.status?.phase === 'Succeeded' || pod.status?.phase === 'Failed';
}

/** DaemonSets bound to labels of nodes leave the nodes that lose them, and come to those that get them. */
export const lookAtNodeLabels: Look = async ({ ref, paths }, facts) => {
  const changed = new Set(paths.map((path) => path.at(-1)).filter((segment) => typeof segment === 'string'));
  const sets = await facts.list('apps/v1', 'DaemonSet');
  if (!sets) return [unknown('which DaemonSets follow the labels of the node cannot be read')];
  const bound = sets.filter((set) => {
    const spec = set.spec?.template?.spec ?? {};
    const keys = Object.keys((spec.nodeSelector ?? {}) as Record<string, string>);
    return (
      keys.some((key) => changed.has(key)) ||
      spec.affinity?.nodeAffinity?.requiredDuringSchedulingIgnoredDuringExecution
    );
  });
  if (bound.length === 0) return [];
  const pods = await facts.podsOn(ref.name);
  if (!pods) return [unknown('which pods leave the node is not known: its pods cannot be read')];
  const uids = new Set(bound.map((set) => set.metadata.uid));
  const leaving = pods.filter(
    (pod) => !isEnded(pod) && pod.metadata.ownerReferences?.some(({ controller, uid }) => controller && uids.has(uid)),
  );
  return [
    ...bound.map((set) =>
      comesBack(`pods of DaemonSet ${set.metadata.name} leave or come to the node`, refOf(set), ['Pod']),
    ),
    ...(await lostWith(leaving, facts)),
  ];
};
