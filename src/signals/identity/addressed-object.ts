import type { KubeObject, ObjectRef } from '../../domain/kube-object.ts';
import { refOf } from '../../domain/kube-object.ts';
import type { ClusterView } from '../../kube/cluster-view.ts';
import { listOf } from '../../kube/untyped-list.ts';
import { ServiceNames } from './service-names.ts';

const ADDRESS = /^(?:[a-z][a-z0-9+.-]*:\/\/)?(?:[^@/]*@)?(\[[^\]]*\]|[^:/?#]+)/i;

/** The host of an address, which may be a URL, in lower case; empty where there is none. */
export function hostIn(address: string): string {
  return ADDRESS.exec(address)?.[1]?.toLowerCase() ?? '';
}

/** Whether an address is that of a Service or an Ingress by its full name, so that it means the same for whoever asks. */
export function isQualified(address: string): boolean {
  const host = hostIn(address);
  return host.includes('.') && /[a-z]/.test(host);
}

/** Who answers at an address, as whoever watches a cluster writes it: pod or Service by address or DNS name, Ingress by host. */
export function addressedObject(view: ClusterView, address: string): ObjectRef | null {
  const host = hostIn(address);
  if (host === '') return null;
  // A name with its namespace means the same from anywhere, one without means whatever only one is called.
  const from = host.includes('.') ? view.snapshot.namespaces[0] : undefined;
  const object = ServiceNames.of(view).byHost(host, from);
  if (object) return object;
  const ingress = isQualified(address) ? view.all('Ingress').find((one) => serves(one, host)) : undefined;
  return ingress ? refOf(ingress) : null;
}

/** Whether an Ingress has a rule or a certificate for a host. */
export function serves({ spec }: KubeObject, host: string): boolean {
  const hosts = [
    ...listOf(spec?.tls).flatMap((tls) => listOf(tls?.hosts)),
    ...listOf(spec?.rules).map((rule) => rule?.host),
  ];
  return host !== '' && hosts.some((each) => typeof each === 'string' && covers(each, host));
}

/** `*.shop.io` stands for one label. */
export function covers(pattern: string, host: string): boolean {
  if (!pattern.startsWith('*.')) return pattern.toLowerCase() === host;
  return host.slice(host.indexOf('.')) === pattern.slice(1).toLowerCase();
}
