import type { KubeObject } from '../domain/kube-object.ts';
import type { Container, ContainerPort } from './topology.ts';
import { longRunningContainers } from './topology.ts';

export interface ServicePort {
  name?: string;
  port: number;
  protocol?: string;
  /** Number or container port name; the service port when absent. */
  targetPort?: number | string;
}

/** Proxies that service meshes inject; they declare ports of their own and serve the application's undeclared. */
const INJECTED = /^(istio-proxy|istio-validation|linkerd-proxy|consul-dataplane|envoy-sidecar|kuma-sidecar)$/;

/**
 * Whether a pod serves the target of a Service port. `containerPort` is documentation for numbers, so that a number
 * counts as not served only when the application's containers declare ports, none is this one, and neither a probe
 * nor a command line nor an environment value mentions it. A name must be declared.
 */
export function servesPort(podSpec: KubeObject['spec'], port: ServicePort): 'yes' | 'no' | 'unknown' {
  const target = port.targetPort || port.port;
  const protocol = port.protocol ?? 'TCP';
  const containers = longRunningContainers(podSpec);
  const declared = containers.flatMap((container) => container.ports ?? []);
  const matches = (entry: ContainerPort) =>
    (entry.protocol ?? 'TCP') === protocol &&
    (typeof target === 'string' ? entry.name === target : entry.containerPort === target);
  if (declared.some(matches)) return 'yes';
  if (typeof target === 'string') return 'no';
  const own = containers.filter(({ name }) => !INJECTED.test(name));
  if (own.every(({ ports }) => (ports ?? []).length === 0)) return 'unknown';
  return own.some((container) => mentions(container, target)) ? 'yes' : 'no';
}

/** The port number that an endpoint of this pod gets for a Service port; null when the pod lacks the named port. */
export function endpointPort(podSpec: KubeObject['spec'], port: ServicePort): number | null {
  const target = port.targetPort || port.port;
  if (typeof target === 'number') return target;
  const protocol = port.protocol ?? 'TCP';
  const declared = longRunningContainers(podSpec).flatMap((container) => container.ports ?? []);
  const found = declared.find((entry) => entry.name === target && (entry.protocol ?? 'TCP') === protocol);
  return found?.containerPort ?? null;
}

function mentions(container: Container, port: number): boolean {
  const probes = ['readinessProbe', 'livenessProbe', 'startupProbe'].map((name) => container[name]) as Probe[];
  if (probes.some((probe) => [probe?.httpGet, probe?.tcpSocket, probe?.grpc].some((check) => check?.port === port))) {
    return true;
  }
  const env = ((container.env ?? []) as { value?: string }[]).map((entry) => entry.value ?? '');
  const words = [...((container.command ?? []) as string[]), ...((container.args ?? []) as string[]), ...env];
  const number = new RegExp(`(^|[^0-9])${port}([^0-9]|$)`);
  return words.some((word) => number.test(word));
}

type Check = { port?: number | string };
type Probe = { httpGet?: Check; tcpSocket?: Check; grpc?: Check } | undefined;
