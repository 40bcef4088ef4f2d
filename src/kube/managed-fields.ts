import type { KubeObject } from '../domain/kube-object.ts';

interface ManagerEntry {
  time?: string;
  subresource?: string;
  manager?: string;
  fieldsV1?: Record<string, unknown>;
}

/**
 * When somebody last changed the field at `path` of an object, milliseconds since the epoch, and who: from the times that
 * the server keeps for each manager of fields. A manager's time also moves when it changes another field of its own, so
 * that this is the latest that it can have been. Null where nothing is kept.
 * Source: kubernetes.io, "Server-Side Apply", field management.
 */
export function changedAt(object: KubeObject, path: readonly string[]): { at: number; by: string } | null {
  const entries = (object.metadata.managedFields ?? []) as ManagerEntry[];
  const owners = entries.filter((entry) => !entry.subresource && owns(entry.fieldsV1, path));
  return owners.reduce<{ at: number; by: string } | null>((latest, { time, manager = '' }) => {
    const at = Date.parse(time ?? '');
    return Number.isNaN(at) || (latest && latest.at >= at) ? latest : { at, by: manager };
  }, null);
}

/** The last change of anything in an object but its status; its creation where no more is kept. */
export function lastChange(object: KubeObject): { at: number; by: string } | null {
  const created = Date.parse(object.metadata.creationTimestamp ?? '');
  return changedAt(object, []) ?? (Number.isNaN(created) ? null : { at: created, by: '' });
}

function owns(fields: Record<string, unknown> | undefined, path: readonly string[]): boolean {
  let at: unknown = fields;
  for (const step of path) {
    at = (at as Record<string, unknown> | undefined)?.[`f:${step}`];
    if (at === undefined) return false;
  }
  return at !== undefined;
}
