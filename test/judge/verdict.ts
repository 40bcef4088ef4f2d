import type { App } from './app-model.ts';
import type { ChosenFault } from './faults/catalogue.ts';
import type { ProductRun } from './product.ts';
import { resultOf, tailOf } from './product.ts';
import type { Change, Snapshot } from './snapshot.ts';
import { compare, describeChange, keyOf } from './snapshot.ts';

/** Objects that the product needs for itself (its lock, its fence) may come and stay. */
function belongsToProduct(key: string): boolean {
  return /\/stratus[^/]*$/.test(key);
}

/** What is wrong with the result that a mitigation reported; empty when it claims success as the contract says. */
export function judgeResult(run: ProductRun): string[] {
  const result = resultOf(run);
  const failures: string[] = [];
  if (run.code !== 0) failures.push(`mitigate: exit code ${run.code}, expected 0 (${tailOf(run)})`);
  if (!result) return [...failures, `mitigate: the last line is not a result (${tailOf(run)})`];
  if (result.outcome !== 'resolved') failures.push(`mitigate: outcome ${String(result.outcome)}, expected resolved`);
  if (result.muAfter !== 0) failures.push(`mitigate: muAfter ${String(result.muAfter)}, expected 0`);
  return failures;
}

/** Changes that the fix made, and those among them that no reasonable fix of this fault makes. */
export function judgeChanges(
  fault: ChosenFault,
  faulty: Snapshot,
  fixed: Snapshot,
): { changes: Change[]; failures: string[] } {
  const changes = compare(faulty, fixed).filter(({ key }) => !belongsToProduct(key));
  const outside = changes.filter(({ key }) => !fault.mayChange.includes(key));
  return { changes, failures: outside.map((change) => `outside the fix: ${describeChange(change)}`) };
}

/** A cluster can also be made quiet by taking the sick thing away; that is not health. */
export function judgeInventory(app: App, fault: ChosenFault, healthy: Snapshot, fixed: Snapshot): string[] {
  const failures = [...healthy.keys()].filter((key) => !fixed.has(key)).map((key) => `inventory: ${key} is gone`);
  for (const { kind, workload } of app.members) {
    const replicas = fixed.get(keyOf(kind, app.namespace, workload))?.spec?.replicas ?? 0;
    const expected = workload === fault.target && fault.formerSize ? fault.formerSize : 1;
    if (replicas < expected)
      failures.push(`inventory: ${kind} ${workload} has ${replicas} replicas, expected ${expected}`);
  }
  return failures;
}

/** Differences of a state from the faulty one that undo promises to bring back; "" when equal at level L1. */
export function differsFrom(faulty: Snapshot, now: Snapshot): string {
  return compare(faulty, now)
    .filter(({ key }) => !belongsToProduct(key))
    .map(describeChange)
    .join('; ');
}
