import type { BrainContext } from '../../domain/brain.ts';
import { itemId } from '../../domain/severity.ts';
import { sha256 } from '../../text/sha256.ts';

/**
 * What a diagnosis depends on, as one text: what is unhealthy, and every object that was read, by uid and by the version of
 * its wishes where it has one. Equal keys: the same incident in the same state, for which a model need not be asked again.
 */
export function diagnosisKey(
  { snapshot, severity }: Pick<BrainContext, 'snapshot' | 'severity'>,
  model: string,
): string {
  const items = severity.known ? severity.items.map(itemId).sort() : ['unknown'];
  const objects = Object.entries(snapshot.objects)
    .filter(([kind]) => kind !== 'Event')
    .flatMap(([kind, list]) =>
      list.flatMap(({ metadata, data }) => {
        // Pods come and go with every attempt; what makes them does not.
        if (kind === 'Pod' || metadata.ownerReferences?.length) return [];
        const version = metadata.generation ?? (data === undefined ? '' : JSON.stringify(data));
        return [`${kind}/${metadata.namespace ?? ''}/${metadata.name}/${metadata.uid ?? ''}/${version}`];
      }),
    )
    .sort();
  return sha256(JSON.stringify([model, items, objects]));
}
