import { printJson } from '../../json/lossless-json.ts';
import type { Json } from '../../json/json.ts';
import { sameJson } from '../../json/same-json.ts';
import type { ContentRule } from './content-input.ts';
import type { Loose } from './pod-specs.ts';

/** Sources that hold nothing but what the namespace itself has. */
const INSIDE = new Set([
  'configMap',
  'downwardAPI',
  'emptyDir',
  'ephemeral',
  'image',
  'persistentVolumeClaim',
  'secret',
]);
const PROJECTED = new Set(['clusterTrustBundle', 'configMap', 'downwardAPI', 'secret', 'serviceAccountToken']);

/** What a volume of a pod reaches beyond the namespace, in words. */
export function volumeReach(volume: Loose): string[] {
  return Object.entries(volume).flatMap(([source, value]: [string, Loose]) => {
    if (source === 'name' || value === null || value === undefined || INSIDE.has(source)) return [];
    if (source === 'hostPath') return [`hostPath ${String(value.path)}`];
    if (source === 'projected') return projectedReach(value);
    return [`a volume of type ${source.slice(0, 60)} (${(printJson(value) ?? '').slice(0, 120)})`];
  });
}

/** A token for another audience opens doors outside the cluster. */
function projectedReach({ sources }: Loose): string[] {
  return (Array.isArray(sources) ? sources : []).flatMap((entry: Loose) =>
    Object.entries(entry).flatMap(([source, value]: [string, Loose]) => {
      if (!PROJECTED.has(source)) return [`a projected volume of type ${source.slice(0, 60)}`];
      const audience = source === 'serviceAccountToken' ? value?.audience : undefined;
      return audience ? [`a token for ${String(audience).slice(0, 80)}`] : [];
    }),
  );
}

/** Fields of a PersistentVolume's specification that are not where its data is. */
const NOT_A_SOURCE = new Set([
  'accessModes', 'capacity', 'claimRef', 'mountOptions', 'nodeAffinity', 'persistentVolumeReclaimPolicy', 'storageClassName',
  'volumeAttributesClassName', 'volumeMode',
]); // prettier-ignore

/** A PersistentVolume may be made for a storage driver; one that names a path of a node or a server opens that. */
export const judgeVolume: ContentRule = ({ group, kind, name, before, after }) => {
  if (group !== '' || kind !== 'PersistentVolume' || !after) return null;
  const [old, now]: Loose[] = [before?.spec ?? {}, after.spec ?? {}];
  const gained = Object.keys(now!).find(
    (field) =>
      !NOT_A_SOURCE.has(field) && field !== 'csi' && !sameJson(old![field] as Json | undefined, now![field] as Json),
  );
  if (gained === undefined) return null;
  return { rule: 'privilege', reason: `${kind}/${name} would open ${gained.slice(0, 60)}; do it by hand` };
};
