import { own } from '../../../json/json-map.ts';
import type { KubeObject } from '../../../domain/kube-object.ts';
import { refLabel, refOf } from '../../../domain/kube-object.ts';
import type { Effect } from '../effect.ts';
import { comesBack, isLost, unknown } from '../effect.ts';
import type { ClusterFacts } from '../facts.ts';
import { selects } from '../selector.ts';
import { selectorOf } from '../workload.ts';
import type { Look } from './look.ts';
import { lookAtServiceSelector } from './services.ts';

/** Kinds whose controller takes over matching objects that have no controller. */
const ADOPTERS: Record<string, Array<[apiVersion: string, kind: string]>> = {
  Pod: [
    ['apps/v1', 'ReplicaSet'],
    ['v1', 'ReplicationController'],
    ['apps/v1', 'StatefulSet'],
    ['apps/v1', 'DaemonSet'],
    ['batch/v1', 'Job'],
  ],
  ReplicaSet: [['apps/v1', 'Deployment']],
  ControllerRevision: [
    ['apps/v1', 'StatefulSet'],
    ['apps/v1', 'DaemonSet'],
  ],
};

/** Whoever selects by label lets go what no longer matches, and takes over what begins to. */
export const lookAtOwnLabels: Look = async ({ ref, before, after }, facts) => {
  const adopters = await adoptersOf(before, facts);
  if (!adopters) return [unknown(`which controllers select ${refLabel(ref)} could not be read`)];
  const owner = before.metadata.ownerReferences?.find(({ controller }) => controller);
  const holder = adopters.find(({ metadata }) => metadata.uid === owner?.uid);
  const matches = (adopter: KubeObject, object: KubeObject) => selects(selectorOf(adopter), object.metadata.labels);
  const effects: Effect[] = [];
  if (holder && matches(holder, before) !== matches(holder, after)) {
    effects.push(
      comesBack(
        `${refLabel(refOf(holder))} lets it go and makes another; the undo leaves one too many, of which it deletes one`,
        ref,
      ),
    );
    effects.push(comesBack('its pods are replaced', refOf(holder), ['Pod', 'ReplicaSet']));
  } else if (owner && !holder)
    effects.push(unknown(`whether ${owner.kind}/${owner.name} still selects it is not known`));
  const taker = adopters.find((adopter) => adopter !== holder && matches(adopter, after) && !matches(adopter, before));
  if (taker && (!owner || effects.length > 0))
    effects.push(
      isLost(`${refLabel(refOf(taker))} would take it over, and may delete it as one too many`, ref),
      comesBack('or another of its pods, which it makes again', refOf(taker), ['Pod', 'ReplicaSet']),
    );
  return effects;
};

/** Undefined when one of the kinds cannot be listed. */
export async function adoptersOf(object: KubeObject, facts: ClusterFacts): Promise<KubeObject[] | undefined> {
  const lists = await Promise.all(
    (own(ADOPTERS, object.kind) ?? []).map(([apiVersion, kind]) =>
      facts.list(apiVersion, kind, object.metadata.namespace),
    ),
  );
  return lists.includes(undefined) ? undefined : lists.flatMap((list) => list ?? []);
}

/** Only where it decides what is adopted; a Service, a budget or a policy just looks elsewhere meanwhile. */
const LOOKS_ELSEWHERE = new Set(['PodDisruptionBudget', 'NetworkPolicy']);

export const lookAtSelectors: Look = (change, facts) => {
  const { ref } = change;
  if (ref.kind === 'Service') return lookAtServiceSelector(change, facts);
  if (LOOKS_ELSEWHERE.has(ref.kind)) return [];
  if (Object.hasOwn(ADOPTERS, ref.kind)) return lookAtOwnLabels(change, facts);
  return [unknown(`what ${refLabel(ref)} adopts or lets go with another selector is not known`)];
};
