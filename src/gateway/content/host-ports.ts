import type { Loose, PodShape } from './pod-specs.ts';
import { containersOf } from './pod-specs.ts';

interface HostPort {
  container: string;
  port: number;
  /** Protocol and address. */
  where: string;
}

/** Ports by which a node and what runs the cluster on it are reached (kubernetes.io "Ports and Protocols"). */
const isOfTheCluster = (port: number): boolean =>
  port < 1024 || port === 6443 || port === 2379 || port === 2380 || (port >= 10_248 && port <= 10_260);
/** Where nodes listen for Services, unless the API server was told otherwise. */
const isNodePort = (port: number): boolean => port >= 30_000 && port <= 32_767;

/**
 * The first port of its node that a pod would have beyond those it has, in words. One of a container's ports may be
 * exchanged for another of its kind: the pod then reaches no further, and is reached no more, than before.
 */
export function gainedHostPort(old: PodShape[], now: PodShape[]): string | null {
  const [had, has] = [old.flatMap(hostPorts), now.flatMap(hostPorts)];
  const same = (a: HostPort, b: HostPort) => a.container === b.container && a.port === b.port && a.where === b.where;
  const freed = had.filter((each) => !has.some((other) => same(each, other)));
  for (const gained of has.filter((each) => !had.some((other) => same(each, other)))) {
    const at = freed.findIndex((each) => isExchange(each, gained));
    if (at < 0) return `port ${gained.port} of its node (${gained.container})`;
    freed.splice(at, 1);
  }
  return null;
}

function isExchange(from: HostPort, to: HostPort): boolean {
  if (from.container !== to.container || from.where !== to.where) return false;
  return !isOfTheCluster(from.port) && !isOfTheCluster(to.port) && isNodePort(from.port) === isNodePort(to.port);
}

function hostPorts({ spec }: PodShape): HostPort[] {
  return containersOf(spec).flatMap((container) =>
    (Array.isArray(container.ports) ? (container.ports as Loose[]) : [])
      .filter(({ hostPort }) => hostPort)
      .map(({ hostPort, protocol, hostIP }) => ({
        container: String(container.name),
        port: Number(hostPort),
        where: `${String(protocol ?? 'TCP')} ${String(hostIP ?? '')}`,
      })),
  );
}
