import { describe, expect, it } from 'vitest';
import { parseApiRequest } from '../../../src/gateway/wire/api-request.ts';
import type { GatewayMode, ModeGrants } from '../../../src/gateway/monitor/policy.ts';
import { judgeRequest } from '../../../src/gateway/monitor/policy.ts';

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
    ['journal', 'POST', `${N}/configmaps/named`, 'unknown-request'],
    ['journal', 'PATCH', '/apis/example.test/v1/namespaces/shop/leases/stratus-alock', 'write'],
    ['journal', 'POST', `${N}/configmaps?dryRun=All`, 'write'],
    [
      'journal',
      'POST',
      `${N}/configmaps?dryRun=%41ll&fieldManager=a&fieldValidation=Strict&timeout=3s&pretty=1`,
      'write',
    ],
    ['journal', 'PATCH', `${N}/configmaps/a?force=true`, 'write'],
    ['journal', 'DELETE', `${N}/configmaps/a?gracePeriodSeconds=1&propagationPolicy=Orphan`, 'write'],
    ['journal', 'DELETE', `${N}/configmaps/a?ignoreStoreReadErrorWithClusterBreakingPotential=true`, 'query'],
    ['journal', 'PUT', `${N}/configmaps/a?force=true`, 'query'],
    ['journal', 'PUT', `${N}/configmaps/a?fieldManager=a&fieldManager=b`, 'query'],
    ['journal', 'PUT', `${N}/configmaps/a?watch=true`, 'query'],
    ['rehearse', 'POST', `${N}/serviceaccounts/default/token`, 'subresource'],
    ['rehearse', 'PUT', `${N}/configmaps/a`, 'write'],
    ['probe', 'GET', `${N}/pods`, 'probe'],
    ['control', 'GET', `${N}/pods`, 'control'],
    ['undo', 'DELETE', `${N}/configmaps/a`, 'not-an-inverse'],
    ['undo', 'GET', `${N}/configmaps/a`, 'pass'],
  ])('%s: %s %s -> %s', (mode, method, path, expected) => {
    expect(ask(mode, method, path)).toBe(expected);
  });

  it.each([
    'dryRun=',
    'dryRun',
    'dryRun=all',
    'dryRun=All,foo',
    'dryRun=All&dryRun=All',
    'dryRun=All&dryRun=',
    'dryrun=All',
    'dryRun=true',
    'dryRun=None',
    'dryRun=All%20',
    'DryRun=All',
    'dryRun=All;x=1',
    'dryRun=%zz',
  ])('takes ?%s neither for a dry run nor for a write', (query) => {
    for (const mode of ['journal', 'rehearse'] as const) {
      for (const [method, name] of [
        ['POST', ''],
        ['PUT', '/a'],
        ['PATCH', '/a'],
        ['DELETE', '/a'],
      ]) {
        expect(ask(mode, method!, `${N}/configmaps${name}?${query}`)).toBe('dry-run');
      }
      expect(ask(mode, 'POST', `${N}/pods/a/eviction?${query}`)).toBe('dry-run');
    }
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
