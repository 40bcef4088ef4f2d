import type { KubeObject } from '../../domain/kube-object.ts';
import type { Json } from '../../json/json.ts';
import { cloneJson } from '../../json/lossless-json.ts';
import { sameJson } from '../../json/same-json.ts';
import { normalise } from '../../undo/normalise.ts';
import type { WriteBody } from '../wire/write-body.ts';

type JsonMap = { [key: string]: Json };

/**
 * Binds a write to the pre-image it was journalled with, so that it fails with 409 when anybody wrote in between:
 * resourceVersion and uid in PUT, merge, strategic and apply bodies, `test` operations in JSON patches, preconditions in
 * deletions and evictions. A version that the client itself named stays: the server then compares with that.
 */
export function pinBody(
  verb: 'create' | 'update' | 'delete' | 'evict',
  body: WriteBody,
  before: KubeObject | null,
): Json {
  if (verb === 'create' || !before) return body.value;
  const { uid, resourceVersion } = before.metadata;
  if (verb === 'delete') return withPreconditions((body.value ?? {}) as JsonMap, uid, resourceVersion);
  if (verb === 'evict') {
    const eviction = cloneJson((body.value ?? {}) as JsonMap);
    eviction.deleteOptions = withPreconditions((eviction.deleteOptions ?? {}) as JsonMap, uid, resourceVersion);
    return eviction;
  }
  if (body.form === 'json-patch') {
    const tests = [
      { op: 'test', path: '/metadata/uid', value: uid ?? null },
      { op: 'test', path: '/metadata/resourceVersion', value: resourceVersion ?? null },
    ];
    return [...tests, ...(body.value as Json[])];
  }
  const pinned = cloneJson((body.value ?? {}) as JsonMap);
  const metadata = (pinned.metadata ??= {}) as JsonMap;
  metadata.resourceVersion ||= resourceVersion ?? '';
  metadata.uid ||= uid ?? '';
  return pinned;
}

function withPreconditions(options: JsonMap, uid = '', resourceVersion = ''): JsonMap {
  const result: JsonMap = { kind: 'DeleteOptions', apiVersion: 'v1', ...cloneJson(options) };
  const preconditions = (result.preconditions ?? {}) as JsonMap;
  result.preconditions = {
    ...preconditions,
    uid: preconditions.uid || uid,
    resourceVersion: preconditions.resourceVersion || resourceVersion,
  };
  return result;
}

/** Only status, versions and other server-owned fields moved: the same write may be pinned to the newer reading. */
export function onlyStatusMoved(
  before: KubeObject,
  now: KubeObject | null,
  statusIsContent = false,
): now is KubeObject {
  return (
    now !== null &&
    now.metadata.uid === before.metadata.uid &&
    Boolean(now.metadata.deletionTimestamp) === Boolean(before.metadata.deletionTimestamp) &&
    sameJson(normalise(before, statusIsContent), normalise(now, statusIsContent))
  );
}

const NAME_LETTERS = 'bcdfghjklmnpqrstvwxz2456789';

/** Names an object that asks the server for a name, so that the journal knows it beforehand. */
export function resolveGeneratedName(object: KubeObject, random: (below: number) => number): KubeObject {
  const { name, generateName } = object.metadata ?? {};
  if (name || !generateName) return object;
  const suffix = Array.from({ length: 5 }, () => NAME_LETTERS[random(NAME_LETTERS.length)]).join('');
  const resolved = cloneJson(object);
  // The server cuts the prefix so that the whole stays a valid label (63).
  resolved.metadata.name = `${generateName.slice(0, 58)}${suffix}`;
  return resolved;
}
