import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import type { PolicyRule } from '../../../../src/gateway/content/rbac-rules.ts';
import { covers, farReaching } from '../../../../src/gateway/content/rbac-rules.ts';
import {
  binding, clusterBinding, clusterRole, CLUSTER_ROLE_PATH, grant, role, ROLE_PATH, rule, verdictOf, NOBODY,
} from './content-lab.ts'; // prettier-ignore

const READING = rule('', 'pods', 'get', 'list', 'watch');
const ALL = rule('*', '*', '*');
const ROBOT = { kind: 'ServiceAccount', name: 'robot', namespace: 'shop' };

describe('what a role may gain', () => {
  it.each<[string, PolicyRule]>([
    ['reading pods', READING],
    ['reading logs', rule('', 'pods/log', 'get')],
    ['reading workloads', rule('apps', 'deployments', 'get', 'list', 'watch')],
    ['reading in two groups at once', { apiGroups: ['', 'apps'], resources: ['pods', 'deployments'], verbs: ['list'] }],
    ['scaling', rule('apps', 'deployments/scale', 'patch', 'update')],
    ['keeping a ConfigMap', rule('', 'configmaps', 'create', 'update')],
    ['restarting pods', rule('', 'pods', 'delete')],
    ['a lease by name', { ...rule('coordination.k8s.io', 'leases', 'update'), resourceNames: ['worker'] }],
  ])('%s passes', (_name, one) => {
    expect(verdictOf(null, role([one]))).toBe('pass');
  });

  it.each<[string, PolicyRule]>([
    ['everything', ALL],
    ['every verb', rule('', 'pods', '*')],
    ['every resource', rule('', '*', 'get')],
    ['every group', rule('*', 'pods', 'get')],
    ['secrets', rule('', 'secrets', 'get')],
    ['named secrets', { ...rule('', 'secrets', 'get'), resourceNames: ['login'] }],
    ...['*/exec', 'pods/*', '*/*', 'pods/exec', 'pods/attach', 'pods/portforward', 'pods/proxy', 'nodes/proxy', 'services/proxy',
      'pods/ephemeralcontainers', 'pods/binding', 'serviceaccounts/token', '*/scale', 'namespaces/finalize', 'POD'].map(
      (resource): [string, PolicyRule] => [resource, rule('', resource, 'get')]), // prettier-ignore
    ...['nodes', 'persistentvolumes', 'serviceaccounts', 'pods', 'services', 'endpoints', 'namespaces', 'replicationcontrollers'].map(
      (resource): [string, PolicyRule] => [`creating ${resource}`, rule('', resource, 'create')]), // prettier-ignore
    ['a token review', rule('authentication.k8s.io', 'tokenreviews', 'create')],
    ['an access review', rule('authorization.k8s.io', 'subjectaccessreviews', 'create')],
    ['admission', rule('admissionregistration.k8s.io', 'validatingwebhookconfigurations', 'get')],
    ['roles', rule('rbac.authorization.k8s.io', 'roles', 'bind')],
    ['certificates', rule('certificates.k8s.io', 'certificatesigningrequests/approval', 'update')],
    ['definitions', rule('apiextensions.k8s.io', 'customresourcedefinitions', 'create')],
    ['an aggregated API', rule('apiregistration.k8s.io', 'apiservices', 'get')],
    ['a custom group', rule('example.test', 'gadgets', 'get')],
    ['impersonation', rule('', 'users', 'impersonate')],
    ['workloads', rule('apps', 'deployments', 'patch')],
    ['a collection', rule('', 'configmaps', 'deletecollection')],
    ['the lock', rule('coordination.k8s.io', 'leases', 'update')],
    ['the lock by name', { ...rule('coordination.k8s.io', 'leases', 'update'), resourceNames: ['stratus-alock'] }],
    ['all paths', { nonResourceURLs: ['*'], verbs: ['get'] }],
    ['a debug path', { nonResourceURLs: ['/debug/*'], verbs: ['get'] }],
    ['one odd resource beside a plain one', { apiGroups: [''], resources: ['pods', 'secrets'], verbs: ['get'] }],
    ['one odd group beside a plain one', { apiGroups: ['', 'example.test'], resources: ['pods'], verbs: ['get'] }],
  ])('%s is refused, new or added to what is there', (_name, one) => {
    expect(verdictOf(null, role([one]))).toBe('escalation');
    expect(verdictOf(role([READING]), role([READING, one]))).toBe('escalation');
    expect(verdictOf(null, clusterRole([one]))).toBe('escalation');
  });

  it('writes nothing in the whole cluster or where the system lives', () => {
    const writing = rule('', 'configmaps', 'update');
    expect(verdictOf(null, role([writing]))).toBe('pass');
    expect(verdictOf(null, role([writing], 'kube-system'))).toBe('escalation');
    expect(verdictOf(null, clusterRole([writing]))).toBe('escalation');
    expect(verdictOf(null, clusterRole([READING, rule('', 'events', 'create')]))).toBe('pass');
  });

  it('keeps what it has, in whatever spelling', () => {
    expect(verdictOf(role([ALL]), role([ALL, READING]))).toBe('pass');
    expect(verdictOf(role([ALL]), role([rule('', 'secrets', 'get')]))).toBe('pass');
    const split = [rule('', 'secrets', 'list'), rule('', 'secrets', 'get')];
    expect(verdictOf(role([rule('', 'secrets', 'get', 'list')]), role(split))).toBe('pass');
    const named = { ...rule('', 'secrets', 'get'), resourceNames: ['a'] };
    expect(verdictOf(role([named]), role([rule('', 'secrets', 'get')]))).toBe('escalation');
    expect(verdictOf(role([rule('', 'pods', '*')]), role([rule('', 'pods/exec', 'create')]))).toBe('escalation');
  });

  it('joins no other role, and gathers none', () => {
    const label = { labels: { 'rbac.authorization.k8s.io/aggregate-to-edit': 'true' } };
    const gatherer = clusterRole(
      [],
      { name: 'team' },
      { aggregationRule: { clusterRoleSelectors: [{ matchLabels: { team: 'a' } }] } },
    );
    const grants = { self: NOBODY, bindings: [], aggregators: [gatherer] };
    expect(verdictOf(null, clusterRole([READING], label))).toBe('escalation');
    expect(verdictOf(null, clusterRole([READING], { labels: { team: 'a' } }), { grants })).toBe('escalation');
    expect(verdictOf(clusterRole([READING]), clusterRole([READING], { labels: { team: 'a' } }), { grants })).toBe(
      'escalation',
    );
    expect(verdictOf(null, clusterRole([READING], { labels: { team: 'b' } }), { grants })).toBe('pass');
    const unread = { grants: { ...grants, aggregators: null } };
    expect(verdictOf(null, clusterRole([READING], { labels: { team: 'b' } }), unread)).toBe('escalation');
    const gathers = { aggregationRule: { clusterRoleSelectors: [{}] } };
    expect(verdictOf(null, clusterRole([], {}, gathers))).toBe('escalation');
    expect(verdictOf(clusterRole([], {}, gathers), clusterRole([], {}, gathers))).toBe('pass');
    const other = { aggregationRule: { clusterRoleSelectors: [{ matchLabels: { a: 'b' } }] } };
    expect(verdictOf(clusterRole([], {}, other), clusterRole([], {}, gathers))).toBe('escalation');
  });

  it('gives nothing to those whom a waiting binding names', () => {
    const waiting = (name: string, kind = 'Group') => ({
      grants: { self: NOBODY, aggregators: [], bindings: [grant({ role: ROLE_PATH, subjects: [{ kind, name }] })] },
    });
    expect(verdictOf(null, role([READING]), waiting('system:authenticated'))).toBe('escalation');
    expect(verdictOf(null, role([READING]), waiting('friends'))).toBe('pass');
    expect(verdictOf(null, role([READING]), { grants: { self: NOBODY, aggregators: [], bindings: null } })).toBe(
      'escalation',
    );
  });
});

describe('what a binding may give', () => {
  it.each<[string, object, string]>([
    ['a service account', ROBOT, 'pass'],
    ['a person', { kind: 'User', name: 'ann', apiGroup: 'rbac.authorization.k8s.io' }, 'pass'],
    ['a group', { kind: 'Group', name: 'friends' }, 'pass'],
    ...['system:nodes', 'system:serviceaccounts', 'system:serviceaccounts:shop', 'system:masters', 'system:authenticated',
      'system:unauthenticated', 'system:bootstrappers', 'system:monitoring', '*', ''].map(
      (name): [string, object, string] => [`group ${name}`, { kind: 'Group', name }, 'escalation']), // prettier-ignore
    ...['system:anonymous', 'system:kube-scheduler', 'system:node:n1', 'system:serviceaccount:shop:robot'].map(
      (name): [string, object, string] => [`user ${name}`, { kind: 'User', name }, 'escalation']), // prettier-ignore
    ['the writer', { ...ROBOT, name: 'stratus-writer' }, 'escalation'],
    ['an account without a namespace', { kind: 'ServiceAccount', name: 'robot' }, 'escalation'],
    ['an unknown kind', { kind: 'Robot', name: 'robot' }, 'escalation'],
  ])('%s', (_name, subject, expected) => {
    for (const make of [binding, clusterBinding]) {
      expect(verdictOf(null, make([subject]), { role: [READING] })).toBe(expected);
      expect(verdictOf(make([ROBOT]), make([ROBOT, subject]), { role: [READING] })).toBe(expected);
    }
  });

  it('is judged by the role it points to', () => {
    expect(verdictOf(null, binding([ROBOT]), { role: [ALL] })).toBe('escalation');
    expect(verdictOf(null, binding([ROBOT]), { role: 'unreadable' })).toBe('escalation');
    expect(verdictOf(null, binding([ROBOT]), { role: 'absent' })).toBe('escalation');
    expect(verdictOf(null, binding([]), { role: [ALL] })).toBe('escalation');
    expect(verdictOf(binding([ROBOT]), binding([ROBOT]), { role: [ALL] })).toBe('pass');
    const scaling = [rule('apps', 'deployments/scale', 'patch')];
    expect(verdictOf(null, binding([ROBOT]), { role: scaling })).toBe('pass');
    expect(verdictOf(null, clusterBinding([ROBOT]), { role: scaling })).toBe('escalation');
  });
});

describe('own rights', () => {
  const MINE = { kind: 'Group', name: 'on-call' };
  const OWN = '/apis/rbac.authorization.k8s.io/v1/namespaces/shop/rolebindings/x';
  const own = (more: object = {}) => grant({ path: OWN, namespace: 'shop', role: ROLE_PATH, rules: [ALL], ...more });
  const facts = (...bindings: ReturnType<typeof grant>[]) => ({
    role: [READING],
    grants: { self: NOBODY, aggregators: [], bindings },
  });

  it.each([
    ['emptied', binding([])],
    ['given to others', binding([ROBOT])],
    ['deleted', null],
  ])('a binding that gives them is not %s', (_name, after) => {
    for (const subject of [MINE, { kind: 'User', name: 'ann' }, { kind: 'Group', name: 'system:authenticated' }]) {
      const before = binding([subject]);
      expect(verdictOf(before, after, facts(own({ subjects: [subject] })))).toBe('own-rights');
      expect(verdictOf(before, after, facts(own({ subjects: [subject] }), grant({ rules: [ALL] })))).toBe('pass');
      const elsewhere = grant({ rules: [ALL], namespace: 'other' });
      expect(verdictOf(before, after, facts(own({ subjects: [subject] }), elsewhere))).toBe('own-rights');
      const unread = { role: [READING], grants: { self: NOBODY, aggregators: [], bindings: null } };
      expect(verdictOf(before, after, unread)).toBe('own-rights');
      const nobody = { role: [READING], grants: { self: null, aggregators: [], bindings: [] } };
      expect(verdictOf(before, after, nobody)).toBe('own-rights');
    }
    expect(verdictOf(binding([{ kind: 'User', name: 'bob' }]), after, facts())).toBe('pass');
  });

  it('are kept where they are given twice by one binding', () => {
    const before = binding([MINE, { kind: 'User', name: 'ann' }]);
    expect(verdictOf(before, binding([MINE]), facts(own({ subjects: [MINE] })))).toBe('pass');
  });

  it('are not asked about where the API server lets everything through', () => {
    const masters = { ...facts(own()).grants, self: { user: 'root', groups: ['system:masters', 'on-call'] } };
    expect(verdictOf(binding([MINE]), null, { grants: masters })).toBe('pass');
  });

  it('a role that gives them is neither emptied, narrowed nor deleted', () => {
    const before = role([READING, rule('apps', 'deployments', 'patch')]);
    const given = facts(own({ rules: before.rules }));
    for (const after of [null, role([]), role([READING]), role([rule('', 'pods', 'get')])]) {
      expect(verdictOf(before, after, given)).toBe('own-rights');
      expect(verdictOf(before, after, facts(own({ subjects: [ROBOT] })))).toBe('pass');
      expect(verdictOf(before, after, facts(own({ rules: before.rules }), grant({ rules: [ALL] })))).toBe('pass');
    }
  });

  it('are not lost through a role that gathers them', () => {
    const gatherer = (name: string, on: string, labels = {}) =>
      clusterRole(
        [READING],
        { name, labels },
        { aggregationRule: { clusterRoleSelectors: [{ matchLabels: { to: on } }] } },
      );
    const before = clusterRole([READING], { labels: { to: 'first' } });
    const aggregators = [gatherer('first', 'first', { to: 'second' }), gatherer('second', 'second')];
    for (const name of ['first', 'second']) {
      const holder = grant({ role: `/apis/rbac.authorization.k8s.io/v1/clusterroles/${name}`, rules: [READING] });
      const given = { grants: { self: NOBODY, aggregators, bindings: [holder] } };
      for (const after of [null, clusterRole([], { labels: { to: 'first' } }), clusterRole([READING])]) {
        expect(verdictOf(before, after, given)).toBe('own-rights');
      }
      expect(verdictOf(before, before, given)).toBe('pass');
    }
  });

  it('include those of the writer', () => {
    const writer = { kind: 'ServiceAccount', name: 'stratus-writer', namespace: 'kube-system' };
    const before = binding([writer]);
    expect(verdictOf(before, binding([]), facts(own({ subjects: [writer] })))).toBe('own-rights');
    const holder = grant({ role: CLUSTER_ROLE_PATH, subjects: [writer], rules: [READING] });
    expect(verdictOf(clusterRole([READING]), clusterRole([]), facts(holder))).toBe('own-rights');
  });
});

describe('coverage of rules', () => {
  const word = (...words: string[]) => fc.uniqueArray(fc.constantFrom(...words), { minLength: 1, maxLength: 3 });
  const anyRule = fc.record({
    verbs: word('get', 'list', 'patch', '*'),
    apiGroups: word('', 'apps', '*'),
    resources: word('pods', 'pods/log', 'secrets', '*', '*/log'),
    resourceNames: fc.oneof(fc.constant<string[]>([]), word('a', 'b')),
  });

  it('a rule covers itself and its parts, and never more than it allows', () => {
    fc.assert(
      fc.property(anyRule, anyRule, (a, b) => {
        expect(covers([a], a)).toBe(true);
        expect(covers([a, b], b)).toBe(true);
        if (covers([a], b) && covers([b], a)) expect(farReaching(a, '') === null).toBe(farReaching(b, '') === null);
        if (farReaching(a, 'shop') === null && covers([a], b)) expect(farReaching(b, 'shop')).toBeNull();
      }),
    );
  });
});
