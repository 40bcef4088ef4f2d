import type { KubeObject } from '../domain/kube-object.ts';

/** Who wrote a field last, as the API server remembers it. */
export interface Author {
  manager: string;
  /** ISO 8601. */
  time: string;
}

interface ManagerEntry {
  manager?: string;
  time?: string;
  fieldsV1?: unknown;
}

/**
 * Last writer of a field by `metadata.managedFields`; null where nobody is remembered. Steps are names of fields, without
 * the `f:` of the format (kubernetes.io "Server-Side Apply", field management).
 */
export function authorOf(object: KubeObject, ...steps: string[]): Author | null {
  const entries = (object.metadata.managedFields ?? []) as ManagerEntry[];
  const owners = entries.filter(({ fieldsV1 }) => {
    let at = fieldsV1;
    for (const step of steps) at = (at as Record<string, unknown> | undefined | null)?.[`f:${step}`];
    return at !== undefined && at !== null;
  });
  const [last] = owners.sort((a, b) => (b.time ?? '').localeCompare(a.time ?? ''));
  return last?.manager ? { manager: last.manager, time: last.time ?? '' } : null;
}
