import type { KubeObject } from '../domain/kube-object.ts';
import type { Json } from '../json/json.ts';
import { normalise, recreationBody } from './normalise.ts';

/**
 * The form in which an object and its re-creation are compared: N(o) without what can only be generated anew (a job's
 * selector, a pod's node and token volume, a claim's binding notes, references to owners).
 */
export function comparable(object: KubeObject, statusIsContent = false): Json {
  const body = recreationBody(object, statusIsContent);
  delete body.metadata.ownerReferences;
  if (body.kind === 'PersistentVolumeClaim') stripClaimNotes(body);
  if (body.kind === 'Pod') stripInjected(body);
  return normalise(body, statusIsContent);
}

function stripClaimNotes(claim: KubeObject): void {
  for (const name of Object.keys(claim.metadata.annotations ?? {})) {
    if (/^(pv\.kubernetes\.io|volume\.(beta\.)?kubernetes\.io)\//.test(name)) delete claim.metadata.annotations![name];
  }
  claim.metadata.finalizers = claim.metadata.finalizers?.filter((name) => name !== 'kubernetes.io/pvc-protection');
  if (!claim.metadata.finalizers?.length) delete claim.metadata.finalizers;
}

function stripInjected(pod: KubeObject): void {
  const injected = (item: { name?: string }) => item.name?.startsWith('kube-api-access-');
  const spec = pod.spec ?? {};
  spec.volumes = (spec.volumes ?? []).filter((volume: { name?: string }) => !injected(volume));
  for (const container of [...(spec.containers ?? []), ...(spec.initContainers ?? [])]) {
    container.volumeMounts = (container.volumeMounts ?? []).filter((mount: { name?: string }) => !injected(mount));
  }
}
