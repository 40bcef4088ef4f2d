import { describe, expect, it } from 'vitest';
import type { WebhookFacts } from '../../../../src/gateway/content/content-input.ts';
import { object, reasonOf, verdictOf } from './content-lab.ts';

const TYPE = 'admissionregistration.k8s.io/v1/ValidatingWebhookConfiguration';
const elsewhere = { matchExpressions: [{ key: 'kubernetes.io/metadata.name', operator: 'In', values: ['shop'] }] };
const PLAIN = {
  name: 'hook.example.test',
  failurePolicy: 'Fail',
  timeoutSeconds: 5,
  matchPolicy: 'Equivalent',
  clientConfig: { service: { namespace: 'guards', name: 'guard' } },
  namespaceSelector: elsewhere,
  objectSelector: { matchLabels: { guarded: 'yes' } },
  matchConditions: [{ name: 'a', expression: 'true' }],
  rules: [{ apiGroups: ['apps'], apiVersions: ['v1'], operations: ['CREATE', 'UPDATE'], resources: ['deployments'] }],
};
const IGNORED = { ...PLAIN, failurePolicy: 'Ignore' };
const hooks = (...webhooks: object[]) => object(TYPE, {}, { webhooks });
const facts = (more: Partial<WebhookFacts> = {}) => ({
  webhooks: { namespaces: new Map(), ready: new Set(['guards/guard']), written: new Set<string>(), ...more },
});
const rules = (group: string, ...resources: string[]) => ({
  rules: [{ apiGroups: [group], apiVersions: ['*'], operations: ['*'], resources }],
});

describe('a webhook configuration', () => {
  it('may be made for named objects outside the system, with a backend that is up', () => {
    expect(reasonOf(null, hooks(PLAIN), facts())).toBe('');
    expect(reasonOf(null, hooks({ ...PLAIN, ...rules('example.test', 'gadgets') }), facts())).toBe('');
  });

  it.each<[string, object]>([
    ['everything', rules('*', '*')],
    ['everything with its parts', rules('*', '*/*')],
    ['every resource of a group', rules('apps', '*')],
    ['every part of a group', rules('', '*/status')],
    ['leases', rules('coordination.k8s.io', 'leases')],
    ['secrets', rules('', 'secrets')],
    ['nodes', rules('', 'nodes')],
    ['bindings of pods', rules('', 'pods/binding')],
    ['evictions', rules('', 'pods/eviction')],
    ['events', rules('', 'events')],
    ['service accounts', rules('', 'serviceaccounts')],
    ['tokens', rules('', 'serviceaccounts/token')],
    ['namespaces', rules('', 'namespaces')],
    ['questions about rights', rules('authorization.k8s.io', 'subjectaccessreviews')],
    ['tokens to review', rules('authentication.k8s.io', 'tokenreviews')],
    ['roles', rules('rbac.authorization.k8s.io', 'roles')],
    ['all namespaces', { namespaceSelector: undefined }],
    ['an empty selector', { namespaceSelector: {} }],
    [
      'all but another',
      { namespaceSelector: { matchExpressions: [{ key: 'team', operator: 'NotIn', values: ['a'] }] } },
    ],
    ['the system by name', { namespaceSelector: { matchLabels: { 'kubernetes.io/metadata.name': 'kube-system' } } }],
    ['its own backend', { namespaceSelector: { matchLabels: { 'kubernetes.io/metadata.name': 'guards' } } }],
    ['an address', { clientConfig: { url: 'https://127.0.0.1:1/none' } }],
    ['a backend that is away', { clientConfig: { service: { namespace: 'guards', name: 'gone' } } }],
    ['no backend', { clientConfig: {} }],
  ])('may not be made for, or widened to, %s', (_name, change) => {
    expect(verdictOf(null, hooks({ ...PLAIN, ...change }), facts())).toBe('webhook');
    expect(verdictOf(hooks(PLAIN), hooks({ ...PLAIN, ...change }), facts())).toBe('webhook');
    expect(verdictOf(hooks(PLAIN), hooks(PLAIN, { ...PLAIN, name: 'second', ...change }), facts())).toBe('webhook');
  });

  it.each<[string, object, object]>([
    ['Ignore to Fail', IGNORED, PLAIN],
    ['Ignore to the default', IGNORED, { ...PLAIN, failurePolicy: undefined }],
    ['without its namespace selector', PLAIN, { ...PLAIN, namespaceSelector: undefined }],
    ['without its object selector', PLAIN, { ...PLAIN, objectSelector: {} }],
    ['without its condition', PLAIN, { ...PLAIN, matchConditions: [] }],
    ['with another condition', PLAIN, { ...PLAIN, matchConditions: [{ name: 'a', expression: '1 == 1' }] }],
    ['with more operations', PLAIN, { ...PLAIN, rules: [{ ...PLAIN.rules[0], operations: ['*'] }] }],
    ['with another resource', PLAIN, { ...PLAIN, ...rules('apps', 'daemonsets') }],
    ['with another backend', PLAIN, { ...PLAIN, clientConfig: { url: 'https://127.0.0.1:1/' } }],
    ['with another certificate', PLAIN, { ...PLAIN, clientConfig: { ...PLAIN.clientConfig, caBundle: 'eA==' } }],
    ['waiting longer though ignored', IGNORED, { ...IGNORED, timeoutSeconds: 30 }],
    ['waiting shorter and failing', PLAIN, { ...PLAIN, timeoutSeconds: 1 }],
    ['with a field of a later release', PLAIN, { ...PLAIN, novelty: true }],
  ])('is judged anew when changed: %s', (_name, before, after) => {
    const away = facts({ ready: new Set() });
    const outcome = verdictOf(hooks(before), hooks(after), away);
    const ignored = (after as { failurePolicy?: string }).failurePolicy === 'Ignore';
    expect(outcome).toBe(ignored ? 'pass' : 'webhook');
    const leases = rules('coordination.k8s.io', 'leases');
    if (JSON.stringify(Object.entries(before)) === JSON.stringify(Object.entries({ ...after, rules: PLAIN.rules })))
      return;
    expect(verdictOf(hooks({ ...before, ...leases }), hooks({ ...after, ...leases }), facts())).toBe('webhook');
  });

  it.each<[string, object, object]>([
    ['Fail to Ignore', PLAIN, IGNORED],
    ['a narrower selector', PLAIN, { ...PLAIN, namespaceSelector: { ...elsewhere, matchLabels: { team: 'a' } } }],
    ['a selector where there was none', { ...PLAIN, objectSelector: undefined }, PLAIN],
    [
      'one more condition',
      PLAIN,
      { ...PLAIN, matchConditions: [...PLAIN.matchConditions, { name: 'b', expression: 'false' }] },
    ],
    ['fewer operations', PLAIN, { ...PLAIN, rules: [{ ...PLAIN.rules[0], operations: ['CREATE'] }] }],
    ['no rule', PLAIN, { ...PLAIN, rules: [] }],
    ['waiting longer', PLAIN, { ...PLAIN, timeoutSeconds: 9 }],
    ['waiting shorter while ignored', IGNORED, { ...IGNORED, timeoutSeconds: 1 }],
    ['an exact match', PLAIN, { ...PLAIN, matchPolicy: 'Exact' }],
    ['nothing', PLAIN, PLAIN],
  ])('may always be narrowed: %s', (_name, before, after) => {
    const everything = { ...rules('*', '*'), clientConfig: { url: 'https://127.0.0.1:1/none' } };
    const away = facts({ ready: new Set() });
    expect(reasonOf(hooks(before), hooks(after), away)).toBe('');
    const keep = (one: object) =>
      'rules' in one && before !== PLAIN ? one : { ...one, clientConfig: everything.clientConfig };
    expect(reasonOf(hooks(keep(before)), hooks(keep(after)), away)).toBe('');
    expect(reasonOf(hooks(before), hooks(), away)).toBe('');
    const mutating = (webhook: object) => object(TYPE.replace('Validating', 'Mutating'), {}, { webhooks: [webhook] });
    expect(reasonOf(mutating(before), mutating(after), away)).toBe('');
  });

  it('that rewrites is never made', () => {
    const mutating = object(TYPE.replace('Validating', 'Mutating'), {}, { webhooks: [IGNORED] });
    expect(verdictOf(null, mutating, facts())).toBe('webhook');
  });

  it('does not stand between a transaction and its undo', () => {
    expect(verdictOf(null, hooks(PLAIN), facts({ written: new Set(['apps deployments']) }))).toBe('webhook');
    expect(verdictOf(null, hooks(PLAIN), facts({ written: new Set([' configmaps']) }))).toBe('pass');
    const deployment = object('apps/v1/Deployment', { namespace: 'shop' });
    const own = { ownHooks: [{ before: null, after: hooks(PLAIN) }] };
    expect(verdictOf(deployment, { ...deployment, spec: { replicas: 2 } }, own)).toBe('webhook');
    expect(verdictOf(deployment, null, own)).toBe('webhook');
    expect(verdictOf(deployment, null, { ownHooks: [{ before: hooks(PLAIN), after: hooks(IGNORED) }] })).toBe('pass');
    expect(verdictOf(object('v1/Service', { namespace: 'shop' }), null, own)).toBe('pass');
  });

  it('converts no custom resources', () => {
    const crd = (conversion: object) =>
      object('apiextensions.k8s.io/v1/CustomResourceDefinition', {}, { spec: { conversion } });
    const webhook = { strategy: 'Webhook', webhook: { clientConfig: { url: 'https://x' } } };
    expect(verdictOf(null, crd(webhook))).toBe('webhook');
    expect(verdictOf(crd({ strategy: 'None' }), crd(webhook))).toBe('webhook');
    expect(verdictOf(crd(webhook), crd(webhook))).toBe('pass');
    expect(verdictOf(null, crd({ strategy: 'None' }))).toBe('pass');
  });
});
