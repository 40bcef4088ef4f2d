import type { KubeObject } from '../../../src/domain/kube-object.ts';

/** Context of one action: its own namespace and a suffix for cluster-scoped names. */
export interface ActionContext {
  namespace: string;
  suffix: string;
}

export interface UndoAction {
  name: string;
  /** Objects to create before; owned by nobody, made without the gateway. */
  fixtures(context: ActionContext): KubeObject[];
  /** kubectl argv, in order. `{{file}}` stands for a file. */
  commands(context: ActionContext): string[][];
  files?(context: ActionContext): Record<string, object>;
  /** What the gateway has to do with it. */
  expect: 'restored' | 'refused';
  /** Something that has to be true before the action starts (a controller must have acted). */
  ready?: { path: (context: ActionContext) => string; when: (object: KubeObject) => boolean };
  /** Left out of the comparison with apply-style undo: cannot be run without harm or without a terminal. */
  skipBaseline?: boolean;
}

const meta = (name: string, namespace: string | undefined, more: object = {}) => ({
  name,
  ...(namespace ? { namespace } : {}),
  ...more,
});
const podSpec = (extra: object = {}) => ({
  containers: [
    { name: 'app', image: 'shop:1', env: [{ name: 'MODE', value: 'fast' }], ports: [{ containerPort: 8080 }] },
    { name: 'side', image: 'side:1' },
  ],
  ...extra,
});
const labels = { app: 'web' };

export function deployment(ns: string, name = 'web', spec: object = {}): KubeObject {
  return {
    apiVersion: 'apps/v1',
    kind: 'Deployment',
    metadata: meta(name, ns, {
      labels: { app: name, tier: 'front' },
      annotations: { note: 'kept' },
    }) as KubeObject['metadata'],
    spec: {
      replicas: 2,
      selector: { matchLabels: { app: name } },
      template: { metadata: { labels: { app: name } }, spec: podSpec() },
      ...spec,
    },
  };
}
/** As left behind by client-side apply. */
function appliedDeployment(ns: string): KubeObject {
  const object = deployment(ns);
  object.metadata.annotations!['kubectl.kubernetes.io/last-applied-configuration'] = JSON.stringify(object);
  return object;
}
const statefulSet = (ns: string, spec: object = {}): KubeObject => ({
  apiVersion: 'apps/v1',
  kind: 'StatefulSet',
  metadata: meta('db', ns),
  spec: {
    replicas: 2,
    serviceName: 'db',
    selector: { matchLabels: { app: 'db' } },
    template: { metadata: { labels: { app: 'db' } }, spec: podSpec() },
    ...spec,
  },
});
const daemonSet = (ns: string): KubeObject => ({
  apiVersion: 'apps/v1',
  kind: 'DaemonSet',
  metadata: meta('agent', ns),
  spec: {
    selector: { matchLabels: { app: 'agent' } },
    template: { metadata: { labels: { app: 'agent' } }, spec: podSpec() },
  },
});
const service = (ns: string): KubeObject => ({
  apiVersion: 'v1',
  kind: 'Service',
  metadata: meta('web', ns, { labels }),
  spec: { selector: labels, ports: [{ name: 'http', port: 80, targetPort: 8080 }] },
});
const configMap = (ns: string, name = 'settings', more: object = {}): KubeObject => ({
  apiVersion: 'v1',
  kind: 'ConfigMap',
  metadata: meta(name, ns, { labels: { app: 'web' } }),
  data: { mode: 'fast', size: '3' },
  ...more,
});
const secret = (ns: string): KubeObject => ({
  apiVersion: 'v1',
  kind: 'Secret',
  metadata: meta('login', ns),
  type: 'Opaque',
  data: { password: Buffer.from('correct-horse').toString('base64') },
});
const cronJob = (ns: string): KubeObject => ({
  apiVersion: 'batch/v1',
  kind: 'CronJob',
  metadata: meta('nightly', ns),
  spec: { schedule: '0 3 1 1 *', jobTemplate: { spec: { template: { spec: podSpec({ restartPolicy: 'Never' }) } } } },
});
const job = (ns: string): KubeObject => ({
  apiVersion: 'batch/v1',
  kind: 'Job',
  metadata: meta('import', ns),
  spec: { suspend: true, template: { spec: podSpec({ restartPolicy: 'Never' }) } },
});
const pod = (ns: string): KubeObject => ({
  apiVersion: 'v1',
  kind: 'Pod',
  metadata: meta('bare', ns, { labels: { app: 'bare' } }),
  spec: podSpec(),
});
const hpa = (ns: string): KubeObject => ({
  apiVersion: 'autoscaling/v2',
  kind: 'HorizontalPodAutoscaler',
  metadata: meta('web', ns),
  spec: {
    scaleTargetRef: { apiVersion: 'apps/v1', kind: 'Deployment', name: 'web' },
    minReplicas: 2,
    maxReplicas: 4,
    metrics: [{ type: 'Resource', resource: { name: 'cpu', target: { type: 'Utilization', averageUtilization: 80 } } }],
  },
});
const budget = (ns: string): KubeObject => ({
  apiVersion: 'policy/v1',
  kind: 'PodDisruptionBudget',
  metadata: meta('web', ns),
  spec: { minAvailable: 1, selector: { matchLabels: labels } },
});
const ingress = (ns: string): KubeObject => ({
  apiVersion: 'networking.k8s.io/v1',
  kind: 'Ingress',
  metadata: meta('web', ns),
  spec: {
    rules: [
      {
        host: 'shop.test',
        http: {
          paths: [{ path: '/', pathType: 'Prefix', backend: { service: { name: 'web', port: { number: 80 } } } }],
        },
      },
    ],
  },
});
const policy = (ns: string): KubeObject => ({
  apiVersion: 'networking.k8s.io/v1',
  kind: 'NetworkPolicy',
  metadata: meta('closed', ns),
  spec: { podSelector: {}, policyTypes: ['Ingress'] },
});
const role = (ns: string): KubeObject => ({
  apiVersion: 'rbac.authorization.k8s.io/v1',
  kind: 'Role',
  metadata: meta('reader', ns),
  rules: [{ apiGroups: [''], resources: ['pods'], verbs: ['get', 'list'] }],
});
const roleBinding = (ns: string): KubeObject => ({
  apiVersion: 'rbac.authorization.k8s.io/v1',
  kind: 'RoleBinding',
  metadata: meta('reader', ns),
  roleRef: { apiGroup: 'rbac.authorization.k8s.io', kind: 'Role', name: 'reader' },
  subjects: [{ kind: 'ServiceAccount', name: 'default', namespace: ns }],
});
const claim = (ns: string, more: object = {}): KubeObject => ({
  apiVersion: 'v1',
  kind: 'PersistentVolumeClaim',
  metadata: meta('data', ns),
  spec: {
    accessModes: ['ReadWriteOnce'],
    storageClassName: 'no-such-class',
    resources: { requests: { storage: '1Gi' } },
    ...more,
  },
});
const volume = (name: string): KubeObject => ({
  apiVersion: 'v1',
  kind: 'PersistentVolume',
  metadata: { name },
  spec: {
    capacity: { storage: '1Gi' },
    accessModes: ['ReadWriteOnce'],
    storageClassName: name,
    persistentVolumeReclaimPolicy: 'Retain',
    hostPath: { path: `/tmp/${name}` },
  },
});
const storageClass = (name: string, provisioner = 'example.test/none'): KubeObject => ({
  apiVersion: 'storage.k8s.io/v1',
  kind: 'StorageClass',
  metadata: { name },
  provisioner,
  volumeBindingMode: 'Immediate',
});
const node = (name: string, spec: object = {}): KubeObject => ({
  apiVersion: 'v1',
  kind: 'Node',
  metadata: {
    name,
    labels: { 'kubernetes.io/hostname': name, 'test-node': name },
    annotations: { 'kwok.x-k8s.io/node': 'fake' },
  },
  spec,
});
const crd = (suffix: string): KubeObject => ({
  apiVersion: 'apiextensions.k8s.io/v1',
  kind: 'CustomResourceDefinition',
  metadata: { name: `gadgets.g${suffix}.example.test` },
  spec: {
    group: `g${suffix}.example.test`,
    scope: 'Namespaced',
    names: { plural: 'gadgets', singular: 'gadget', kind: 'Gadget', listKind: 'GadgetList' },
    versions: [
      {
        name: 'v1',
        served: true,
        storage: true,
        schema: { openAPIV3Schema: { type: 'object', 'x-kubernetes-preserve-unknown-fields': true } },
      },
    ],
  },
});
const gadget = ({ namespace, suffix }: ActionContext): KubeObject => ({
  apiVersion: `g${suffix}.example.test/v1`,
  kind: 'Gadget',
  metadata: meta('one', namespace),
  spec: { size: 1, parts: [{ a: 1 }, { b: 2 }], empty: {} },
});
const webhook = (suffix: string): KubeObject => ({
  apiVersion: 'admissionregistration.k8s.io/v1',
  kind: 'ValidatingWebhookConfiguration',
  metadata: { name: `hook-${suffix}` },
  webhooks: [
    {
      name: 'hook.example.test',
      admissionReviewVersions: ['v1'],
      sideEffects: 'None',
      failurePolicy: 'Fail',
      clientConfig: { url: 'https://127.0.0.1:1/none' },
      rules: [
        { apiGroups: ['none.example.test'], apiVersions: ['v1'], operations: ['CREATE'], resources: ['nothings'] },
      ],
    },
  ],
});
const namespaced = (path: string) => (context: ActionContext) => `${path.replace('NS', context.namespace)}`;
const rolledOut = {
  path: namespaced('/apis/apps/v1/namespaces/NS/deployments/web'),
  when: (object: KubeObject) => object.status?.readyReplicas === 2,
};
const none = () => [];

type Short = [name: string, fixtures: (c: ActionContext) => KubeObject[], ...commands: string[][]];
const restored = ([name, fixtures, ...commands]: Short, more: Partial<UndoAction> = {}): UndoAction => ({
  name,
  fixtures,
  commands: ({ suffix, namespace }) =>
    commands.map((argv) => argv.map((word) => word.replaceAll('SUFFIX', suffix).replaceAll('NAMESPACE', namespace))),
  expect: 'restored',
  ...more,
});
const refused = (short: Short, more: Partial<UndoAction> = {}): UndoAction => ({
  ...restored(short),
  expect: 'refused',
  skipBaseline: true,
  ...more,
});
const web = (c: ActionContext) => [deployment(c.namespace)];
const applied = (c: ActionContext) => [appliedDeployment(c.namespace)];
const db = (c: ActionContext) => [statefulSet(c.namespace)];
const cm = (c: ActionContext) => [configMap(c.namespace)];

/** Every row of the action table. */
export const UNDO_ACTIONS: UndoAction[] = [
  restored(['create configmap', none, ['create', 'configmap', 'fresh', '--from-literal=a=b']]),
  restored(['create secret', none, ['create', 'secret', 'generic', 'fresh', '--from-literal=a=b']]),
  restored(['create deployment', none, ['create', 'deployment', 'fresh', '--image=shop:1', '--replicas=2']]),
  restored(['create service', none, ['create', 'service', 'clusterip', 'fresh', '--tcp=80:8080']]),
  restored(['create job', none, ['create', 'job', 'fresh', '--image=shop:1']]),
  restored([
    'create job from cronjob',
    (c) => [cronJob(c.namespace)],
    ['create', 'job', 'fresh', '--from=cronjob/nightly'],
  ]),
  restored(['create cronjob', none, ['create', 'cronjob', 'fresh', '--image=shop:1', '--schedule=0 3 1 1 *']]),
  restored(['create namespace', none, ['create', 'namespace', 'fresh-SUFFIX']]),
  restored(['create quota', none, ['create', 'quota', 'fresh', '--hard=pods=50']]),
  restored(['create role', none, ['create', 'role', 'fresh', '--verb=get', '--resource=pods']]),
  restored([
    'create rolebinding',
    (c) => [role(c.namespace)],
    ['create', 'rolebinding', 'fresh', '--role=reader', '--serviceaccount=NAMESPACE:default'],
  ]),
  restored(['create serviceaccount', none, ['create', 'serviceaccount', 'fresh']]),
  restored(['create ingress', none, ['create', 'ingress', 'fresh', '--rule=shop.test/*=web:80']]),
  restored(['create poddisruptionbudget', none, ['create', 'pdb', 'fresh', '--selector=app=web', '--min-available=1']]),
  restored(['create priorityclass', none, ['create', 'priorityclass', 'fresh-SUFFIX', '--value=7']]),
  restored(['run', none, ['run', 'fresh', '--image=shop:1']]),
  restored(['expose', web, ['expose', 'deployment/web', '--port=80', '--target-port=8080']]),
  restored(['create -f with generateName', none, ['create', '-f', '{{file}}']], {
    files: () => ({
      file: { apiVersion: 'v1', kind: 'ConfigMap', metadata: { generateName: 'fresh-' }, data: { a: 'b' } },
    }),
  }),
  restored(['apply a new object', none, ['apply', '-f', '{{file}}']], {
    files: (c) => ({ file: configMap(c.namespace, 'fresh') }),
  }),
  restored(['apply a change', applied, ['apply', '-f', '{{file}}']], {
    files: (c) => ({ file: deployment(c.namespace, 'web', { replicas: 3, minReadySeconds: 1 }) }),
  }),
  restored(['apply on an object never applied', web, ['apply', '-f', '{{file}}']], {
    files: (c) => ({ file: deployment(c.namespace, 'web', { replicas: 3 }) }),
  }),
  restored(['apply several objects', cm, ['apply', '-f', '{{file}}']], {
    files: (c) => ({
      file: {
        apiVersion: 'v1',
        kind: 'List',
        items: [configMap(c.namespace, 'settings', { data: { mode: 'slow' } }), configMap(c.namespace, 'fresh')],
      },
    }),
  }),
  restored(['apply --server-side a new object', none, ['apply', '--server-side', '-f', '{{file}}']], {
    files: (c) => ({ file: configMap(c.namespace, 'fresh') }),
  }),
  restored(['apply --server-side a change', cm, ['apply', '--server-side', '--force-conflicts', '-f', '{{file}}']], {
    files: (c) => ({ file: configMap(c.namespace, 'settings', { data: { mode: 'slow' } }) }),
  }),
  restored(['apply set-last-applied', web, ['apply', 'set-last-applied', '--create-annotation', '-f', '{{file}}']], {
    files: (c) => ({ file: deployment(c.namespace) }),
  }),
  restored(['replace', cm, ['replace', '-f', '{{file}}']], {
    files: (c) => ({ file: configMap(c.namespace, 'settings', { data: { mode: 'slow', added: 'yes' } }) }),
  }),
  restored(['replace --force', cm, ['replace', '--force', '-f', '{{file}}']], {
    files: (c) => ({ file: configMap(c.namespace, 'settings', { data: { mode: 'slow' } }) }),
  }),
  restored([
    'patch strategic: add a container',
    web,
    [
      'patch',
      'deployment',
      'web',
      '-p',
      '{"spec":{"template":{"spec":{"containers":[{"name":"extra","image":"x:1"}]}}}}',
    ],
  ]),
  restored([
    'patch strategic: delete a container',
    web,
    [
      'patch',
      'deployment',
      'web',
      '-p',
      '{"spec":{"template":{"spec":{"containers":[{"name":"side","$patch":"delete"}]}}}}',
    ],
  ]),
  restored([
    'patch merge: add a data key',
    cm,
    ['patch', 'configmap', 'settings', '--type=merge', '-p', '{"data":{"added":"yes"}}'],
  ]),
  restored([
    'patch merge: remove a data key',
    cm,
    ['patch', 'configmap', 'settings', '--type=merge', '-p', '{"data":{"size":null}}'],
  ]),
  restored([
    'patch json',
    web,
    [
      'patch',
      'deployment',
      'web',
      '--type=json',
      '-p',
      '[{"op":"replace","path":"/spec/template/spec/containers/0/image","value":"shop:2"},{"op":"add","path":"/metadata/labels/added","value":"yes"}]',
    ],
  ]),
  restored([
    'patch --subresource=scale',
    web,
    ['patch', 'deployment', 'web', '--subresource=scale', '--type=merge', '-p', '{"spec":{"replicas":4}}'],
  ]),
  restored([
    'patch service targetPort',
    (c) => [service(c.namespace)],
    ['patch', 'service', 'web', '-p', '{"spec":{"ports":[{"port":80,"targetPort":9999}]}}'],
  ]),
  restored([
    'patch service type',
    (c) => [service(c.namespace)],
    ['patch', 'service', 'web', '-p', '{"spec":{"type":"NodePort"}}'],
  ]),
  restored([
    'patch secret',
    (c) => [secret(c.namespace)],
    ['patch', 'secret', 'login', '-p', '{"stringData":{"password":"battery-staple"}}'],
  ]),
  restored([
    'patch cronjob suspend',
    (c) => [cronJob(c.namespace)],
    ['patch', 'cronjob', 'nightly', '-p', '{"spec":{"suspend":true}}'],
  ]),
  restored([
    'patch webhook failurePolicy',
    (c) => [webhook(c.suffix)],
    [
      'patch',
      'validatingwebhookconfiguration',
      'hook-SUFFIX',
      '-p',
      '{"webhooks":[{"name":"hook.example.test","failurePolicy":"Ignore"}]}',
    ],
  ]),
  restored(['scale deployment up', web, ['scale', 'deployment/web', '--replicas=5']], { ready: rolledOut }),
  restored(['scale deployment to 0', web, ['scale', 'deployment/web', '--replicas=0']], { ready: rolledOut }),
  restored(['scale with --current-replicas', web, ['scale', 'deployment/web', '--current-replicas=2', '--replicas=3']]),
  restored(['scale statefulset', db, ['scale', 'statefulset/db', '--replicas=1']]),
  restored([
    'scale --all',
    (c) => [deployment(c.namespace), deployment(c.namespace, 'api')],
    ['scale', 'deployment', '--all', '--replicas=1'],
  ]),
  restored(['autoscale', web, ['autoscale', 'deployment/web', '--min=4', '--max=6']], { ready: rolledOut }),
  restored(['set image', web, ['set', 'image', 'deployment/web', 'app=shop:2']], { ready: rolledOut }),
  restored(['set image on an applied object', applied, ['set', 'image', 'deployment/web', 'app=shop:2']]),
  restored(['set env add', web, ['set', 'env', 'deployment/web', 'ADDED=yes']]),
  restored(['set env remove', web, ['set', 'env', 'deployment/web', 'MODE-']]),
  restored([
    'set env --from',
    (c) => [...web(c), ...cm(c)],
    ['set', 'env', 'deployment/web', '--from=configmap/settings'],
  ]),
  restored(['set resources', web, ['set', 'resources', 'deployment/web', '--limits=cpu=200m,memory=64Mi']]),
  restored(['set selector', (c) => [service(c.namespace)], ['set', 'selector', 'service', 'web', 'app=other']]),
  restored(['set serviceaccount', web, ['set', 'serviceaccount', 'deployment/web', 'robot']]),
  restored([
    'set subject',
    (c) => [role(c.namespace), roleBinding(c.namespace)],
    ['set', 'subject', 'rolebinding', 'reader', '--serviceaccount=NAMESPACE:robot'],
  ]),
  restored(['rollout restart deployment', web, ['rollout', 'restart', 'deployment/web']], { ready: rolledOut }),
  restored(['rollout restart statefulset', db, ['rollout', 'restart', 'statefulset/db']]),
  restored(['rollout restart daemonset', (c) => [daemonSet(c.namespace)], ['rollout', 'restart', 'daemonset/agent']]),
  restored(['rollout pause', web, ['rollout', 'pause', 'deployment/web']]),
  restored([
    'rollout resume',
    (c) => [deployment(c.namespace, 'web', { paused: true })],
    ['rollout', 'resume', 'deployment/web'],
  ]),
  restored(
    [
      'rollout undo',
      web,
      ['set', 'image', 'deployment/web', 'app=shop:2'],
      ['rollout', 'status', 'deployment/web', '--timeout=20s'],
      ['rollout', 'undo', 'deployment/web'],
    ],
    { ready: rolledOut },
  ),
  restored(['label add', web, ['label', 'deployment', 'web', 'added=yes']]),
  restored(['label overwrite', web, ['label', '--overwrite', 'deployment', 'web', 'tier=back']]),
  restored(['label remove', web, ['label', 'deployment', 'web', 'tier-']]),
  restored([
    'label several kinds',
    (c) => [...web(c), ...cm(c), service(c.namespace)],
    ['label', 'deployment/web', 'configmap/settings', 'service/web', 'added=yes'],
  ]),
  restored(['annotate add', cm, ['annotate', 'configmap', 'settings', 'added=yes']]),
  restored(['annotate remove', web, ['annotate', 'deployment', 'web', 'note-']]),
  restored([
    'taint NoSchedule',
    (c) => [node(`n-${c.suffix}`)],
    ['taint', 'nodes', 'n-SUFFIX', 'dedicated=db:NoSchedule'],
  ]),
  restored([
    'taint NoExecute',
    (c) => [node(`n-${c.suffix}`)],
    ['taint', 'nodes', 'n-SUFFIX', 'dedicated=db:NoExecute'],
  ]),
  restored(['cordon', (c) => [node(`n-${c.suffix}`)], ['cordon', 'n-SUFFIX']]),
  restored(['uncordon', (c) => [node(`n-${c.suffix}`, { unschedulable: true })], ['uncordon', 'n-SUFFIX']]),
  restored(['label node', (c) => [node(`n-${c.suffix}`)], ['label', 'node', 'n-SUFFIX', 'zone=b']]),
  restored(
    [
      'drain',
      (c) => [
        node(`n-${c.suffix}`),
        deployment(c.namespace, 'web', {
          template: { metadata: { labels }, spec: podSpec({ nodeSelector: { 'test-node': `n-${c.suffix}` } }) },
        }),
      ],
      ['drain', 'n-SUFFIX', '--ignore-daemonsets', '--timeout=30s'],
    ],
    { ready: rolledOut },
  ),
  restored(['delete configmap', cm, ['delete', 'configmap', 'settings']]),
  restored(['delete secret', (c) => [secret(c.namespace)], ['delete', 'secret', 'login']]),
  restored(['delete service', (c) => [service(c.namespace)], ['delete', 'service', 'web']]),
  restored(['delete deployment', web, ['delete', 'deployment', 'web']], { ready: rolledOut }),
  restored(['delete deployment --cascade=orphan', web, ['delete', 'deployment', 'web', '--cascade=orphan']], {
    ready: rolledOut,
  }),
  restored(['delete statefulset', db, ['delete', 'statefulset', 'db']]),
  restored(['delete daemonset', (c) => [daemonSet(c.namespace)], ['delete', 'daemonset', 'agent']]),
  restored(['delete cronjob', (c) => [cronJob(c.namespace)], ['delete', 'cronjob', 'nightly']]),
  restored(['delete hpa', (c) => [...web(c), hpa(c.namespace)], ['delete', 'hpa', 'web']]),
  restored(['delete poddisruptionbudget', (c) => [budget(c.namespace)], ['delete', 'pdb', 'web']]),
  restored(['delete ingress', (c) => [ingress(c.namespace)], ['delete', 'ingress', 'web']]),
  restored(['delete networkpolicy', (c) => [policy(c.namespace)], ['delete', 'networkpolicy', 'closed']]),
  restored([
    'delete role and rolebinding',
    (c) => [role(c.namespace), roleBinding(c.namespace)],
    ['delete', 'role/reader', 'rolebinding/reader'],
  ]),
  restored([
    'delete several by label',
    (c) => [...cm(c), service(c.namespace)],
    ['delete', 'configmap,service', '-l', 'app=web'],
  ]),
  restored([
    'delete --all configmaps',
    (c) => [...cm(c), configMap(c.namespace, 'second')],
    ['delete', 'configmap', '--all'],
  ]),
  restored(['delete pod of a deployment', web, ['delete', 'pod', '-l', 'app=web']], { ready: rolledOut }),
  restored(
    [
      'delete storageclass and create it changed',
      (c) => [storageClass(`sc-${c.suffix}`)],
      ['delete', 'storageclass', 'sc-SUFFIX'],
      ['create', '-f', '{{file}}'],
    ],
    {
      files: (c) => ({ file: storageClass(`sc-${c.suffix}`, 'example.test/other') }),
    },
  ),
  restored(
    [
      'delete a pending claim and create it with another class',
      (c) => [claim(c.namespace)],
      ['delete', 'pvc', 'data'],
      ['create', '-f', '{{file}}'],
    ],
    {
      files: (c) => ({ file: claim(c.namespace, { storageClassName: 'another-class' }) }),
      ready: {
        path: namespaced('/api/v1/namespaces/NS/persistentvolumeclaims/data'),
        when: (object) => object.status?.phase === 'Pending',
      },
    },
  ),
  restored(['create a custom resource', (c) => [crd(c.suffix)], ['create', '-f', '{{file}}']], {
    files: (c) => ({ file: gadget(c) }),
  }),
  restored([
    'patch a custom resource',
    (c) => [crd(c.suffix), gadget(c)],
    [
      'patch',
      'gadgets.gSUFFIX.example.test',
      'one',
      '--type=merge',
      '-p',
      '{"spec":{"size":2,"added":{"x":1},"empty":null}}',
    ],
  ]),
  restored([
    'delete a custom resource',
    (c) => [crd(c.suffix), gadget(c)],
    ['delete', 'gadgets.gSUFFIX.example.test', 'one'],
  ]),
  restored(['create a crd', none, ['create', '-f', '{{file}}']], { files: (c) => ({ file: crd(c.suffix) }) }),

  refused(['delete namespace', none, ['delete', 'namespace', 'NAMESPACE']]),
  refused(['delete serviceaccount', none, ['delete', 'serviceaccount', 'default']]),
  refused(['delete node', (c) => [node(`n-${c.suffix}`)], ['delete', 'node', 'n-SUFFIX']]),
  refused(['delete persistentvolume', (c) => [volume(`v-${c.suffix}`)], ['delete', 'pv', 'v-SUFFIX', '--wait=false']]),
  refused(
    [
      'delete a bound claim',
      (c) => [volume(`v-${c.suffix}`), claim(c.namespace, { storageClassName: `v-${c.suffix}` })],
      ['delete', 'pvc', 'data', '--wait=false'],
    ],
    {
      ready: {
        path: namespaced('/api/v1/namespaces/NS/persistentvolumeclaims/data'),
        when: (object) => object.status?.phase === 'Bound',
      },
    },
  ),
  refused(['delete crd', (c) => [crd(c.suffix)], ['delete', 'crd', 'gadgets.gSUFFIX.example.test']]),
  refused([
    'delete webhook configuration',
    (c) => [webhook(c.suffix)],
    ['delete', 'validatingwebhookconfiguration', 'hook-SUFFIX'],
  ]),
  refused(['delete job', (c) => [job(c.namespace)], ['delete', 'job', 'import']]),
  refused(['delete a bare pod', (c) => [pod(c.namespace)], ['delete', 'pod', 'bare']]),
  refused(['delete pod --force', web, ['delete', 'pod', '-l', 'app=web', '--force', '--grace-period=0']], {
    ready: rolledOut,
  }),
  refused([
    'delete an object with a finalizer',
    (c) => [
      configMap(c.namespace, 'settings', {
        metadata: meta('settings', c.namespace, { finalizers: ['example.test/guard'] }),
      }),
    ],
    ['delete', 'configmap', 'settings', '--wait=false'],
  ]),
  refused([
    'delete a deployment with emptyDir data',
    (c) => [
      deployment(c.namespace, 'web', {
        template: { metadata: { labels }, spec: podSpec({ volumes: [{ name: 'd', emptyDir: {} }] }) },
      }),
    ],
    ['delete', 'deployment', 'web'],
  ]),
  refused([
    'delete a statefulset that deletes its volumes',
    (c) => [
      statefulSet(c.namespace, {
        persistentVolumeClaimRetentionPolicy: { whenDeleted: 'Delete', whenScaled: 'Retain' },
      }),
    ],
    ['delete', 'statefulset', 'db'],
  ]),
  refused(
    [
      'scale down a statefulset that deletes its volumes',
      (c) => [
        statefulSet(c.namespace, {
          replicas: 1,
          persistentVolumeClaimRetentionPolicy: { whenDeleted: 'Retain', whenScaled: 'Delete' },
          volumeClaimTemplates: [
            {
              metadata: { name: 'data' },
              // Without a class nothing is made for it: it stays as it is.
              spec: {
                storageClassName: '',
                accessModes: ['ReadWriteOnce'],
                resources: { requests: { storage: '1Mi' } },
              },
            },
          ],
        }),
      ],
      ['scale', 'statefulset', 'db', '--replicas=0'],
    ],
    {
      ready: { path: namespaced('/api/v1/namespaces/NS/persistentvolumeclaims/data-db-0'), when: () => true },
    },
  ),
  refused(['delete --raw on a collection', cm, ['delete', '--raw', '/api/v1/namespaces/NAMESPACE/configmaps']]),
  refused(['patch immutable', cm, ['patch', 'configmap', 'settings', '-p', '{"immutable":true}']]),
  refused([
    'patch finalizers away',
    (c) => [
      configMap(c.namespace, 'settings', {
        metadata: meta('settings', c.namespace, { finalizers: ['example.test/guard'] }),
      }),
    ],
    ['patch', 'configmap', 'settings', '--type=merge', '-p', '{"metadata":{"finalizers":null}}'],
  ]),
  refused([
    'patch status',
    web,
    ['patch', 'deployment', 'web', '--subresource=status', '--type=merge', '-p', '{"status":{"replicas":9}}'],
  ]),
  refused(['create token', none, ['create', 'token', 'default']]),
  refused(['create a token secret', none, ['create', '-f', '{{file}}']], {
    files: (c) => ({
      file: {
        apiVersion: 'v1',
        kind: 'Secret',
        type: 'kubernetes.io/service-account-token',
        metadata: meta('t', c.namespace, { annotations: { 'kubernetes.io/service-account.name': 'default' } }),
      },
    }),
  }),
  refused(['exec', web, ['exec', 'deployment/web', '--', 'true']], { ready: rolledOut }),
  refused([
    'debug (ephemeral container)',
    (c) => [pod(c.namespace)],
    ['debug', 'bare', '--image=x:1', '--attach=false'],
  ]),
  refused([
    'create clusterrolebinding to cluster-admin',
    none,
    ['create', 'clusterrolebinding', 'eve-SUFFIX', '--clusterrole=cluster-admin', '--serviceaccount=NAMESPACE:default'],
  ]),
  refused(['create a role with all rights', none, ['create', 'role', 'fresh', '--verb=*', '--resource=*']]),
  refused(['run a privileged pod', none, ['run', 'fresh', '--image=x:1', '--privileged']]),
  refused(['expose as a load balancer', web, ['expose', 'deployment/web', '--port=80', '--type=LoadBalancer']]),
];
