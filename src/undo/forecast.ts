import type { KubeObject, ObjectRef } from '../domain/kube-object.ts';
import { own } from '../domain/json-map.ts';
import { refLabel } from '../domain/kube-object.ts';
import type { UndoForecast } from '../domain/transaction.ts';
import type { Change } from './difference.ts';
import { difference } from './difference.ts';
import { isControlled } from './inverse.ts';
import { withoutServerFields } from './normalise.ts';

export type WriteVerb = 'create' | 'update' | 'delete' | 'evict';

export interface ForecastInput {
  verb: WriteVerb;
  ref: ObjectRef;
  before: KubeObject | null;
  /** What the server says it will be (dry-run); null for deletions. */
  after: KubeObject | null;
  /** The object was created by this very transaction: deleting it again leaves nothing to restore. */
  createdHere: boolean;
  /** Of a deletion: `Foreground`, `Background` or `Orphan`. */
  propagation?: string;
  /** Of a deletion or eviction: grace period 0 asked for. */
  force?: boolean;
  /** An autoscaler that targets the object. */
  autoscaler?: ObjectRef;
  /** Pods that mount the claim (PersistentVolumeClaim only). */
  consumers?: KubeObject[];
}

/**
 * What undoing this one write will be able to restore, before it runs. Keyed by verb and resource, never by command
 * text. Unknown combinations that cannot be shown to be reversible are `refused`.
 */
export function forecastUndo(input: ForecastInput): UndoForecast {
  const forecast = base(input);
  const warnings = ownerWarnings(input.before ?? input.after, input.autoscaler);
  return warnings.length > 0 ? { ...forecast, warnings } : forecast;
}

function base(input: ForecastInput): UndoForecast {
  if (input.verb === 'create') return forecastCreate(input);
  if (!input.before) return refused(`${refLabel(input.ref)} could not be read before the write`);
  if (input.verb === 'update') return forecastUpdate(input, input.before);
  if (input.createdHere) return made('exact', [], 'nothing: it was created by this transaction');
  return input.verb === 'evict' ? forecastPodRemoval(input, input.before) : forecastDelete(input, input.before);
}

const made = (grade: UndoForecast['class'], residue: string[], inverse: string): UndoForecast => ({
  class: residue.length > 0 && grade === 'exact' ? 'modulo' : grade,
  residue,
  inverse,
});
const refused = (reason: string): UndoForecast => ({ class: 'refused', residue: [reason], inverse: 'none' });

const CREATE_RESIDUE: Record<string, string> = {
  Job: 'work done by its pods stays done',
  Pod: 'work done by its containers stays done',
  Namespace: 'everything others put into it meanwhile goes with it',
  CustomResourceDefinition: 'objects of its kind created meanwhile go with it',
  PersistentVolumeClaim: 'data written to its volume goes with it',
  HorizontalPodAutoscaler: 'pods it added or removed are replaced by the former number',
};

function forecastCreate({ ref, after }: ForecastInput): UndoForecast {
  if (ref.kind === 'Secret' && after?.type === 'kubernetes.io/service-account-token') {
    return refused('a service account token, once issued, cannot be taken back from who has read it');
  }
  if (ref.kind === 'Service' && after?.spec?.type === 'LoadBalancer') {
    return refused('a load balancer outside the cluster is allocated and released with it');
  }
  const residue = own(CREATE_RESIDUE, ref.kind);
  return made('exact', residue ? [residue] : [], `DELETE the created ${refLabel(ref)}`);
}

const TEMPLATE_KINDS = new Set(['Deployment', 'StatefulSet', 'DaemonSet', 'ReplicaSet', 'ReplicationController']);

function forecastUpdate({ ref, after, autoscaler }: ForecastInput, before: KubeObject): UndoForecast {
  if (!after) return refused('the result of the change is not known');
  if (before.metadata.deletionTimestamp) return refused(`${refLabel(ref)} is being deleted`);
  const changes = difference(withoutServerFields(before), withoutServerFields(after));
  const oneWay = oneWayChange(ref.kind, before, after, changes);
  if (oneWay) return refused(oneWay);
  const residue: string[] = [];
  const touches = (...path: string[]) => changes.some((change) => startsWith(change, path));
  if (TEMPLATE_KINDS.has(ref.kind) && touches('spec', 'template')) {
    residue.push('pods are replaced, once by the change and once by its undo');
    if (ref.kind === 'Deployment') residue.push('one more ReplicaSet stays in its history');
  }
  if (touches('spec', 'replicas')) {
    if (autoscaler) residue.push(`the number of replicas belongs to ${refLabel(autoscaler)}`);
    else if ((after.spec?.replicas ?? 1) < (before.spec?.replicas ?? 1))
      residue.push('pods that go are replaced by new ones');
  }
  if (ref.kind === 'Node' && addsNoExecute(before, after)) residue.push('pods evicted by the taint do not move back');
  if (ref.kind === 'HorizontalPodAutoscaler')
    residue.push('pods it added or removed are replaced by the former number');
  if (ref.kind === 'Service' && touches('spec', 'type')) {
    residue.push('its cluster address and node ports are asked for again and could be taken');
  }
  if (ref.kind === 'CronJob' && touches('spec', 'suspend')) residue.push('runs started or missed meanwhile stay so');
  if (ref.kind === 'Job' && touches('spec', 'suspend')) residue.push('its pods are stopped or started again');
  return made('exact', residue, `PUT the previous ${refLabel(ref)}`);
}

function startsWith(change: Change, path: string[]): boolean {
  return path.every((key, i) => i >= change.path.length || change.path[i] === key);
}

function oneWayChange(kind: string, before: KubeObject, after: KubeObject, changes: Change[]): string | null {
  const gone = (before.metadata.finalizers ?? []).filter((name) => !after.metadata.finalizers?.includes(name));
  if (gone.length > 0) return `removing finalizer ${gone.join(', ')} skips the clean-up that waits for it`;
  if ((kind === 'ConfigMap' || kind === 'Secret') && after.immutable === true && before.immutable !== true) {
    return `immutable: true can never be taken back on a ${kind}`;
  }
  if (kind === 'PersistentVolumeClaim' && changes.some((change) => startsWith(change, ['spec', 'resources']))) {
    return 'a volume can grow but not shrink: a changed storage request cannot be taken back';
  }
  if (kind === 'PersistentVolumeClaim' && !before.spec?.volumeName && after.spec?.volumeName) {
    return 'binding a claim to a volume cannot be taken back';
  }
  if (kind === 'PersistentVolume' && changes.some((change) => startsWith(change, ['spec', 'capacity']))) {
    return 'the capacity of a volume cannot be taken back';
  }
  if (kind === 'StatefulSet' && after.spec?.persistentVolumeClaimRetentionPolicy?.whenScaled === 'Delete') {
    const [from, to] = [before.spec?.replicas ?? 1, after.spec?.replicas ?? 1];
    if (to < from) return 'scaling down deletes volumes (persistentVolumeClaimRetentionPolicy.whenScaled: Delete)';
  }
  if (
    kind === 'Job' &&
    changes.some((change) => startsWith(change, ['spec', 'parallelism'])) &&
    after.spec?.completionMode === 'Indexed'
  ) {
    return null;
  }
  if (kind === 'CustomResourceDefinition' && changes.some((change) => startsWith(change, ['spec', 'versions']))) {
    return 'changing the versions of a CRD can drop or convert stored fields for good';
  }
  if (kind === 'Namespace' && changes.some((change) => startsWith(change, ['spec'])))
    return 'finalizing a Namespace cannot be undone';
  if (kind === 'Pod' && changes.some((change) => startsWith(change, ['spec']))) {
    const onlyImages = changes.every(
      (change) => !startsWith(change, ['spec']) || change.path.at(-1) === 'image' || change.path[1] === 'tolerations',
    );
    if (!onlyImages) return 'this change to a running pod cannot be taken back';
    if (changes.some((change) => change.path[1] === 'tolerations')) return 'tolerations of a pod can only be added';
  }
  return null;
}

function addsNoExecute(before: KubeObject, after: KubeObject): boolean {
  const effects = (node: KubeObject) =>
    ((node.spec?.taints ?? []) as Array<{ key: string; effect: string }>)
      .filter((taint) => taint.effect === 'NoExecute')
      .map((taint) => taint.key);
  return effects(after).some((key) => !effects(before).includes(key));
}

const NEVER_DELETE: Record<string, string> = {
  Namespace: 'everything in it would be lost',
  PersistentVolume: 'the volume could not be brought back',
  CustomResourceDefinition: 'all objects of its kind would be lost',
  APIService: 'an API of the cluster would disappear',
  ServiceAccount: 'its tokens die with it and stay dead after it is created again',
  Node: 'cordon it instead: a node object registers itself again with a new identity',
  ValidatingAdmissionPolicy: 'a rule that guards the cluster would be switched off',
  ValidatingAdmissionPolicyBinding: 'a rule that guards the cluster would be switched off',
  MutatingAdmissionPolicy: 'a rule that guards the cluster would be switched off',
  MutatingAdmissionPolicyBinding: 'a rule that guards the cluster would be switched off',
  ValidatingWebhookConfiguration: 'change it instead (failurePolicy, selectors)',
  MutatingWebhookConfiguration: 'change it instead (failurePolicy, selectors)',
  CertificateSigningRequest: 'an issued certificate outlives it',
};

/** Kinds whose deletion the API server records without any side effect on anything but the object itself. */
const PLAIN_KINDS = new Set([
  'ConfigMap', 'Secret', 'Role', 'RoleBinding', 'ClusterRole', 'ClusterRoleBinding', 'Ingress', 'IngressClass', 'CronJob',
  'HorizontalPodAutoscaler', 'PodDisruptionBudget', 'NetworkPolicy', 'StorageClass', 'PriorityClass', 'RuntimeClass',
  'ResourceQuota', 'LimitRange', 'PodTemplate', 'Endpoints', 'EndpointSlice', 'Lease', 'Event', 'ControllerRevision',
]); // prettier-ignore

function forecastDelete(input: ForecastInput, before: KubeObject): UndoForecast {
  const { ref, propagation } = input;
  const never = own(NEVER_DELETE, ref.kind);
  if (never) return refused(`never delete a ${ref.kind}: ${never}`);
  if (before.metadata.deletionTimestamp) return refused(`${refLabel(ref)} is already being deleted`);
  if (ref.kind === 'Pod') return forecastPodRemoval(input, before);
  if (ref.kind === 'PersistentVolumeClaim') return forecastClaimRemoval(input, before);
  const finalizers = before.metadata.finalizers ?? [];
  if (finalizers.length > 0) {
    return refused(
      `its finalizers (${finalizers.join(', ')}) act on deletion, and a deletion once sent cannot be stopped`,
    );
  }
  const again = `POST ${refLabel(ref)} again`;
  const identity = 'its uid changes';
  if (isControlled(before))
    return made(
      'modulo',
      ['its controller replaces it under a new name and uid'],
      'none needed: its controller replaces it',
    );
  if (ref.kind === 'Job') return made('human', ['the job would run again from its start'], again);
  if (ref.kind === 'Service') return forecastServiceRemoval(before, again);
  if (TEMPLATE_KINDS.has(ref.kind)) {
    if (propagation === 'Orphan') return made('modulo', [identity, 'its pods are adopted again'], again);
    if (before.spec?.template?.spec?.volumes?.some((volume: { emptyDir?: unknown }) => volume.emptyDir)) {
      return refused('the emptyDir data of its pods would be lost; scale it to 0 only if that is acceptable');
    }
    if (before.spec?.persistentVolumeClaimRetentionPolicy?.whenDeleted === 'Delete') {
      return refused('its volumes would be deleted (persistentVolumeClaimRetentionPolicy.whenDeleted: Delete)');
    }
    return made('modulo', [identity, 'its pods are gone until it is created again'], again);
  }
  if (ref.kind === 'CronJob') return made('modulo', [identity, 'jobs it started go with it'], again);
  if (PLAIN_KINDS.has(ref.kind)) return made('modulo', [identity], again);
  return made('modulo', [identity, 'objects that its operator made for it are made again'], again);
}

function forecastServiceRemoval(service: KubeObject, again: string): UndoForecast {
  if (service.spec?.type === 'LoadBalancer') return refused('its load balancer outside the cluster would be released');
  const residue = ['its uid changes', 'its endpoints are away until it is created again'];
  if (service.spec?.clusterIP && service.spec.clusterIP !== 'None')
    residue.push('its cluster address is asked for again and could be taken');
  return made('modulo', residue, again);
}

function forecastPodRemoval({ force, ref }: ForecastInput, pod: KubeObject): UndoForecast {
  if (force) return refused('a forced removal (grace period 0) can leave containers running that nobody sees');
  const mirror = pod.metadata.annotations?.['kubernetes.io/config.mirror'];
  if (mirror) return refused('a static pod belongs to its node');
  if ((pod.metadata.finalizers ?? []).length > 0)
    return refused(`its finalizers (${pod.metadata.finalizers!.join(', ')}) act on deletion`);
  if (isControlled(pod)) {
    const residue = ['its controller replaces it by a pod with a new name and uid'];
    if (pod.spec?.volumes?.some((volume: { emptyDir?: unknown }) => volume.emptyDir))
      residue.push('its emptyDir data is lost');
    return made('modulo', residue, 'none needed: its controller replaces it');
  }
  return made(
    'human',
    ['no controller brings it back; the state of its containers is lost'],
    `POST ${refLabel(ref)} again`,
  );
}

/** A claim that never bound holds no data: it may go, and comes back with another uid. */
function forecastClaimRemoval({ ref, consumers }: ForecastInput, claim: KubeObject): UndoForecast {
  if (claim.spec?.volumeName || claim.status?.phase !== 'Pending') {
    return refused(
      `never delete a claim that is or was bound (phase ${claim.status?.phase ?? 'unknown'}): its data would be lost`,
    );
  }
  const others = (claim.metadata.finalizers ?? []).filter((name) => name !== 'kubernetes.io/pvc-protection');
  if (others.length > 0) return refused(`its finalizers (${others.join(', ')}) act on deletion`);
  const bare = (consumers ?? []).filter((pod) => !isControlled(pod));
  const residue = ['the uid of the claim changes', 'data written to a volume of its replacement is lost by undo'];
  if (consumers && consumers.length > 0) {
    residue.push(
      `pods that use it are replaced: ${consumers
        .map((pod) => pod.metadata.name)
        .slice(0, 5)
        .join(', ')}`,
    );
  }
  if (bare.length > 0)
    return made(
      'human',
      [...residue, `no controller brings back ${bare.map((pod) => pod.metadata.name).join(', ')}`],
      `POST ${refLabel(ref)} again`,
    );
  return made('modulo', residue, `DELETE the replacement and its controller-owned pods, POST ${refLabel(ref)} again`);
}

/** Who else will act on the object: said, never decided upon. */
export function ownerWarnings(object: KubeObject | null, autoscaler?: ObjectRef): string[] {
  if (!object) return [];
  const warnings: string[] = [];
  const labels = object.metadata.labels ?? {};
  const annotations = object.metadata.annotations ?? {};
  const argo = annotations['argocd.argoproj.io/tracking-id'] ?? labels['argocd.argoproj.io/instance'];
  if (argo) warnings.push(`Argo CD (${bounded(argo)}) manages it and may write its own version back`);
  const flux = labels['kustomize.toolkit.fluxcd.io/name'] ?? labels['helm.toolkit.fluxcd.io/name'];
  if (flux) warnings.push(`Flux (${bounded(flux)}) manages it and may write its own version back`);
  const release = annotations['meta.helm.sh/release-name'];
  if (release) warnings.push(`Helm release ${bounded(release)} owns it: the next upgrade may undo this change`);
  const owner = object.metadata.ownerReferences?.find((reference) => reference.controller);
  if (owner) warnings.push(`${owner.kind} ${bounded(owner.name)} controls it and may write its own version back`);
  if (autoscaler) warnings.push(`${refLabel(autoscaler)} sets its number of replicas`);
  return warnings;
}

function bounded(text: string): string {
  return text.replaceAll(/[^\x20-\x7e]/g, '?').slice(0, 80);
}
