import type { KubeObject } from '../domain/kube-object.ts';
import type { Untyped } from './pod-template.ts';

export const RBAC_API = 'rbac.authorization.k8s.io/v1';

/** Something that the API server's authorizer did not allow. */
export interface Denial {
  /** As the server calls whoever asked, e.g. `system:serviceaccount:shop:web`. */
  user: string;
  verb: string;
  /** With its subresource, e.g. `pods/log`; empty where a path was asked. */
  resource: string;
  group: string;
  /** Null: at the cluster scope. */
  namespace: string | null;
  /** Of a request that names no resource, e.g. `/metrics`; else empty. */
  path: string;
}

const DENIED =
  /User "([^"]+)" cannot (\w+) (?:path "([^"]+)"|resource "([^"]+)" in API group "([^"]*)"(?: in the namespace "([^"]+)"| at the cluster scope)?)/g;

/** Refusals of the authorizer that a text quotes, in the server's own words (k8s.io/apiserver, responsewriters/errors.go). */
export function denialsIn(text: string): Denial[] {
  const plain = text.replaceAll('\\"', '"');
  return [...plain.matchAll(DENIED)].map(
    ([, user = '', verb = '', path = '', resource = '', group = '', namespace]) => ({
      user,
      verb,
      path,
      resource,
      group,
      namespace: namespace ?? null,
    }),
  );
}

/** Namespace and name of the ServiceAccount behind a user name of the API server; null for others. */
export function accountOf(user: string): { namespace: string; name: string } | null {
  const [, namespace = '', name = ''] = /^system:serviceaccount:([a-z0-9.-]+):([a-z0-9.-]+)$/.exec(user) ?? [];
  return name ? { namespace, name } : null;
}

const list = (value: unknown): string[] => (Array.isArray(value) ? value.map(String) : []);
const holds = (value: unknown, word: string) => list(value).some((one) => one === '*' || one === word);

/** What of a rule stands in the way of a request, as field names; empty where the rule allows it. */
export function missingIn(rule: Untyped, denial: Denial): string[] {
  if (denial.path) {
    const allowed = list(rule?.nonResourceURLs).some(
      (url) => url === denial.path || (url.endsWith('*') && denial.path.startsWith(url.slice(0, -1))),
    );
    return [...(allowed ? [] : ['nonResourceURLs']), ...(holds(rule?.verbs, denial.verb) ? [] : ['verbs'])];
  }
  const [, subresource] = denial.resource.split('/');
  const named =
    holds(rule?.resources, denial.resource) ||
    (subresource !== undefined && list(rule?.resources).includes(`*/${subresource}`));
  return [
    ...(holds(rule?.apiGroups, denial.group) ? [] : ['apiGroups']),
    ...(named ? [] : ['resources']),
    ...(holds(rule?.verbs, denial.verb) ? [] : ['verbs']),
    ...(list(rule?.resourceNames).length > 0 ? ['resourceNames'] : []),
  ];
}

export function rulesOf(role: KubeObject): Untyped[] {
  return Array.isArray(role['rules']) ? role['rules'] : [];
}

export function allows(role: KubeObject, denial: Denial): boolean {
  return rulesOf(role).some((rule) => missingIn(rule, denial).length === 0);
}

/** A binding, as far as it bears on who gets what. */
export function subjectsOfBinding(binding: KubeObject): Untyped[] {
  return Array.isArray(binding['subjects']) ? binding['subjects'] : [];
}

/**
 * True if a subject of a binding names the ServiceAccount. Groups of all accounts do not: what they hold is nobody's own,
 * and not the place to give one account more.
 */
export function isSubject(subject: Untyped, account: { namespace: string; name: string }, home?: string): boolean {
  const { kind, name } = subject ?? {};
  if (kind === 'ServiceAccount') return name === account.name && (subject.namespace ?? home) === account.namespace;
  return kind === 'User' && name === `system:serviceaccount:${account.namespace}:${account.name}`;
}

/** Roles and bindings that the API server makes, and sets back (kubernetes.io: Default roles and role bindings). */
export function isBuiltIn({ metadata }: KubeObject): boolean {
  return metadata.name.startsWith('system:') || metadata.labels?.['kubernetes.io/bootstrapping'] === 'rbac-defaults';
}
