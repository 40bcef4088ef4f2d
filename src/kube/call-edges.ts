import type { KubeObject } from '../domain/kube-object.ts';
import type { ClusterView } from './cluster-view.ts';
import { endpointPort } from './endpoint-port.ts';
import type { NamedHost } from './named-hosts.ts';
import { namedHosts, serviceMeant } from './named-hosts.ts';
import type { PolicyEnd } from './network-policy.ts';
import { podTemplateOf } from './pod-template.ts';
import { isLiving } from './pods.ts';
import { servicePorts } from './service-backends.ts';
import type { ServicePort } from './service-backends.ts';

/** A caller, the Service that its settings name, and the port of the pods that it comes to in the end. */
export interface CallEdge {
  caller: KubeObject;
  reference: NamedHost;
  service: KubeObject;
  callee: KubeObject;
  port: number;
  protocol: string;
}

/** Who calls whom, by the names in settings: one edge for a caller, a callee and a port. */
export function callEdges(view: ClusterView): CallEdge[] {
  const found = new Map<string, CallEdge>();
  for (const reference of namedHosts(view)) {
    const { from, host, address } = reference;
    const meant = address || host.includes('.svc') ? serviceMeant(view, host, from.metadata.namespace) : null;
    const service = meant && view.find('Service', meant.namespace, meant.name);
    if (!service) continue;
    for (const callee of view.workloadsBehind(service)) {
      if (callee === from) continue;
      for (const port of portsMeant(service, reference.port)) {
        const number = endpointPort(podTemplateOf(callee)?.spec, port);
        if (number === null) continue;
        const { protocol } = port;
        const key = [from, callee].map(({ kind, metadata }) => `${kind}/${metadata.namespace}/${metadata.name}`);
        const edge = { caller: from, reference, service, callee, port: number, protocol };
        if (!found.has(`${key.join('>')}:${number}/${protocol}`))
          found.set(`${key.join('>')}:${number}/${protocol}`, edge);
      }
    }
  }
  return [...found.values()];
}

/** Without a number, the one port that there is, or the usual one. */
function portsMeant(service: KubeObject, asked: number | null): ServicePort[] {
  const ports = servicePorts(service);
  if (asked !== null) return ports.filter(({ number }) => number === asked);
  return ports.length === 1 ? ports : ports.filter(({ number }) => number === 80);
}

/** A workload as network policies see its pods; null for pods that share their node's network. */
export function policyEnd(view: ClusterView, workload: KubeObject): PolicyEnd | null {
  const template = podTemplateOf(workload);
  if (!template || template.spec?.hostNetwork === true) return null;
  const { namespace = '' } = workload.metadata;
  const pod = view.podsOf(workload).find(isLiving);
  return {
    namespace,
    labels: template.labels,
    namespaceLabels: namespaceLabels(view, namespace),
    ip: typeof pod?.status?.podIP === 'string' ? pod.status.podIP : null,
    podSpec: template.spec,
  };
}

/** The server itself labels every namespace with its name. */
export function namespaceLabels(view: ClusterView, namespace: string): Record<string, string> {
  return {
    'kubernetes.io/metadata.name': namespace,
    ...view.find('Namespace', undefined, namespace)?.metadata.labels,
  };
}
