import type { Kubectl, KubeObject } from '../app/kubectl.ts';
import { isMissing } from '../app/kubectl.ts';
import type { FaultRecord } from './fault-record.ts';
import { type FaultContext, untilNoPods } from './fault.ts';

/** Fields that belong to one incarnation of an object. */
const INCARNATION = ['uid', 'resourceVersion', 'generation', 'creationTimestamp', 'managedFields'];

/** Puts the objects of a record back as they were; a claim is made anew, because its class cannot be changed. */
export async function restoreObjects(kubectl: Kubectl, { namespace, target, before }: FaultRecord): Promise<void> {
  for (const object of before) {
    if (object.kind === 'PersistentVolumeClaim') await restoreClaim(kubectl, namespace, target, object);
    else await replace(kubectl, withoutIncarnation(object));
  }
}

async function replace(kubectl: Kubectl, object: KubeObject): Promise<void> {
  const { code, stderr } = await kubectl.attempt(['replace', '-f', '-'], JSON.stringify(object));
  if (code === 0) return;
  if (!isMissing(stderr)) throw new Error(`kubectl replace failed: ${stderr.trim()}`);
  await kubectl.run(['create', '-f', '-'], JSON.stringify(object));
}

async function restoreClaim(kubectl: Kubectl, namespace: string, target: string, claim: KubeObject): Promise<void> {
  const path = `/api/v1/namespaces/${namespace}/persistentvolumeclaims/${claim.metadata.name}`;
  const current = await kubectl.find(path);
  if (current?.metadata['uid'] === claim.metadata['uid']) return;
  await kubectl.run(['scale', `deployment/${target}`, '--namespace', namespace, '--replicas=0']);
  const context: FaultContext = { kubectl, namespace, target, pick: ([first]) => first as never };
  await untilNoPods(context);
  const args = ['delete', 'persistentvolumeclaim', claim.metadata.name, '--namespace', namespace];
  await kubectl.run([...args, '--ignore-not-found', '--timeout=60s']);
  await kubectl.run(['create', '-f', '-'], JSON.stringify(unbound(withoutIncarnation(claim))));
}

function withoutIncarnation(object: KubeObject): KubeObject {
  const copy = structuredClone(object);
  for (const field of INCARNATION) delete copy.metadata[field];
  delete copy['status'];
  return copy;
}

/** The volume of the old claim went with it; a new one is provided. */
function unbound(claim: KubeObject): KubeObject {
  const written = Object.entries(claim.metadata.annotations ?? {}).filter(
    ([name]) => !/^(pv|volume|volume\.beta)\.kubernetes\.io\//.test(name),
  );
  const spec = { ...claim['spec'] };
  delete spec.volumeName;
  return { ...claim, metadata: { ...claim.metadata, annotations: Object.fromEntries(written) }, spec };
}
