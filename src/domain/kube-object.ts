import { spelledName } from '../text/plain-text.ts';

/** Kubernetes objects as the API server sends them, and how Stratus names them. */

export interface OwnerReference {
  apiVersion: string;
  kind: string;
  name: string;
  uid: string;
  controller?: boolean;
}

export interface ObjectMeta {
  name: string;
  namespace?: string;
  uid?: string;
  resourceVersion?: string;
  generation?: number;
  creationTimestamp?: string;
  deletionTimestamp?: string;
  labels?: Record<string, string>;
  annotations?: Record<string, string>;
  finalizers?: string[];
  ownerReferences?: OwnerReference[];
  managedFields?: unknown[];
  generateName?: string;
}

/** Any object; fields beyond the common ones are read defensively because servers and CRDs differ. */
export interface KubeObject {
  apiVersion: string;
  kind: string;
  metadata: ObjectMeta;
  // eslint-disable-next-line @typescript-eslint/no-explicit-any
  [field: string]: any;
}

/** Identity of an object independent of its version. `namespace` is absent for cluster-scoped objects. */
export interface ObjectRef {
  apiVersion: string;
  kind: string;
  namespace?: string;
  name: string;
}

/**
 * `Service/hotel-reservation/geo`, `Node/node1`: the form shown to people. Names of some kinds may hold any character:
 * those that do not show, or act, are spelled out.
 */
export function refLabel({ kind, namespace, name }: Pick<ObjectRef, 'kind' | 'namespace' | 'name'>): string {
  return spelledName(namespace ? `${kind}/${namespace}/${name}` : `${kind}/${name}`);
}

/** Stable key; the API group is part of it (two groups may serve the same kind), the version is not. */
export function refKey(ref: ObjectRef): string {
  const group = ref.apiVersion.includes('/') ? ref.apiVersion.slice(0, ref.apiVersion.indexOf('/')) : '';
  return `${group}|${ref.kind}|${ref.namespace ?? ''}|${ref.name}`;
}

export function refOf(object: KubeObject): ObjectRef {
  const { namespace, name } = object.metadata;
  return { apiVersion: object.apiVersion, kind: object.kind, ...(namespace ? { namespace } : {}), name };
}

/** In place of a Secret's value that differs from the one before: values themselves are never shown. */
export const ANOTHER_VALUE = '(another value)';
