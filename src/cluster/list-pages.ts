import type { KubeObject } from '../domain/kube-object.ts';
import { ClusterError } from './cluster-error.ts';
import type { KindInfo } from './kinds.ts';
import { collectionPath } from './kinds.ts';
import type { KubeApi, ListAnswer } from './kube-api.ts';

const PAGE = 500;
/** A list that expires this often while it is paged changes faster than it can be read. */
const MAX_RESTARTS = 3;

/**
 * All objects of a kind (of one namespace) with `apiVersion` and `kind` filled in, and the resourceVersion to watch
 * from. A continuation that expired (410) starts the list again, so that pages of two moments are never mixed.
 * @throws ClusterError
 */
export async function listAll(
  api: KubeApi,
  info: KindInfo,
  namespace: string | undefined,
  signal: AbortSignal,
): Promise<{ items: KubeObject[]; resourceVersion: string }> {
  const path = collectionPath(info, namespace);
  for (let restarts = 0; ; restarts++) {
    try {
      return await listOnce(api, path, info, signal);
    } catch (error) {
      const expired = error instanceof ClusterError && error.status === 410;
      if (!expired || restarts >= MAX_RESTARTS) throw error;
    }
  }
}

async function listOnce(api: KubeApi, path: string, info: KindInfo, signal: AbortSignal) {
  const items: KubeObject[] = [];
  let token = '';
  for (;;) {
    const query = `limit=${PAGE}${token ? `&continue=${encodeURIComponent(token)}` : ''}`;
    const page = await api.getJson<ListAnswer>(`${path}?${query}`, signal);
    for (const item of page.items ?? []) items.push({ ...item, apiVersion: info.apiVersion, kind: info.kind });
    token = page.metadata?.continue ?? '';
    if (!token) return { items, resourceVersion: page.metadata?.resourceVersion ?? '' };
  }
}
