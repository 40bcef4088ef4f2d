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

/** A writer of an object's fields, as the server keeps it. */
export interface FieldManager {
  by: string;
  /** Milliseconds since the epoch; null where the server did not say. */
  at: number | null;
  operation: string;
  /** `status` and the like; empty for the object itself. */
  subresource: string;
  /** `spec.template.spec.containers[geo].image`, outermost first. */
  fields: string[];
}

/** Who wrote what of an object, latest first. */
export function managersOf(object: KubeObject): FieldManager[] {
  const entries = (object.metadata.managedFields ?? []) as (ManagerEntry & { operation?: string })[];
  return entries
    .map(({ manager = '', time, operation = '', subresource = '', fieldsV1 }) => {
      const at = Date.parse(time ?? '');
      return { by: manager, at: Number.isNaN(at) ? null : at, operation, subresource, fields: leavesOf(fieldsV1, '') };
    })
    .sort((a, b) => (b.at ?? 0) - (a.at ?? 0));
}

function leavesOf(fields: unknown, path: string): string[] {
  const below = Object.entries((fields ?? {}) as Record<string, unknown>).filter(([key]) => key !== '.');
  if (below.length === 0) return path === '' ? [] : [path];
  return below.flatMap(([key, value]) => leavesOf(value, `${path}${stepText(key, path === '')}`));
}

/** `f:image` is a field, `k:{"name":"geo"}` an element by its keys, `v:…` one by its value, `i:…` by its place. */
function stepText(key: string, isFirst: boolean): string {
  const [form, rest] = [key.slice(0, 2), key.slice(2)];
  if (form === 'f:') return /^[\w-]+$/.test(rest) ? `${isFirst ? '' : '.'}${rest}` : `[${JSON.stringify(rest)}]`;
  if (form !== 'k:') return `[${rest}]`;
  const values = [...rest.matchAll(/:\s*("(?:[^"\\]|\\.)*"|[^,}]+)/g)].map(([, value]) => value!.replace(/^"|"$/g, ''));
  return `[${values.join('/')}]`;
}

function owns(fields: Record<string, unknown> | undefined, path: readonly string[]): boolean {
  return fields !== undefined && (path.length === 0 || Object.keys(fields).length > 0) && holds(fields, path);
}

/**
 * Whether a path lies in a tree of owned fields. One without branches is owned as a whole, as the selector of a Service is;
 * which element of a list a position means is not kept, so that any of them may be it.
 */
function holds(at: unknown, [step, ...rest]: readonly string[]): boolean {
  if (step === undefined) return at !== undefined;
  const branches = (at ?? {}) as Record<string, unknown>;
  const names = Object.keys(branches);
  if (names.length === 0) return at !== undefined;
  const own = branches[`f:${step}`];
  if (own !== undefined) return holds(own, rest);
  return /^\d+$/.test(step) && names.some((name) => name.startsWith('k:') && holds(branches[name], rest));
}
