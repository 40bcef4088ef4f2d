import type { KubeObject, ObjectRef } from '../domain/kube-object.ts';
import { refKey } from '../domain/kube-object.ts';
import type { FieldDifference } from '../domain/transaction.ts';
import type { TransactionDetail } from './transactions.ts';
import { StratusError } from '../domain/stratus-error.ts';

/** One object that undo could not restore, three ways; null where there is none. Secret values are blank. */
export interface ObjectDivergence {
  ref: ObjectRef;
  /** Before the transaction. */
  checkpoint: KubeObject | null;
  /** As the transaction left it. */
  written: KubeObject | null;
  /** In the cluster now. */
  live: KubeObject | null;
  /** What differed when undo looked. */
  fields: FieldDifference[];
}

/** @param read the cluster as it is now, Secret values blank. @throws Error when nothing diverged */
export async function divergenceOf(
  detail: TransactionDetail,
  read: (ref: ObjectRef) => Promise<KubeObject | null>,
): Promise<ObjectDivergence[]> {
  const fields = detail.undo?.outcome === 'diverged' ? detail.undo.differences : [];
  if (fields.length === 0)
    throw new StratusError('nothing-to-do', `transaction ${detail.id} has not diverged: nothing to compare`);
  const refs = new Map(fields.map(({ ref }) => [refKey(ref), ref]));
  return Promise.all(
    [...refs].map(async ([key, ref]) => {
      const writes = detail.details.filter((write) => refKey(write.ref) === key && write.outcome !== 'failed');
      return {
        ref,
        checkpoint: writes[0]?.before ?? null,
        written: writes.at(-1)?.after ?? null,
        live: await read(ref),
        fields: fields.filter((field) => refKey(field.ref) === key),
      };
    }),
  );
}
