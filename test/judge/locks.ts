import type { Api } from './api.ts';

/** Leases of the product, in any namespace, that name a holder; empty when nothing is locked. */
export async function heldLocks(api: Api): Promise<string[]> {
  const { items } = await api.list('/apis/coordination.k8s.io/v1/leases');
  return items
    .filter(({ metadata, spec }) => metadata.name.includes('stratus') && spec?.holderIdentity)
    .map(({ metadata, spec }) => `${metadata.namespace}/${metadata.name} held by ${spec.holderIdentity}`);
}
