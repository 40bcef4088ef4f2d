import { listOf } from './untyped-list.ts';
import type { KubeObject } from '../domain/kube-object.ts';
import type { ClusterView } from './cluster-view.ts';
import { containersOf } from './pod-template.ts';
import type { Untyped } from './pod-template.ts';

export type ConfigKind = 'ConfigMap' | 'Secret';

/** A place in a pod spec that needs a ConfigMap or Secret, or one key of it. */
export interface ConfigReference {
  kind: ConfigKind;
  name: string;
  /** Null where the whole object is meant. */
  key: string | null;
  optional: boolean;
  /** Pointers below the pod spec of the string that holds the object's name and of the one that holds the key. */
  namePointer: string;
  keyPointer: string | null;
  /** Path below the pod spec, for people. */
  place: string;
  /** What stays the same when the reference is mended: variable, volume item or source. */
  user: string;
}

export function configReferences(podSpec: Untyped): ConfigReference[] {
  return [...containerReferences(podSpec), ...volumeReferences(podSpec)];
}

function containerReferences(podSpec: Untyped): ConfigReference[] {
  return containersOf(podSpec).flatMap((container) => {
    const list: ConfigReference[] = [];
    listOf(container.spec?.env).forEach((variable, index) => {
      for (const [field, kind] of [
        ['configMapKeyRef', 'ConfigMap'],
        ['secretKeyRef', 'Secret'],
      ] as const) {
        const reference = variable?.valueFrom?.[field];
        if (typeof reference?.name !== 'string' || typeof reference.key !== 'string') continue;
        const pointer = `${container.pointer}/env/${index}/valueFrom/${field}`;
        list.push({
          kind,
          name: reference.name,
          key: reference.key,
          optional: reference.optional === true,
          namePointer: `${pointer}/name`,
          keyPointer: `${pointer}/key`,
          place: `${container.place}.env[${index}].valueFrom.${field}`,
          user: `variable ${String(variable.name)} of container ${container.name}`,
        });
      }
    });
    listOf(container.spec?.envFrom).forEach((source, index) => {
      for (const [field, kind] of [
        ['configMapRef', 'ConfigMap'],
        ['secretRef', 'Secret'],
      ] as const) {
        const reference = source?.[field];
        if (typeof reference?.name !== 'string') continue;
        list.push({
          kind,
          name: reference.name,
          key: null,
          optional: reference.optional === true,
          namePointer: `${container.pointer}/envFrom/${index}/${field}/name`,
          keyPointer: null,
          place: `${container.place}.envFrom[${index}].${field}`,
          user: `variables of container ${container.name}`,
        });
      }
    });
    return list;
  });
}

function volumeReferences(podSpec: Untyped): ConfigReference[] {
  return listOf(podSpec?.volumes).flatMap((volume, index) => {
    const at = { pointer: `/volumes/${index}`, place: `volumes[${index}]`, user: `volume ${String(volume?.name)}` };
    const projected = listOf(volume?.projected?.sources).flatMap((source, number) => {
      const below = {
        ...at,
        pointer: `${at.pointer}/projected/sources/${number}`,
        place: `${at.place}.projected.sources[${number}]`,
      };
      return [
        ...volumeSource(source?.configMap, 'ConfigMap', 'name', { ...below, field: 'configMap' }),
        ...volumeSource(source?.secret, 'Secret', 'name', { ...below, field: 'secret' }),
      ];
    });
    return [
      ...volumeSource(volume?.configMap, 'ConfigMap', 'name', { ...at, field: 'configMap' }),
      ...volumeSource(volume?.secret, 'Secret', 'secretName', { ...at, field: 'secret' }),
      ...projected,
    ];
  });
}

interface VolumePlace {
  pointer: string;
  place: string;
  user: string;
  field: string;
}

function volumeSource(source: Untyped, kind: ConfigKind, nameField: string, at: VolumePlace): ConfigReference[] {
  const name: unknown = source?.[nameField];
  if (typeof name !== 'string') return [];
  const shared = {
    kind,
    name,
    optional: source.optional === true,
    namePointer: `${at.pointer}/${at.field}/${nameField}`,
    user: at.user,
  };
  const items = listOf(source.items);
  const place = `${at.place}.${at.field}`;
  if (items.length === 0) return [{ ...shared, key: null, keyPointer: null, place }];
  return items.map((item, index) => ({
    ...shared,
    key: String(item?.key ?? ''),
    keyPointer: `${at.pointer}/${at.field}/items/${index}/key`,
    place: `${place}.items[${index}]`,
    user: `${at.user}, file ${String(item?.path ?? '')}`,
  }));
}

/** Names of the entries of a ConfigMap or Secret. */
export function keysOf(object: KubeObject): string[] {
  return [...new Set([...Object.keys(object['data'] ?? {}), ...Object.keys(object['binaryData'] ?? {})])].sort();
}

export interface MissingReference {
  reference: ConfigReference;
  /** The object, when it is there and only the key is missing. */
  object: KubeObject | null;
}

/** Required references that cannot be satisfied. Kinds that could not be read are never taken as missing. */
export function missingReferences(
  view: ClusterView,
  namespace: string | undefined,
  podSpec: Untyped,
): MissingReference[] {
  if (!view.inScope(namespace)) return [];
  return configReferences(podSpec).flatMap((reference) => {
    if (reference.optional || !view.known(reference.kind)) return [];
    const object = view.find(reference.kind, namespace, reference.name) ?? null;
    if (object && (reference.key === null || keysOf(object).includes(reference.key))) return [];
    return { reference, object };
  });
}
