import type { Loose } from '../builders.ts';
import type { UnfamiliarFault } from './fault.ts';
import { applied, crashed, helm, held, running, warned } from './fault.ts';
import { slice } from './network.ts';

const IMAGE = 'registry.example/shop/server:3.2.0';
const HTTP = { name: 'http', containerPort: 8080, protocol: 'TCP' };
const MAIN = { name: 'main', image: IMAGE, ports: [HTTP] };

export const RUNNING: UnfamiliarFault[] = [
  {
    name: 'autoscaler whose pods hold a container without a request',
    rule: 'autoscaler-target',
    fix: /cpu|rollout undo/,
    build: (world) => {
      const of = (resources?: object) => [
        { ...MAIN, resources: { requests: { cpu: '100m' } } },
        { name: 'agent', image: 'registry.example/agent:1', ...(resources ? { resources } : {}) },
      ];
      world.workload({
        name: 'matcher',
        replicas: 2,
        containers: of(),
        earlier: [{ containers: of({ requests: { cpu: '10m' } }) }],
      });
      const scaler = world.add('HorizontalPodAutoscaler', 'autoscaling/v2', 'matcher', {
        spec: {
          scaleTargetRef: { apiVersion: 'apps/v1', kind: 'Deployment', name: 'matcher' },
          minReplicas: 2,
          maxReplicas: 6,
          metrics: [
            { type: 'Resource', resource: { name: 'cpu', target: { type: 'Utilization', averageUtilization: 60 } } },
          ],
        },
        status: {
          currentReplicas: 2,
          desiredReplicas: 2,
          conditions: [
            { type: 'AbleToScale', status: 'True', reason: 'SucceededGetScale' },
            {
              type: 'ScalingActive',
              status: 'False',
              reason: 'FailedGetResourceMetric',
              message:
                'the HPA was unable to compute the replica count: failed to get cpu utilization: missing request for cpu in container agent of Pod matcher-x',
            },
          ],
        },
      });
      warned(
        world,
        scaler,
        'FailedGetResourceMetric',
        'failed to get cpu utilization: missing request for cpu in container agent of Pod matcher-x',
      );
      return [scaler];
    },
  },
  {
    name: 'partition of a StatefulSet left behind, the repair reaches one pod only',
    rule: 'rollout-held',
    fix: /partition/,
    build: (world) => {
      const of = (mode: string) => [{ ...MAIN, env: [{ name: 'MODE', value: mode }] }];
      const workload = world.workload({
        kind: 'StatefulSet',
        name: 'shards',
        replicas: 3,
        containers: of('fixed'),
        earlier: [{ containers: of('broken') }],
        spec: { serviceName: 'shards', updateStrategy: { type: 'RollingUpdate', rollingUpdate: { partition: 2 } } },
      }) as Loose;
      const [old, now] = world.revisionsOf(workload) as Loose[];
      workload.status = {
        observedGeneration: 2,
        replicas: 3,
        readyReplicas: 1,
        updatedReplicas: 1,
        currentReplicas: 2,
        currentRevision: old.metadata.name,
        updateRevision: now.metadata.name,
      };
      for (const [index, pod] of (world.podsOf(workload) as Loose[]).entries()) {
        pod.metadata.labels['controller-revision-hash'] = index < 2 ? old.metadata.name : now.metadata.name;
        if (index < 2) {
          pod.spec.containers = of('broken');
          crashed(pod, 'main');
          world.logs.set(`${pod.metadata.name}/main/true`, ['unknown mode broken']);
        }
      }
      return [workload];
    },
  },
  {
    name: 'Deployment that counts pods as available after a day only',
    rule: 'rollout-held',
    fix: /minReadySeconds|rollout undo/,
    build: (world) => {
      const workload = world.workload({ name: 'feeds', replicas: 2, spec: { minReadySeconds: 86400 } }) as Loose;
      applied({ ...workload, spec: { ...workload.spec, minReadySeconds: 5 }, metadata: workload.metadata });
      workload.status = {
        observedGeneration: 2,
        replicas: 2,
        updatedReplicas: 2,
        readyReplicas: 2,
        availableReplicas: 0,
        unavailableReplicas: 2,
        conditions: [
          { type: 'Available', status: 'False', reason: 'MinimumReplicasUnavailable' },
          { type: 'Progressing', status: 'False', reason: 'ProgressDeadlineExceeded' },
        ],
      };
      return [workload];
    },
  },
  {
    name: 'Job over its deadline',
    rule: 'job-failed',
    fix: null,
    build: (world) => {
      const job = world.add('Job', 'batch/v1', 'reindex-20310506', {
        metadata: { labels: helm('search', 'reindex') },
        spec: {
          activeDeadlineSeconds: 60,
          backoffLimit: 6,
          completions: 1,
          parallelism: 1,
          template: {
            metadata: { labels: { 'job-name': 'reindex-20310506' } },
            spec: { restartPolicy: 'Never', containers: [MAIN] },
          },
        },
        status: {
          failed: 1,
          startTime: '2031-05-06T06:50:00Z',
          conditions: [
            {
              type: 'Failed',
              status: 'True',
              reason: 'DeadlineExceeded',
              message: 'Job was active longer than specified deadline',
              lastTransitionTime: '2031-05-06T06:51:00Z',
            },
          ],
        },
      });
      warned(world, job, 'DeadlineExceeded', 'Job was active longer than specified deadline', 1);
      return [job];
    },
  },
  {
    name: 'CronJob that forbids a second run beside one that hangs',
    rule: 'cron-job-schedule',
    fix: null,
    build: (world) => {
      const template = { spec: { template: { spec: { restartPolicy: 'Never', containers: [MAIN] } } } };
      const cron = world.add('CronJob', 'batch/v1', 'nightly-export', {
        metadata: { creationTimestamp: '2031-05-01T00:00:00Z' },
        spec: { schedule: '*/5 * * * *', concurrencyPolicy: 'Forbid', jobTemplate: template, suspend: false },
        status: {
          lastScheduleTime: '2031-05-06T02:00:00Z',
          active: [{ kind: 'Job', name: 'nightly-export-1', namespace: world.namespace }],
        },
      });
      const job = world.add('Job', 'batch/v1', 'nightly-export-1', {
        metadata: {
          ownerReferences: [
            {
              apiVersion: 'batch/v1',
              kind: 'CronJob',
              name: 'nightly-export',
              uid: cron.metadata.uid,
              controller: true,
            },
          ],
          creationTimestamp: '2031-05-06T02:00:00Z',
        },
        spec: { ...template.spec, backoffLimit: 6 },
        status: { active: 1, startTime: '2031-05-06T02:00:00Z' },
      });
      const pod = world.add('Pod', 'v1', 'nightly-export-1-abcde', {
        metadata: {
          labels: { 'job-name': 'nightly-export-1' },
          ownerReferences: [
            { apiVersion: 'batch/v1', kind: 'Job', name: job.metadata.name, uid: job.metadata.uid, controller: true },
          ],
        },
        spec: { nodeName: world.list('Node')[0]!.metadata.name, ...template.spec.template.spec },
        status: {
          phase: 'Running',
          startTime: '2031-05-06T02:00:00Z',
          conditions: [{ type: 'Ready', status: 'True' }],
          containerStatuses: [
            { name: 'main', ready: true, restartCount: 0, state: { running: { startedAt: '2031-05-06T02:00:00Z' } } },
          ],
        },
      });
      world.event(
        cron,
        'JobAlreadyActive',
        'Not starting job because prior execution is running and concurrency policy is Forbid',
        { count: 60 },
      );
      world.logs.set(`${pod.metadata.name}/main/false`, ['waiting for lock']);
      return [cron];
    },
  },
  {
    name: 'CronJob for the thirtieth of February',
    rule: 'cron-job-schedule',
    fix: null,
    build: (world) => {
      const template = { spec: { template: { spec: { restartPolicy: 'Never', containers: [MAIN] } } } };
      const cron = world.add('CronJob', 'batch/v1', 'yearly', {
        spec: { schedule: '0 0 30 2 *', jobTemplate: template, suspend: false },
        status: {},
      });
      return [cron];
    },
  },
  {
    name: 'node that no longer reports, its pods not replaced yet',
    rule: 'node-condition',
    fix: null,
    build: (world) => {
      const node = world.list('Node')[0] as Loose;
      node.status.conditions = [
        {
          type: 'Ready',
          status: 'Unknown',
          reason: 'NodeStatusUnknown',
          message: 'Kubelet stopped posting node status.',
        },
      ];
      const workload = world.workload({ name: 'sole', replicas: 1 });
      for (const pod of world.podsOf(workload) as Loose[]) {
        pod.status.conditions = [
          { type: 'Ready', status: 'False' },
          { type: 'PodScheduled', status: 'True' },
        ];
      }
      return [workload];
    },
  },
  {
    name: 'namespace that cannot go, for an API whose server is down',
    rule: 'stuck-deletion',
    fix: null,
    build: (world) => {
      const namespace = world.add(
        'Namespace',
        'v1',
        world.namespace,
        {
          metadata: { deletionTimestamp: '2031-05-06T06:00:00Z' },
          spec: { finalizers: ['kubernetes'] },
          status: {
            phase: 'Terminating',
            conditions: [
              {
                type: 'NamespaceDeletionDiscoveryFailure',
                status: 'True',
                reason: 'DiscoveryFailed',
                message:
                  'Discovery failed for some groups, 1 failing: unable to retrieve the complete list of server APIs: metrics.example.com/v1: stale GroupVersion discovery: metrics.example.com/v1',
              },
            ],
          },
        },
        null,
      );
      return [namespace];
    },
  },
  {
    name: 'pair: probe on the wrong port, Service with the wrong selector',
    rule: 'probe-target',
    fix: /readinessProbe|selector/,
    build: (world) => {
      const workload = world.workload({
        name: 'points',
        labels: { app: 'points', part: 'api' },
        replicas: 1,
        containers: [{ ...MAIN, readinessProbe: { httpGet: { path: '/', port: 8081, scheme: 'HTTP' } } }],
      });
      const [pod] = world.podsOf(workload);
      running(pod!, 'main', false);
      warned(
        world,
        pod!,
        'Unhealthy',
        'Readiness probe failed: Get "http://10.2.0.9:8081/": dial tcp 10.2.0.9:8081: connect: connection refused',
      );
      world.logs.set(`${pod!.metadata.name}/main/false`, ['listening on 8080']);
      const service = world.service({ app: 'points', part: 'web' }, [{ name: 'http', port: 80, targetPort: 'http' }], {
        name: 'points',
      });
      slice(world, service, []);
      return [workload, service];
    },
  },
  {
    name: 'pair: image that is not there, claim that is not there',
    rule: 'missing-claim',
    fix: /claim-data|rollout undo/,
    build: (world) => {
      world.add('PersistentVolumeClaim', 'v1', 'claim-data', {
        spec: {
          accessModes: ['ReadWriteOnce'],
          storageClassName: 'standard',
          volumeName: 'pv-1',
          resources: { requests: { storage: '1Gi' } },
        },
        status: { phase: 'Bound' },
      });
      const pod = (claimName: string) => ({ volumes: [{ name: 'd', persistentVolumeClaim: { claimName } }] });
      const of = (image: string) => [{ ...MAIN, image, volumeMounts: [{ name: 'd', mountPath: '/d' }] }];
      const workload = world.workload({
        name: 'registry',
        replicas: 1,
        containers: of('registry.example/shop/server:3.2.o'),
        pods: 'pending',
        podSpec: pod('claim-dat'),
        earlier: [{ containers: of(IMAGE), podSpec: pod('claim-data') }],
      });
      for (const each of world.podsOf(workload) as Loose[]) {
        each.status.conditions = [
          {
            type: 'PodScheduled',
            status: 'False',
            reason: 'Unschedulable',
            message: 'persistentvolumeclaim "claim-dat" not found. preemption: not helpful',
          },
        ];
        warned(world, each as never, 'FailedScheduling', 'persistentvolumeclaim "claim-dat" not found.');
      }
      return [workload];
    },
  },
  {
    name: 'pod of an old revision keeps a StatefulSet from its repair',
    rule: 'image-pull',
    fix: /delete pod/,
    build: (world) => {
      const of = (image: string) => [{ ...MAIN, image }];
      const workload = world.workload({
        kind: 'StatefulSet',
        name: 'ledger-db',
        replicas: 2,
        containers: of(IMAGE),
        earlier: [{ containers: of('registry.example/shop/server:typo') }],
        spec: {
          serviceName: 'ledger-db',
          podManagementPolicy: 'OrderedReady',
          updateStrategy: { type: 'RollingUpdate', rollingUpdate: { partition: 0 } },
        },
      }) as Loose;
      const [old, now] = world.revisionsOf(workload) as Loose[];
      workload.status = {
        observedGeneration: 2,
        replicas: 2,
        readyReplicas: 1,
        updatedReplicas: 0,
        currentReplicas: 1,
        currentRevision: 'ledger-db-0',
        updateRevision: now.metadata.name,
      };
      const [first, second] = world.podsOf(workload) as Loose[];
      first!.metadata.labels['controller-revision-hash'] = now.metadata.name;
      second!.metadata.labels['controller-revision-hash'] = old.metadata.name;
      second!.spec.containers = of('registry.example/shop/server:typo');
      held(second!, 'main', 'ImagePullBackOff', 'Back-off pulling image "registry.example/shop/server:typo"');
      warned(world, second as never, 'Failed', 'Failed to pull image "registry.example/shop/server:typo": not found');
      return [workload];
    },
  },
];
