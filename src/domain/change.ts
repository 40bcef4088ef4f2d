import type { ActionCall } from './action.ts';
import type { ObjectRef } from './kube-object.ts';

/** One operation of a JSON patch (RFC 6902). */
export type PatchOp = { op: 'test' | 'add' | 'replace'; path: string; value: unknown } | { op: 'remove'; path: string };

/** What a fix changes. The command that does it is derived from this, never read back. */
export type Change =
  | { type: 'json-patch'; object: ObjectRef; ops: PatchOp[] }
  | { type: 'merge-patch'; object: ObjectRef; patch: unknown }
  | { type: 'scale'; object: ObjectRef; replicas: number }
  | { type: 'rollout-undo'; object: ObjectRef; revision: number }
  /** Pods are made anew, in the order that the workload's strategy says. */
  | { type: 'rollout-restart'; object: ObjectRef }
  /** `images` maps container names to images. */
  | { type: 'set-image'; object: ObjectRef; images: Record<string, string> }
  /** `wait`: until the object is gone, finalizers included, so that a successor of its name can be created. */
  | { type: 'delete'; object: ObjectRef; wait: boolean }
  /** Creates what a file of the plan holds. */
  | { type: 'create'; file: string; namespace: string }
  /** One run of a CronJob now, from its template at that moment. */
  | { type: 'start-job'; cronJob: ObjectRef; name: string }
  /** Waits until a rollout has ended, for what comes next needs its pods. */
  | { type: 'await-rollout'; workload: ObjectRef }
  /** Changes what a program in a container keeps, no object. */
  | { type: 'action'; call: ActionCall };

/** The object that a change is made to; null for what creates one or waits, and for an action. */
export function changedObject(change: Change): ObjectRef | null {
  return 'object' in change ? change.object : null;
}
