import type { KubeObject, ObjectRef } from '../../domain/kube-object.ts';
import { refLabel } from '../../domain/kube-object.ts';
import type { InverseStep } from '../../undo/inverse.ts';
import { templateSeen } from './template-seen.ts';
import type { UndoAccess } from './undo-access.ts';
import type { UndoFindings } from './undo-findings.ts';

const REVISION = 'controller-revision-hash';

/**
 * Lets StatefulSets go on whose template was taken back. With the policy OrderedReady the controller waits for ever for a
 * pod that was made from the template in between and does not become ready (kubernetes.io, "StatefulSets", forced
 * rollback): such a pod is deleted, and made anew as before.
 */
export async function releaseStuckReplicas(
  access: UndoAccess,
  plan: readonly InverseStep[],
  findings: UndoFindings,
): Promise<void> {
  for (const step of plan) {
    const { action, ref, path } = step;
    if (ref.kind !== 'StatefulSet' || !ref.apiVersion.startsWith('apps/')) continue;
    if (action !== 'restore' && action !== 'replace') continue;
    const before = action === 'restore' ? step.edits[0]!.before : step.before;
    const set = await templateSeen(access, path);
    if (!set || !replacesInOrder(set)) continue;
    const pods = await access.list(`/api/v1/namespaces/${ref.namespace}/pods`);
    for (const pod of pods.filter((one) => isStuck(one, set, before))) await release(access, findings, ref, pod);
  }
}

function replacesInOrder({ spec }: KubeObject): boolean {
  const strategy = (spec?.updateStrategy?.type ?? 'RollingUpdate') as string;
  return strategy === 'RollingUpdate' && spec?.podManagementPolicy !== 'Parallel';
}

/** @param before the set before the transaction: pods of revisions that it had are not of the template in between */
function isStuck({ metadata, status }: KubeObject, set: KubeObject, before: KubeObject): boolean {
  const owner = metadata.ownerReferences?.find(({ controller }) => controller);
  if (owner?.uid !== set.metadata.uid || metadata.deletionTimestamp) return false;
  const revision = metadata.labels?.[REVISION];
  const known = [set, before].flatMap((one) => [one.status?.updateRevision, one.status?.currentRevision] as unknown[]);
  if (revision === undefined || known.includes(revision)) return false;
  const conditions = (status?.conditions ?? []) as { type: string; status: string }[];
  return !conditions.some(({ type, status: is }) => type === 'Ready' && is === 'True');
}

async function release(access: UndoAccess, findings: UndoFindings, set: ObjectRef, pod: KubeObject): Promise<void> {
  const { name, uid, resourceVersion } = pod.metadata;
  const ref: ObjectRef = { apiVersion: 'v1', kind: 'Pod', namespace: set.namespace, name };
  const answer = await access.write(ref, 'DELETE', `/api/v1/namespaces/${set.namespace}/pods/${name}`, {
    apiVersion: 'v1',
    kind: 'DeleteOptions',
    // One that became ready meanwhile is replaced by the controller itself.
    preconditions: { uid, resourceVersion },
  });
  if (answer.status < 300) findings.residue.push(`${refLabel(ref)}, made from the template in between, was replaced`);
  else if (answer.status !== 404 && answer.status !== 409)
    findings.residue.push(
      `${refLabel(set)} waits for ${refLabel(ref)}, made from the template in between, which could not be deleted: ${answer.message}`,
    );
}
