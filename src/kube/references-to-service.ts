import type { KubeObject } from '../domain/kube-object.ts';
import type { ClusterView } from './cluster-view.ts';
import type { NamedHost } from './named-hosts.ts';
import { namedHosts } from './named-hosts.ts';
import { ingressBackends } from './ingress-backends.ts';

/** A place in a workload's template (or in a ConfigMap it uses) that names a Service by its DNS name. */
export type ServiceReference = NamedHost;

/** References to `service` by workloads that are meant to run. A plain word counts only next to a port or scheme. */
export function referencesTo(view: ClusterView, service: KubeObject): ServiceReference[] {
  const { name, namespace = '' } = service.metadata;
  const long = `${name}.${namespace}`;
  const seen = new Set<string>();
  return namedHosts(view).filter(({ from, object, field, host, address }) => {
    const isLong = host === long || host === `${long}.svc` || host.startsWith(`${long}.svc.`);
    if (!isLong && !(address && host === name && from.metadata.namespace === namespace)) return false;
    const key = JSON.stringify([from.kind, from.metadata.namespace, from.metadata.name, object.metadata.name, field]);
    return !seen.has(key) && seen.add(key);
  });
}

/** Who leads requests to a Service, and where it says so. */
export interface ServiceUser {
  from: KubeObject;
  object: KubeObject;
  field: string;
}

/** Workloads that name the Service, and Ingresses that lead to it. */
export function usersOf(view: ClusterView, service: KubeObject): ServiceUser[] {
  const { name, namespace } = service.metadata;
  const routes = view.all('Ingress', namespace).flatMap((ingress) => {
    const backend = ingress.metadata.deletionTimestamp
      ? undefined
      : ingressBackends(ingress).find((each) => each.name === name);
    return backend ? [{ from: ingress, object: ingress, field: `${backend.field}.name` }] : [];
  });
  return [...referencesTo(view, service), ...routes];
}
