import type { KubeObject } from '../../../src/domain/kube-object.ts';

export interface HostileContext {
  namespace: string;
  suffix: string;
}

export type Spelling = 'create' | 'apply' | 'replace' | 'merge' | 'strategic' | 'json';

/** A write that must be refused, however it is spelt. */
export interface HostileWrite {
  name: string;
  /** Rule of the gateway that has to refuse it. */
  rule: string;
  /** Made beforehand, around the gateway; null: it does not exist. */
  before: KubeObject | null;
  /** What the write would leave; null: nothing. */
  after: KubeObject | null;
  /** Spellings that cannot say it. */
  without?: Spelling[];
}

const RBAC = 'rbac.authorization.k8s.io/v1';
const READING = { apiGroups: [''], resources: ['pods'], verbs: ['get'] };
const RBAC_GROUP = 'rbac.authorization.k8s.io';

function make(type: string, metadata: object, more: object = {}): KubeObject {
  const slash = type.lastIndexOf('/');
  return { apiVersion: type.slice(0, slash), kind: type.slice(slash + 1), metadata, ...more } as KubeObject;
}

/** A name of its own for each object; counts up. */
function naming({ suffix }: HostileContext) {
  let count = 0;
  return (prefix: string) => `${prefix}-${suffix}-${(count += 1)}`;
}

function roleWrites(c: HostileContext): HostileWrite[] {
  const named = naming(c);
  const rules: Array<[string, object]> = [
    ['all', { apiGroups: ['*'], resources: ['*'], verbs: ['*'] }],
    ['any exec', { apiGroups: [''], resources: ['*/exec'], verbs: ['create'] }],
    ['every part of pods', { apiGroups: [''], resources: ['pods/*'], verbs: ['get'] }],
    ['secrets', { apiGroups: [''], resources: ['secrets'], verbs: ['get'] }],
    ['node proxies', { apiGroups: [''], resources: ['nodes/proxy'], verbs: ['get'] }],
    ['tokens', { apiGroups: [''], resources: ['serviceaccounts/token'], verbs: ['create'] }],
    ['workloads', { apiGroups: ['apps'], resources: ['deployments'], verbs: ['patch'] }],
    ['admission', { apiGroups: ['admissionregistration.k8s.io'], resources: ['*'], verbs: ['get'] }],
    ['webhooks', { apiGroups: ['admissionregistration.k8s.io'], resources: ['validatingwebhookconfigurations'], verbs: ['create'] }],
    ['token reviews', { apiGroups: ['authentication.k8s.io'], resources: ['tokenreviews'], verbs: ['create'] }],
    ['impersonation', { apiGroups: [''], resources: ['users'], verbs: ['impersonate'] }],
    ['escalation', { apiGroups: [RBAC_GROUP], resources: ['roles'], verbs: ['escalate', 'bind'] }],
    ['custom groups', { apiGroups: ['example.test'], resources: ['gadgets'], verbs: ['get'] }],
    ['the lock', { apiGroups: ['coordination.k8s.io'], resources: ['leases'], verbs: ['update'] }],
  ]; // prettier-ignore
  const plain = (kind: string) => make(`${RBAC}/${kind}`, place(kind, c, named('role')), { rules: [READING] });
  const writes = rules.flatMap(([name, rule], i) => {
    const kind = i % 2 ? 'Role' : 'ClusterRole';
    const [fresh, before] = [plain(kind), plain(kind)];
    return [
      { name: `a role with ${name}`, rule: 'escalation', before: null, after: { ...fresh, rules: [READING, rule] } },
      { name: `a role gains ${name}`, rule: 'escalation', before, after: { ...before, rules: [READING, rule] } },
    ];
  });
  const [labelled, gathering] = [plain('ClusterRole'), plain('ClusterRole')];
  const paths = { nonResourceURLs: ['/debug/*'], verbs: ['get'] };
  const label = (labels: object) => ({ ...labelled.metadata, labels }) as KubeObject['metadata'];
  return [
    ...writes,
    { name: 'debug paths', rule: 'escalation', before: null, after: { ...plain('ClusterRole'), rules: [paths] } },
    {
      name: 'joins view',
      rule: 'escalation',
      before: labelled,
      after: { ...labelled, metadata: label({ [`${RBAC_GROUP}/aggregate-to-view`]: 'true' }) },
    },
    {
      name: 'joins a gathering role',
      rule: 'escalation',
      before: null,
      after: { ...plain('ClusterRole'), metadata: { ...label({ gather: c.suffix }), name: named('joins') } },
    },
    {
      name: 'gathers others',
      rule: 'escalation',
      before: gathering,
      after: { ...gathering, aggregationRule: { clusterRoleSelectors: [{ matchLabels: { a: 'b' } }] } },
    },
    {
      name: 'a role that a binding waits for',
      rule: 'escalation',
      before: null,
      after: make(`${RBAC}/Role`, { name: 'awaited', namespace: c.namespace }, { rules: [READING] }),
    },
  ];
}

function place(kind: string, { namespace }: HostileContext, name: string): object {
  return /^(Cluster|Namespace|PersistentVolume$|Validating|Mutating|Custom)/.test(kind)
    ? { name }
    : { name, namespace };
}

function bindingWrites(c: HostileContext): HostileWrite[] {
  const named = naming(c);
  const robot = { kind: 'ServiceAccount', name: 'robot', namespace: c.namespace };
  const bound = (kind: string, role: string, subjects: object[]) =>
    make(`${RBAC}/${kind}`, place(kind, c, named('binding')), {
      roleRef: {
        apiGroup: RBAC_GROUP,
        kind: role.startsWith('Role/') ? 'Role' : 'ClusterRole',
        name: role.split('/').at(-1),
      },
      subjects,
    });
  const group = (name: string) => ({ apiGroup: RBAC_GROUP, kind: 'Group', name });
  const user = (name: string) => ({ apiGroup: RBAC_GROUP, kind: 'User', name });
  const subjects = [
    group('system:nodes'), group('system:serviceaccounts'), group(`system:serviceaccounts:${c.namespace}`),
    group('system:masters'), group('system:authenticated'), group('system:unauthenticated'), user('system:anonymous'),
    user('system:kube-scheduler'), user('system:node:n1'), { ...robot, name: 'stratus-writer' },
  ]; // prettier-ignore
  const wide = subjects.flatMap((subject, i) => {
    const [kind, role] = i % 2 ? ['RoleBinding', 'Role/reader'] : ['ClusterRoleBinding', 'view'];
    const [fresh, before] = [bound(kind!, role!, [robot]), bound(kind!, role!, [robot])];
    return [
      { name: `binds ${subject.name}`, rule: 'escalation', before: null, after: { ...fresh, subjects: [subject] } },
      { name: `adds ${subject.name}`, rule: 'escalation', before, after: { ...before, subjects: [robot, subject] } },
    ];
  });
  const roles = ['cluster-admin', 'edit', 'system:auth-delegator', 'system:node', 'Role/absent'].flatMap((role) => [
    { name: `binds ${role}`, rule: 'escalation', before: null, after: bound('RoleBinding', role, [robot]) },
    { name: `binds ${role} to nobody yet`, rule: 'escalation', before: null, after: bound('RoleBinding', role, []) },
  ]);
  return [...wide, ...roles];
}

/** The engineer of the test is a service account, bound by `engineers-SUFFIX` to ClusterRole `engineer-SUFFIX`. */
function ownWrites({ namespace, suffix }: HostileContext): HostileWrite[] {
  const engineer = { kind: 'ServiceAccount', name: 'engineer', namespace };
  const before = make(
    `${RBAC}/ClusterRoleBinding`,
    { name: `engineers-${suffix}` },
    { roleRef: { apiGroup: RBAC_GROUP, kind: 'ClusterRole', name: `engineer-${suffix}` }, subjects: [engineer] },
  );
  const role = make(`${RBAC}/ClusterRole`, { name: `engineer-${suffix}` }, { rules: ENGINEER_RULES });
  const others = { ...before, subjects: [{ ...engineer, name: 'robot' }] };
  return [
    { name: 'own binding emptied', rule: 'own-rights', before, after: { ...before, subjects: [] } },
    { name: 'own binding given away', rule: 'escalation', before, after: others },
    { name: 'own binding deleted', rule: 'own-rights', before, after: null },
    { name: 'own role emptied', rule: 'own-rights', before: role, after: { ...role, rules: [] } },
    { name: 'own role narrowed', rule: 'own-rights', before: role, after: { ...role, rules: [READING] } },
    { name: 'own role deleted', rule: 'own-rights', before: role, after: null },
  ];
}

export const ENGINEER_RULES = [
  { apiGroups: ['*'], resources: ['*'], verbs: ['*'] },
  { nonResourceURLs: ['*'], verbs: ['*'] },
];

function webhookWrites(c: HostileContext): HostileWrite[] {
  const named = naming(c);
  const inside = { matchLabels: { 'kubernetes.io/metadata.name': c.namespace } };
  const hook = (more: object = {}) => ({
    name: 'hook.example.test',
    admissionReviewVersions: ['v1'],
    sideEffects: 'None',
    failurePolicy: 'Ignore',
    timeoutSeconds: 1,
    matchPolicy: 'Equivalent',
    namespaceSelector: inside,
    objectSelector: { matchLabels: { nobody: 'has-this' } },
    clientConfig: { url: 'https://127.0.0.1:1/none' },
    rules: [
      { apiGroups: ['example.test'], apiVersions: ['v1'], operations: ['CREATE'], resources: ['nothings'], scope: '*' },
    ],
    ...more,
  });
  const rules = (group: string, resource: string) => ({
    rules: [{ apiGroups: [group], apiVersions: ['*'], operations: ['*'], resources: [resource], scope: '*' }],
  });
  const config = (webhook: object, kind = 'ValidatingWebhookConfiguration') =>
    make(`admissionregistration.k8s.io/v1/${kind}`, { name: named('hook') }, { webhooks: [webhook] });
  const changes: Array<[string, object, Spelling[]?]> = [
    ['everything', rules('*', '*')],
    ['everything and its parts', { ...rules('*', '*/*'), failurePolicy: 'Fail' }],
    ['leases', rules('coordination.k8s.io', 'leases')],
    ['secrets', rules('', 'secrets')],
    ['nodes', rules('', 'nodes')],
    ['Fail without a backend', { failurePolicy: 'Fail' }],
    ['Fail with a Service that is not there', { failurePolicy: 'Fail', clientConfig: { service: { namespace: c.namespace, name: 'gone' } } }, ['strategic', 'apply']],
    ['all namespaces', { ...rules('', 'configmaps'), namespaceSelector: {} }, ['strategic']],
    ['the system', { ...rules('', 'pods'), namespaceSelector: { matchLabels: { 'kubernetes.io/metadata.name': 'kube-system' } } }],
  ]; // prettier-ignore
  const writes = changes.flatMap(([name, change, without = []]) => {
    const before = config(hook());
    return [
      { name: `a webhook for ${name}`, rule: 'webhook', before: null, after: config(hook(change)) },
      {
        name: `a webhook widened to ${name}`,
        rule: 'webhook',
        before,
        after: { ...before, webhooks: [hook(change)] },
        without,
      },
    ];
  });
  return [
    ...writes,
    {
      name: 'a mutating webhook',
      rule: 'webhook',
      before: null,
      after: config(hook(), 'MutatingWebhookConfiguration'),
    },
  ];
}

function podWrites(c: HostileContext): HostileWrite[] {
  const named = naming(c);
  const container = (more: object = {}) => ({ name: 'app', image: 'shop:1', ...more });
  const deployment = (spec: object = {}) => {
    const name = named('web');
    return make('apps/v1/Deployment', { name, namespace: c.namespace }, {
      spec: { replicas: 0, selector: { matchLabels: { app: name } }, template: { metadata: { labels: { app: name } }, spec: { containers: [container()], ...spec } } },
    }); // prettier-ignore
  };
  const secure = (securityContext: object) => ({ containers: [container({ securityContext })] });
  const specs: Array<[string, object]> = [
    ['hostNetwork', { hostNetwork: true }],
    ['hostPID', { hostPID: true }],
    ['a node', { nodeName: 'somewhere' }],
    ['the system priority', { priorityClassName: 'system-cluster-critical' }],
    ['a privileged container', secure({ privileged: true })],
    ['privilege escalation', secure({ allowPrivilegeEscalation: true })],
    ['a capability', secure({ capabilities: { add: ['NET_ADMIN'] } })],
    ['root', secure({ runAsUser: 0 })],
    ['no seccomp', secure({ seccompProfile: { type: 'Unconfined' } })],
    ['an SELinux type', secure({ seLinuxOptions: { type: 'spc_t' } })],
    ['a hostPort', { containers: [container({ ports: [{ containerPort: 80, hostPort: 80 }] })] }],
    ['a sysctl', { securityContext: { sysctls: [{ name: 'net.ipv4.tcp_syncookies', value: '0' }] } }],
    ['a hostPath', { volumes: [{ name: 'v', hostPath: { path: '/' } }] }],
    ['an NFS volume', { volumes: [{ name: 'v', nfs: { server: '10.0.0.1', path: '/' } }] }],
    ['a foreign token', { volumes: [{ name: 'v', projected: { sources: [{ serviceAccountToken: { path: 't', audience: 'vault' } }] } }] }],
    ['a far-reaching account', { serviceAccountName: 'engineer' }],
    ['the writer', { serviceAccountName: 'stratus-writer' }],
  ]; // prettier-ignore
  return specs.flatMap(([name, spec]) => {
    const before = deployment();
    const template = before.spec.template as { metadata: object; spec: object };
    const after = {
      ...before,
      spec: { ...before.spec, template: { ...template, spec: { ...template.spec, ...spec } } },
    };
    return [
      { name: `a workload with ${name}`, rule: 'privilege', before: null, after: deployment(spec) },
      { name: `a workload gains ${name}`, rule: 'privilege', before, after },
    ];
  });
}

function otherWrites(c: HostileContext): HostileWrite[] {
  const named = naming(c);
  const { namespace } = c;
  const secret = (type: string, name: string, more: object = {}) =>
    make('v1/Secret', { name, namespace, ...more }, { type });
  const account = { annotations: { 'kubernetes.io/service-account.name': 'robot' } };
  const lease = (name: string, place: string) =>
    make('coordination.k8s.io/v1/Lease', { name, namespace: place }, { spec: {} });
  const map = (name: string, place: string) => make('v1/ConfigMap', { name, namespace: place }, { data: { a: 'b' } });
  const volume = (source: object) =>
    make('v1/PersistentVolume', { name: named('volume') }, {
      spec: { capacity: { storage: '1Gi' }, accessModes: ['ReadWriteOnce'], storageClassName: 'none', ...source },
    }); // prettier-ignore
  const fresh: Array<[string, string, KubeObject]> = [
    ['a bootstrap token', 'credential', secret('bootstrap.kubernetes.io/token', named('token'))],
    ['a bootstrap token by name', 'credential', make('v1/Secret', { name: 'bootstrap-token-abcdef', namespace: 'kube-system' }, { type: 'Opaque' })],
    ['an account token', 'credential', secret('kubernetes.io/service-account-token', named('token'), account)],
    ['a hostPath volume', 'privilege', volume({ hostPath: { path: '/' } })],
    ['an NFS volume', 'privilege', volume({ nfs: { server: '10.0.0.1', path: '/' } })],
    ['the lock', 'own-object', lease('stratus-alock', namespace)],
    ['a copy of a journal', 'own-object', secret('Opaque', 'stratus-journal-0')],
    ['the writer', 'own-object', make('v1/ServiceAccount', { name: 'stratus-writer', namespace })],
    ['the role of the writer', 'own-object', make(`${RBAC}/ClusterRole`, { name: 'stratus-writer' }, { rules: [READING] })],
    ['the role of the lock', 'own-object', make(`${RBAC}/Role`, { name: 'stratus-lock', namespace }, { rules: [READING] })],
    ['aws-auth', 'system-object', map('aws-auth', 'kube-system')],
    ['kubeadm', 'system-object', map('kubeadm-config', 'kube-system')],
    ['public facts', 'system-object', map(named('fact'), 'kube-public')],
    ['a heartbeat', 'system-object', lease(named('node'), 'kube-node-lease')],
    ['a leader', 'system-object', lease(named('leader'), 'kube-system')],
    ['a cloud identity', 'credential', make('v1/ServiceAccount', { name: named('account'), namespace, annotations: { 'eks.amazonaws.com/role-arn': 'x' } })],
    ['an external address', 'privilege', make('v1/Service', { name: named('service'), namespace }, { spec: { ports: [{ port: 80 }], externalIPs: ['8.8.8.8'] } })],
  ]; // prettier-ignore
  return fresh.map(([name, rule, after]) => ({ name, rule, before: null, after }));
}

export function hostileWrites(c: HostileContext): HostileWrite[] {
  return [roleWrites, bindingWrites, ownWrites, webhookWrites, podWrites, otherWrites].flatMap((list) => list(c));
}

/** A role and bindings that hostile writes build upon. */
export function hostileFixtures({ namespace, suffix }: HostileContext): KubeObject[] {
  const subjects = [{ kind: 'Group', apiGroup: RBAC_GROUP, name: 'system:authenticated' }];
  return [
    make('v1/ServiceAccount', { name: 'robot', namespace }),
    make(`${RBAC}/Role`, { name: 'reader', namespace }, { rules: [READING] }),
    make(`${RBAC}/RoleBinding`, { name: 'awaiting', namespace }, { roleRef: { apiGroup: RBAC_GROUP, kind: 'Role', name: 'awaited' }, subjects }),
    make(`${RBAC}/ClusterRole`, { name: `gathering-${suffix}` }, { aggregationRule: { clusterRoleSelectors: [{ matchLabels: { gather: suffix } }] }, rules: [] }),
    make('v1/ConfigMap', { name: 'settings', namespace }, { data: { mode: 'fast' } }),
  ]; // prettier-ignore
}
