import { own } from '../../json/json-map.ts';
import type { KubeObject, ObjectRef } from '../../domain/kube-object.ts';
import { refLabel, refOf } from '../../domain/kube-object.ts';
import type { ForecastInput } from '../forecast.ts';
import type { Effect } from './effect.ts';
import { comesBack, eachOf, isLost, oneWay, unknown } from './effect.ts';
import { cannotComeBack } from './admission.ts';
import type { ClusterFacts, Owned } from './facts.ts';
import { claimsGo } from './claim-volumes.ts';
import { earlierPodsGo } from './earlier-revision.ts';
import { CLOSED_KINDS } from './closed-kinds.ts';
import { kindKey } from './lookup.ts';
import { effectsOfPodRemoval } from './on-pod-removal.ts';
import { isRemade, namesRemaker } from './remade.ts';
import { isEnded } from './looks/nodes.ts';
import { effectsOfScaler } from './looks/scaler.ts';
import { handMadeEndpoints } from './looks/services.ts';
import { goesWithPods, MADE_BY, POD_KEEPERS } from './workload.ts';

/** Kinds that are never deleted, by `GROUP/Kind`, and why. */
const NEVER: Readonly<Record<string, string>> = {
  '/Namespace': 'everything in it would be lost',
  '/PersistentVolume': 'the volume could not be brought back',
  '/ServiceAccount': 'its tokens die with it and stay dead after it is created again',
  '/Node': 'cordon it instead: a node object registers itself again with a new identity',
  'apiextensions.k8s.io/CustomResourceDefinition': 'all objects of its kind would be lost',
  'admissionregistration.k8s.io/ValidatingWebhookConfiguration': 'change it instead (failurePolicy, selectors)',
  'admissionregistration.k8s.io/MutatingWebhookConfiguration': 'change it instead (failurePolicy, selectors)',
};

/** Kinds whose deletion does nothing but remove the object; it comes back with another uid. */
const PLAIN = new Set([
  '/ConfigMap', '/Secret', '/ResourceQuota', '/LimitRange', '/PodTemplate', '/Endpoints', '/Event',
  'rbac.authorization.k8s.io/Role', 'rbac.authorization.k8s.io/RoleBinding', 'rbac.authorization.k8s.io/ClusterRole',
  'rbac.authorization.k8s.io/ClusterRoleBinding', 'networking.k8s.io/Ingress', 'networking.k8s.io/IngressClass',
  'networking.k8s.io/NetworkPolicy', 'autoscaling/HorizontalPodAutoscaler', 'policy/PodDisruptionBudget',
  'storage.k8s.io/StorageClass', 'storage.k8s.io/VolumeAttributesClass', 'scheduling.k8s.io/PriorityClass',
  'node.k8s.io/RuntimeClass', 'discovery.k8s.io/EndpointSlice', 'coordination.k8s.io/Lease', 'events.k8s.io/Event',
  'apps/ControllerRevision', 'batch/CronJob', '/Service', '/Pod', '/PersistentVolumeClaim', 'batch/Job',
  'apps/Deployment', 'apps/StatefulSet', 'apps/DaemonSet', 'apps/ReplicaSet', '/ReplicationController',
]); // prettier-ignore

/** Owners whose controller makes what they own again, once they are there again. */
const MAKES_AGAIN: Readonly<Record<string, string[]>> = {
  ...MADE_BY,
  Service: ['EndpointSlice', 'Endpoints'],
};

export async function effectsOfDelete(
  input: ForecastInput,
  before: KubeObject,
  facts: ClusterFacts,
): Promise<Effect[]> {
  const { ref, builtIn, createdHere } = input;
  const key = kindKey(ref.apiVersion, ref.kind);
  if (!createdHere && builtIn) {
    const never = Object.hasOwn(NEVER, key) ? NEVER[key] : Object.hasOwn(CLOSED_KINDS, key) ? CLOSED_KINDS[key] : '';
    if (never) return [oneWay(`never delete a ${ref.kind}: ${never}`)];
  }
  if (before.metadata.deletionTimestamp) return [oneWay(`${refLabel(ref)} is already being deleted`)];
  const effects = createdHere ? [] : await ownEffects(input, before, facts, key);
  if (effects.some(({ grade }) => grade === 'one-way')) return effects;
  return [...effects, ...(await belowEffects(input, before, facts))];
}

async function ownEffects(
  input: ForecastInput,
  before: KubeObject,
  facts: ClusterFacts,
  key: string,
): Promise<Effect[]> {
  const { ref, builtIn } = input;
  if (key === '/Pod') return effectsOfPodRemoval(input, before, facts);
  if (key === '/PersistentVolumeClaim') return effectsOfClaimRemoval(ref, before, facts);
  const { finalizers = [] } = before.metadata;
  if (finalizers.length > 0) {
    return [
      oneWay(`its finalizers (${finalizers.join(', ')}) act on deletion, and a deletion once sent cannot be stopped`),
    ];
  }
  if (await isRemade(before, facts)) {
    return [
      comesBack('its controller replaces it under a new name and uid', ref),
      ...(MADE_BY[ref.kind] ? [comesBack('its pods are replaced with it', ref, MADE_BY[ref.kind])] : []),
    ];
  }
  if (namesRemaker(before)) return [isLost('whether its controller replaces it is not known', ref)];
  const identity = comesBack('its uid changes', ref);
  if (!builtIn)
    return [identity, unknown('it is a custom resource: what its operator takes away with it may not come back')];
  if (!PLAIN.has(key)) return [identity, unknown(`what goes with a ${ref.kind} is not known`)];
  if (key === 'batch/Job')
    return [isLost('the job would run again from its start', ref), isLost('its pods and their logs go', ref, ['Pod'])];
  if (key === '/Service') return serviceEffects(before, identity, ref, facts);
  if (key === 'batch/CronJob') return [identity];
  if (key === 'autoscaling/HorizontalPodAutoscaler') return [identity, ...(await rivalEffects(before, ref, facts))];
  if (!POD_KEEPERS.has(ref.kind)) return [identity];
  return [identity, ...(await workloadEffects(input, before, facts))];
}

/** What another autoscaler of the same target does once this one no longer holds it back. */
async function rivalEffects(scaler: KubeObject, ref: ObjectRef, facts: ClusterFacts): Promise<Effect[]> {
  const all = await facts.list('autoscaling/v2', 'HorizontalPodAutoscaler', ref.namespace);
  if (!all) return [unknown('whether another autoscaler scales its target could not be read')];
  const { kind, name } = scaler.spec?.scaleTargetRef ?? {};
  const rivals = all.filter(
    ({ metadata, spec }) =>
      metadata.name !== ref.name && spec?.scaleTargetRef?.kind === kind && spec?.scaleTargetRef?.name === name,
  );
  return (await Promise.all(rivals.map((rival) => effectsOfScaler(rival, refOf(rival), facts)))).flat();
}

async function workloadEffects(
  { ref, propagation }: ForecastInput,
  before: KubeObject,
  facts: ClusterFacts,
): Promise<Effect[]> {
  if (propagation === 'Orphan') return [comesBack('its pods are adopted again', ref, own(MADE_BY, ref.kind))];
  const lost = await earlierPodsGo(before, ref, 0, facts);
  if (lost.some(({ grade }) => grade === 'one-way')) return lost;
  const volumes = await goesWithPods(before, ref, facts);
  const effects: Effect[] = [
    ...lost,
    comesBack('its pods are gone until it is created again', ref, own(MADE_BY, ref.kind)),
    ...(await cannotComeBack(before, ref, before.spec?.template, facts)),
  ];
  if (before.spec?.template?.spec?.volumes?.some((volume: { emptyDir?: unknown }) => volume.emptyDir))
    return [oneWay('the emptyDir data of its pods would be lost; scale it to 0 only if that is acceptable')];
  if (before.spec?.persistentVolumeClaimRetentionPolicy?.whenDeleted === 'Delete')
    return [oneWay('its volumes would be deleted (persistentVolumeClaimRetentionPolicy.whenDeleted: Delete)')];
  return [...effects, ...volumes];
}

async function serviceEffects(
  service: KubeObject,
  identity: Effect,
  ref: ObjectRef,
  facts: ClusterFacts,
): Promise<Effect[]> {
  if (service.spec?.type === 'LoadBalancer') return [oneWay('its load balancer outside the cluster would be released')];
  const effects = [
    identity,
    comesBack('its endpoints are away until it is created again', ref, ['EndpointSlice', 'Endpoints']),
  ];
  if (Object.keys((service.spec?.selector ?? {}) as object).length === 0)
    effects.push(...(await handMadeEndpoints(ref, facts, 'the Endpoints that people made for it are deleted with it')));
  if (service.spec?.clusterIP && service.spec.clusterIP !== 'None')
    effects.push(comesBack('its cluster address is asked for again and could be taken', ref));
  return effects;
}

/** A claim that never bound holds no data: it may go, and comes back with another uid. */
async function effectsOfClaimRemoval(ref: ObjectRef, claim: KubeObject, facts: ClusterFacts): Promise<Effect[]> {
  if (claim.status?.phase !== 'Pending' || !(await isUnbound(claim, facts))) {
    return [
      oneWay(
        `never delete a claim that is or was bound (phase ${claim.status?.phase ?? 'unknown'}): its data would be lost`,
      ),
    ];
  }
  const others = (claim.metadata.finalizers ?? []).filter((name) => name !== 'kubernetes.io/pvc-protection');
  if (others.length > 0) return [oneWay(`its finalizers (${others.join(', ')}) act on deletion`)];
  const effects: Effect[] = [
    comesBack('the uid of the claim changes', ref),
    comesBack('data written to a volume of its replacement is lost by undo', ref),
  ];
  const pods = await facts.list('v1', 'Pod', ref.namespace);
  if (!pods) return [...effects, unknown('which pods use the claim could not be read')];
  const consumers = pods.filter((pod) => !isEnded(pod) && mounts(pod, ref.name));
  const remade: KubeObject[] = [];
  const bare: KubeObject[] = [];
  for (const pod of consumers) ((await isRemade(pod, facts)) ? remade : bare).push(pod);
  const refs = (list: KubeObject[]) =>
    list.map((pod) => ({
      apiVersion: 'v1',
      kind: 'Pod',
      ...(ref.namespace ? { namespace: ref.namespace } : {}),
      name: pod.metadata.name,
    }));
  return [
    ...effects,
    ...eachOf(refs(remade), true, (names) => `pods that use it are replaced: ${names}`),
    ...eachOf(refs(bare), false, (names) => `no controller brings back ${names}`),
  ];
}

/** `spec.volumeName` may also have been asked for by whoever wrote the claim; then the volume tells whether it got it. */
async function isUnbound({ metadata, spec }: KubeObject, facts: ClusterFacts): Promise<boolean> {
  if (!spec?.volumeName) return true;
  if (metadata.annotations?.['pv.kubernetes.io/bind-completed'] !== undefined) return false;
  const volume = await facts.get({ apiVersion: 'v1', kind: 'PersistentVolume', name: String(spec.volumeName) });
  if (volume === undefined) return false;
  const claimRef = volume?.spec?.claimRef as { uid?: string } | undefined;
  return claimRef?.uid !== undefined ? claimRef.uid !== metadata.uid : volume === null;
}

function mounts(pod: KubeObject, claim: string): boolean {
  const volumes = (pod.spec?.volumes ?? []) as Array<{ persistentVolumeClaim?: { claimName?: string } }>;
  return volumes.some((volume) => volume.persistentVolumeClaim?.claimName === claim);
}

/**
 * What garbage collection takes along. Objects that a controller makes for the deleted one come back with it; everything
 * else that refers to it as its owner is gone for good, or (orphaned) loses its reference for good.
 */
async function belowEffects(
  { ref, propagation }: ForecastInput,
  before: KubeObject,
  facts: ClusterFacts,
): Promise<Effect[]> {
  const uid = before.metadata.uid ?? '';
  const { owned, unseen } = await facts.below(uid, before.metadata.namespace);
  const effects: Effect[] = [];
  const made = new Set(own(MAKES_AGAIN, ref.kind) ?? []);
  const isMadeAgain = (object: Owned) => made.has(object.ref.kind) && !isOldRevision(object, ref, owned);
  const lost = owned.filter((object) => !isMadeAgain(object));
  const sentence =
    propagation === 'Orphan'
      ? (names: string) => `they lose their owner for good, and keep no reference to it: ${names}`
      : (names: string) => `it owns them, and they are deleted with it: ${names}`;
  const [claims, others] = [lost.filter(isClaim), lost.filter((object) => !isClaim(object))];
  effects.push(
    ...eachOf(
      others.map((object) => object.ref),
      false,
      sentence,
    ),
    ...(await claimsGo(
      claims.map((object) => object.ref),
      facts,
      sentence,
    )),
  );
  if (unseen.length > 0)
    effects.push(
      unknown(
        `what it owns among ${unseen.slice(0, 5).join(', ')}${unseen.length > 5 ? ` and ${unseen.length - 5} more kinds` : ''} could not be read`,
      ),
    );
  return effects;
}

const isClaim = ({ ref }: Owned) => ref.kind === 'PersistentVolumeClaim';

/** Revisions but the one in use are not made again. Only metadata is known: the newest number is in use. */
function isOldRevision(object: Owned, owner: ObjectRef, all: Owned[]): boolean {
  if (owner.kind !== 'Deployment' || object.ref.kind !== 'ReplicaSet') return false;
  const number = ({ metadata }: Owned) => Number(metadata.annotations?.['deployment.kubernetes.io/revision'] ?? 0);
  return all.some((other) => other.ref.kind === 'ReplicaSet' && number(other) > number(object));
}
