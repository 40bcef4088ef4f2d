import type { KubeObject } from '../../../../domain/kube-object.ts';
import { labelSelectorMatches } from '../../../../kube/labels.ts';
import { quantity } from '../../../../kube/quantity.ts';
import { classOf } from './storage-classes.ts';

/** One demand of a claim that a volume does not meet. */
export interface Mismatch {
  /** Of the volume. */
  field: string;
  /** Continues `volume X …`. */
  text: string;
}

/** Neither bound nor kept for another claim. */
export function isFree(volume: KubeObject, claim: KubeObject): boolean {
  const phase = (volume.status?.phase ?? 'Available') as string;
  if (volume.metadata.deletionTimestamp || phase !== 'Available') return false;
  return !volume.spec?.claimRef || isOfClaim(volume, claim);
}

/** Kept for a claim of this name, whether or not it is the same claim. */
export function isOfClaim(volume: KubeObject, { metadata }: Pick<KubeObject, 'metadata'>): boolean {
  const claimRef = volume.spec?.claimRef as { namespace?: string; name?: string } | undefined;
  return claimRef?.name === metadata.name && claimRef.namespace === metadata.namespace;
}

/** kubernetes.io "Persistent Volumes", binding: class, size, access modes, volume mode, selector. */
export function mismatches(volume: KubeObject, claim: KubeObject): Mismatch[] {
  const found: Mismatch[] = [];
  const has = String(volume.spec?.storageClassName ?? '');
  const wants = classOf(claim) ?? '';
  if (has !== wants) {
    const text = `has class ${has || 'none'}, the claim asks for ${wants || 'none'}`;
    found.push({ field: 'spec.storageClassName', text });
  }
  const size: unknown = volume.spec?.capacity?.storage;
  const asked: unknown = claim.spec?.resources?.requests?.storage;
  if ((quantity(asked) ?? 0) > (quantity(size) ?? Infinity)) {
    found.push({
      field: 'spec.capacity',
      text: `has ${String(size)}, the claim asks for ${String(asked)}`,
    });
  }
  const [offers, modes] = [listOf(volume.spec?.accessModes), listOf(claim.spec?.accessModes)];
  if (!modes.every((mode) => offers.includes(mode))) {
    const text = `offers ${offers.join(', ') || 'no access mode'}, the claim asks for ${modes.join(', ')}`;
    found.push({ field: 'spec.accessModes', text });
  }
  const [kind, mode] = [volume.spec?.volumeMode ?? 'Filesystem', claim.spec?.volumeMode ?? 'Filesystem'];
  if (kind !== mode) {
    found.push({ field: 'spec.volumeMode', text: `is a ${kind} volume, the claim asks for ${mode}` });
  }
  const { selector } = claim.spec ?? {};
  if (selector && !labelSelectorMatches(selector, volume.metadata.labels)) {
    const text = 'has other labels than the claim selects';
    found.push({ field: 'metadata.labels', text });
  }
  return found;
}

function listOf(list: unknown): string[] {
  return Array.isArray(list) ? (list as string[]) : [];
}
