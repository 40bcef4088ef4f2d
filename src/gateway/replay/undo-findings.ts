import type { ObjectRef } from '../../domain/kube-object.ts';
import type { FieldDifference } from '../../domain/transaction.ts';

/** What an undo could not bring back or found changed by others. */
export class UndoFindings {
  /** Fields that could not be restored. */
  readonly differences: FieldDifference[] = [];
  /** Other people's edits that were kept. */
  readonly foreign: FieldDifference[] = [];
  /** What cannot be as before, in words. */
  readonly residue: string[] = [];
  /** Objects whose replicas belong to an autoscaler. */
  readonly autoscaled: ObjectRef[] = [];

  diverge(ref: ObjectRef, path: string, expected: unknown, actual: unknown, written?: unknown): void {
    this.differences.push({ ref, path, expected, actual, ...(written === undefined ? {} : { written }) });
  }
}
