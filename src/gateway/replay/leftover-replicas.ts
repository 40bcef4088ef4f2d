import type { KubeObject, ObjectRef } from '../../domain/kube-object.ts';
import { refLabel } from '../../domain/kube-object.ts';
import { cloneJson } from '../../json/lossless-json.ts';
import type { Json } from '../../json/json.ts';
import { sameJson } from '../../json/same-json.ts';
import type { InverseStep } from '../../undo/inverse.ts';
import { templateSeen } from './template-seen.ts';
import type { UndoAccess } from './undo-access.ts';
import type { UndoFindings } from './undo-findings.ts';

const HASH = 'pod-template-hash';
const TRIES = 5;

/**
 * Takes down the pods of Deployments that were made from a template that was taken back, where no pod was available
 * before. Their controller keeps them for as long as the restored template has none that is (kubernetes.io,
 * "Deployments", rolling update): the fault would look mended, by something that no object says any more.
 */
export async function takeDownLeftovers(
  access: UndoAccess,
  plan: readonly InverseStep[],
  findings: UndoFindings,
): Promise<void> {
  for (const step of plan) {
    const { ref, path } = step;
    if (step.action !== 'restore' || ref.kind !== 'Deployment' || !ref.apiVersion.startsWith('apps/')) continue;
    const before = step.edits[0]!.before;
    // While somebody serves, which pods those are is the controller's affair.
    if ((before.status?.availableReplicas ?? 0) > 0) continue;
    const live = await templateSeen(access, path);
    if (!live) continue;
    const written = step.edits.map(({ after }) => after.spec?.template as Json);
    const folder = `/apis/apps/v1/namespaces/${ref.namespace}/replicasets`;
    for (const set of await access.list(folder)) {
      const owner = set.metadata.ownerReferences?.find(({ controller }) => controller);
      const isLeftover =
        owner?.uid === live.metadata.uid &&
        (set.spec?.replicas ?? 0) > 0 &&
        written.some((template) => isMadeFrom(set, template)) &&
        !isMadeFrom(set, live.spec?.template as Json);
      if (isLeftover) await takeDown(access, findings, ref, `${folder}/${set.metadata.name}`);
    }
  }
}

function isMadeFrom(set: KubeObject, template: Json): boolean {
  const own = cloneJson(set.spec?.template ?? null) as { metadata?: { labels?: Record<string, string> } } | null;
  delete own?.metadata?.labels?.[HASH];
  return sameJson(withoutNulls(own as Json), withoutNulls(template));
}

/** The controller writes the template without what the server leaves empty. */
function withoutNulls(template: Json): Json {
  const copy = cloneJson(template) as { metadata?: Record<string, Json> } | null;
  for (const [field, value] of Object.entries(copy?.metadata ?? {})) if (value === null) delete copy!.metadata![field];
  return copy as Json;
}

async function takeDown(access: UndoAccess, findings: UndoFindings, owner: ObjectRef, path: string): Promise<void> {
  for (let attempt = 1; ; attempt++) {
    const set = await access.get(path);
    if (!set || set.spec?.replicas === 0) return;
    const { name, uid, resourceVersion } = set.metadata;
    const ref: ObjectRef = { apiVersion: 'apps/v1', kind: 'ReplicaSet', namespace: owner.namespace, name };
    const body = { metadata: { uid, resourceVersion }, spec: { replicas: 0 } };
    const answer = await access.write(ref, 'PATCH', path, body, { contentType: 'application/merge-patch+json' });
    if (answer.status < 300) {
      findings.residue.push(`pods of ${refLabel(ref)}, made from the template in between, were taken down`);
      return;
    }
    if (answer.status === 409 && attempt < TRIES) continue;
    findings.residue.push(
      `pods of ${refLabel(ref)}, made from the template in between, still run: it could not be scaled: ${answer.message}`,
    );
    return;
  }
}
