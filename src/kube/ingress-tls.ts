import type { KubeObject } from '../domain/kube-object.ts';
import { listOf } from './untyped-list.ts';

/** A Secret from which an Ingress takes a certificate, and the place of its name in `spec.tls`. */
export interface TlsReference {
  name: string;
  index: number;
}

/** Secrets that an Ingress names for its certificates, in order. */
export function tlsReferences(ingress: KubeObject): TlsReference[] {
  return listOf(ingress.spec?.tls).flatMap((tls, index) => {
    const name: unknown = tls?.secretName;
    return typeof name === 'string' && name !== '' ? [{ name, index }] : [];
  });
}

/**
 * Whether a controller makes the certificates of an Ingress. Source: cert-manager.io, "Annotated Ingress resource"; kube-lego's
 * `tls-acme` is honoured by its successors.
 */
export function isIssuedByAnnotation({ metadata: { annotations = {} } }: KubeObject): boolean {
  const isIssuer = (key: string): boolean => /^cert-manager\.io\/(?:cluster-)?issuer$/.test(key);
  return Object.keys(annotations).some(isIssuer) || annotations['kubernetes.io/tls-acme'] === 'true';
}
