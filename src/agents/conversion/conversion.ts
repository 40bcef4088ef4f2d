import type { KubeObject, ObjectRef } from '../../domain/kube-object.ts';

/** What a conversion has to know of the cluster; read only. */
export interface ConversionReads {
  /** Null when it does not exist. */
  get(ref: ObjectRef): Promise<KubeObject | null>;
  /** All objects of a kind in a namespace; in every namespace (or cluster-scoped) without one. */
  list(kind: Pick<ObjectRef, 'apiVersion' | 'kind'>, namespace: string | undefined): Promise<KubeObject[]>;
}

export interface ConversionScope {
  /** Namespace of a command that names none. */
  namespace: string;
  /** K: a command that would write more often is refused. */
  maxWrites: number;
  /** Commands that follow in the same plan: what they create again must make room first. */
  later?: readonly (readonly string[])[];
}

/** What becomes of a command that takes something away. Commands are argv without the word kubectl. */
export type Conversion =
  | { outcome: 'unchanged' }
  /** `commands` reach the same goal and can be taken back; `reason` says why the original was not kept. */
  | { outcome: 'converted'; commands: string[][]; reason: string }
  /** Neither the command nor anything in its place could be taken back. */
  | { outcome: 'refused'; reason: string };

export const UNCHANGED: Conversion = { outcome: 'unchanged' };
