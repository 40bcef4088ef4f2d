import type { Loose } from '../builders.ts';
import type { UnfamiliarFault } from './fault.ts';
import { crashed, fieldsOf, helm, held, PROXY, running, warned } from './fault.ts';

const IMAGE = 'registry.example/shop/server:3.2.0';
const HTTP = { name: 'http', containerPort: 8080, protocol: 'TCP' };

export const CONFIG: UnfamiliarFault[] = [
  {
    name: 'hashed ConfigMap of kustomize pruned while a Deployment still reads it',
    rule: 'missing-config',
    fix: /app-config-9mm4f7t7ck/,
    build: (world) => {
      world.configMap({ MODE: 'live', REGION: 'eu' }, { name: 'app-config-9mm4f7t7ck' });
      world.workload({
        name: 'worker',
        labels: { app: 'worker' },
        containers: [
          { name: 'main', image: IMAGE, ports: [HTTP], envFrom: [{ configMapRef: { name: 'app-config-9mm4f7t7ck' } }] },
        ],
      });
      const workload = world.workload({
        name: 'api',
        labels: { app: 'api' },
        replicas: 2,
        containers: [
          PROXY,
          { name: 'main', image: IMAGE, ports: [HTTP], envFrom: [{ configMapRef: { name: 'app-config-7g2k9hbt6c' } }] },
        ],
      });
      for (const pod of world.podsOf(workload)) {
        running(pod, 'istio-proxy', true);
        held(pod, 'main', 'CreateContainerConfigError', 'configmap "app-config-7g2k9hbt6c" not found');
        warned(world, pod, 'Failed', 'Error: configmap "app-config-7g2k9hbt6c" not found');
      }
      return [workload];
    },
  },
  {
    name: 'volume asks for a key that the ConfigMap no longer has',
    rule: 'missing-config',
    fix: /default\.conf/,
    build: (world) => {
      world.configMap(
        { 'default.conf': 'server { listen 8080; }' },
        { name: 'site', metadata: { creationTimestamp: '2031-05-06T05:00:00Z' } },
      );
      const workload = world.workload({
        name: 'static-site',
        replicas: 1,
        containers: [
          {
            name: 'nginx',
            image: IMAGE,
            ports: [HTTP],
            volumeMounts: [{ name: 'conf', mountPath: '/etc/nginx/conf.d' }],
          },
        ],
        podSpec: {
          volumes: [
            { name: 'conf', configMap: { name: 'site', items: [{ key: 'nginx.conf', path: 'default.conf' }] } },
          ],
        },
      });
      const [pod] = world.podsOf(workload);
      held(pod!, 'nginx', 'ContainerCreating');
      warned(
        world,
        pod!,
        'FailedMount',
        'MountVolume.SetUp failed for volume "conf" : configmap references non-existent config key: nginx.conf',
      );
      return [workload];
    },
  },
  {
    name: 'optional ConfigMap gone, the program cannot do without it',
    rule: 'missing-config',
    fix: /rollout undo|feature-flags/,
    build: (world) => {
      world.configMap({ TOGGLES: 'a,b' }, { name: 'feature-flags' });
      const of = (name: string) => [
        {
          name: 'main',
          image: IMAGE,
          ports: [HTTP],
          env: [{ name: 'TOGGLES', valueFrom: { configMapKeyRef: { name, key: 'TOGGLES', optional: true } } }],
        },
      ];
      const workload = world.workload({
        name: 'experiments',
        replicas: 1,
        containers: of('features-flags'),
        earlier: [{ containers: of('feature-flags') }],
      });
      const [pod] = world.podsOf(workload);
      crashed(pod!, 'main');
      world.logs.set(`${pod!.metadata.name}/main/true`, ['fatal: environment variable TOGGLES is required']);
      return [workload];
    },
  },
  {
    name: 'Secret rotated after its reader started',
    rule: 'stale-config',
    fix: /rollout restart/,
    build: (world) => {
      const database = world.workload({
        kind: 'StatefulSet',
        name: 'mariadb',
        replicas: 1,
        containers: [world.container({ port: 3306, portName: 'mysql' })],
      });
      world.serviceFor(database, {
        name: 'mariadb',
        spec: { ports: [{ name: 'mysql', port: 3306, targetPort: 'mysql', protocol: 'TCP' }] },
      });
      world.secret(['password'], {
        name: 'mariadb-auth',
        metadata: {
          creationTimestamp: '2031-05-01T06:00:00Z',
          managedFields: [
            {
              manager: 'kubectl-create',
              operation: 'Update',
              time: '2031-05-06T07:00:00Z',
              fieldsType: 'FieldsV1',
              fieldsV1: { 'f:data': { 'f:password': {} } },
            },
          ],
        },
      });
      const workload = world.workload({
        name: 'wiki',
        replicas: 2,
        containers: [
          {
            name: 'main',
            image: IMAGE,
            ports: [HTTP],
            readinessProbe: { httpGet: { path: '/ready', port: 'http', scheme: 'HTTP' } },
            env: [
              { name: 'DB_HOST', value: 'mariadb' },
              { name: 'DB_PASSWORD', valueFrom: { secretKeyRef: { name: 'mariadb-auth', key: 'password' } } },
            ],
          },
        ],
      });
      for (const pod of world.podsOf(workload) as Loose[]) {
        pod.status.startTime = '2031-05-06T06:00:00Z';
        running(pod, 'main', false);
        warned(world, pod, 'Unhealthy', 'Readiness probe failed: HTTP probe failed with statuscode: 500');
        world.logs.set(`${pod.metadata.name}/main/false`, [
          "ERROR 1045 (28000): Access denied for user 'wiki'@'10.2.0.8' (using password: YES)",
        ]);
      }
      return [workload];
    },
  },
  {
    name: 'variable of a service link taken for a port number',
    rule: 'shadowed-variable',
    fix: /enableServiceLinks|QUEUE_PORT/,
    build: (world) => {
      const queue = world.workload({ name: 'queue', replicas: 1 });
      world.serviceFor(queue, { name: 'queue' });
      const workload = world.workload({
        name: 'mailer',
        replicas: 1,
        containers: [{ name: 'main', image: IMAGE, ports: [HTTP], env: [{ name: 'QUEUE_HOST', value: 'queue' }] }],
      });
      const [pod] = world.podsOf(workload);
      crashed(pod!, 'main');
      world.logs.set(`${pod!.metadata.name}/main/true`, [
        'panic: QUEUE_PORT: strconv.Atoi: parsing "tcp://10.0.0.1:5672": invalid syntax',
      ]);
      return [workload];
    },
  },
  {
    name: 'file of a ConfigMap names a namespace that is not there',
    rule: 'missing-service',
    fix: /orders-svc/,
    build: (world) => {
      const callee = world.workload({
        name: 'orders',
        labels: helm('orders', 'orders'),
        replicas: 1,
        containers: [world.container({ port: 8080 })],
      });
      world.serviceFor(callee, {
        name: 'orders-svc',
        spec: { ports: [{ name: 'http', port: 8080, targetPort: 'http', protocol: 'TCP' }] },
      });
      world.add('Namespace', 'v1', world.namespace, { status: { phase: 'Active' } }, null);
      world.add('Namespace', 'v1', 'kube-system', { status: { phase: 'Active' } }, null);
      world.configMap(
        {
          'application.yaml':
            'server:\n  port: 8080\norders:\n  url: http://orders-svc.prod-old.svc.cluster.local:8080/v1\n',
        },
        { name: 'basket-config' },
      );
      const workload = world.workload({
        name: 'basket',
        replicas: 1,
        containers: [
          {
            name: 'main',
            image: IMAGE,
            ports: [HTTP],
            readinessProbe: { httpGet: { path: '/ready', port: 8080, scheme: 'HTTP' } },
            volumeMounts: [{ name: 'config', mountPath: '/app/config' }],
          },
        ],
        podSpec: { volumes: [{ name: 'config', configMap: { name: 'basket-config' } }] },
      });
      const [pod] = world.podsOf(workload);
      running(pod!, 'main', false);
      warned(world, pod!, 'Unhealthy', 'Readiness probe failed: HTTP probe failed with statuscode: 503');
      world.logs.set(`${pod!.metadata.name}/main/false`, [
        'GET http://orders-svc.prod-old.svc.cluster.local:8080/v1: dial tcp: lookup orders-svc.prod-old.svc.cluster.local: no such host',
      ]);
      return [workload];
    },
  },
  {
    name: 'argument asks a Service on a port that it does not serve, created at once',
    rule: 'service-port',
    fix: /catalog:80"/,
    build: (world) => {
      const callee = world.workload({ name: 'catalog', replicas: 1, containers: [world.container({ port: 3000 })] });
      world.serviceFor(callee, {
        name: 'catalog',
        spec: { ports: [{ name: 'web', port: 80, targetPort: 3000, protocol: 'TCP' }] },
      });
      const workload = world.workload({
        name: 'render',
        replicas: 1,
        containers: [
          {
            name: 'main',
            image: IMAGE,
            args: ['serve', '--upstream=catalog:8081', '--listen=:8080'],
            ports: [HTTP],
            readinessProbe: { httpGet: { path: '/up', port: 8080, scheme: 'HTTP' } },
          },
        ],
      });
      const [pod] = world.podsOf(workload);
      running(pod!, 'main', false);
      warned(world, pod!, 'Unhealthy', 'Readiness probe failed: HTTP probe failed with statuscode: 502');
      world.logs.set(`${pod!.metadata.name}/main/false`, ['upstream catalog:8081: i/o timeout']);
      return [workload];
    },
  },
  {
    name: 'image changed under GitOps that applies it again',
    rule: 'image-pull',
    fix: /checkout:8\.9\.8/,
    build: (world) => {
      const of = (image: string) => [{ name: 'main', image, ports: [HTTP] }];
      const workload = world.workload({
        name: 'checkout',
        replicas: 2,
        annotations: { 'argocd.argoproj.io/tracking-id': 'shop:apps/Deployment:x/checkout' },
        containers: of('registry.example/shop/checkout:8.9.9'),
        earlier: [{ containers: of('registry.example/shop/checkout:8.9.8'), readyPods: 1 }],
      }) as Loose;
      workload.metadata.managedFields = [
        fieldsOf('argocd-controller', 'Apply', {
          'f:spec': {
            'f:template': {
              'f:spec': { 'f:containers': { 'k:{"name":"main"}': { '.': {}, 'f:name': {}, 'f:image': {} } } },
            },
          },
        }),
      ];
      for (const pod of world.podsOf(workload).slice(1)) {
        held(pod, 'main', 'ImagePullBackOff', 'Back-off pulling image "registry.example/shop/checkout:8.9.9"');
        warned(world, pod, 'Failed', 'Failed to pull image "registry.example/shop/checkout:8.9.9": not found');
      }
      return [workload];
    },
  },
  {
    name: 'role binding names a role that is not there',
    rule: 'api-access-denied',
    fix: null,
    build: (world) => {
      world.add('ServiceAccount', 'v1', 'operator', {});
      world.add('Role', 'rbac.authorization.k8s.io/v1', 'operator-leases', {
        rules: [{ apiGroups: ['coordination.k8s.io'], resources: ['leases'], verbs: ['get', 'create', 'update'] }],
      });
      world.add('RoleBinding', 'rbac.authorization.k8s.io/v1', 'operator-leases', {
        roleRef: { apiGroup: 'rbac.authorization.k8s.io', kind: 'Role', name: 'operator-lease' },
        subjects: [{ kind: 'ServiceAccount', name: 'operator', namespace: world.namespace }],
      });
      const workload = world.workload({
        name: 'operator',
        replicas: 1,
        containers: [{ name: 'manager', image: IMAGE, ports: [HTTP] }],
        podSpec: { serviceAccountName: 'operator' },
      });
      const [pod] = world.podsOf(workload);
      crashed(pod!, 'manager');
      world.logs.set(`${pod!.metadata.name}/manager/true`, [
        `error retrieving resource lock ${world.namespace}/op: leases.coordination.k8s.io "op" is forbidden: User "system:serviceaccount:${world.namespace}:operator" cannot get resource "leases" in API group "coordination.k8s.io" in the namespace "${world.namespace}"`,
        'leader election lost',
      ]);
      return [workload];
    },
  },
  {
    name: 'secret key renamed, the volume is a projection of several sources',
    rule: 'missing-config',
    fix: /tls\.crt/,
    build: (world) => {
      world.secret(['tls.crt', 'tls.key'], { name: 'edge-cert', type: 'kubernetes.io/tls' });
      world.configMap({ 'ca.crt': 'x' }, { name: 'ca' });
      const workload = world.workload({
        name: 'mtls-proxy',
        replicas: 1,
        containers: [
          { name: 'main', image: IMAGE, ports: [HTTP], volumeMounts: [{ name: 'certs', mountPath: '/certs' }] },
        ],
        podSpec: {
          volumes: [
            {
              name: 'certs',
              projected: {
                sources: [
                  { configMap: { name: 'ca' } },
                  {
                    secret: {
                      name: 'edge-cert',
                      items: [
                        { key: 'cert.pem', path: 'tls.crt' },
                        { key: 'tls.key', path: 'tls.key' },
                      ],
                    },
                  },
                ],
              },
            },
          ],
        },
      });
      const [pod] = world.podsOf(workload);
      held(pod!, 'main', 'ContainerCreating');
      warned(
        world,
        pod!,
        'FailedMount',
        'MountVolume.SetUp failed for volume "certs" : references non-existent secret key: cert.pem',
      );
      return [workload];
    },
  },
];
