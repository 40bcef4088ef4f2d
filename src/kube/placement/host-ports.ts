import { containersOf } from '../pod-template.ts';
import type { Untyped } from '../pod-template.ts';

/** A port of the node that a container asks for. */
export interface HostPort {
  port: number;
  protocol: string;
  ip: string;
  /** Pointer of the entry below the pod spec, e.g. `/containers/0/ports/1`. */
  pointer: string;
  container: string;
}

export function hostPortsOf(podSpec: Untyped): HostPort[] {
  return containersOf(podSpec).flatMap((container) => {
    // An ordinary init container is over before its ports could stand in anybody's way.
    if (container.init && !container.sidecar) return [];
    const ports: Untyped[] = Array.isArray(container.spec?.ports) ? container.spec.ports : [];
    return ports.flatMap((each, index) => {
      // On the node's own network a container's port is a port of the node.
      const port = Number(each?.hostPort || (podSpec?.hostNetwork ? each?.containerPort : 0) || 0);
      if (port <= 0) return [];
      const pointer = `${container.pointer}/ports/${index}`;
      return [
        { port, protocol: each.protocol ?? 'TCP', ip: each.hostIP || '0.0.0.0', pointer, container: container.name },
      ];
    });
  });
}

/** The same port and protocol on the same address, or on all of them. */
export function portsClash(a: HostPort, b: HostPort): boolean {
  const any = (ip: string) => ip === '0.0.0.0' || ip === '::';
  return a.port === b.port && a.protocol === b.protocol && (a.ip === b.ip || any(a.ip) || any(b.ip));
}
