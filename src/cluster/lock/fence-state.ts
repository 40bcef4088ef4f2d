import { ClusterError } from '../../domain/cluster-error.ts';
import type { KubeObject } from '../../domain/kube-object.ts';
import { sameJson } from '../../json/same-json.ts';
import type { KubeApi } from '../../gateway/wire/kube-api.ts';
import { FENCE_NAME, fencePath, KEEPER_NAME, policyObjects } from './fence-manifests.ts';

/** What of the fence is in a cluster. `why` says what is missing or different, and what to do. */
export type FenceState =
  { state: 'standing' } | { state: 'absent' } | { state: 'broken'; why: string } | { state: 'unreadable'; why: string };

/**
 * Whether the policies and bindings of a cluster are exactly the ones this version ships. The roles are not looked
 * at: an administrator may narrow them, and missing rights show by themselves.
 * @param api read mode
 * @throws ClusterError unreachable, aborted …
 */
export async function readFence(api: KubeApi, lockNamespace: string, signal?: AbortSignal): Promise<FenceState> {
  const shipped = policyObjects(lockNamespace);
  let live: Array<KubeObject | null>;
  try {
    live = await Promise.all(shipped.map((entry) => api.find(fencePath(entry), signal)));
  } catch (error) {
    if (!(error instanceof ClusterError) || error.reason !== 'forbidden') throw error;
    return { state: 'unreadable', why: `whether a fence is installed cannot be read: ${error.message}` };
  }
  const pairs = shipped.map(({ object }, index) => ({ object, live: live[index] ?? null }));
  // What stays behind after uninstalling enforces nothing.
  if (pairs.every((pair) => !pair.live || pair.object.metadata.name === KEEPER_NAME)) return { state: 'absent' };
  const other = pairs.find((pair) => pair.object.metadata.name === FENCE_NAME && pair.live?.spec?.paramRef);
  const guarded = other?.live?.spec?.paramRef?.namespace as string | undefined;
  if (guarded !== undefined && guarded !== lockNamespace) {
    const why = `the fence of this cluster guards the lock in namespace '${guarded}', this Stratus uses '${lockNamespace}': set STRATUS_LOCK_NAMESPACE=${guarded}`;
    return { state: 'broken', why };
  }
  const repair = "an administrator runs 'stratus lock install-fence', or 'stratus lock uninstall-fence' to go without";
  const name = ({ kind, metadata }: KubeObject) => `${kind} ${metadata.name}`;
  const missing = pairs.find((pair) => !pair.live);
  if (missing)
    return { state: 'broken', why: `the fence is only half installed (${name(missing.object)} is missing): ${repair}` };
  const altered = pairs.find((pair) => !sameJson(pair.object.spec, pair.live!.spec));
  if (altered) {
    const what = `${name(altered.object)} is not as this version of Stratus ships it`;
    return { state: 'broken', why: `the fence cannot be trusted (${what}): ${repair}` };
  }
  return { state: 'standing' };
}
