import type { KubeObject } from '../domain/kube-object.ts';
import { refLabel, refOf } from '../domain/kube-object.ts';
import type { Pending } from './convergence.ts';
import type { ClusterView } from '../kube/cluster-view.ts';
import { endpointPort } from '../kube/endpoint-port.ts';
import { isReady } from '../kube/pods.ts';
import { servicePorts } from '../kube/service-backends.ts';

interface Endpoint {
  conditions?: { ready?: boolean | null };
  targetRef?: { kind?: string; name?: string };
}

/** The endpoint controller answers in milliseconds; longer means that it does not run. */
const ENDPOINT_PATIENCE_MS = 10_000;

/** Whether the EndpointSlices of a Service say what its selector, its ports and its ready pods say. */
export function endpointsPending(service: KubeObject, cluster: ClusterView): Pending[] {
  if (service.spec?.type === 'ExternalName' || Object.keys(service.spec?.selector ?? {}).length === 0) return [];
  const pods = cluster
    .selectedPods(service)
    .filter((pod) => !pod.metadata.deletionTimestamp && !['Succeeded', 'Failed'].includes(pod.status?.phase));
  const reachable = service.spec?.publishNotReadyAddresses === true;
  const serving = pods.filter((pod) => pod.status?.podIP && (reachable || isReady(pod)));
  const slices = cluster.slicesOf(service);
  const label = refLabel(refOf(service));
  const stale = (what: string): Pending[] => [
    { key: `${label} endpoints`, text: `${label}: endpoints ${what}`, patienceMs: ENDPOINT_PATIENCE_MS },
  ];
  const addresses = new Set(
    slices
      .flatMap((slice) => (slice.endpoints ?? []) as Endpoint[])
      .filter(({ conditions, targetRef }) => conditions?.ready !== false && targetRef?.kind === 'Pod')
      .map(({ targetRef }) => targetRef!.name!),
  );
  if (serving.some((pod) => !addresses.has(pod.metadata.name))) return stale('lack a ready pod');
  const names = new Set(serving.map((pod) => pod.metadata.name));
  if ([...addresses].some((name) => !names.has(name))) return stale('still name a pod that is gone or not ready');
  return portsAgree(service, slices, pods) ? [] : stale('do not have the ports of the Service yet');
}

/** Headless Services without selector ports have nothing to compare. */
function portsAgree(service: KubeObject, slices: KubeObject[], pods: KubeObject[]): boolean {
  const ports = servicePorts(service);
  const filled = slices.filter((slice) => ((slice.endpoints ?? []) as Endpoint[]).length > 0);
  if (filled.length === 0) return true;
  const wanted = new Set(
    ports
      .flatMap((port) => pods.map((pod) => [port.name, endpointPort(pod.spec, port)]))
      .filter(([, number]) => number !== null)
      .map(([name, number]) => `${name}:${number}`),
  );
  const present = new Set(
    filled
      .flatMap((slice) => (slice.ports ?? []) as { name?: string; port?: number }[])
      .filter(({ port }) => port !== undefined && port !== null)
      .map(({ name, port }) => `${name ?? ''}:${port}`),
  );
  // Every port that a slice offers must be wanted; pods without a named port are left out of its slices.
  return [...present].every((port) => wanted.has(port)) && [...wanted].every((port) => present.has(port));
}
