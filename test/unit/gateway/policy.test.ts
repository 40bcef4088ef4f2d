import { describe, expect, it } from 'vitest';
import type { KubeObject } from '../../../src/domain/kube-object.ts';
import { parseApiRequest } from '../../../src/gateway/api-request.ts';
import type { GatewayMode, ModeGrants } from '../../../src/gateway/policy.ts';
import { judgeContent, judgeRequest } from '../../../src/gateway/policy.ts';

const ask = (mode: GatewayMode, method: string, path: string, grants: ModeGrants = {}) => {
  const verdict = judgeRequest(mode, parseApiRequest(method, path), grants);
  return verdict.action === 'refuse' ? verdict.rule : verdict.action;
};
const N = '/api/v1/namespaces/shop';

describe('judgeRequest', () => {
  it.each<[GatewayMode, string, string, string]>([
    ['read', 'GET', `${N}/pods`, 'pass'],
    ['read', 'GET', `${N}/pods/a/log?follow=true`, 'pass'],
    ['read', 'GET', '/apis', 'pass'],
    ['read', 'POST', '/apis/authorization.k8s.io/v1/selfsubjectaccessreviews', 'pass'],
    ['read', 'POST', '/apis/authentication.k8s.io/v1/tokenreviews', 'read-only'],
    ['read', 'POST', `${N}/configmaps`, 'read-only'],
    ['read', 'DELETE', `${N}/configmaps/a`, 'read-only'],
    ['read', 'DELETE', `${N}/configmaps`, 'read-only'],
    ['read', 'GET', `${N}/pods/a/exec?command=sh`, 'connect'],
    ['read', 'GET', `${N}/services/a/proxy/admin`, 'connect'],
    ['read', 'GET', '/api/v1/nodes/n/proxy/run/a/b/c', 'connect'],
    ['read', 'GET', '/logs/audit.log', 'unknown-path'],
    ['read', 'GET', `${N}/pods/a/ephemeralcontainers`, 'subresource'],
    ['read', 'OPTIONS', `${N}/pods`, 'read-only'],
    ['journal', 'POST', `${N}/configmaps`, 'write'],
    ['journal', 'PATCH', '/apis/apps/v1/namespaces/shop/deployments/web/scale', 'write'],
    ['journal', 'POST', `${N}/pods/a/eviction`, 'write'],
    ['journal', 'DELETE', `${N}/configmaps`, 'collection'],
    ['journal', 'POST', `${N}/pods/a/exec`, 'connect'],
    ['journal', 'POST', `${N}/serviceaccounts/default/token`, 'subresource'],
    ['journal', 'PATCH', `${N}/pods/a/ephemeralcontainers`, 'subresource'],
    ['journal', 'PUT', '/apis/certificates.k8s.io/v1/certificatesigningrequests/a/approval', 'closed-group'],
    ['journal', 'POST', '/apis/apiregistration.k8s.io/v1/apiservices', 'closed-group'],
    ['journal', 'PATCH', '/apis/admissionregistration.k8s.io/v1/validatingadmissionpolicies/fence', 'closed-resource'],
    ['journal', 'PATCH', '/apis/admissionregistration.k8s.io/v1/validatingwebhookconfigurations/hook', 'write'],
    ['journal', 'PUT', '/apis/coordination.k8s.io/v1/namespaces/kube-system/leases/stratus-alock', 'own-object'],
    ['journal', 'PUT', '/api/v1/namespaces/shop/finalize', 'subresource'],
    ['journal', 'PATCH', '/apis/apps/v1/namespaces/shop/deployments/web/status', 'subresource'],
    ['journal', 'POST', `${N}/bindings`, 'closed-resource'],
    ['journal', 'POST', '/version', 'unknown-request'],
    ['rehearse', 'POST', `${N}/serviceaccounts/default/token`, 'subresource'],
    ['rehearse', 'PUT', `${N}/configmaps/a`, 'write'],
    ['probe', 'GET', `${N}/pods`, 'probe'],
    ['control', 'GET', `${N}/pods`, 'control'],
    ['undo', 'DELETE', `${N}/configmaps/a`, 'not-an-inverse'],
    ['undo', 'GET', `${N}/configmaps/a`, 'pass'],
  ])('%s: %s %s -> %s', (mode, method, path, expected) => {
    expect(ask(mode, method, path)).toBe(expected);
  });

  it('lets exactly the granted request through in probe, control and undo mode', () => {
    const path = `${N}/services/web:80/proxy/hotels?from=1`;
    expect(ask('probe', 'GET', path, { probe: { path } })).toBe('pass');
    expect(ask('probe', 'GET', `${N}/services/web:80/proxy/admin`, { probe: { path } })).toBe('probe');
    expect(ask('probe', 'POST', path, { probe: { path } })).toBe('probe');
    const lease = {
      group: 'coordination.k8s.io',
      resource: 'leases',
      namespace: 'kube-system',
      name: 'stratus-alock',
      subresource: '',
    };
    const leases = '/apis/coordination.k8s.io/v1/namespaces/kube-system/leases';
    expect(ask('control', 'PUT', `${leases}/stratus-alock`, { control: [lease] })).toBe('pass');
    expect(ask('control', 'PUT', `${leases}/other`, { control: [lease] })).toBe('control');
    expect(ask('control', 'DELETE', leases, { control: [lease] })).toBe('control');
    const undo = new Set([`DELETE ${N}/configmaps/a`]);
    expect(ask('undo', 'DELETE', `${N}/configmaps/a`, { undo })).toBe('pass');
    expect(ask('undo', 'DELETE', `${N}/configmaps/b`, { undo })).toBe('not-an-inverse');
  });
});

describe('judgeContent', () => {
  const role = (rules: object[], labels = {}): KubeObject => ({
    apiVersion: 'rbac.authorization.k8s.io/v1',
    kind: 'ClusterRole',
    metadata: { name: 'r', labels },
    rules,
  });
  const binding = (...subjects: object[]): KubeObject => ({
    apiVersion: 'v1',
    kind: 'RoleBinding',
    metadata: { name: 'b' },
    roleRef: { kind: 'Role', name: 'r' },
    subjects,
  });
  const pod = (spec: object): KubeObject => ({ apiVersion: 'v1', kind: 'Pod', metadata: { name: 'p' }, spec });
  const rule = (before: KubeObject | null, after: KubeObject, roleRules?: object[] | null) => {
    const verdict = judgeContent({ before, after, roleRules: roleRules as never });
    return verdict.action === 'refuse' ? verdict.rule : verdict.action;
  };
  const reading = { apiGroups: [''], resources: ['pods'], verbs: ['get'] };
  const everything = { apiGroups: ['*'], resources: ['*'], verbs: ['*'] };

  it('lets narrow roles be given and far-reaching ones not', () => {
    expect(rule(null, role([reading]))).toBe('pass');
    expect(rule(null, role([everything]))).toBe('escalation');
    expect(rule(role([everything]), role([everything, reading]))).toBe('pass');
    expect(rule(null, role([{ apiGroups: [''], resources: ['secrets'], verbs: ['get'] }]))).toBe('escalation');
    expect(rule(null, role([{ apiGroups: [''], resources: ['pods/exec'], verbs: ['create'] }]))).toBe('escalation');
    expect(rule(null, role([reading], { 'rbac.authorization.k8s.io/aggregate-to-edit': 'true' }))).toBe('escalation');
  });

  it('judges a binding by the role it points to', () => {
    const robot = { kind: 'ServiceAccount', name: 'robot', namespace: 'n' };
    expect(rule(null, binding(robot), [reading])).toBe('pass');
    expect(rule(null, binding(robot), [everything])).toBe('escalation');
    expect(rule(null, binding(robot), null)).toBe('escalation');
    expect(rule(binding(robot), binding(robot), null)).toBe('pass');
    expect(rule(null, binding({ kind: 'Group', name: 'system:unauthenticated' }), [reading])).toBe('escalation');
  });

  it('lets no pod gain power over its node', () => {
    expect(rule(null, pod({ containers: [{ name: 'a' }] }))).toBe('pass');
    expect(rule(null, pod({ hostPID: true }))).toBe('privilege');
    expect(rule(null, pod({ volumes: [{ hostPath: { path: '/' } }] }))).toBe('privilege');
    expect(rule(null, pod({ containers: [{ name: 'a', securityContext: { privileged: true } }] }))).toBe('privilege');
    expect(rule(pod({ hostPID: true }), pod({ hostPID: true }))).toBe('pass');
  });

  it('lets no finalizer be removed', () => {
    const guarded = (finalizers: string[]): KubeObject => ({
      apiVersion: 'v1',
      kind: 'ConfigMap',
      metadata: { name: 'c', finalizers },
    });
    expect(rule(guarded(['x/y']), guarded([]))).toBe('finalizer');
    expect(rule(guarded(['x/y']), guarded(['x/y', 'z/w']))).toBe('pass');
  });
});
