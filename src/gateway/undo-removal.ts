import type { KubeObject, ObjectRef } from '../domain/kube-object.ts';
import { refLabel } from '../domain/kube-object.ts';
import { comparable } from '../undo/comparable.ts';
import { difference, pointer } from '../undo/difference.ts';
import type { InverseStep } from '../undo/inverse.ts';
import { isControlled } from '../undo/inverse.ts';
import { normalise } from '../undo/normalise.ts';
import type { UndoAccess } from './undo-access.ts';
import type { UndoFindings } from './undo-findings.ts';

/** How long a deleted object may take until it is gone. */
export const GONE_WITHIN_MS = 60_000;
/** Rounds of deleting pods that hold a claim; their controller may make new ones in between. */
const MAX_CONSUMER_ROUNDS = 20;

/** Takes away what the transaction created, and nothing else. */
export class UndoRemoval {
  private readonly access: UndoAccess;
  private readonly findings: UndoFindings;
  private readonly manager: string;

  constructor(access: UndoAccess, findings: UndoFindings, manager: string) {
    this.access = access;
    this.findings = findings;
    this.manager = manager;
  }

  async remove({ ref, path, created, merged }: Extract<InverseStep, { action: 'remove' }>): Promise<void> {
    const live = await this.access.get(path);
    if (!live) return;
    if (merged && live.metadata.uid === created.metadata.uid) {
      const what = 'somebody else created it at the same moment; what was applied to it here is still in it';
      this.findings.diverge(ref, '', undefined, what);
      return;
    }
    if (live.metadata.uid !== created.metadata.uid) {
      this.findings.residue.push(`${refLabel(ref)} was created anew by somebody else and is kept`);
      return;
    }
    if (ref.kind === 'Namespace' && !(await this.isEmptyNamespace(ref))) return;
    for (const change of difference(comparable(created), comparable(live))) {
      this.findings.foreign.push({
        ref,
        path: pointer(change.path, normalise(live)),
        expected: change.before,
        actual: change.after,
      });
    }
    await this.deleteObject(ref, path, live);
  }

  /** Deletes exactly this object and waits until it is gone; pods that hold a claim are let go first. */
  async deleteObject(ref: ObjectRef, path: string, live: KubeObject): Promise<boolean> {
    const uid = live.metadata.uid ?? '';
    const patience = this.access.patience();
    for (let now: KubeObject | null = live; now?.metadata.uid === uid && !now.metadata.deletionTimestamp;) {
      const answer = await this.access.write(ref, 'DELETE', path, {
        apiVersion: 'v1',
        kind: 'DeleteOptions',
        preconditions: { uid },
        propagationPolicy: 'Background',
      });
      if (answer.status < 300 || answer.status === 404) break;
      if (answer.status !== 409) {
        this.findings.diverge(ref, '', undefined, `could not be deleted: ${answer.message}`);
        return false;
      }
      now = await this.access.get(path);
      if (now?.metadata.uid === uid) await this.access.beforeAnother(patience, ref, answer);
    }
    const gone =
      ref.kind === 'PersistentVolumeClaim'
        ? await this.releaseClaim(ref, path, uid)
        : await this.access.waitGone(path, uid, GONE_WITHIN_MS);
    if (!gone) {
      const now = await this.access.get(path);
      const holders = (now?.metadata.finalizers ?? []).join(', ');
      this.findings.diverge(
        ref,
        '',
        undefined,
        `still there after ${GONE_WITHIN_MS / 1000} s${holders ? `, held by ${holders}` : ''}`,
      );
    }
    return gone;
  }

  /** The pvc-protection finalizer keeps a claim until no running pod mounts it. */
  private async releaseClaim(claim: ObjectRef, path: string, uid: string): Promise<boolean> {
    for (let round = 0; round < MAX_CONSUMER_ROUNDS; round++) {
      if (await this.access.waitGone(path, uid, round === 0 ? 500 : 3_000)) return true;
      const pods = (await this.access.list(`/api/v1/namespaces/${claim.namespace}/pods`)).filter((pod) =>
        mounts(pod, claim.name),
      );
      for (const pod of pods) {
        const ref: ObjectRef = { apiVersion: 'v1', kind: 'Pod', namespace: claim.namespace, name: pod.metadata.name };
        if (!isControlled(pod)) {
          this.findings.residue.push(`${refLabel(ref)} has no controller and holds ${refLabel(claim)}`);
          return false;
        }
        if (pod.metadata.deletionTimestamp) continue;
        await this.access.write(ref, 'DELETE', `/api/v1/namespaces/${claim.namespace}/pods/${pod.metadata.name}`, {
          apiVersion: 'v1',
          kind: 'DeleteOptions',
          preconditions: { uid: pod.metadata.uid },
        });
        this.findings.residue.push(`${refLabel(ref)} was replaced because it held ${refLabel(claim)}`);
      }
    }
    return false;
  }

  /** A namespace that others have used meanwhile is not taken away from them. */
  private async isEmptyNamespace(ref: ObjectRef): Promise<boolean> {
    const kinds: Array<[string, string]> = [
      ['/api/v1', 'pods'],
      ['/api/v1', 'configmaps'],
      ['/api/v1', 'secrets'],
      ['/api/v1', 'services'],
      ['/api/v1', 'persistentvolumeclaims'],
      ['/apis/apps/v1', 'deployments'],
      ['/apis/apps/v1', 'statefulsets'],
      ['/apis/apps/v1', 'daemonsets'],
      ['/apis/batch/v1', 'jobs'],
      ['/apis/batch/v1', 'cronjobs'],
    ];
    for (const [root, resource] of kinds) {
      const items = await this.access.list(`${root}/namespaces/${ref.name}/${resource}`);
      const other = items.find(
        (item) =>
          item.metadata.name !== 'kube-root-ca.crt' && !this.isOurs(item) && !item.metadata.ownerReferences?.length,
      );
      if (other) {
        this.findings.diverge(ref, '', undefined, `${resource}/${other.metadata.name} in it was made by somebody else`);
        return false;
      }
    }
    return true;
  }

  /** It carries the field manager of this transaction. */
  isOurs(object: KubeObject): boolean {
    const entries = (object.metadata.managedFields ?? []) as Array<{ manager?: string }>;
    return entries.some((entry) => entry.manager === this.manager);
  }
}

function mounts(pod: KubeObject, claim: string): boolean {
  const volumes = (pod.spec?.volumes ?? []) as Array<{ persistentVolumeClaim?: { claimName?: string } }>;
  const ended = pod.status?.phase === 'Succeeded' || pod.status?.phase === 'Failed';
  return !ended && volumes.some((volume) => volume.persistentVolumeClaim?.claimName === claim);
}
