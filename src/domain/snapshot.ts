import type { KubeObject } from './kube-object.ts';

/**
 * A consistent-enough reading of a scope: one LIST per kind, taken through the gateway's read mode (Secret values
 * are blank, keys are kept). Kinds that the user may not list are named in `unreadable` and never taken as empty.
 */
export interface ClusterSnapshot {
  /** ISO 8601, from the clock port. */
  takenAt: string;
  /** Namespaces in scope. */
  namespaces: string[];
  /** Objects by `Kind` (core and well-known groups); CRs under `Kind.group`. */
  objects: Record<string, KubeObject[]>;
  /** Kind -> why it could not be read. */
  unreadable: Record<string, string>;
}

/** Objects of one kind, optionally of one namespace. */
export function objectsOf(snapshot: ClusterSnapshot, kind: string, namespace?: string): KubeObject[] {
  const all = snapshot.objects[kind] ?? [];
  return namespace === undefined ? all : all.filter((object) => object.metadata.namespace === namespace);
}
