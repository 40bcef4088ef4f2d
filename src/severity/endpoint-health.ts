import type { KubeObject } from '../domain/kube-object.ts';
import { refLabel, refOf } from '../domain/kube-object.ts';
import { condition, isLiving, isReady } from '../kube/pods.ts';
import type { ClusterView } from '../kube/cluster-view.ts';
import type { Health } from './health-findings.ts';
import { healthItem } from './health-findings.ts';

/** The endpoint controller answers in milliseconds; one that was busy had time enough. */
const CATCH_UP_MS = 30_000;

interface Endpoint {
  addresses?: string[];
  conditions?: { ready?: boolean | null };
  targetRef?: { kind?: string; name?: string };
}

/**
 * Slices that name pods which are gone, or lack pods that have long been ready: requests go nowhere, or to too few. Where
 * none is ready at all the Service is said to have no endpoints, and nothing more.
 */
export function staleEndpoints(service: KubeObject, pods: KubeObject[], cluster: ClusterView): Health {
  const endpoints = cluster
    .slicesOf(service)
    .flatMap((slice) => (slice.endpoints ?? []) as Endpoint[])
    .filter(({ targetRef, conditions }) => targetRef?.kind === 'Pod' && conditions?.ready !== false);
  if (endpoints.length === 0) return { items: [], progressing: [] };
  const ref = refOf(service);
  const living = new Set(pods.filter(isLiving).map((pod) => pod.metadata.name));
  // A pod that is on its way out may still serve, if it is in the slices as such.
  const known = new Set(pods.map((pod) => pod.metadata.name));
  const gone = endpoints.filter(({ targetRef }) => !known.has(targetRef?.name ?? ''));
  const named = new Set(endpoints.map(({ targetRef }) => targetRef?.name));
  const ready = pods.filter((pod) => isReady(pod) && living.has(pod.metadata.name));
  const lacking = ready.filter((pod) => {
    const since = Date.parse(condition(pod, 'Ready')?.lastTransitionTime ?? '');
    return !named.has(pod.metadata.name) && cluster.now - since > CATCH_UP_MS;
  });
  const item = (what: string, share: number, text: string) => healthItem(ref, what, share, `${refLabel(ref)}: ${text}`);
  return {
    items:
      lacking.length === 0
        ? []
        : [
            item(
              'endpoints-lack',
              lacking.length / ready.length,
              `${lacking.length} ready pods are not among its endpoints`,
            ),
          ],
    // The controller may be about to take them out.
    progressing:
      gone.length === 0
        ? []
        : [
            item(
              'endpoints-stale',
              gone.length / endpoints.length,
              `${gone.length} of its endpoints belong to pods that are gone`,
            ),
          ],
  };
}
