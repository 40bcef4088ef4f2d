import { own } from '../../json/json-map.ts';
import { sameJson } from '../../json/same-json.ts';
import type { KubeObject, ObjectRef } from '../../domain/kube-object.ts';
import { refLabel, refOf } from '../../domain/kube-object.ts';
import type { ForecastInput } from '../forecast.ts';
import type { Effect } from './effect.ts';
import { comesBack, eachOf, oneWay, unknown } from './effect.ts';
import type { ClusterFacts } from './facts.ts';
import { kindKey } from './lookup.ts';
import { ownersExist } from './looks/owners.ts';
import { handMadeEndpoints } from './looks/services.ts';
import { adoptersOf } from './looks/pods.ts';
import { effectsOfScaler } from './looks/scaler.ts';
import { mayBeTaken, mayProvision, mayTake } from './looks/volumes.ts';
import { mayPreempt } from './preemption.ts';
import { selects } from './selector.ts';
import { claimsLeftBehind } from './scaling.ts';
import { claimsOfOrdinals, MADE_BY, replicasOf, selectorOf } from './workload.ts';

type OnCreate = (
  ref: ObjectRef,
  created: KubeObject,
  facts: ClusterFacts,
  formerly: NonNullable<ForecastInput['formerly']>,
) => Effect[] | Promise<Effect[]>;

const NOTHING: OnCreate = () => [];
const said =
  (text: string, below?: string[]): OnCreate =>
  (ref) => [comesBack(text, ref, below)];

/**
 * What the existence of a new object brings about that its deletion does not take away, by `GROUP/Kind`. A kind that is
 * not here is unknown. Sources: the controllers of kube-controller-manager, by kind.
 */
const ON_CREATE: Readonly<Record<string, OnCreate>> = {
  '/ConfigMap': NOTHING,
  '/Secret': (_ref, created) =>
    created.type === 'kubernetes.io/service-account-token'
      ? [oneWay('a service account token, once issued, cannot be taken back from who has read it')]
      : [],
  '/ServiceAccount': NOTHING,
  '/ResourceQuota': NOTHING,
  '/LimitRange': said('pods and claims made meanwhile keep what it gave them'),
  '/Endpoints': NOTHING,
  '/Event': NOTHING,
  '/PodTemplate': NOTHING,
  '/Service': (ref, created, facts) =>
    created.spec?.type === 'LoadBalancer'
      ? [oneWay('a load balancer outside the cluster is allocated and released with it')]
      : handMadeEndpoints(ref, facts, 'Endpoints of its name are overwritten, and deleted with it'),
  '/Pod': runsPod,
  '/ReplicationController': runsPods,
  '/Namespace': async (ref, _created, facts) => [
    comesBack('what others put into it meanwhile stays, and keeps it', ref),
    ...lookInside((await facts.contents(ref.name)).unseen),
  ],
  '/Node': takesPods,
  '/PersistentVolume': (_ref, created, facts) => mayBeTaken(created, facts),
  '/PersistentVolumeClaim': async (ref, created, facts, formerly) => [
    comesBack('data written to its volume goes with it', ref),
    ...(await mayTake(created, facts, formerly)),
  ],
  'events.k8s.io/Event': NOTHING,
  'apps/Deployment': runsPods,
  'apps/StatefulSet': runsSet,
  'apps/DaemonSet': runsPods,
  'apps/ReplicaSet': runsPods,
  'apps/ControllerRevision': mayReplaceCopies,
  'batch/Job': async (ref, created, facts) => [
    comesBack('work done by its pods stays done', ref, ['Pod']),
    // The selector is its own unless somebody set it (`manualSelector`).
    ...(await runsPods(ref, created, facts)),
  ],
  // Its jobs go with it; that their work is done is as true of the pods of a Deployment.
  'batch/CronJob': NOTHING,
  'autoscaling/HorizontalPodAutoscaler': (ref, created, facts) => effectsOfScaler(created, ref, facts),
  'policy/PodDisruptionBudget': NOTHING,
  'networking.k8s.io/Ingress': NOTHING,
  'networking.k8s.io/IngressClass': givenAsDefault(
    'ingressclass.kubernetes.io/is-default-class',
    'Ingresses made meanwhile are given its name, and keep it',
  ),
  'networking.k8s.io/NetworkPolicy': NOTHING,
  'rbac.authorization.k8s.io/Role': NOTHING,
  'rbac.authorization.k8s.io/ClusterRole': NOTHING,
  'rbac.authorization.k8s.io/RoleBinding': NOTHING,
  'rbac.authorization.k8s.io/ClusterRoleBinding': NOTHING,
  'scheduling.k8s.io/PriorityClass': (ref, created) =>
    created.globalDefault === true ? [comesBack('pods made meanwhile keep its priority', ref)] : [],
  'node.k8s.io/RuntimeClass': NOTHING,
  'storage.k8s.io/StorageClass': async (ref, created, facts) => [
    ...givenAsDefault(
      'storageclass.kubernetes.io/is-default-class',
      'claims without a class are given its name, and keep it',
    )(ref, created),
    ...(await mayProvision(created, facts)),
  ],
  'storage.k8s.io/VolumeAttributesClass': NOTHING,
  'storage.k8s.io/CSIDriver': NOTHING,
  'discovery.k8s.io/EndpointSlice': NOTHING,
  'coordination.k8s.io/Lease': NOTHING,
  'apiextensions.k8s.io/CustomResourceDefinition': async (ref, created, facts) => [
    comesBack('objects of its kind that others make meanwhile stay, and keep it', ref),
    ...(await ownedByAbsent(created, facts)),
  ],
  'admissionregistration.k8s.io/ValidatingWebhookConfiguration': said('what others write meanwhile is shown to it'),
  'admissionregistration.k8s.io/MutatingWebhookConfiguration': () => [
    unknown('what others write meanwhile may be altered by it, and stays so'),
  ],
};

/** A controller keeps one revision of each content, whichever: DaemonSets relabel or delete the others (dedupCurHistories). */
async function mayReplaceCopies(ref: ObjectRef, created: KubeObject, facts: ClusterFacts): Promise<Effect[]> {
  const found = await facts.list('apps/v1', 'ControllerRevision', ref.namespace);
  if (!found) return [unknown('which revisions it is a copy of cannot be read: its controller may delete either')];
  const copies = found.filter(({ metadata, data }) => metadata.name !== ref.name && sameJson(data, created.data));
  return [
    unknown('its controller may take it for a copy of one that it has, and delete either'),
    ...copies.map((copy) =>
      unknown(`${refLabel(refOf(copy))} has the same content: it may be deleted, or made again with another uid`),
    ),
  ];
}

/** Pods that wait for a place come to a new node, and one of each DaemonSet. */
async function takesPods(ref: ObjectRef, _created: KubeObject, facts: ClusterFacts): Promise<Effect[]> {
  const placed = comesBack('pods may be placed on it meanwhile, and go with it', ref, ['Pod']);
  const sets = await facts.list('apps/v1', 'DaemonSet');
  if (!sets) return [placed, unknown('which DaemonSets bring pods to it cannot be read')];
  return [
    placed,
    ...sets.map((set) =>
      comesBack(`a pod of DaemonSet ${set.metadata.name} comes to it, and goes with it`, refOf(set), ['Pod']),
    ),
  ];
}

/** A default that the API server writes into what others make while it stands. */
function givenAsDefault(annotation: string, text: string): (ref: ObjectRef, created: KubeObject) => Effect[] {
  return (ref, created) => (created.metadata.annotations?.[annotation] === 'true' ? [comesBack(text, ref)] : []);
}

/** The undo deletes a container only when it has seen that nothing of others is in it. */
function lookInside(unseen: readonly string[]): Effect[] {
  if (unseen.length === 0) return [];
  const some = unseen.slice(0, 5).join(', ') + (unseen.length > 5 ? ` and ${unseen.length - 5} more` : '');
  return [unknown(`you may not list ${some} in it: whether it can be removed again is not known`)];
}

export async function effectsOfCreate(
  { ref, builtIn, formerly = async () => undefined }: ForecastInput,
  created: KubeObject,
  facts: ClusterFacts,
): Promise<Effect[]> {
  const effects = await ownersExist(ref, created.metadata.ownerReferences ?? [], facts);
  const { finalizers = [] } = created.metadata;
  // The server adds its own to claims, volumes and namespaces, and takes them away itself.
  const foreign = finalizers.filter((name) => !SERVER_FINALIZERS.has(name));
  if (foreign.length > 0)
    effects.push(unknown(`its removal waits for whoever acts on the finalizers ${foreign.join(', ')}`));
  const onCreate =
    builtIn &&
    Object.hasOwn(ON_CREATE, kindKey(ref.apiVersion, ref.kind)) &&
    ON_CREATE[kindKey(ref.apiVersion, ref.kind)];
  if (onCreate) return [...effects, ...(await onCreate(ref, created, facts, formerly))];
  const why = builtIn
    ? `what a new ${ref.kind} brings about is not known`
    : `${refLabel(ref)} is a custom resource: it can be removed again, what its operator does meanwhile may stay`;
  return [...effects, unknown(why)];
}

const SERVER_FINALIZERS = new Set([
  'kubernetes',
  'kubernetes.io/pvc-protection',
  'kubernetes.io/pv-protection',
  'customresourcecleanup.apiextensions.k8s.io',
]);

/** As long as a kind is not served, the garbage collector leaves alone what names an owner of it. */
async function ownedByAbsent(definition: KubeObject, facts: ClusterFacts): Promise<Effect[]> {
  const { group, names } = (definition.spec ?? {}) as { group?: string; names?: { kind?: string } };
  const { owned, unseen } = await facts.everything();
  const waiting = owned.filter(({ metadata }) =>
    metadata.ownerReferences?.some(
      ({ apiVersion, kind }) => kind === names?.kind && apiVersion.startsWith(`${group ?? ''}/`),
    ),
  );
  const effects = eachOf(
    waiting.map((one) => one.ref),
    false,
    (list) => `they name an owner of this kind, which does not exist: once it is served they are deleted: ${list}`,
  );
  return unseen.length > 0
    ? [...effects, unknown(`what names an owner of this kind among ${unseen.slice(0, 5).join(', ')} could not be read`)]
    : effects;
}

/** A controller that is new takes over matching pods without a controller; they are surplus, or go with it. */
async function runsPods(ref: ObjectRef, created: KubeObject, facts: ClusterFacts): Promise<Effect[]> {
  const kinds: Array<[string, string]> = [['v1', 'Pod']];
  if (ref.kind === 'Deployment') kinds.push(['apps/v1', 'ReplicaSet']);
  if (ref.kind === 'StatefulSet' || ref.kind === 'DaemonSet') kinds.push(['apps/v1', 'ControllerRevision']);
  const effects: Effect[] = await mayPreempt(created.spec?.template?.spec, ref, facts);
  for (const [apiVersion, kind] of kinds) {
    const found = await facts.metadata(apiVersion, kind, ref.namespace);
    if (!found) {
      effects.push(unknown(`whether it takes over existing objects is not known: ${kind} cannot be listed`));
      continue;
    }
    const free = found.filter(
      ({ metadata }) =>
        !metadata.ownerReferences?.some(({ controller }) => controller) &&
        !metadata.deletionTimestamp &&
        selects(selectorOf(created), metadata.labels),
    );
    effects.push(
      ...eachOf(
        free.map((one) => one.ref),
        false,
        (names) => `existing ones match its selector: it takes them over, and they go with it or as too many: ${names}`,
      ),
    );
  }
  return effects;
}

/** Claims of a StatefulSet outlive it, unless they are to go with it: then those that are already there go too. */
async function runsSet(ref: ObjectRef, created: KubeObject, facts: ClusterFacts): Promise<Effect[]> {
  const effects = await runsPods(ref, created, facts);
  const claims = claimsOfOrdinals(created, 0, replicasOf(created));
  if (claims.length === 0) return effects;
  effects.push(...(await claimsLeftBehind(created, 0, replicasOf(created), facts)));
  if (created.spec?.persistentVolumeClaimRetentionPolicy?.whenDeleted !== 'Delete') return effects;
  const known = await facts.metadata('v1', 'PersistentVolumeClaim', ref.namespace);
  if (!known) return [...effects, unknown('whether claims of its names exist already is not known')];
  const taken = claims.filter(({ name }) => known.some((claim) => claim.ref.name === name));
  return [
    ...effects,
    ...eachOf(taken, false, (names) => `existing claims become its own and are deleted with it: ${names}`),
  ];
}

/** A pod runs at once; a controller whose selector it matches takes it over. */
async function runsPod(ref: ObjectRef, created: KubeObject, facts: ClusterFacts): Promise<Effect[]> {
  const work = comesBack('work done by its containers stays done', ref);
  const pushed = await mayPreempt(created.spec, ref, facts);
  if (created.metadata.ownerReferences?.some(({ controller }) => controller)) return [work, ...pushed];
  const adopters = await adoptersOf(created, facts);
  if (!adopters) return [work, ...pushed, unknown('which controllers would take the pod over is not known')];
  const takers = adopters.filter((adopter) => selects(selectorOf(adopter), created.metadata.labels));
  return [
    work,
    ...pushed,
    ...takers.map((taker) =>
      comesBack(
        `${taker.kind}/${taker.metadata.name} takes the pod over and deletes one that is too many`,
        { ...ref, apiVersion: taker.apiVersion, kind: taker.kind, name: taker.metadata.name },
        own(MADE_BY, taker.kind) ?? ['Pod'],
      ),
    ),
  ];
}
