import type { KubeObject } from '../domain/kube-object.ts';

/** Number of ready addresses in EndpointSlices; null readiness means ready (API contract of EndpointSlice). */
export function readyEndpoints(slices: KubeObject[]): number {
  return slices
    .flatMap((slice) => (slice.endpoints ?? []) as { conditions?: { ready?: boolean | null } }[])
    .filter((endpoint) => endpoint.conditions?.ready !== false).length;
}
