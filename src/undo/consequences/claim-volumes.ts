import type { ObjectRef } from '../../domain/kube-object.ts';
import type { Effect } from './effect.ts';
import { eachOf, isLost } from './effect.ts';
import type { ClusterFacts } from './facts.ts';

/** Claims that go: each takes its volume along, which is released or deleted with its data (its reclaim policy). */
export async function claimsGo(
  claims: ObjectRef[],
  facts: ClusterFacts,
  sentence: (names: string) => string,
): Promise<Effect[]> {
  const volumes: Effect[] = [];
  for (const claim of claims) {
    const volume = (await facts.get(claim))?.spec?.volumeName as string | undefined;
    if (!volume) continue;
    const object = { apiVersion: 'v1', kind: 'PersistentVolume', name: volume };
    volumes.push(isLost(`the volume of claim ${claim.name} is released or deleted with it: ${volume}`, object));
  }
  return [...eachOf(claims, false, sentence), ...volumes];
}
