import { WRITER_ACCOUNT } from './own-objects.ts';

/** Whom a binding gives its role. */
export interface Subject {
  kind: string;
  name: string;
  namespace?: string;
  apiGroup?: string;
}

/** Who asks, as the API server sees it. */
export interface Identity {
  user: string;
  groups: string[];
}

const RBAC = 'rbac.authorization.k8s.io';

/** Why a binding may not be given this subject; null when it may: one service account, or one person or group by name. */
export function forbiddenSubject(subject: Subject): string | null {
  const { kind, name, namespace, apiGroup = '' } = subject;
  const shown = `${String(kind)} ${String(name)}`.slice(0, 120);
  if (typeof name !== 'string' || name === '' || name.includes('*')) return `${shown} is not one subject`;
  if (kind === 'ServiceAccount') {
    if (apiGroup !== '' || !namespace) return `${shown} is not a service account in a namespace`;
    return name === WRITER_ACCOUNT ? `${shown} is who Stratus itself writes as` : null;
  }
  if (kind !== 'User' && kind !== 'Group') return `subjects of kind ${String(kind).slice(0, 60)} are not known`;
  if (apiGroup !== '' && apiGroup !== RBAC) return `${shown} is of another API group`;
  return name.startsWith('system:') ? name : null;
}

export function sameSubject(a: Subject, b: Subject): boolean {
  return a.kind === b.kind && a.name === b.name && (a.namespace ?? '') === (b.namespace ?? '');
}

export function matchesIdentity(subject: Subject, identity: Identity): boolean {
  if (subject.kind === 'User') return subject.name === identity.user;
  if (subject.kind === 'Group') return identity.groups.includes(subject.name);
  return identity.user === `system:serviceaccount:${subject.namespace ?? ''}:${subject.name}`;
}

/** A service account as the API server sees it. */
export function accountIdentity(namespace: string, name: string): Identity {
  return {
    user: `system:serviceaccount:${namespace}:${name}`,
    groups: ['system:serviceaccounts', `system:serviceaccounts:${namespace}`, 'system:authenticated'],
  };
}
