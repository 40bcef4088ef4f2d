import type { KubeObject } from '../../domain/kube-object.ts';
import type { PolicyRule } from './rbac-rules.ts';
import type { Identity, Subject } from './rbac-subjects.ts';

/** What a write would change, and what had to be read to judge it. Facts that the kind does not need are left out. */
export interface ContentInput {
  /** As discovery names the written object. */
  group: string;
  resource: string;
  kind: string;
  /** Empty for cluster-wide kinds. */
  namespace: string;
  name: string;
  before: KubeObject | null;
  /** Null when the object would be gone. */
  after: KubeObject | null;
  /** Rules of the role that a binding points to. */
  role?: PolicyRule[] | 'absent' | 'unreadable';
  grants?: Grants;
  /** Service accounts of the namespace, by name, that the object's pods would come to run as. */
  accounts?: Map<string, Grants>;
  webhooks?: WebhookFacts;
  /** Webhook configurations that this transaction has written. */
  ownHooks?: Array<{ before: KubeObject | null; after: KubeObject | null }>;
}

/** One binding, with the role that it gives. */
export interface Grant {
  /** API path of the binding. */
  path: string;
  /** Empty for the whole cluster. */
  namespace: string;
  subjects: Subject[];
  /** API path of the role. */
  role: string;
  /** Null when the role could not be read. */
  rules: PolicyRule[] | null;
}

export interface Grants {
  /** Null when who asks could not be found out. */
  self: Identity | null;
  /** All bindings that can matter; null when they could not be read. */
  bindings: Grant[] | null;
  /** ClusterRoles that gather the rules of others; null when they could not be read. */
  aggregators: KubeObject[] | null;
}

export interface WebhookFacts {
  /** Labels of every namespace that must stay free of webhooks, and of those of the backends, by name. */
  namespaces: Map<string, Record<string, string>>;
  /** `namespace/name` of the Services that have a ready endpoint. */
  ready: Set<string>;
  /** `group resource` of what this transaction has written. */
  written: Set<string>;
}

/** A rule about content: the reason and its name, or null. Pure. */
export type ContentRule = (input: ContentInput) => { rule: string; reason: string } | null;

export const RBAC_GROUP = 'rbac.authorization.k8s.io';
export const ADMISSION_GROUP = 'admissionregistration.k8s.io';
export const SYSTEM_NAMESPACES = ['kube-system', 'kube-public', 'kube-node-lease'];

export function isRole({ group, kind }: ContentInput): boolean {
  return group === RBAC_GROUP && (kind === 'Role' || kind === 'ClusterRole');
}

export function isBinding({ group, kind }: ContentInput): boolean {
  return group === RBAC_GROUP && (kind === 'RoleBinding' || kind === 'ClusterRoleBinding');
}

export function isWebhookConfiguration({ group, kind }: Pick<ContentInput, 'group' | 'kind'>): boolean {
  return group === ADMISSION_GROUP && kind.endsWith('WebhookConfiguration');
}

export function rulesOf(object: KubeObject | null): PolicyRule[] {
  return Array.isArray(object?.rules) ? (object.rules as PolicyRule[]) : [];
}

export function subjectsOf(object: KubeObject | null): Subject[] {
  return Array.isArray(object?.subjects) ? (object.subjects as Subject[]) : [];
}
