import type { Loose, World } from '../builders.ts';
import { applied, fieldsOf, helm, PROXY } from './fault.ts';
import { slice } from './network.ts';

/** Things in order that look like faults. */
export interface LookAlike {
  name: string;
  build: (world: World) => void;
  /** Meant as it is, but worth a word where something fails and nobody knows why. */
  held?: true;
}

const IMAGE = 'registry.example/shop/server:3.2.0';
const HTTP = { name: 'http', containerPort: 8080, protocol: 'TCP' };
const MAIN = {
  name: 'main',
  image: IMAGE,
  ports: [HTTP],
  readinessProbe: { httpGet: { path: '/', port: 'http', scheme: 'HTTP' } },
};

function served(world: World, name: string, more: Loose = {}): Loose {
  const workload = world.workload({ name, replicas: 2, containers: [MAIN], ...more });
  const service = world.serviceFor(workload, {
    name,
    spec: { ports: [{ name: 'http', port: 80, targetPort: 'http', protocol: 'TCP' }] },
  });
  slice(world, service, world.podsOf(workload));
  return workload;
}

export const CALM: LookAlike[] = [
  {
    name: 'probes that failed while the pods started',
    build: (world) => {
      const workload = served(world, 'slow');
      for (const pod of world.podsOf(workload as never)) {
        world.event(
          pod,
          'Unhealthy',
          'Readiness probe failed: Get "http://10.2.0.4:8080/": dial tcp 10.2.0.4:8080: connect: connection refused',
          { type: 'Warning', count: 3, lastTimestamp: '2031-05-06T06:00:20Z' },
        );
        world.logs.set(`${pod.metadata.name}/main/false`, [
          'error: cannot reach cache: connection refused, will retry',
          'ready',
        ]);
      }
    },
  },
  {
    name: 'container that was killed for memory days ago',
    build: (world) => {
      const workload = served(world, 'bulk', { containers: [{ ...MAIN, resources: { limits: { memory: '256Mi' } } }] });
      for (const pod of world.podsOf(workload as never) as Loose[]) {
        Object.assign(pod.status.containerStatuses[0], {
          restartCount: 5,
          lastState: { terminated: { exitCode: 137, reason: 'OOMKilled', finishedAt: '2031-05-01T01:00:00Z' } },
        });
        pod.status.containerStatuses[0].state = { running: { startedAt: '2031-05-01T01:00:02Z' } };
      }
    },
  },
  {
    name: 'sidecar among the init containers',
    build: (world) => {
      const workload = served(world, 'modern', {
        podSpec: { initContainers: [{ ...PROXY, restartPolicy: 'Always', startupProbe: PROXY.readinessProbe }] },
      });
      for (const pod of world.podsOf(workload as never) as Loose[])
        pod.status.initContainerStatuses = [
          {
            name: 'istio-proxy',
            ready: true,
            started: true,
            restartCount: 0,
            imageID: 'x',
            state: { running: { startedAt: '2031-05-06T06:00:05Z' } },
          },
        ];
    },
  },
  {
    name: 'Service without a selector that leads to a machine outside',
    build: (world) => {
      served(world, 'app');
      const service = world.service(undefined as never, [{ name: 'pg', port: 5432, targetPort: 5432 }], {
        name: 'legacy-db',
      });
      delete service.spec.selector;
      world.add('EndpointSlice', 'discovery.k8s.io/v1', 'legacy-db-1', {
        metadata: { labels: { 'kubernetes.io/service-name': 'legacy-db' } },
        addressType: 'IPv4',
        ports: [{ name: 'pg', port: 5432, protocol: 'TCP' }],
        endpoints: [{ addresses: ['172.30.4.9'], conditions: { ready: true } }],
      });
    },
  },
  {
    name: 'headless Service whose peers are all ready',
    build: (world) => {
      const workload = world.workload({
        kind: 'StatefulSet',
        name: 'nats',
        replicas: 3,
        containers: [{ ...MAIN, env: [{ name: 'ROUTES', value: 'nats://nats-0.nats:6222,nats://nats-1.nats:6222' }] }],
        spec: { serviceName: 'nats' },
      });
      const service = world.service(
        { app: 'nats' },
        [
          { name: 'http', port: 8080, targetPort: 'http' },
          { name: 'cluster', port: 6222, targetPort: 6222 },
        ],
        { name: 'nats', spec: { clusterIP: 'None' } },
      );
      slice(world, service, world.podsOf(workload));
    },
  },
  {
    name: 'addresses outside, and of features that are off',
    build: (world) => {
      served(world, 'site', {
        containers: [
          {
            ...MAIN,
            env: [
              { name: 'API', value: 'https://api.github.com:443' },
              { name: 'SMTP', value: 'smtp.eu.example.com:587' },
              { name: 'KAFKA_ENABLED', value: 'false' },
              { name: 'DOCS', value: 'see http://localhost:3000/help' },
              { name: 'LISTEN', value: '0.0.0.0:8080' },
              { name: 'IMAGE', value: 'busybox:1.36' },
            ],
          },
        ],
      });
    },
  },
  {
    name: 'Job that succeeded at its second try, CronJob made suspended',
    build: (world) => {
      served(world, 'any');
      const job = world.add('Job', 'batch/v1', 'migrate', {
        spec: { backoffLimit: 3, template: { spec: { restartPolicy: 'Never', containers: [MAIN] } } },
        status: {
          succeeded: 1,
          failed: 1,
          completionTime: '2031-05-06T06:05:00Z',
          conditions: [{ type: 'Complete', status: 'True' }],
        },
      });
      for (const phase of ['Failed', 'Succeeded'])
        world.add('Pod', 'v1', `migrate-${phase.toLowerCase()}`, {
          metadata: {
            labels: { 'job-name': 'migrate' },
            ownerReferences: [
              { apiVersion: 'batch/v1', kind: 'Job', name: 'migrate', uid: job.metadata.uid, controller: true },
            ],
          },
          spec: { containers: [MAIN], nodeName: world.list('Node')[0]!.metadata.name },
          status: {
            phase,
            conditions: [],
            containerStatuses: [
              {
                name: 'main',
                ready: false,
                restartCount: 0,
                state: {
                  terminated: {
                    exitCode: phase === 'Failed' ? 1 : 0,
                    reason: phase === 'Failed' ? 'Error' : 'Completed',
                  },
                },
              },
            ],
          },
        });
      world.add('CronJob', 'batch/v1', 'manual-only', {
        spec: {
          schedule: '0 0 1 1 *',
          suspend: true,
          jobTemplate: { spec: { template: { spec: { restartPolicy: 'Never', containers: [MAIN] } } } },
        },
        status: {},
      });
    },
  },
  {
    name: 'claim that waits for its first consumer',
    build: (world) => {
      served(world, 'nothing');
      world.add(
        'StorageClass',
        'storage.k8s.io/v1',
        'standard',
        { provisioner: 'rancher.io/local-path', volumeBindingMode: 'WaitForFirstConsumer' },
        null,
      );
      const claim = world.add('PersistentVolumeClaim', 'v1', 'for-later', {
        spec: {
          accessModes: ['ReadWriteOnce'],
          storageClassName: 'standard',
          resources: { requests: { storage: '1Gi' } },
        },
        status: { phase: 'Pending' },
      });
      world.event(claim, 'WaitForFirstConsumer', 'waiting for first consumer to be created before binding', {
        count: 40,
      });
    },
  },
  {
    name: 'policies that deny all and then allow each edge',
    build: (world) => {
      served(world, 'db-api', { labels: { app: 'db-api' } });
      served(world, 'ui', {
        labels: { app: 'ui' },
        containers: [{ ...MAIN, env: [{ name: 'API', value: 'http://db-api' }] }],
      });
      world.add('NetworkPolicy', 'networking.k8s.io/v1', 'deny', {
        spec: { podSelector: {}, policyTypes: ['Ingress', 'Egress'] },
      });
      world.add('NetworkPolicy', 'networking.k8s.io/v1', 'dns', {
        spec: {
          podSelector: {},
          policyTypes: ['Egress'],
          egress: [
            {
              ports: [
                { port: 53, protocol: 'UDP' },
                { port: 53, protocol: 'TCP' },
              ],
            },
          ],
        },
      });
      world.add('NetworkPolicy', 'networking.k8s.io/v1', 'ui-out', {
        spec: {
          podSelector: { matchLabels: { app: 'ui' } },
          policyTypes: ['Egress'],
          egress: [{ to: [{ podSelector: { matchLabels: { app: 'db-api' } } }] }],
        },
      });
      world.add('NetworkPolicy', 'networking.k8s.io/v1', 'api-in', {
        spec: {
          podSelector: { matchLabels: { app: 'db-api' } },
          policyTypes: ['Ingress'],
          ingress: [
            { from: [{ podSelector: { matchLabels: { app: 'ui' } } }], ports: [{ port: 'http', protocol: 'TCP' }] },
          ],
        },
      });
    },
  },
  {
    name: 'ConfigMap edited under pods that read it as a volume',
    build: (world) => {
      world.configMap(
        { 'a.yaml': 'x: 1' },
        {
          name: 'live',
          metadata: {
            managedFields: [
              {
                manager: 'kubectl-edit',
                operation: 'Update',
                time: '2031-05-06T07:07:00Z',
                fieldsType: 'FieldsV1',
                fieldsV1: { 'f:data': { 'f:a.yaml': {} } },
              },
            ],
          },
        },
      );
      served(world, 'reader', {
        containers: [{ ...MAIN, volumeMounts: [{ name: 'c', mountPath: '/c' }] }],
        podSpec: { volumes: [{ name: 'c', configMap: { name: 'live' } }] },
      });
    },
  },
  {
    name: 'variable of a ConfigMap overridden on purpose',
    build: (world) => {
      world.configMap({ LEVEL: 'info', UPSTREAM: 'http://base' }, { name: 'common' });
      served(world, 'base');
      served(world, 'special', {
        containers: [
          {
            ...MAIN,
            envFrom: [{ configMapRef: { name: 'common' } }],
            env: [
              { name: 'LEVEL', value: 'debug' },
              { name: 'LEVEL', value: 'debug' },
            ],
          },
        ],
      });
    },
  },
  {
    name: 'DaemonSet for nodes with a card that there are none of',
    build: (world) => {
      served(world, 'rest');
      const workload = world.workload({
        kind: 'DaemonSet',
        name: 'gpu-plugin',
        replicas: 0,
        pods: 'none',
        podSpec: { nodeSelector: { 'example.com/gpu': 'true' } },
      }) as Loose;
      workload.status = { observedGeneration: 2, desiredNumberScheduled: 0, currentNumberScheduled: 0, numberReady: 0 };
    },
  },
  {
    name: 'ready pods of a canary behind a partition',
    held: true,
    build: (world) => {
      const of = (image: string) => [{ ...MAIN, image }];
      const workload = world.workload({
        kind: 'StatefulSet',
        name: 'canary',
        replicas: 3,
        containers: of(`${IMAGE}-rc`),
        earlier: [{ containers: of(IMAGE) }],
        spec: { serviceName: 'canary', updateStrategy: { type: 'RollingUpdate', rollingUpdate: { partition: 2 } } },
      }) as Loose;
      world.service({ app: 'canary' }, [{ name: 'http', port: 8080, targetPort: 'http' }], {
        name: 'canary',
        spec: { clusterIP: 'None' },
      });
      const [old, now] = world.revisionsOf(workload) as Loose[];
      workload.status = {
        observedGeneration: 2,
        replicas: 3,
        readyReplicas: 3,
        availableReplicas: 3,
        updatedReplicas: 1,
        currentReplicas: 2,
        currentRevision: old.metadata.name,
        updateRevision: now.metadata.name,
      };
      for (const [index, pod] of (world.podsOf(workload) as Loose[]).entries())
        if (index < 2) pod.metadata.labels['controller-revision-hash'] = old.metadata.name;
    },
  },
  {
    name: 'app without the Service that its StatefulSet names, which nobody asks',
    build: (world) => {
      world.workload({
        kind: 'StatefulSet',
        name: 'alone',
        replicas: 1,
        containers: [MAIN],
        spec: { serviceName: 'alone' },
      });
    },
  },
  {
    name: 'ExternalName to a host outside, and one to a Service elsewhere',
    build: (world) => {
      world.service(undefined as never, [], {
        name: 'mail',
        spec: { type: 'ExternalName', clusterIP: undefined, externalName: 'smtp.example.com', selector: undefined },
      });
      world.service(undefined as never, [], {
        name: 'shared',
        spec: {
          type: 'ExternalName',
          clusterIP: undefined,
          externalName: 'shared.platform.svc.cluster.local',
          selector: undefined,
        },
      });
      world.elsewhere('Service', 'v1', 'platform', 'shared', {
        spec: { selector: { app: 's' }, ports: [{ port: 80 }] },
      });
      served(world, 'user', {
        containers: [
          {
            ...MAIN,
            env: [
              { name: 'MAIL', value: 'mail:25' },
              { name: 'SHARED', value: 'http://shared' },
            ],
          },
        ],
      });
    },
  },
  {
    name: 'binding to a role of the cluster, under GitOps',
    build: (world) => {
      const workload = served(world, 'viewer', { podSpec: { serviceAccountName: 'viewer' } });
      workload.metadata.managedFields = [fieldsOf('argocd-controller', 'Apply', { 'f:spec': { 'f:replicas': {} } })];
      world.add('ServiceAccount', 'v1', 'viewer', {});
      world.add('RoleBinding', 'rbac.authorization.k8s.io/v1', 'viewer', {
        roleRef: { apiGroup: 'rbac.authorization.k8s.io', kind: 'ClusterRole', name: 'view' },
        subjects: [{ kind: 'ServiceAccount', name: 'viewer', namespace: world.namespace }],
      });
      applied(workload);
    },
  },
  {
    name: 'UDP behind a container port whose protocol nobody wrote',
    build: (world) => {
      const workload = world.workload({
        name: 'statsd',
        containers: [{ name: 'main', image: IMAGE, ports: [{ containerPort: 8125, protocol: 'TCP' }] }],
      });
      const service = world.service({ app: 'statsd' }, [{ port: 8125, targetPort: 8125, protocol: 'UDP' }], {
        name: 'statsd',
      });
      slice(world, service, world.podsOf(workload));
      served(world, 'measured', { containers: [{ ...MAIN, env: [{ name: 'STATSD', value: 'statsd:8125' }] }] });
    },
  },
  {
    name: 'pods that wait in a queue by a gate that is not of their template',
    build: (world) => {
      served(world, 'prompt');
      const workload = world.workload({ name: 'queued', replicas: 1, containers: [MAIN] });
      for (const pod of world.podsOf(workload) as Loose[]) {
        delete pod.spec.nodeName;
        pod.spec.schedulingGates = [{ name: 'kueue.x-k8s.io/admission' }];
        pod.status = {
          phase: 'Pending',
          conditions: [{ type: 'PodScheduled', status: 'False', reason: 'SchedulingGated' }],
        };
      }
    },
  },
  {
    name: 'release of Helm with names of everything after the release',
    build: (world) => {
      const workload = served(world, 'rel-api', {
        labels: helm('rel', 'api'),
        containers: [PROXY, { ...MAIN, env: [{ name: 'SELF', value: 'http://rel-api:80' }] }],
      });
      world.event(workload as never, 'ScalingReplicaSet', 'Scaled up replica set rel-api-1 to 2');
    },
  },
];
