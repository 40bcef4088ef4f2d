import type { Api } from './api.ts';

/** Leases of the product, in any namespace, that name a holder; empty when nothing is locked. */
export async function heldLocks(api: Api): Promise<string[]> {
  const { items } = await api.list('/apis/coordination.k8s.io/v1/leases');
  return items
    .filter(({ metadata, spec }) => metadata.name.includes('stratus') && spec?.holderIdentity)
    .map(({ metadata, spec }) => `${metadata.namespace}/${metadata.name} held by ${spec.holderIdentity}`);
}

/** Removes the leases that a process left held, and names them; those of others on a shared cluster stay. */
export async function releaseLocks(api: Api, pid: number): Promise<string[]> {
  const { items } = await api.list('/apis/coordination.k8s.io/v1/leases');
  const own = items.filter(({ spec }) => String(spec?.holderIdentity ?? '').includes(`pid ${pid} `));
  for (const { metadata } of own)
    await api.remove(`/apis/coordination.k8s.io/v1/namespaces/${metadata.namespace}/leases/${metadata.name}`);
  return own.map(({ metadata }) => `${metadata.namespace}/${metadata.name}`);
}

/** Removes what a failed seed left locked, so that the next one is judged by itself. */
export async function removeLocks(api: Api): Promise<void> {
  const { items } = await api.list('/apis/coordination.k8s.io/v1/leases');
  for (const { metadata } of items.filter(({ metadata }) => metadata.name.includes('stratus')))
    await api.remove(`/apis/coordination.k8s.io/v1/namespaces/${metadata.namespace}/leases/${metadata.name}`);
}
