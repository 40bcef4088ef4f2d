import type { KubeObject } from '../domain/kube-object.ts';
import type { Json } from '../json/json.ts';
import { normalise, recreationBody } from './normalise.ts';

/**
 * The form in which an object and its re-creation are compared: N(o) without what can only be generated anew (a job's
 * selector, a pod's node and token volume, a claim's binding notes, references to owners).
 */
export function comparable(object: KubeObject, statusIsContent = false): Json {
  const body = recreationBody(object, statusIsContent);
  if (body.kind === 'PersistentVolumeClaim') stripClaimNotes(body);
  if (body.kind === 'Pod') stripInjected(body);
  if (body.kind === 'Node') stripNodeNotes(body);
  // Who owns it decides what is compared, and is not compared itself.
  const form = normalise(body, statusIsContent) as { metadata: { ownerReferences?: Json } };
  delete form.metadata.ownerReferences;
  return form as unknown as Json;
}

function stripClaimNotes(claim: KubeObject): void {
  for (const name of Object.keys(claim.metadata.annotations ?? {})) {
    if (/^(pv\.kubernetes\.io|volume\.(beta\.)?kubernetes\.io)\//.test(name)) delete claim.metadata.annotations![name];
  }
  claim.metadata.finalizers = claim.metadata.finalizers?.filter((name) => name !== 'kubernetes.io/pvc-protection');
  if (!claim.metadata.finalizers?.length) delete claim.metadata.finalizers;
}

/** Set by server and controllers on every node (Kubernetes docs, Taints and Tolerations, taint based evictions). */
function stripNodeNotes(node: KubeObject): void {
  delete node.metadata.annotations?.['node.alpha.kubernetes.io/ttl'];
  const taints = (node.spec?.taints ?? []) as { key?: string }[];
  const kept = taints.filter(({ key }) => !LIFECYCLE_TAINTS.has(key ?? ''));
  if (node.spec && kept.length < taints.length) node.spec.taints = kept;
  if (node.spec && kept.length === 0) delete node.spec.taints;
}

const LIFECYCLE_TAINTS = new Set(
  ['not-ready', 'unreachable', 'memory-pressure', 'disk-pressure', 'pid-pressure', 'network-unavailable'].map(
    (name) => `node.kubernetes.io/${name}`,
  ),
);

function stripInjected(pod: KubeObject): void {
  const injected = (item: { name?: string }) => item.name?.startsWith('kube-api-access-');
  const spec = pod.spec ?? {};
  spec.volumes = (spec.volumes ?? []).filter((volume: { name?: string }) => !injected(volume));
  for (const container of [...(spec.containers ?? []), ...(spec.initContainers ?? [])]) {
    container.volumeMounts = (container.volumeMounts ?? []).filter((mount: { name?: string }) => !injected(mount));
  }
}
