import type { KubeObject } from '../../../../src/domain/kube-object.ts';
import type { ContentInput, Grant } from '../../../../src/gateway/content/content-input.ts';
import { judgeContent } from '../../../../src/gateway/content/judge-content.ts';

export const NOBODY = { user: 'ann', groups: ['on-call', 'system:authenticated'] };

const RESOURCES: Record<string, string> = {
  Ingress: 'ingresses',
  NetworkPolicy: 'networkpolicies',
  Endpoints: 'endpoints',
};

/** Verdict about a change: the rule that refuses it, or `pass`. */
export function verdictOf(
  before: KubeObject | null,
  after: KubeObject | null,
  facts: Partial<ContentInput> = {},
): string {
  const verdict = judgeContent(inputOf(before, after, facts));
  return verdict.action === 'refuse' ? verdict.rule : verdict.action;
}

export function reasonOf(
  before: KubeObject | null,
  after: KubeObject | null,
  facts: Partial<ContentInput> = {},
): string {
  const verdict = judgeContent(inputOf(before, after, facts));
  return verdict.action === 'refuse' ? verdict.reason : '';
}

function inputOf(before: KubeObject | null, after: KubeObject | null, facts: Partial<ContentInput>): ContentInput {
  const object = (after ?? before)!;
  const group = object.apiVersion.includes('/') ? object.apiVersion.split('/')[0]! : '';
  return {
    group,
    resource: RESOURCES[object.kind] ?? `${object.kind.toLowerCase()}s`,
    kind: object.kind,
    namespace: object.metadata.namespace ?? '',
    name: object.metadata.name,
    before,
    after,
    grants: { self: NOBODY, bindings: [], aggregators: [] },
    ...facts,
  };
}

export function object(type: string, metadata: object, more: object = {}): KubeObject {
  const slash = type.lastIndexOf('/');
  return {
    apiVersion: type.slice(0, slash),
    kind: type.slice(slash + 1),
    metadata: { name: 'x', ...metadata },
    ...more,
  } as KubeObject;
}

const RBAC = 'rbac.authorization.k8s.io/v1';
export const role = (rules: object[], namespace = 'shop', metadata: object = {}): KubeObject =>
  object(`${RBAC}/Role`, { namespace, ...metadata }, { rules });
export const clusterRole = (rules: object[], metadata: object = {}, more: object = {}): KubeObject =>
  object(`${RBAC}/ClusterRole`, metadata, { rules, ...more });
export const binding = (subjects: object[], namespace = 'shop'): KubeObject =>
  object(`${RBAC}/RoleBinding`, { namespace }, { roleRef: { kind: 'Role', name: 'x' }, subjects });
export const clusterBinding = (subjects: object[]): KubeObject =>
  object(`${RBAC}/ClusterRoleBinding`, {}, { roleRef: { kind: 'ClusterRole', name: 'x' }, subjects });
export const rule = (group: string, resource: string, ...verbs: string[]) => ({
  apiGroups: [group],
  resources: [resource],
  verbs,
});

export const ROLE_PATH = '/apis/rbac.authorization.k8s.io/v1/namespaces/shop/roles/x';
export const CLUSTER_ROLE_PATH = '/apis/rbac.authorization.k8s.io/v1/clusterroles/x';
export const grant = (more: Partial<Grant>): Grant => ({
  path: '/apis/rbac.authorization.k8s.io/v1/clusterrolebindings/other',
  namespace: '',
  subjects: [{ kind: 'Group', name: 'on-call' }],
  role: '/apis/rbac.authorization.k8s.io/v1/clusterroles/other',
  rules: [],
  ...more,
});
