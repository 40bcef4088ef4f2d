import type { KubeObject, ObjectRef } from '../domain/kube-object.ts';

/** Fields of another object that a write changes through a controller (an autoscaler and its target). */
export interface Companion {
  ref: ObjectRef;
  /** API path of the object. */
  path: string;
  before: KubeObject;
  /** Map keys below which the value is to be brought back, e.g. `['spec', 'replicas']`. */
  field: string[];
}

/** One HTTP write as the journal knows it. */
export interface JournaledWrite {
  seq: number;
  /** Index of the command it belongs to. */
  step: number;
  method: 'POST' | 'PUT' | 'PATCH' | 'DELETE';
  /** The object that changes; for sub-resources the parent. */
  ref: ObjectRef;
  /** API path of that object, without sub-resource and query. */
  path: string;
  subresource: string;
  /** Null when the object did not exist. */
  before: KubeObject | null;
  /** Null when it is gone (or going) after the write, or when the outcome is not `done`. */
  after: KubeObject | null;
  /** `unknown`: the process or connection died between intent and answer. */
  outcome: 'done' | 'rejected' | 'unknown';
  /** An answer was lost: the outcome was found out by looking, is not known, or a copy of the request may still arrive. */
  lost?: boolean;
  companions: Companion[];
  /** A custom resource without a status subresource: its status is written, and brought back, with the rest. */
  statusIsContent?: boolean;
  /** It was to create the object, but somebody else had just created it: what we applied is now part of theirs. */
  merged?: boolean;
}
