import { describe, expect, it } from 'vitest';
import type { KubeObject } from '../../../../src/domain/kube-object.ts';
import { grant, NOBODY, object, reasonOf, rule, verdictOf } from './content-lab.ts';

const template = (spec: object, annotations: object = {}) => ({ metadata: { annotations }, spec });
const pod = (spec: object, annotations: object = {}) =>
  object('v1/Pod', { namespace: 'shop', annotations }, { spec: { containers: [{ name: 'a' }], ...spec } });
/** The same pod specification in every kind that holds one. */
const HOLDERS: Array<[string, (spec: object) => KubeObject]> = [
  ['Pod', pod],
  ...['Deployment', 'StatefulSet', 'DaemonSet', 'ReplicaSet'].map((kind): [string, (spec: object) => KubeObject] => [
    kind,
    (spec) => object(`apps/v1/${kind}`, { namespace: 'shop' }, { spec: { template: template(spec) } }),
  ]),
  ['Job', (spec) => object('batch/v1/Job', { namespace: 'shop' }, { spec: { template: template(spec) } })],
  [
    'CronJob',
    (spec) =>
      object(
        'batch/v1/CronJob',
        { namespace: 'shop' },
        { spec: { jobTemplate: { spec: { template: template(spec) } } } },
      ),
  ],
  ['PodTemplate', (spec) => object('v1/PodTemplate', { namespace: 'shop' }, { template: template(spec) })],
  [
    'ReplicationController',
    (spec) => object('v1/ReplicationController', { namespace: 'shop' }, { spec: { template: template(spec) } }),
  ],
];
const secure = (securityContext: object) => ({ containers: [{ name: 'a', securityContext }] });

describe.each(HOLDERS)('a %s', (kind, make) => {
  it.each<[string, object]>([
    ...['hostNetwork', 'hostPID', 'hostIPC'].map((field): [string, object] => [field, { [field]: true }]),
    ['a port of its node', { containers: [{ name: 'a', ports: [{ containerPort: 1, hostPort: 80 }] }] }],
    ['a node', { nodeName: 'control-plane' }],
    ['a runtime', { runtimeClassName: 'bare' }],
    ['the system priority', { priorityClassName: 'system-node-critical' }],
    ['devices', { resourceClaims: [{ name: 'gpu' }] }],
    ['a field of a later release', { novelty: true }],
    [
      'mounts that reach its node',
      { containers: [{ name: 'a', volumeMounts: [{ mountPropagation: 'Bidirectional' }] }] },
    ],
    ['a debugger', { ephemeralContainers: [{ name: 'd', image: 'x' }] }],
    ...[
      { privileged: true }, { allowPrivilegeEscalation: true }, { procMount: 'Unmasked' }, { runAsUser: 0 }, { runAsGroup: 0 },
      { capabilities: { add: ['NET_BIND_SERVICE'] } }, { seccompProfile: { type: 'Unconfined' } },
      { seccompProfile: { type: 'Localhost', localhostProfile: 'x' } }, { appArmorProfile: { type: 'Unconfined' } },
      { seLinuxOptions: { type: 'spc_t' } }, { windowsOptions: { hostProcess: true } }, { novelty: 'x' },
    ].map((one): [string, object] => [JSON.stringify(one), secure(one)]), // prettier-ignore
    ['the same in an init container', { initContainers: [{ name: 'i', securityContext: { privileged: true } }] }],
    ...[{ sysctls: [{ name: 'net.core.somaxconn', value: '1' }] }, { supplementalGroups: [0] }, { runAsUser: 0 },
      { seccompProfile: { type: 'Unconfined' } }, { windowsOptions: { hostProcess: true } }].map(
      (one): [string, object] => [`pod-wide ${JSON.stringify(one)}`, { securityContext: one }]), // prettier-ignore
    ...[{ hostPath: { path: '/' } }, { nfs: { server: 'x', path: '/' } }, { iscsi: {} }, { csi: { driver: 'x' } }, { flexVolume: {} },
      { gitRepo: { repository: 'x' } }, { novelty: {} }, { projected: { sources: [{ novelty: {} }] } },
      { projected: { sources: [{ serviceAccountToken: { path: 't', audience: 'vault' } }] } }].map(
      (one): [string, object] => [`a volume ${JSON.stringify(one)}`, { volumes: [{ name: 'v', ...one }] }]), // prettier-ignore
  ])('gains no %s, but may keep it', (_name, spec) => {
    const plain = make({ containers: [{ name: 'a' }] });
    expect(verdictOf(null, make(spec))).toBe('privilege');
    expect(verdictOf(plain, make(spec))).toBe('privilege');
    expect(reasonOf(make(spec), make({ ...spec, terminationGracePeriodSeconds: 3 }))).toBe('');
    expect(reasonOf(make(spec), plain)).not.toContain('gain');
  });

  it('may exchange one port of its node for another of its kind, and has no more of them', () => {
    const ports = (...list: Array<[number, object?]>) =>
      make({
        containers: [{ name: 'a', ports: list.map(([hostPort, more]) => ({ containerPort: 1, hostPort, ...more })) }],
      });
    expect(reasonOf(ports([8080]), ports([8081]))).toBe('');
    expect(reasonOf(ports([31_000]), ports([31_001]))).toBe('');
    expect(reasonOf(ports([8080], [9090]), ports([8081], [9090]))).toBe('');
    expect(reasonOf(ports([8080]), ports([8080], [8081]))).toContain('port 8081 of its node (a)');
    for (const kept of [80, 443, 6443, 2379, 10_250, 31_000])
      expect(reasonOf(ports([8080]), ports([kept])), `${kept}`).toContain(`port ${kept} of its node`);
    expect(reasonOf(ports([80]), ports([8080]))).toContain('port 8080');
    expect(reasonOf(ports([8080, { hostIP: '127.0.0.1' }]), ports([8081]))).toContain('port 8081');
    expect(reasonOf(ports([8080]), ports([8081, { protocol: 'UDP' }]))).toContain('port 8081');
  });

  it('holds what stays inside', () => {
    const spec = {
      containers: [
        {
          name: 'a',
          ports: [{ containerPort: 80 }],
          securityContext: {
            runAsUser: 1000,
            runAsNonRoot: true,
            capabilities: { drop: ['ALL'] },
            allowPrivilegeEscalation: false,
            privileged: false,
            procMount: 'Default',
            seccompProfile: { type: 'RuntimeDefault' },
          },
        },
      ],
      securityContext: { fsGroup: 5, supplementalGroups: [7], seLinuxOptions: {} },
      tolerations: [{ operator: 'Exists' }],
      volumes: [
        { name: 'a', configMap: { name: 'x' } },
        { name: 'b', secret: { secretName: 'x' } },
        { name: 'c', emptyDir: {} },
        { name: 'd', persistentVolumeClaim: { claimName: 'x' } },
        { name: 'e', ephemeral: {} },
        {
          name: 'f',
          projected: { sources: [{ serviceAccountToken: { path: 't' } }, { configMap: {} }, { downwardAPI: {} }] },
        },
      ],
    };
    expect(reasonOf(null, make(spec))).toBe('');
    expect(kind).not.toBe('');
  });

  it.each<[string, object]>([
    ['runAsNonRoot', secure({ runAsNonRoot: true })],
    ['another user', secure({ runAsUser: 1000 })],
    ['dropped capabilities', secure({ capabilities: { drop: ['ALL'] } })],
    ['a read-only root', secure({ readOnlyRootFilesystem: true })],
    ['no escalation', secure({ allowPrivilegeEscalation: false })],
    ['a profile', secure({ seccompProfile: { type: 'RuntimeDefault' } })],
    ['a pod-wide rule', { containers: [{ name: 'a' }], securityContext: { runAsNonRoot: true } }],
    ['a user namespace', { containers: [{ name: 'a' }], hostUsers: false }],
    ['no token', { containers: [{ name: 'a' }], automountServiceAccountToken: false }],
  ])('keeps its restriction: %s', (_name, spec) => {
    const plain = make({ containers: [{ name: 'a' }] });
    expect(verdictOf(make(spec), plain)).toBe('privilege');
    expect(reasonOf(plain, make(spec))).toBe('');
    expect(reasonOf(null, plain)).toBe('');
  });

  it('runs as no account with far-reaching rights', () => {
    const plain = make({ containers: [{ name: 'a' }] });
    const robot = make({ containers: [{ name: 'a' }], serviceAccountName: 'robot' });
    const older = make({ containers: [{ name: 'a' }], serviceAccount: 'robot' });
    const subjects = [{ kind: 'ServiceAccount', name: 'robot', namespace: 'shop' }];
    const as = (...bindings: ReturnType<typeof grant>[]) => ({
      accounts: new Map([['robot', { self: NOBODY, aggregators: [], bindings }]]),
    });
    for (const after of [robot, older]) {
      for (const before of [null, plain]) {
        expect(verdictOf(before, after, as())).toBe('pass');
        expect(verdictOf(before, after, as(grant({ subjects, rules: [rule('', 'pods', 'get')] })))).toBe('pass');
        expect(verdictOf(before, after, as(grant({ subjects, rules: [rule('*', '*', '*')] })))).toBe('privilege');
        expect(verdictOf(before, after, as(grant({ subjects, rules: null })))).toBe('privilege');
        expect(verdictOf(before, after)).toBe('privilege');
      }
      expect(verdictOf(robot, after)).toBe('pass');
    }
    expect(verdictOf(robot, plain)).toBe('privilege');
    expect(verdictOf(null, make({ serviceAccountName: 'stratus-writer' }), as())).toBe('privilege');
  });
});

it('a custom resource hides no pod that reaches out', () => {
  const wrap = (spec: object) =>
    object('example.test/v1/Job', { namespace: 'shop' }, { spec: { deep: [{ pod: spec }] } });
  expect(verdictOf(null, wrap({ containers: [{ securityContext: { privileged: true } }] }))).toBe('privilege');
  expect(verdictOf(null, wrap({ containers: [], volumes: [{ hostPath: { path: '/' } }] }))).toBe('privilege');
  expect(verdictOf(null, wrap({ containers: [{ name: 'a' }], replicas: 3 }))).toBe('pass');
});

it('profiles named by annotation count', () => {
  const key = 'container.apparmor.security.beta.kubernetes.io/a';
  expect(verdictOf(null, pod({}, { [key]: 'unconfined' }))).toBe('privilege');
  expect(verdictOf(null, pod({}, { [key]: 'runtime/default' }))).toBe('pass');
});

describe('volumes, Secrets and the objects of the system', () => {
  const volume = (spec: object) =>
    object('v1/PersistentVolume', {}, { spec: { capacity: { storage: '1Gi' }, ...spec } });
  it.each(['hostPath', 'local', 'nfs', 'iscsi', 'fc', 'novelty'])('no volume opens %s', (source) => {
    expect(verdictOf(null, volume({ [source]: { path: '/' } }))).toBe('privilege');
    expect(verdictOf(volume({ [source]: { path: '/a' } }), volume({ [source]: { path: '/' } }))).toBe('privilege');
    expect(verdictOf(volume({ [source]: { path: '/' } }), volume({ [source]: { path: '/' }, mountOptions: [] }))).toBe(
      'pass',
    );
  });
  it('volumes of a driver pass', () => expect(verdictOf(null, volume({ csi: { driver: 'x' } }))).toBe('pass'));

  const secret = (type: string, metadata: object = { namespace: 'shop' }, data: object = {}) =>
    object('v1/Secret', metadata, { type, data });
  it.each(['bootstrap.kubernetes.io/token', 'kubernetes.io/service-account-token'])(
    'no Secret becomes a %s',
    (type) => {
      expect(verdictOf(null, secret(type))).toBe('credential');
      expect(verdictOf(secret('Opaque'), secret(type))).toBe('credential');
      expect(verdictOf(secret(type), secret(type, { namespace: 'shop' }, { a: 'b' }))).toBe('credential');
      expect(verdictOf(secret(type), null)).toBe('credential');
      expect(verdictOf(secret(type), secret(type, { namespace: 'shop', labels: { a: 'b' } }))).toBe('pass');
    },
  );
  it('a bootstrap token is known by its name', () => {
    const named = (namespace: string) => secret('Opaque', { namespace, name: 'bootstrap-token-abcdef' });
    expect(verdictOf(null, named('kube-system'))).toBe('credential');
    expect(verdictOf(null, named('shop'))).toBe('pass');
    expect(verdictOf(null, secret('Opaque'))).toBe('pass');
  });

  it.each<[string, string, object, string]>([
    ['aws-auth', 'v1/ConfigMap', { namespace: 'kube-system', name: 'aws-auth' }, 'system-object'],
    [
      'client CAs',
      'v1/ConfigMap',
      { namespace: 'kube-system', name: 'extension-apiserver-authentication' },
      'system-object',
    ],
    ['kubeadm', 'v1/ConfigMap', { namespace: 'kube-system', name: 'kubeadm-config' }, 'system-object'],
    ['kubelets', 'v1/ConfigMap', { namespace: 'kube-system', name: 'kubelet-config' }, 'system-object'],
    ['DNS', 'v1/ConfigMap', { namespace: 'kube-system', name: 'coredns' }, 'pass'],
    ['the name elsewhere', 'v1/ConfigMap', { namespace: 'shop', name: 'aws-auth' }, 'pass'],
    ['cluster-info', 'v1/ConfigMap', { namespace: 'kube-public', name: 'cluster-info' }, 'system-object'],
    ['a heartbeat', 'coordination.k8s.io/v1/Lease', { namespace: 'kube-node-lease', name: 'n1' }, 'system-object'],
    [
      'the leader',
      'coordination.k8s.io/v1/Lease',
      { namespace: 'kube-system', name: 'kube-scheduler' },
      'system-object',
    ],
    ['the API', 'v1/Service', { namespace: 'default', name: 'kubernetes' }, 'system-object'],
    ['its addresses', 'v1/Endpoints', { namespace: 'default', name: 'kubernetes' }, 'system-object'],
    ['a lease', 'coordination.k8s.io/v1/Lease', { namespace: 'shop', name: 'worker' }, 'pass'],
  ])('%s', (_name, type, metadata, expected) => {
    const now = object(type, metadata, { spec: { a: 1 } });
    expect(verdictOf(null, now)).toBe(expected);
    expect(verdictOf(object(type, metadata), now)).toBe(expected);
    expect(verdictOf(now, null)).toBe(expected);
  });

  it('namespaces keep their pod security, services their addresses, accounts their identity', () => {
    const key = 'pod-security.kubernetes.io/enforce';
    const space = (level?: string) => object('v1/Namespace', { labels: level ? { [key]: level } : {} });
    expect(verdictOf(space('restricted'), space('baseline'))).toBe('privilege');
    expect(verdictOf(space('baseline'), space())).toBe('privilege');
    expect(verdictOf(space(), space('restricted'))).toBe('pass');
    const devices = object('v1/Namespace', { labels: { 'resource.kubernetes.io/admin-access': 'true' } });
    expect(verdictOf(null, devices)).toBe('privilege');
    expect(verdictOf(devices, devices)).toBe('pass');
    const service = (...externalIPs: string[]) =>
      object('v1/Service', { namespace: 'shop' }, { spec: { externalIPs } });
    expect(verdictOf(service('10.0.0.1'), service('10.0.0.1', '8.8.8.8'))).toBe('privilege');
    expect(verdictOf(service('10.0.0.1'), service())).toBe('pass');
    const account = (annotations: object) => object('v1/ServiceAccount', { namespace: 'shop', annotations });
    expect(verdictOf(account({}), account({ 'eks.amazonaws.com/role-arn': 'x' }))).toBe('credential');
    expect(verdictOf(account({}), account({ note: 'x' }))).toBe('pass');
  });

  it('finalizers stay', () => {
    const guarded = (finalizers: string[]) => object('v1/ConfigMap', { namespace: 'shop', finalizers });
    expect(verdictOf(guarded(['x/y']), guarded([]))).toBe('finalizer');
    expect(verdictOf(guarded(['x/y']), guarded(['x/y', 'z/w']))).toBe('pass');
  });
});
