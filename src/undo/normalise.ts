import type { KubeObject } from '../domain/kube-object.ts';
import type { Json } from '../json/json.ts';
import { cloneJson } from '../json/lossless-json.ts';
import { isMap } from '../json/json-map.ts';

/** Annotations that controllers maintain, by kind, and that no restore can or should bring back. */
const CONTROLLER_ANNOTATIONS: Readonly<Record<string, string[]>> = {
  Deployment: ['deployment.kubernetes.io/revision'],
  ReplicaSet: ['deployment.kubernetes.io/revision', 'deployment.kubernetes.io/revision-history'],
  DaemonSet: ['deprecated.daemonset.template.generation'],
};

export function controllerAnnotations(kind: string): readonly string[] {
  return Object.hasOwn(CONTROLLER_ANNOTATIONS, kind) ? CONTROLLER_ANNOTATIONS[kind]! : [];
}

const SERVER_METADATA = [
  'uid',
  'resourceVersion',
  'generation',
  'creationTimestamp',
  'managedFields',
  'selfLink',
  'deletionTimestamp',
  'deletionGracePeriodSeconds',
];

/**
 * N(o) of the state equality: what must be the same after undo. Drops what the server or a controller owns (server
 * metadata, status, uids of owners, controller annotations, the size that a Deployment gives its ReplicaSet, empty label
 * and annotation maps); keeps the last-applied
 * annotation, finalizers, every other annotation and the order of lists.
 * @param statusIsContent keep the status: a custom resource without a status subresource
 */
export function normalise(object: KubeObject, statusIsContent = false): Json {
  const result = withoutServerFields(object, statusIsContent);
  const owners = (result.metadata as { ownerReferences?: Array<Record<string, Json>> }).ownerReferences;
  const { kind, spec } = result;
  const isScaledByOwner =
    kind === 'ReplicaSet' && owners?.some((owner) => owner.controller === true && owner.kind === 'Deployment');
  if (isScaledByOwner && isMap(spec)) delete spec.replicas;
  for (const owner of owners ?? []) delete owner.uid;
  return result;
}

/** As {@link normalise}, but owner uids stay: the form that a patch may be computed from. */
export function withoutServerFields(object: KubeObject, statusIsContent = false): { [key: string]: Json } {
  const copy = cloneJson(object) as unknown as { [key: string]: Json };
  if (!statusIsContent) delete copy.status;
  const metadata = copy.metadata as { [key: string]: Json };
  for (const field of SERVER_METADATA) delete metadata[field];
  const annotations = metadata.annotations as { [key: string]: Json } | undefined;
  for (const name of controllerAnnotations(object.kind)) if (annotations) delete annotations[name];
  for (const field of ['annotations', 'labels']) {
    const map = metadata[field];
    if (map === null || (isMap(map) && Object.keys(map).length === 0)) delete metadata[field];
  }
  return copy;
}

/** Body to create an object again after its deletion: without identity, server fields and what binds it to old uids. */
export function recreationBody(object: KubeObject, statusIsContent = false): KubeObject {
  const body = cloneJson(object);
  if (!statusIsContent) delete body.status;
  const metadata = body.metadata as unknown as Record<string, unknown>;
  for (const field of SERVER_METADATA) delete metadata[field];
  delete metadata.generateName;
  // Which revision an old ReplicaSet was is told by nothing but this annotation.
  if (body.kind !== 'ReplicaSet')
    for (const name of controllerAnnotations(body.kind)) delete body.metadata.annotations?.[name];
  if (body.kind === 'Job') stripJobIdentity(body);
  if (body.kind === 'Pod') stripPodPlacement(body);
  if (body.kind === 'PersistentVolumeClaim' && !body.spec?.volumeName) stripBinding(body);
  return body;
}

/** The server generates selector and labels from the new uid; the old ones are refused as mismatching. */
function stripJobIdentity(job: KubeObject): void {
  if (job.spec?.manualSelector === true) return;
  delete job.spec?.selector;
  for (const labels of [job.metadata.labels, job.spec?.template?.metadata?.labels]) {
    for (const name of [
      'controller-uid',
      'job-name',
      'batch.kubernetes.io/controller-uid',
      'batch.kubernetes.io/job-name',
    ]) {
      delete labels?.[name];
    }
  }
}

/** A pod must be scheduled again; its injected token volume is added by admission. */
function stripPodPlacement(pod: KubeObject): void {
  delete pod.spec?.nodeName;
}

function stripBinding(claim: KubeObject): void {
  const annotations = claim.metadata.annotations;
  for (const name of Object.keys(annotations ?? {})) {
    if (name.startsWith('pv.kubernetes.io/') || name === 'volume.kubernetes.io/selected-node')
      delete annotations?.[name];
  }
  claim.metadata.finalizers = claim.metadata.finalizers?.filter((name) => name !== 'kubernetes.io/pvc-protection');
  if (claim.metadata.finalizers?.length === 0) delete claim.metadata.finalizers;
}
