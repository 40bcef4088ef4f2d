import type { KubeObject, ObjectRef } from '../../../domain/kube-object.ts';
import type { Segment } from '../../difference.ts';
import type { Effect } from '../effect.ts';
import type { ClusterFacts } from '../facts.ts';

/** A change of fields that can only be judged together with the objects around it. */
export interface LookedAt {
  ref: ObjectRef;
  before: KubeObject;
  after: KubeObject;
  /** The changed fields that led here. */
  paths: Segment[][];
  /** What the table says of them. */
  what: string;
}

/** Finds out what a change brings about; an empty list: nothing beyond the fields themselves. */
export type Look = (change: LookedAt, facts: ClusterFacts) => Effect[] | Promise<Effect[]>;
