import type { Api, KubeObject } from '../api.ts';
import { ApiError } from '../api.ts';
import { untilAsked } from '../wait.ts';

export const GROUP = 'ops.example.test';

interface CustomKind {
  kind: string;
  plural: string;
  scope?: 'Cluster';
  /** Whether its status has a path of its own. */
  statusApart: boolean;
  /** The testbed's operator acts on it. */
  operated: boolean;
}

/**
 * - Pool: its operator keeps `spec.size` ConfigMaps, which it owns; status through the subresource
 * - Ring: its operator keeps `spec.size` claims, labelled but not owned; status is part of the object
 * - Note, Sheet, Realm: nobody acts on them; Note has its status inside, Sheet apart, Realm is cluster-scoped
 */
export const CUSTOM_KINDS: readonly CustomKind[] = [
  { kind: 'Pool', plural: 'pools', statusApart: true, operated: true },
  { kind: 'Ring', plural: 'rings', statusApart: false, operated: true },
  { kind: 'Note', plural: 'notes', statusApart: false, operated: false },
  { kind: 'Sheet', plural: 'sheets', statusApart: true, operated: false },
  { kind: 'Realm', plural: 'realms', statusApart: false, operated: false, scope: 'Cluster' },
];

export function definitionOf({ kind, plural, scope, statusApart }: CustomKind, group = GROUP): KubeObject {
  const open = { type: 'object', 'x-kubernetes-preserve-unknown-fields': true };
  const size = { type: 'integer' };
  const scale = { specReplicasPath: '.spec.size', statusReplicasPath: '.status.ready' };
  return {
    apiVersion: 'apiextensions.k8s.io/v1',
    kind: 'CustomResourceDefinition',
    metadata: { name: `${plural}.${group}` },
    spec: {
      group,
      scope: scope ?? 'Namespaced',
      names: { plural, singular: kind.toLowerCase(), kind, listKind: `${kind}List` },
      versions: [
        {
          name: 'v1',
          served: true,
          storage: true,
          schema: {
            openAPIV3Schema: {
              type: 'object',
              properties: { spec: { ...open, properties: { size } }, status: open },
            },
          },
          ...(statusApart ? { subresources: { status: {}, scale } } : {}),
        },
      ],
    },
  };
}

export function pathOfCustom(plural: string, namespace: string, name = ''): string {
  return `/apis/${GROUP}/v1${namespace ? `/namespaces/${namespace}` : ''}/${plural}${name && `/${name}`}`;
}

/** Defines all kinds and waits until they are served. */
export async function installCustomKinds(api: Api): Promise<void> {
  const definitions = '/apis/apiextensions.k8s.io/v1/customresourcedefinitions';
  for (const one of CUSTOM_KINDS) {
    await api.create(definitions, definitionOf(one)).catch(ignoreConflict);
  }
  for (const { plural, scope } of CUSTOM_KINDS) {
    await untilAsked(60_000, `${plural} are served`, async () => {
      const { status } = await api.send('GET', pathOfCustom(plural, scope ? '' : 'default'));
      return status === 200 ? '' : `status ${status}`;
    });
  }
}

export function ignoreConflict(error: unknown): void {
  if (!(error instanceof ApiError) || error.status !== 409) throw error;
}
