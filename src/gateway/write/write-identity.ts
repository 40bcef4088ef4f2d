import { printJson } from '../../json/lossless-json.ts';
import type { KubeObject, ObjectRef } from '../../domain/kube-object.ts';
import type { Json } from '../../json/json.ts';
import { refLabel } from '../../domain/kube-object.ts';
import { isMap } from '../../json/json-map.ts';
import type { ApiRequest } from '../wire/api-request.ts';
import { groupVersion } from '../wire/api-request.ts';
import type { ApiResource } from '../wire/discovery.ts';
import type { WriteBody } from '../wire/write-body.ts';

type JsonMap = { [key: string]: Json };

const FORMS: Record<string, ReadonlyArray<WriteBody['form']>> = {
  POST: ['object', 'protobuf'],
  PUT: ['object', 'protobuf'],
  PATCH: ['merge-patch', 'strategic-patch', 'json-patch', 'apply'],
  DELETE: ['none', 'object'],
};

/** What the bodies of sub-resources and deletions are, by kind and group. */
const PARTS: Record<string, [kind: string, groups: RegExp]> = {
  scale: ['Scale', /^autoscaling\//],
  eviction: ['Eviction', /^policy\//],
};

/** Why the body does not belong to the object that the path names; null when it does. */
export function bodyMismatch(request: ApiRequest, info: ApiResource, body: WriteBody): string | null {
  if (!FORMS[request.method]?.includes(body.form)) {
    return `a ${request.method} with a body of form ${body.form} is not what the API defines`;
  }
  if (info.namespaced !== (request.namespace !== '')) {
    return info.namespaced
      ? `a ${info.kind} belongs to a namespace, and the path names none`
      : `a ${info.kind} belongs to no namespace, and the path names one`;
  }
  if (body.form === 'json-patch' || body.form === 'protobuf' || body.form === 'none') return null;
  const value = body.value as JsonMap;
  return typeMismatch(request, info, value) ?? nameMismatch(request, value);
}

function typeMismatch(request: ApiRequest, info: ApiResource, { kind, apiVersion }: JsonMap): string | null {
  const part = PARTS[request.subresource];
  const deleting = request.verb === 'delete';
  const wanted = deleting ? 'DeleteOptions' : (part?.[0] ?? info.kind);
  if (kind !== undefined && kind !== wanted) return `the body is of kind ${shown(kind)}, the path is about ${wanted}`;
  // DeleteOptions may carry the version of any group.
  if (apiVersion === undefined || deleting) return null;
  const fits = part ? part[1].test(String(apiVersion)) : apiVersion === groupVersion(request);
  return fits ? null : `the body is of version ${shown(apiVersion)}, the path is about ${groupVersion(request)}`;
}

function nameMismatch(request: ApiRequest, value: JsonMap): string | null {
  if (request.verb === 'delete' || value.metadata === undefined) return null;
  if (!isMap(value.metadata)) return 'the metadata of the body is not an object';
  const { name, namespace } = value.metadata;
  if (namespace !== undefined && namespace !== '' && namespace !== request.namespace) {
    return `the body names namespace ${shown(namespace)}, the path ${request.namespace || 'none'}`;
  }
  if (request.name && name !== undefined && name !== request.name) {
    return `the body names ${shown(name)}, the path ${request.name}`;
  }
  if (!request.name && name !== undefined && typeof name !== 'string') return 'the name in the body is not text';
  return null;
}

/** Why the object that a write would leave is not the one it is about; null when it is. */
export function imageMismatch(ref: ObjectRef, after: KubeObject): string | null {
  const { name, namespace } = after.metadata ?? {};
  const same =
    name === ref.name &&
    (namespace ?? '') === (ref.namespace ?? '') &&
    (after.kind ?? ref.kind) === ref.kind &&
    (after.apiVersion ?? ref.apiVersion) === ref.apiVersion;
  return same ? null : `the write is about ${refLabel(ref)} and would leave ${shown(after.kind)}/${shown(name)}`;
}

/**
 * The group and version in which one of these paths names the same object, where they differ from those of `path`; null
 * when none does.
 */
export function otherVersionOf(path: string, paths: readonly string[]): string | null {
  const [, root, , rest] = VERSIONED.exec(path) ?? [];
  for (const other of paths) {
    const [, itsRoot, version, itsRest] = VERSIONED.exec(other) ?? [];
    if (other !== path && root !== undefined && itsRoot === root && itsRest === rest)
      return [root.split('/')[2], version].filter(Boolean).join('/');
  }
  return null;
}

/** `/apis/GROUP` or `/api`, the version, the object. */
const VERSIONED = /^(\/apis\/[^/]+|\/api)\/([^/]+)\/(.+)$/;

function shown(value: unknown): string {
  return (typeof value === 'string' ? value : (printJson(value) ?? 'nothing')).slice(0, 80);
}
