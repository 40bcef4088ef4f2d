import type { Clock } from '../../domain/clock.ts';
import type { KubeObject, ObjectRef } from '../../domain/kube-object.ts';
import { refKey } from '../../domain/kube-object.ts';
import type { LossWatch } from '../inventory/loss-watch.ts';
import type { FaultHook } from '../journal/fault-points.ts';
import { nextSeq, sentIn } from '../journal/journal-facts.ts';
import type { IntentRecord } from '../journal/journal-records.ts';
import { writesOf } from '../journal/journal-records.ts';
import type { OpenJournal } from '../journal/open-journal.ts';
import type { Earlier } from './content-reader.ts';
import { pinBody } from './pin.ts';
import type { Assessment } from './write-inspector.ts';
import type { WriteSubject } from './write-subject.ts';
import { patchMethod } from './write-subject.ts';

export interface WriteRecordParts {
  journal: OpenJournal;
  clock: Clock;
  crash: FaultHook;
  losses: LossWatch;
}

/** The writes of one transaction in its journal: what was recorded of earlier ones, and recording another. */
export class WriteRecord {
  readonly #parts: WriteRecordParts;

  constructor(parts: WriteRecordParts) {
    this.#parts = parts;
  }

  /** Writes and actions that reached (or may have reached) the cluster. */
  sent(): number {
    return sentIn(this.#parts.journal.records);
  }

  /** What was written so far, as the judgement of the next write needs it. */
  earlier(): Earlier {
    const written = writesOf(this.#parts.journal.records).filter((write) => write.outcome !== 'rejected');
    return { rehearsed: new Map(), written };
  }

  /** Whether the object as it is now is one that this transaction created. */
  createdHere(ref: ObjectRef, now: KubeObject | null): boolean {
    const key = refKey(ref);
    const created = writesOf(this.#parts.journal.records).findLast(
      (write) => refKey(write.ref) === key && write.before === null && write.after !== null,
    );
    return created !== undefined && created.after?.metadata.uid === now?.metadata.uid;
  }

  /** Nothing can be missed that was not seen before the write. */
  async watchFor({ ref }: WriteSubject, { forecast }: Assessment): Promise<void> {
    const { losses, journal } = this.#parts;
    const scope = ref.namespace ?? '';
    losses.announce(ref, forecast.consequences);
    await losses.watch(scope);
    const known = journal.records.some((record) => record.type === 'inventory' && record.namespace === scope);
    if (forecast.needs && !known)
      await journal.note({ type: 'inventory', namespace: scope, objects: await losses.remembered(scope) });
  }

  /** Durable when it resolves: from then on the write may be sent (I3). */
  async intent(
    subject: WriteSubject,
    { forecast, after, companions }: Assessment,
    step: number,
  ): Promise<IntentRecord> {
    const { journal, clock, crash } = this.#parts;
    const { verb, body, before, statusIsContent } = subject;
    const intent: IntentRecord = {
      type: 'intent',
      seq: nextSeq(journal.records),
      step,
      method: verb === 'delete' ? 'DELETE' : verb === 'create' || verb === 'evict' ? 'POST' : patchMethod(body),
      ref: subject.ref,
      path: subject.path,
      subresource: subject.subresource,
      query: subject.target.query.toString(),
      contentType: subject.contentType,
      body: pinBody(verb, body, before),
      before,
      predicted: after,
      forecast,
      companions,
      ...(statusIsContent ? { statusIsContent } : {}),
      at: new Date(clock.now()).toISOString(),
    };
    crash('write.before-intent');
    await journal.append(intent);
    crash('write.after-intent');
    return intent;
  }

  /** Not forced to disk: an outcome that is lost is found out again from the object itself. */
  async outcome(
    intent: IntentRecord,
    status: number,
    outcome: 'done' | 'rejected',
    after: KubeObject | null,
    message: string,
    copies = false,
  ): Promise<void> {
    const { journal, clock, crash } = this.#parts;
    await journal.note({
      type: 'outcome',
      seq: intent.seq,
      status,
      outcome,
      after,
      message,
      ...(copies ? { copies } : {}),
      at: new Date(clock.now()).toISOString(),
    });
    crash('write.after-outcome');
  }
}
