import type { KubeObject } from '../../../../src/domain/kube-object.ts';
import type { Loose, World } from '../builders.ts';
import type { UnfamiliarFault } from './fault.ts';
import { applied, crashed, fieldsOf, helm, PROXY, running, warned } from './fault.ts';

const IMAGE = 'registry.example/shop/server:3.2.0';
const HTTP = { name: 'http', containerPort: 8080, protocol: 'TCP' };
const READY = { readinessProbe: { httpGet: { path: '/ready', port: 8080, scheme: 'HTTP' } } };

/** A caller that is not ready as long as `host` does not answer it. */
function caller(world: World, name: string, env: Loose[], log: string, more: Loose = {}): KubeObject {
  const workload = world.workload({
    name,
    replicas: 1,
    containers: [{ name: 'main', image: IMAGE, ports: [HTTP], env, ...READY }, PROXY],
    ...more,
  });
  for (const pod of world.podsOf(workload)) {
    running(pod, 'main', false);
    warned(world, pod, 'Unhealthy', 'Readiness probe failed: HTTP probe failed with statuscode: 503');
    world.logs.set(`${pod.metadata.name}/main/false`, [log]);
  }
  return workload;
}

/** The addresses behind a Service. */
export function slice(world: World, service: KubeObject, pods: Loose[], ready = true, fields: Loose = {}): KubeObject {
  const { labels = {}, ...rest } = fields;
  return world.add('EndpointSlice', 'discovery.k8s.io/v1', `${service.metadata.name}-${world.random.name()}`, {
    metadata: {
      labels: {
        'kubernetes.io/service-name': service.metadata.name,
        'endpointslice.kubernetes.io/managed-by': 'endpointslice-controller.k8s.io',
        ...labels,
      },
    },
    addressType: 'IPv4',
    ports: service.spec.ports.map((port: Loose) => ({
      name: port.name ?? '',
      port: typeof port.targetPort === 'number' ? port.targetPort : 8080,
      protocol: port.protocol,
    })),
    endpoints: pods.map((pod, index) => ({
      addresses: [pod.status.podIP ?? `10.2.0.${20 + index}`],
      conditions: { ready, serving: ready, terminating: false },
      targetRef: { kind: 'Pod', name: pod.metadata.name, namespace: pod.metadata.namespace, uid: pod.metadata.uid },
    })),
    ...rest,
  });
}

export const NETWORK: UnfamiliarFault[] = [
  {
    name: 'Service keeps the version of the last release among siblings of one chart',
    rule: 'service-selector',
    fix: /version/,
    build: (world) => {
      const of = (component: string, version: string) =>
        helm('shop', component, { 'app.kubernetes.io/version': version });
      for (const component of ['web', 'cart']) {
        const sibling = world.workload({ name: `shop-${component}`, labels: of(component, '2.0.0'), replicas: 1 });
        const service = world.serviceFor(sibling, { name: `shop-${component}` });
        slice(world, service, world.podsOf(sibling));
      }
      const workload = world.workload({
        name: 'shop-rates',
        labels: of('rates', '2.0.0'),
        replicas: 2,
        containers: [world.container(), PROXY],
      });
      const port = workload.spec.template.spec.containers[0].ports[0].containerPort;
      const service = world.service(
        {
          'app.kubernetes.io/name': 'rates',
          'app.kubernetes.io/instance': 'shop',
          'app.kubernetes.io/version': '1.9.3',
        },
        [{ name: 'http', port: 80, targetPort: port }],
        { name: 'shop-rates' },
      );
      slice(world, service, []);
      return [service];
    },
  },
  {
    name: 'target port by a name that no container declares',
    rule: 'service-target-port',
    fix: /targetPort/,
    build: (world) => {
      const workload = world.workload({
        name: 'media',
        replicas: 2,
        containers: [
          { ...PROXY },
          {
            name: 'main',
            image: IMAGE,
            ports: [
              { name: 'http-main', containerPort: 8080, protocol: 'TCP' },
              { name: 'http-metrics', containerPort: 9100, protocol: 'TCP' },
            ],
            readinessProbe: { httpGet: { path: '/', port: 'http-main', scheme: 'HTTP' } },
          },
        ],
      });
      const service = world.service(
        { app: 'media' },
        [
          { name: 'web', port: 80, targetPort: 'http-web' },
          { name: 'metrics', port: 9100, targetPort: 'http-metrics' },
        ],
        { name: 'media' },
      );
      slice(world, service, world.podsOf(workload), true, {
        ports: [{ name: 'metrics', port: 9100, protocol: 'TCP' }],
      });
      return [service];
    },
  },
  {
    name: 'Service without a selector that leads to pods of yesterday',
    rule: 'service-selector',
    fix: /selector/,
    build: (world) => {
      const workload = world.workload({
        name: 'tariff',
        labels: { app: 'tariff', tier: 'back' },
        replicas: 2,
        containers: [world.container({ port: 8080 })],
      });
      for (const [index, pod] of (world.podsOf(workload) as Loose[]).entries()) {
        pod.status.podIP = `10.2.0.${40 + index}`;
        pod.status.podIPs = [{ ip: pod.status.podIP }];
      }
      const service = world.service(undefined as never, [{ name: 'http', port: 80, targetPort: 8080 }], {
        name: 'tariff',
        metadata: { labels: { app: 'tariff' } },
      });
      delete service.spec.selector;
      const stale = slice(world, service, [], true);
      stale.endpoints = [
        {
          addresses: ['10.2.0.7'],
          conditions: { ready: true },
          targetRef: { kind: 'Pod', name: 'tariff-old', namespace: world.namespace, uid: 'uid-of-the-gone' },
        },
      ];
      const at = caller(
        world,
        'quote-api',
        [{ name: 'TARIFF_URL', value: 'http://tariff' }],
        'GET http://tariff/: dial tcp 10.0.0.1:80: connect: no route to host',
      );
      return [at];
    },
  },
  {
    name: 'peers of a headless Service that hides those not ready',
    rule: 'headless-peers',
    fix: /publishNotReadyAddresses/,
    build: (world) => {
      const workload = world.workload({
        kind: 'StatefulSet',
        name: 'zk',
        replicas: 3,
        labels: { app: 'zk' },
        spec: { serviceName: 'zk-headless' },
        containers: [
          {
            name: 'zk',
            image: IMAGE,
            ports: [{ name: 'peer', containerPort: 2888, protocol: 'TCP' }],
            env: [{ name: 'PEERS', value: 'zk-0.zk-headless:2888,zk-1.zk-headless:2888,zk-2.zk-headless:2888' }],
            readinessProbe: { exec: { command: ['ruok'] } },
          },
        ],
      });
      const service = world.service({ app: 'zk' }, [{ name: 'peer', port: 2888, targetPort: 'peer' }], {
        name: 'zk-headless',
        spec: { clusterIP: 'None', publishNotReadyAddresses: true },
      });
      applied(service);
      delete service.spec.publishNotReadyAddresses;
      for (const pod of world.podsOf(workload)) {
        running(pod, 'zk', false);
        warned(world, pod, 'Unhealthy', 'Readiness probe failed: no quorum');
        world.logs.set(`${pod.metadata.name}/zk/false`, [
          'lookup zk-1.zk-headless: no such host',
          'cannot open channel to 2 at election address',
        ]);
      }
      slice(world, service, world.podsOf(workload), false);
      return [workload];
    },
  },
  {
    name: 'headless Service of a StatefulSet is not there',
    rule: 'missing-service',
    fix: /create/,
    build: (world) => {
      const workload = world.workload({
        kind: 'StatefulSet',
        name: 'etcd',
        replicas: 3,
        labels: { app: 'etcd' },
        spec: { serviceName: 'etcd-peers' },
        containers: [
          {
            name: 'etcd',
            image: IMAGE,
            args: ['--initial-cluster=etcd-0=http://etcd-0.etcd-peers:2380,etcd-1=http://etcd-1.etcd-peers:2380'],
            ports: [{ name: 'peer', containerPort: 2380, protocol: 'TCP' }],
            readinessProbe: { tcpSocket: { port: 2379 } },
          },
        ],
      });
      for (const pod of world.podsOf(workload)) {
        crashed(pod, 'etcd');
        world.logs.set(`${pod.metadata.name}/etcd/true`, [
          'dial tcp: lookup etcd-1.etcd-peers on 10.0.0.10:53: no such host',
        ]);
      }
      return [workload];
    },
  },
  {
    name: 'ExternalName leads to a Service that is not there',
    rule: 'missing-service',
    fix: /externalName/,
    build: (world) => {
      const real = world.workload({
        name: 'ldap',
        replicas: 1,
        containers: [world.container({ port: 389, portName: 'ldap' })],
      });
      slice(
        world,
        world.serviceFor(real, {
          name: 'ldap',
          spec: { ports: [{ name: 'ldap', port: 389, targetPort: 389, protocol: 'TCP' }] },
        }),
        world.podsOf(real),
      );
      world.service(undefined as never, [], {
        name: 'directory',
        spec: {
          type: 'ExternalName',
          clusterIP: undefined,
          externalName: `ldaps.${world.namespace}.svc.cluster.local`,
          selector: undefined,
        },
      });
      return [
        caller(
          world,
          'login',
          [{ name: 'LDAP_URL', value: 'ldap://directory:389' }],
          'ldap: dial tcp: lookup directory on 10.0.0.10:53: no such host',
        ),
      ];
    },
  },
  {
    name: 'port of a Service over UDP',
    rule: 'service-target-port',
    fix: /protocol/,
    build: (world) => {
      const callee = world.workload({
        name: 'session',
        replicas: 1,
        containers: [world.container({ port: 6379, portName: 'redis' })],
      });
      const service = world.service(
        { app: 'session' },
        [{ name: 'redis', port: 6379, targetPort: 6379, protocol: 'UDP' }],
        { name: 'session' },
      );
      slice(world, service, world.podsOf(callee));
      return [
        caller(
          world,
          'portal',
          [{ name: 'REDIS_ADDR', value: 'session:6379' }],
          'dial tcp 10.0.0.1:6379: connect: connection refused',
        ),
      ];
    },
  },
  {
    name: 'route of a Gateway to a Service that is not there',
    rule: 'gateway-route',
    fix: /backendRefs/,
    build: (world) => {
      const callee = world.workload({ name: 'blog', replicas: 1, containers: [world.container({ port: 8080 })] });
      const service = world.serviceFor(callee, {
        name: 'blog',
        spec: { ports: [{ name: 'http', port: 80, targetPort: 8080, protocol: 'TCP' }] },
      });
      slice(world, service, world.podsOf(callee));
      world.add('Gateway.gateway.networking.k8s.io', 'gateway.networking.k8s.io/v1', 'public', {
        spec: { gatewayClassName: 'x', listeners: [{ name: 'http', port: 80, protocol: 'HTTP' }] },
      });
      const route = world.add('HTTPRoute.gateway.networking.k8s.io', 'gateway.networking.k8s.io/v1', 'blog', {
        spec: {
          parentRefs: [{ name: 'public' }],
          rules: [
            {
              matches: [{ path: { type: 'PathPrefix', value: '/' } }],
              backendRefs: [{ group: '', kind: 'Service', name: 'blogs', port: 80, weight: 1 }],
            },
          ],
        },
        status: {
          parents: [
            {
              parentRef: { name: 'public' },
              controllerName: 'x',
              conditions: [
                { type: 'Accepted', status: 'True', reason: 'Accepted' },
                {
                  type: 'ResolvedRefs',
                  status: 'False',
                  reason: 'BackendNotFound',
                  message: 'service blogs not found',
                },
              ],
            },
          ],
        },
      });
      return [route];
    },
  },
  {
    name: 'policy lets in callers by a label that they no longer carry',
    rule: 'network-policy',
    fix: /NetworkPolicy|networkpolic/i,
    build: (world) => {
      const callee = world.workload({
        name: 'vault',
        labels: { app: 'vault' },
        replicas: 1,
        containers: [world.container({ port: 8200 })],
      });
      slice(
        world,
        world.serviceFor(callee, {
          name: 'vault',
          spec: { ports: [{ name: 'api', port: 8200, targetPort: 8200, protocol: 'TCP' }] },
        }),
        world.podsOf(callee),
      );
      world.add('NetworkPolicy', 'networking.k8s.io/v1', 'vault', {
        spec: {
          podSelector: { matchLabels: { app: 'vault' } },
          policyTypes: ['Ingress'],
          ingress: [
            { from: [{ podSelector: { matchLabels: { app: 'signer' } } }], ports: [{ port: 8200, protocol: 'TCP' }] },
          ],
        },
      });
      return [
        caller(
          world,
          'signer',
          [{ name: 'VAULT_ADDR', value: 'http://vault:8200' }],
          'Get "http://vault:8200/v1": dial tcp 10.0.0.1:8200: i/o timeout',
          { labels: { 'app.kubernetes.io/name': 'signer' } },
        ),
      ];
    },
  },
  {
    name: 'on the network of the host with the DNS of pods',
    rule: 'pod-dns',
    fix: /dnsPolicy|ClusterFirstWithHostNet|rollout undo/,
    build: (world) => {
      const callee = world.workload({ name: 'config-hub', replicas: 1, containers: [world.container({ port: 8888 })] });
      slice(
        world,
        world.serviceFor(callee, {
          name: 'config-hub',
          spec: { ports: [{ name: 'http', port: 8888, targetPort: 8888, protocol: 'TCP' }] },
        }),
        world.podsOf(callee),
      );
      return [
        caller(
          world,
          'node-agent',
          [{ name: 'HUB', value: 'http://config-hub:8888' }],
          'lookup config-hub on 192.168.0.1:53: no such host',
          { kind: 'DaemonSet', podSpec: { hostNetwork: true, dnsPolicy: 'ClusterFirst' } },
        ),
      ];
    },
  },
  {
    name: 'Ingress to a Service of another namespace',
    rule: 'ingress-backend',
    fix: /backend/,
    build: (world) => {
      world.add(
        'IngressClass',
        'networking.k8s.io/v1',
        'nginx',
        { spec: { controller: 'k8s.io/ingress-nginx' } },
        null,
      );
      const here = world.workload({
        name: 'dash',
        labels: helm('ops', 'dash'),
        replicas: 1,
        containers: [world.container({ port: 3000 })],
      });
      slice(
        world,
        world.serviceFor(here, {
          name: 'ops-dash',
          spec: { ports: [{ name: 'http', port: 80, targetPort: 3000, protocol: 'TCP' }] },
        }),
        world.podsOf(here),
      );
      const ingress = world.add('Ingress', 'networking.k8s.io/v1', 'ops', {
        spec: {
          ingressClassName: 'nginx',
          rules: [
            {
              host: 'ops.example.com',
              http: {
                paths: [
                  { path: '/', pathType: 'Prefix', backend: { service: { name: 'dash', port: { name: 'http' } } } },
                ],
              },
            },
          ],
        },
      });
      return [ingress];
    },
  },
  {
    name: 'Deployment of an operator that makes it again from its own object',
    rule: 'service-target-port',
    fix: /targetPort/,
    build: (world) => {
      const workload = world.workload({
        name: 'cache-main',
        replicas: 1,
        containers: [world.container({ port: 6379, portName: 'redis' })],
      }) as Loose;
      const owner = {
        apiVersion: 'cache.example.com/v1',
        kind: 'CacheCluster',
        name: 'cache',
        uid: 'uid-cr',
        controller: true,
      };
      workload.metadata.ownerReferences = [owner];
      const service = world.service({ app: 'cache-main' }, [{ name: 'redis', port: 6379, targetPort: 6380 }], {
        name: 'cache-main',
        metadata: {
          ownerReferences: [owner],
          managedFields: [
            {
              ...fieldsOf('cache-operator', 'Update', {
                'f:spec': {
                  'f:ports': { '.': {}, 'k:{"port":6379,"protocol":"TCP"}': { '.': {}, 'f:targetPort': {} } },
                },
              }),
              apiVersion: 'v1',
            },
          ],
        },
      });
      slice(world, service, world.podsOf(workload));
      return [service];
    },
  },
];
