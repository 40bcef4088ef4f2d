import type { KubeObject } from './api.ts';

/** Written by the API server or by controllers for each new incarnation of an object. */
const VOLATILE_METADATA = [
  'uid',
  'resourceVersion',
  'generation',
  'creationTimestamp',
  'managedFields',
  'selfLink',
  'deletionTimestamp',
  'deletionGracePeriodSeconds',
];

/** Counters that controllers keep in annotations. */
const VOLATILE_ANNOTATIONS = ['deployment.kubernetes.io/revision', 'deprecated.daemonset.template.generation'];

/**
 * What of an object must be equal before and after (equality level L1): everything a person or a program wrote.
 * Removed are identity and bookkeeping of the API server, status, owner uids and empty maps. Kept are all other
 * annotations (also last-applied), finalizers, and the order of lists.
 */
export function normalise(object: KubeObject): KubeObject {
  const copy = structuredClone(object);
  const metadata: Record<string, unknown> = copy.metadata;
  delete copy.status;
  for (const field of VOLATILE_METADATA) delete metadata[field];
  for (const name of VOLATILE_ANNOTATIONS) delete copy.metadata.annotations?.[name];
  for (const field of ['annotations', 'labels']) {
    if (Object.keys((metadata[field] as object | undefined) ?? {}).length === 0) delete metadata[field];
  }
  for (const owner of (metadata.ownerReferences as { uid?: string }[] | undefined) ?? []) delete owner.uid;
  return copy;
}

/** One place where two values differ; a side that has nothing there is undefined. */
export interface Difference {
  path: string;
  before: unknown;
  after: unknown;
}

/** All leaf differences, by path such as `.spec.ports[0].targetPort`; empty when equal. Key order does not matter. */
export function differences(before: unknown, after: unknown, path = ''): Difference[] {
  if (Object.is(before, after)) return [];
  if (Array.isArray(before) && Array.isArray(after)) {
    return Array.from({ length: Math.max(before.length, after.length) }, (_, index) =>
      differences(before[index], after[index], `${path}[${index}]`),
    ).flat();
  }
  if (isMap(before) && isMap(after)) {
    const keys = [...new Set([...Object.keys(before), ...Object.keys(after)])].sort();
    // Own values only: a key of data may be `toString`.
    const own = (map: Record<string, unknown>, key: string) => (Object.hasOwn(map, key) ? map[key] : undefined);
    return keys.flatMap((key) => differences(own(before, key), own(after, key), path + segment(key)));
  }
  return [{ path, before, after }];
}

function isMap(value: unknown): value is Record<string, unknown> {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

function segment(key: string): string {
  return /^[A-Za-z_][A-Za-z0-9_]*$/.test(key) ? `.${key}` : `[${JSON.stringify(key)}]`;
}
