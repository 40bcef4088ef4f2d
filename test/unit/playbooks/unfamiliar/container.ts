import type { Loose } from '../builders.ts';
import type { UnfamiliarFault } from './fault.ts';
import { crashed, helm, held, PROXY, running, unready, warned } from './fault.ts';

const APP = { name: 'server', image: 'registry.example/shop/server:3.2.0' };

export const CONTAINER: UnfamiliarFault[] = [
  {
    name: 'startup probe gives up too early since a Helm upgrade',
    rule: 'slow-start',
    fix: /rollout undo|startupProbe/,
    build: (world) => {
      const startup = { httpGet: { path: '/started', port: 'web', scheme: 'HTTP' }, periodSeconds: 5 };
      const of = (failureThreshold: number) => [
        PROXY,
        {
          ...APP,
          ports: [{ name: 'web', containerPort: 8443, protocol: 'TCP' }],
          startupProbe: { ...startup, failureThreshold },
        },
      ];
      const workload = world.workload({
        name: 'gateway-api-server',
        labels: helm('gateway', 'api-server'),
        replicas: 2,
        containers: of(2),
        earlier: [{ containers: of(60), readyPods: 1 }],
      });
      for (const pod of world.podsOf(workload).slice(1)) {
        crashed(pod, 'server', { exitCode: 137, reason: 'Error' });
        warned(
          world,
          pod,
          'Unhealthy',
          'Startup probe failed: Get "http://10.2.0.4:8443/started": dial tcp 10.2.0.4:8443: connect: connection refused',
        );
        world.event(pod, 'Killing', 'Container server failed startup probe, will be restarted');
        world.logs.set(`${pod.metadata.name}/server/true`, [
          'loading index 1 of 9',
          'loading index 2 of 9',
          'received SIGTERM',
        ]);
        world.logs.set(`${pod.metadata.name}/server/false`, ['loading index 1 of 9']);
      }
      return [workload];
    },
  },
  {
    name: 'probe asks a port name that no container declares',
    rule: 'probe-target',
    fix: /readinessProbe/,
    build: (world) => {
      const workload = world.workload({
        name: 'invoices',
        replicas: 2,
        containers: [
          {
            ...APP,
            ports: [{ name: 'https', containerPort: 8443, protocol: 'TCP' }],
            readinessProbe: { tcpSocket: { port: 'http' }, periodSeconds: 10 },
          },
          { name: 'log-shipper', image: 'registry.example/shipper:2', args: ['--follow'] },
        ],
      });
      for (const pod of world.podsOf(workload)) {
        running(pod, 'server', false);
        warned(world, pod, 'Unhealthy', 'Readiness probe errored: strconv.Atoi: parsing "http": invalid syntax');
        world.logs.set(`${pod.metadata.name}/server/false`, ['listening on :8443']);
      }
      return [workload];
    },
  },
  {
    name: 'gRPC probe on a port where nothing listens, first revision',
    rule: 'probe-target',
    fix: /grpc/,
    build: (world) => {
      const workload = world.workload({
        name: 'pricing-rpc',
        replicas: 1,
        containers: [
          {
            ...APP,
            ports: [{ name: 'grpc', containerPort: 50051, protocol: 'TCP' }],
            readinessProbe: { grpc: { port: 5051, service: '' }, periodSeconds: 5, timeoutSeconds: 1 },
          },
        ],
      });
      const [pod] = world.podsOf(workload);
      running(pod!, 'server', false);
      warned(
        world,
        pod!,
        'Unhealthy',
        'Readiness probe failed: timeout: failed to connect service "10.2.0.9:5051" within 1s: context deadline exceeded',
      );
      world.logs.set(`${pod!.metadata.name}/server/false`, ['grpc server listening at [::]:50051']);
      return [workload];
    },
  },
  {
    name: 'probe asks another host than the pod',
    rule: 'probe-target',
    fix: /host|rollout undo/,
    build: (world) => {
      const probe = { path: '/ping', port: 9000, scheme: 'HTTP' };
      const of = (host?: string) => [
        {
          ...APP,
          ports: [{ name: 'main', containerPort: 9000, protocol: 'TCP' }],
          readinessProbe: { httpGet: { ...probe, ...(host ? { host } : {}) } },
        },
      ];
      const workload = world.workload({
        name: 'ledger',
        replicas: 2,
        containers: of('127.0.0.1'),
        earlier: [{ containers: of() }],
      });
      for (const pod of world.podsOf(workload)) {
        running(pod, 'server', false);
        warned(
          world,
          pod,
          'Unhealthy',
          'Readiness probe failed: Get "http://127.0.0.1:9000/ping": dial tcp 127.0.0.1:9000: connect: connection refused',
        );
        world.logs.set(`${pod.metadata.name}/server/false`, ['ready on 0.0.0.0:9000']);
      }
      return [workload];
    },
  },
  {
    name: 'sidecar killed for memory since its limit went down',
    rule: 'memory-limit',
    fix: /memory|rollout undo/,
    build: (world) => {
      const of = (memory: string) => [
        {
          ...APP,
          ports: [{ name: 'http', containerPort: 8080, protocol: 'TCP' }],
          readinessProbe: { httpGet: { path: '/', port: 'http', scheme: 'HTTP' } },
        },
        {
          name: 'otel-agent',
          image: 'registry.example/otel:0.9',
          resources: { requests: { memory: '32Mi' }, limits: { memory } },
        },
      ];
      const workload = world.workload({
        name: 'profile',
        labels: helm('accounts', 'profile'),
        replicas: 2,
        containers: of('40Mi'),
        earlier: [{ containers: of('256Mi') }],
      });
      for (const pod of world.podsOf(workload)) {
        running(pod, 'server', true);
        crashed(pod, 'otel-agent', { exitCode: 137, reason: 'OOMKilled' });
        world.logs.set(`${pod.metadata.name}/otel-agent/true`, ['pipeline started']);
      }
      return [workload];
    },
  },
  {
    name: 'heap of a JVM raised above the limit of its container',
    rule: 'memory-limit',
    fix: /JAVA_TOOL_OPTIONS|rollout undo|Xmx/,
    build: (world) => {
      const of = (heap: string) => [
        {
          ...APP,
          env: [{ name: 'JAVA_TOOL_OPTIONS', value: `-XX:+UseG1GC -Xmx${heap}` }],
          ports: [{ name: 'http', containerPort: 8080, protocol: 'TCP' }],
          resources: { requests: { memory: '512Mi' }, limits: { memory: '768Mi' } },
        },
      ];
      const workload = world.workload({
        name: 'search',
        replicas: 1,
        containers: of('2g'),
        earlier: [{ containers: of('512m') }],
      });
      const [pod] = world.podsOf(workload);
      crashed(pod!, 'server', { exitCode: 137, reason: 'OOMKilled' });
      world.logs.set(`${pod!.metadata.name}/server/true`, ['Picked up JAVA_TOOL_OPTIONS: -XX:+UseG1GC -Xmx2g']);
      return [workload];
    },
  },
  {
    name: 'second init container waits for a Service without the prefix of its stage',
    rule: 'missing-service',
    fix: /stage-pg-primary/,
    build: (world) => {
      const database = world.workload({
        kind: 'StatefulSet',
        name: 'stage-pg-primary',
        labels: { app: 'pg' },
        replicas: 1,
        containers: [world.container({ port: 5432, portName: 'pg' })],
      });
      world.serviceFor(database, {
        name: 'stage-pg-primary',
        spec: { ports: [{ name: 'pg', port: 5432, targetPort: 5432, protocol: 'TCP' }] },
      });
      const workload = world.workload({
        name: 'stage-billing',
        labels: { app: 'billing' },
        replicas: 1,
        podSpec: {
          initContainers: [
            { name: 'migrate-lock', image: 'registry.example/tools:1', command: ['sh', '-c', 'true'] },
            {
              name: 'wait-db',
              image: 'registry.example/tools:1',
              command: ['sh', '-c', 'until nc -z pg-primary 5432; do echo waiting; sleep 2; done'],
            },
            { name: 'schema', image: 'registry.example/tools:1', command: ['sh', '-c', 'true'] },
          ],
        },
      });
      const [pod] = world.podsOf(workload) as unknown as [Loose];
      const container = pod.spec.containers[0].name;
      held(pod, container, 'PodInitializing');
      pod.status.initContainerStatuses = [
        {
          name: 'migrate-lock',
          ready: true,
          restartCount: 0,
          state: { terminated: { exitCode: 0, reason: 'Completed' } },
        },
        {
          name: 'wait-db',
          ready: false,
          restartCount: 0,
          started: true,
          state: { running: { startedAt: '2031-05-06T06:10:00Z' } },
        },
        { name: 'schema', ready: false, restartCount: 0, state: { waiting: { reason: 'PodInitializing' } } },
      ];
      pod.status.conditions.push({ type: 'Initialized', status: 'False', reason: 'ContainersNotInitialized' });
      world.logs.set(`${pod.metadata.name}/wait-db/false`, [
        "nc: bad address 'pg-primary'",
        'waiting',
        "nc: bad address 'pg-primary'",
        'waiting',
      ]);
      return [workload];
    },
  },
  {
    name: 'runAsNonRoot over an image whose user is a name',
    rule: 'container-start',
    fix: /rollout undo|runAsUser/,
    build: (world) => {
      const of = (securityContext: object) => [
        { ...APP, securityContext, ports: [{ name: 'http', containerPort: 8080, protocol: 'TCP' }] },
      ];
      const workload = world.workload({
        name: 'avatars',
        replicas: 2,
        podSpec: { securityContext: { runAsNonRoot: true } },
        containers: of({ allowPrivilegeEscalation: false }),
        earlier: [{ containers: of({ allowPrivilegeEscalation: false, runAsUser: 10001 }), readyPods: 1 }],
      });
      for (const pod of world.podsOf(workload).slice(1)) {
        const message =
          'container has runAsNonRoot and image has non-numeric user (app), cannot verify user is non-root (pod: "x", container: server)';
        held(pod, 'server', 'CreateContainerConfigError', message);
        warned(world, pod, 'Failed', `Error: ${message}`);
      }
      return [workload];
    },
  },
  {
    name: 'capability to bind a low port dropped',
    rule: 'file-permission',
    fix: null,
    build: (world) => {
      const of = (capabilities: object) => [
        {
          ...APP,
          ports: [{ name: 'http', containerPort: 80, protocol: 'TCP' }],
          securityContext: { runAsUser: 101, capabilities },
        },
      ];
      const workload = world.workload({
        name: 'edge-nginx',
        replicas: 2,
        containers: of({ drop: ['ALL'] }),
        earlier: [{ containers: of({ drop: ['ALL'], add: ['NET_BIND_SERVICE'] }) }],
      });
      for (const pod of world.podsOf(workload)) {
        crashed(pod, 'server');
        world.logs.set(`${pod.metadata.name}/server/true`, [
          'nginx: [emerg] bind() to 0.0.0.0:80 failed (13: Permission denied)',
        ]);
      }
      return [workload];
    },
  },
  {
    name: 'postStart hook fails',
    rule: 'container-start',
    fix: /rollout undo|postStart|lifecycle/,
    build: (world) => {
      const of = (lifecycle?: object) => [
        {
          ...APP,
          ports: [{ name: 'http', containerPort: 8080, protocol: 'TCP' }],
          ...(lifecycle ? { lifecycle } : {}),
        },
      ];
      const workload = world.workload({
        name: 'notifier',
        replicas: 1,
        containers: of({ postStart: { exec: { command: ['/bin/register', '--all'] } } }),
        earlier: [{ containers: of() }],
      });
      const [pod] = world.podsOf(workload);
      crashed(pod!, 'server', { exitCode: 137 });
      warned(
        world,
        pod!,
        'FailedPostStartHook',
        'PostStartHook failed: Exec lifecycle hook ([/bin/register --all]) for Container "server" in Pod "x" failed - error: command \'/bin/register --all\' exited with 127',
      );
      world.event(pod!, 'Killing', 'FailedPostStartHook');
      world.logs.set(`${pod!.metadata.name}/server/true`, ['serving', 'received SIGTERM, bye']);
      return [workload];
    },
  },
  {
    name: 'readiness gate that nobody sets',
    rule: 'pod-held',
    fix: /rollout undo|readinessGates/,
    build: (world) => {
      const workload = world.workload({
        name: 'storefront',
        replicas: 2,
        podSpec: { readinessGates: [{ conditionType: 'target-health.example.com/storefront' }] },
        earlier: [{ podSpec: { readinessGates: undefined } }],
      });
      for (const pod of world.podsOf(workload) as Loose[]) {
        unready(pod);
        for (const condition of pod.status.conditions) {
          if (condition.type === 'Ready')
            Object.assign(condition, {
              reason: 'ReadinessGatesNotReady',
              message:
                'corresponding condition of pod readiness gate "target-health.example.com/storefront" does not exist.',
            });
        }
        pod.status.conditions.push({ type: 'ContainersReady', status: 'True' });
      }
      (workload as Loose).status = { observedGeneration: 2, replicas: 2, updatedReplicas: 2, unavailableReplicas: 2 };
      return [workload];
    },
  },
  {
    name: 'scratch volume smaller than what the program writes',
    rule: 'pod-held',
    fix: /rollout undo|sizeLimit/,
    build: (world) => {
      const of = (sizeLimit: string) => ({ volumes: [{ name: 'cache', emptyDir: { sizeLimit } }] });
      const workload = world.workload({
        name: 'thumbnails',
        replicas: 1,
        containers: [
          {
            ...APP,
            ports: [{ name: 'http', containerPort: 8080, protocol: 'TCP' }],
            volumeMounts: [{ name: 'cache', mountPath: '/cache' }],
          },
        ],
        podSpec: of('8Mi'),
        earlier: [{ podSpec: of('2Gi') }],
      });
      const [living] = world.podsOf(workload) as Loose[];
      for (let index = 0; index < 4; index++) {
        const copy = world.add(
          'Pod',
          'v1',
          `${living!.metadata.name}-e${index}`,
          structuredClone({
            metadata: { labels: living!.metadata.labels, ownerReferences: living!.metadata.ownerReferences },
            spec: living!.spec,
            status: {},
          }),
        ) as Loose;
        copy.status = {
          phase: 'Failed',
          reason: 'Evicted',
          message: 'Usage of EmptyDir volume "cache" exceeds the limit "8Mi". ',
        };
        warned(world, copy as never, 'Evicted', 'Usage of EmptyDir volume "cache" exceeds the limit "8Mi". ', 1);
      }
      held(living!, 'server', 'ContainerCreating');
      return [workload];
    },
  },
  {
    name: 'pull secret under a name that is not there',
    rule: 'image-pull',
    fix: /imagePullSecrets/,
    build: (world) => {
      world.add('Secret', 'v1', 'registry-credentials', {
        type: 'kubernetes.io/dockerconfigjson',
        data: { '.dockerconfigjson': '' },
      });
      world.workload({ name: 'orders', podSpec: { imagePullSecrets: [{ name: 'registry-credentials' }] } });
      const workload = world.workload({
        name: 'returns',
        replicas: 1,
        containers: [{ ...APP, ports: [{ name: 'http', containerPort: 8080, protocol: 'TCP' }] }],
        podSpec: { imagePullSecrets: [{ name: 'registry-credential' }] },
      });
      const [pod] = world.podsOf(workload);
      held(pod!, 'server', 'ImagePullBackOff', `Back-off pulling image "${APP.image}"`);
      warned(
        world,
        pod!,
        'Failed',
        `Failed to pull image "${APP.image}": failed to resolve reference "${APP.image}": pull access denied, repository does not exist or may require authorization: authorization failed: no basic auth credentials`,
      );
      warned(
        world,
        pod!,
        'FailedToRetrieveImagePullSecret',
        'Unable to retrieve some image pull secrets (registry-credential); attempting to pull the image may not succeed.',
      );
      return [workload];
    },
  },
  {
    name: 'image never pulled on purpose of a developer',
    rule: 'image-pull',
    fix: /imagePullPolicy|rollout undo/,
    build: (world) => {
      const of = (imagePullPolicy: string) => [
        { ...APP, imagePullPolicy, ports: [{ name: 'http', containerPort: 8080, protocol: 'TCP' }] },
      ];
      const workload = world.workload({
        name: 'coupons',
        replicas: 1,
        containers: of('Never'),
        earlier: [{ containers: of('IfNotPresent') }],
      });
      const [pod] = world.podsOf(workload);
      held(
        pod!,
        'server',
        'ErrImageNeverPull',
        `Container image "${APP.image}" is not present with pull policy of Never`,
      );
      warned(
        world,
        pod!,
        'ErrImageNeverPull',
        `Container image "${APP.image}" is not present with pull policy of Never`,
      );
      return [workload];
    },
  },
  {
    name: 'name of the image in capitals',
    rule: 'image-pull',
    fix: /shop\/server:3\.2/,
    build: (world) => {
      const of = (image: string) => [
        { name: 'server', image, ports: [{ name: 'http', containerPort: 8080, protocol: 'TCP' }] },
      ];
      const workload = world.workload({
        name: 'gifts',
        replicas: 2,
        containers: of('registry.example/Shop/server:3.2.1'),
        earlier: [{ containers: of('registry.example/shop/server:3.2.0'), readyPods: 1 }],
      });
      for (const pod of world.podsOf(workload).slice(1)) {
        const message =
          'Failed to apply default image tag "registry.example/Shop/server:3.2.1": couldn\'t parse image name "registry.example/Shop/server:3.2.1": invalid reference format: repository name (Shop/server) must be lowercase';
        held(pod, 'server', 'InvalidImageName', message);
        warned(world, pod, 'InspectFailed', message);
      }
      return [workload];
    },
  },
  {
    name: 'processor limit so low that probes time out',
    rule: 'probe-timeout',
    fix: /cpu|rollout undo/,
    build: (world) => {
      const of = (cpu: string) => [
        {
          ...APP,
          ports: [{ name: 'http', containerPort: 8080, protocol: 'TCP' }],
          readinessProbe: {
            httpGet: { path: '/health', port: 'http', scheme: 'HTTP' },
            timeoutSeconds: 1,
            periodSeconds: 10,
            failureThreshold: 3,
          },
          resources: { requests: { cpu: '5m' }, limits: { cpu } },
        },
      ];
      const workload = world.workload({
        name: 'quotes',
        replicas: 2,
        containers: of('5m'),
        earlier: [{ containers: of('500m') }],
      });
      for (const pod of world.podsOf(workload)) {
        running(pod, 'server', false);
        warned(
          world,
          pod,
          'Unhealthy',
          'Readiness probe failed: Get "http://10.2.0.31:8080/health": context deadline exceeded (Client.Timeout exceeded while awaiting headers)',
        );
        world.logs.set(`${pod.metadata.name}/server/false`, ['listening']);
      }
      return [workload];
    },
  },
];
