import type { KubeObject, ObjectRef } from '../../domain/kube-object.ts';
import { cloneJson } from '../../json/lossless-json.ts';
import { sameJson } from '../../json/same-json.ts';
import { comparable } from '../../undo/comparable.ts';
import type { InverseStep } from '../../undo/inverse.ts';
import { recreationBody } from '../../undo/normalise.ts';
import type { Answer } from '../wire/kube-api.ts';
import type { UndoAccess } from './undo-access.ts';
import { splitObjectPath } from './undo-access.ts';
import type { UndoFindings } from './undo-findings.ts';
import type { UndoOwners } from './undo-owners.ts';
import { GONE_WITHIN_MS } from './undo-removal.ts';
import type { UndoRemoval } from './undo-removal.ts';

/** Makes anew what the transaction deleted, or had to replace. */
export class UndoCreation {
  readonly #access: UndoAccess;
  readonly #owners: UndoOwners;
  readonly #removal: UndoRemoval;
  readonly #findings: UndoFindings;
  readonly #manager: string;

  constructor(access: UndoAccess, owners: UndoOwners, removal: UndoRemoval, findings: UndoFindings, manager: string) {
    this.#access = access;
    this.#owners = owners;
    this.#removal = removal;
    this.#findings = findings;
    this.#manager = manager;
  }

  async recreate({
    ref,
    path,
    before,
    statusIsContent: keep,
  }: Extract<InverseStep, { action: 'recreate' | 'replace' }>): Promise<void> {
    const patience = this.#access.patience();
    for (;;) {
      const live = await this.#access.get(path);
      if (live?.metadata.deletionTimestamp) {
        if (await this.#access.waitGone(path, live.metadata.uid ?? '', GONE_WITHIN_MS)) continue;
        this.#findings.diverge(
          ref,
          '',
          before,
          `the deleted one is still terminating (${(live.metadata.finalizers ?? []).join(', ')})`,
        );
        return;
      }
      if (live) {
        const same = sameJson(comparable(live, keep), comparable(before, keep));
        if (!same && !this.#removal.isOurs(live))
          this.#findings.diverge(ref, '', before, 'another object of this name, made by somebody else');
        return;
      }
      const body = await this.#owners.withLiveOwners(recreationBody(before, keep));
      const [collection] = splitObjectPath(path);
      const answer = await this.#create(ref, collection, body);
      if (answer.status < 300) return;
      if (answer.status !== 409) {
        this.#findings.diverge(ref, '', before, `could not be created again: ${answer.message}`);
        return;
      }
      await this.#access.beforeAnother(patience, ref, answer);
    }
  }

  async #create(ref: ObjectRef, collection: string, body: KubeObject): Promise<Answer> {
    const send = (object: KubeObject) =>
      this.#access.write(ref, 'POST', collection, object, { query: `fieldManager=${this.#manager}` });
    const answer = await send(body);
    // Its address was given away meanwhile: a Service with another one is better than none; the difference is reported.
    if (answer.status !== 422 || body.kind !== 'Service') return answer;
    const relaxed = cloneJson(body);
    if (relaxed.spec?.clusterIP !== 'None') for (const field of ['clusterIP', 'clusterIPs']) delete relaxed.spec[field];
    for (const port of relaxed.spec?.ports ?? []) delete port.nodePort;
    delete relaxed.spec?.healthCheckNodePort;
    return send(relaxed);
  }
}
