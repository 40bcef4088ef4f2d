import type { KubeObject, ObjectRef } from '../../domain/kube-object.ts';
import { refLabel } from '../../domain/kube-object.ts';
import type { Json } from '../../json/json.ts';
import { sameJson } from '../../json/same-json.ts';
import type { InverseStep } from '../../undo/inverse.ts';
import type { UndoAccess } from './undo-access.ts';
import type { UndoFindings } from './undo-findings.ts';

/** Replicas that an autoscaler sets, or has set. */
export class UndoScaling {
  readonly #access: UndoAccess;
  readonly #findings: UndoFindings;
  readonly #manager: string;

  constructor(access: UndoAccess, findings: UndoFindings, manager: string) {
    this.#access = access;
    this.#findings = findings;
    this.#manager = manager;
  }

  /** Replicas that an autoscaler set: brought back unless a person set them meanwhile. */
  async restoreCompanion({ ref, path, companion }: Extract<InverseStep, { action: 'companion' }>): Promise<void> {
    const patience = this.#access.patience();
    for (;;) {
      const live = await this.#access.get(path);
      const wanted = companion.before.spec?.replicas as number | undefined;
      const actual = live?.spec?.replicas as number | undefined;
      if (!live || live.metadata.uid !== companion.before.metadata.uid || wanted === actual) return;
      const setter = managerOfReplicas(live);
      if (setter !== 'kube-controller-manager' && setter !== this.#manager) {
        this.#findings.foreign.push({ ref, path: '/spec/replicas', expected: wanted, actual });
        return;
      }
      const body = {
        metadata: { uid: live.metadata.uid, resourceVersion: live.metadata.resourceVersion },
        spec: { replicas: wanted },
      };
      const answer = await this.#access.write(ref, 'PATCH', path, body, {
        contentType: 'application/merge-patch+json',
        query: `fieldManager=${this.#manager}`,
      });
      if (answer.status < 300) return;
      if (answer.status !== 409) break;
      await this.#access.beforeAnother(patience, ref, answer);
    }
    this.#findings.residue.push(`the replicas of ${refLabel(ref)} are still as the autoscaler left them`);
  }

  /** Replicas below an autoscaler are its own business. */
  async withoutAutoscaled<C extends { path: unknown[] }>(
    ref: ObjectRef,
    conflicts: C[],
    findings: UndoFindings,
  ): Promise<C[]> {
    const replicas = conflicts.filter((conflict) => sameJson(conflict.path as Json, ['spec', 'replicas']));
    if (replicas.length === 0 || !ref.namespace) return conflicts;
    const scalers = await this.#access.list(
      `/apis/autoscaling/v2/namespaces/${ref.namespace}/horizontalpodautoscalers`,
    );
    const scaler = scalers.find(
      (item) => item.spec?.scaleTargetRef?.kind === ref.kind && item.spec.scaleTargetRef.name === ref.name,
    );
    if (!scaler) return conflicts;
    findings.autoscaled.push(ref);
    findings.residue.push(`the replicas of ${refLabel(ref)} belong to HorizontalPodAutoscaler ${scaler.metadata.name}`);
    return conflicts.filter((conflict) => !replicas.includes(conflict));
  }
}

function managerOfReplicas(object: KubeObject): string {
  type Entry = { manager?: string; fieldsV1?: { 'f:spec'?: Record<string, unknown> } };
  const entries = (object.metadata.managedFields ?? []) as Entry[];
  return entries.find((entry) => entry.fieldsV1?.['f:spec']?.['f:replicas'] !== undefined)?.manager ?? '';
}
