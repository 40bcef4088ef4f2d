import type { Loose } from '../builders.ts';
import type { UnfamiliarFault } from './fault.ts';
import { helm, held, PROXY, refusedPods, unscheduled, warned } from './fault.ts';

const IMAGE = 'registry.example/shop/server:3.2.0';
const HTTP = { name: 'http', containerPort: 8080, protocol: 'TCP' };
const MAIN = { name: 'main', image: IMAGE, ports: [HTTP] };

export const PLACEMENT_AND_STORAGE: UnfamiliarFault[] = [
  {
    name: 'LimitRange wants more than the container asks for',
    rule: 'limit-range-forbids',
    fix: /cpu/,
    build: (world) => {
      world.add('LimitRange', 'v1', 'floor', { spec: { limits: [{ type: 'Container', min: { cpu: '50m' } }] } });
      const workload = world.workload({
        name: 'tiny-cron-ui',
        labels: helm('tiny', 'cron-ui'),
        replicas: 1,
        containers: [
          { ...MAIN, resources: { requests: { cpu: '10m' }, limits: { cpu: '100m' } } },
          { ...PROXY, resources: { requests: { cpu: '60m' } } },
        ],
      });
      refusedPods(
        world,
        workload,
        'pods "tiny-cron-ui-x" is forbidden: minimum cpu usage per Container is 50m, but request is 10m',
      );
      return [workload];
    },
  },
  {
    name: 'pod security refuses a path of the host',
    rule: 'pod-security-forbids',
    fix: /rollout undo|hostPath|volumes/,
    build: (world) => {
      world.add(
        'Namespace',
        'v1',
        world.namespace,
        { metadata: { labels: { 'pod-security.kubernetes.io/enforce': 'baseline' } }, status: { phase: 'Active' } },
        null,
      );
      const workload = world.workload({
        kind: 'DaemonSet',
        name: 'scanner',
        replicas: 1,
        containers: [{ ...MAIN, volumeMounts: [{ name: 'docker-sock', mountPath: '/run/docker.sock' }] }],
        podSpec: { volumes: [{ name: 'docker-sock', hostPath: { path: '/run/docker.sock' } }] },
        earlier: [{ podSpec: { volumes: undefined }, containers: [MAIN] }],
      }) as Loose;
      refusedPods(
        world,
        workload,
        'pods "scanner-x" is forbidden: violates PodSecurity "baseline:latest": hostPath volumes (volume "docker-sock")',
      );
      workload.status = {
        observedGeneration: 2,
        desiredNumberScheduled: 1,
        currentNumberScheduled: 0,
        numberReady: 0,
        numberUnavailable: 1,
      };
      return [workload];
    },
  },
  {
    name: 'priority class of a DaemonSet misspelt',
    rule: 'missing-pod-reference',
    fix: /high-priority/,
    build: (world) => {
      world.add('PriorityClass', 'scheduling.k8s.io/v1', 'high-priority', { value: 1000 }, null);
      world.workload({ kind: 'DaemonSet', name: 'log-collector', podSpec: { priorityClassName: 'high-priority' } });
      const workload = world.workload({
        kind: 'DaemonSet',
        name: 'metrics-collector',
        containers: [MAIN],
        podSpec: { priorityClassName: 'high-prio' },
      }) as Loose;
      refusedPods(
        world,
        workload,
        'pods "metrics-collector-" is forbidden: no PriorityClass with name high-prio was found',
      );
      workload.status = {
        observedGeneration: 2,
        desiredNumberScheduled: 1,
        currentNumberScheduled: 0,
        numberReady: 0,
        numberUnavailable: 1,
      };
      return [workload];
    },
  },
  {
    name: 'service account deleted, its binding still names it',
    rule: 'missing-pod-reference',
    fix: null,
    build: (world) => {
      world.add('ServiceAccount', 'v1', 'default', {});
      world.add('RoleBinding', 'rbac.authorization.k8s.io/v1', 'peers', {
        roleRef: { apiGroup: 'rbac.authorization.k8s.io', kind: 'Role', name: 'peers' },
        subjects: [{ kind: 'ServiceAccount', name: 'raft-peer', namespace: world.namespace }],
      });
      world.add('Role', 'rbac.authorization.k8s.io/v1', 'peers', {
        rules: [{ apiGroups: [''], resources: ['pods'], verbs: ['list'] }],
      });
      const workload = world.workload({
        kind: 'StatefulSet',
        name: 'raft',
        replicas: 3,
        containers: [MAIN],
        podSpec: { serviceAccountName: 'raft-peer', serviceAccount: 'raft-peer' },
        spec: { serviceName: 'raft' },
      });
      refusedPods(
        world,
        workload,
        `create Pod raft-0 in StatefulSet raft failed error: pods "raft-0" is forbidden: error looking up service account ${world.namespace}/raft-peer: serviceaccount "raft-peer" not found`,
      );
      return [workload];
    },
  },
  {
    name: 'affinity to a label that pods no longer carry',
    rule: 'pod-neighbours',
    fix: /rollout undo|affinity/,
    build: (world) => {
      world.workload({ name: 'cache', labels: { 'app.kubernetes.io/name': 'cache' }, replicas: 1 });
      const affinity = (labels: object) => ({
        affinity: {
          podAffinity: {
            requiredDuringSchedulingIgnoredDuringExecution: [
              { labelSelector: { matchLabels: labels }, topologyKey: 'kubernetes.io/hostname' },
            ],
          },
        },
      });
      const workload = world.workload({
        name: 'front',
        replicas: 2,
        containers: [MAIN],
        pods: 'pending',
        podSpec: affinity({ app: 'cache' }),
      });
      for (const pod of world.podsOf(workload))
        unscheduled(
          world,
          pod,
          `0/${world.list('Node').length} nodes are available: ${world.list('Node').length} node(s) didn't match pod affinity rules. preemption: 0/1 nodes are available: 1 Preemption is not helpful for scheduling.`,
        );
      return [workload];
    },
  },
  {
    name: 'spread over more zones than there are',
    rule: 'pod-neighbours',
    fix: /minDomains|rollout undo/,
    build: (world) => {
      for (const node of world.list('Node')) node.metadata.labels!['topology.kubernetes.io/zone'] = 'north-1';
      const spread = (more: object) => ({
        topologySpreadConstraints: [
          {
            maxSkew: 1,
            topologyKey: 'topology.kubernetes.io/zone',
            whenUnsatisfiable: 'DoNotSchedule',
            labelSelector: { matchLabels: { app: 'votes' } },
            ...more,
          },
        ],
      });
      const workload = world.workload({
        name: 'votes',
        labels: { app: 'votes' },
        replicas: 3,
        containers: [MAIN],
        podSpec: spread({ minDomains: 3 }),
        earlier: [{ podSpec: spread({}), readyPods: 2 }],
      });
      for (const pod of world.podsOf(workload).slice(2))
        unscheduled(
          world,
          pod,
          `0/${world.list('Node').length} nodes are available: ${world.list('Node').length} node(s) didn't match pod topology spread constraints. preemption: not helpful.`,
        );
      return [workload];
    },
  },
  {
    name: 'scheduler by a name that nobody answers to',
    rule: 'pod-held',
    fix: /schedulerName|rollout undo/,
    build: (world) => {
      const workload = world.workload({
        name: 'batch-ui',
        replicas: 2,
        containers: [MAIN],
        podSpec: { schedulerName: 'gang-scheduler' },
        earlier: [{ podSpec: { schedulerName: 'default-scheduler' } }],
      }) as Loose;
      for (const pod of world.podsOf(workload) as Loose[]) {
        delete pod.spec.nodeName;
        pod.status = { phase: 'Pending', qosClass: 'BestEffort' };
      }
      workload.status = { observedGeneration: 2, replicas: 2, updatedReplicas: 2, unavailableReplicas: 2 };
      return [workload];
    },
  },
  {
    name: 'scheduling gate left in a template',
    rule: 'pod-held',
    fix: /schedulingGates|rollout undo/,
    build: (world) => {
      const workload = world.workload({
        name: 'ranker',
        replicas: 1,
        containers: [MAIN],
        podSpec: { schedulingGates: [{ name: 'example.com/capacity' }] },
        earlier: [{ podSpec: { schedulingGates: undefined } }],
      });
      for (const pod of world.podsOf(workload) as Loose[]) {
        delete pod.spec.nodeName;
        pod.status = {
          phase: 'Pending',
          conditions: [
            {
              type: 'PodScheduled',
              status: 'False',
              reason: 'SchedulingGated',
              message: 'Scheduling is blocked due to non-empty scheduling gates',
            },
          ],
        };
      }
      return [workload];
    },
  },
  {
    name: 'node selector with another spelling of the key',
    rule: 'node-placement',
    fix: /disk-type/,
    build: (world) => {
      for (const node of world.list('Node')) node.metadata.labels!['disk-type'] = 'ssd';
      const workload = world.workload({
        kind: 'StatefulSet',
        name: 'tsdb',
        replicas: 1,
        containers: [MAIN],
        pods: 'pending',
        podSpec: { nodeSelector: { disktype: 'ssd' } },
        spec: { serviceName: 'tsdb' },
      });
      const count = world.list('Node').length;
      for (const pod of world.podsOf(workload))
        unscheduled(
          world,
          pod,
          `0/${count} nodes are available: ${count} node(s) didn't match Pod's node affinity/selector. preemption: 0/${count} nodes are available: ${count} Preemption is not helpful for scheduling.`,
        );
      return [workload];
    },
  },
  {
    name: 'host network ports collide between two replicas',
    rule: 'host-port-taken',
    fix: /hostNetwork|rollout undo/,
    build: (world) => {
      for (const node of world.list('Node').slice(1)) world.remove(node);
      const of = (hostNetwork: boolean) => ({
        hostNetwork,
        dnsPolicy: hostNetwork ? 'ClusterFirstWithHostNet' : 'ClusterFirst',
      });
      const port = { ...HTTP, hostPort: 8080 };
      const workload = world.workload({
        name: 'relay',
        replicas: 2,
        containers: [{ ...MAIN, ports: [port] }],
        podSpec: of(true),
        earlier: [{ podSpec: of(false), containers: [MAIN] }],
      });
      const [, second] = world.podsOf(workload);
      unscheduled(
        world,
        second!,
        "0/1 nodes are available: 1 node(s) didn't have free ports for the requested pod ports. preemption: 0/1 nodes are available: 1 No preemption victims found for incoming pod.",
      );
      return [workload];
    },
  },
  {
    name: 'claim for many writers of a class that serves one',
    rule: 'claim-storage-class',
    fix: /claim-uploads/,
    build: (world) => {
      world.add(
        'StorageClass',
        'storage.k8s.io/v1',
        'standard',
        {
          provisioner: 'rancher.io/local-path',
          volumeBindingMode: 'WaitForFirstConsumer',
          metadata: { annotations: { 'storageclass.kubernetes.io/is-default-class': 'true' } },
        },
        null,
      );
      const claim = world.add('PersistentVolumeClaim', 'v1', 'uploads', {
        spec: {
          accessModes: ['ReadWriteMany'],
          storageClassName: 'standard',
          volumeMode: 'Filesystem',
          resources: { requests: { storage: '2Gi' } },
        },
        status: { phase: 'Pending' },
      });
      warned(
        world,
        claim,
        'ProvisioningFailed',
        'failed to provision volume with StorageClass "standard": NodePath only supports ReadWriteOnce and ReadWriteOncePod (1.22+) access modes',
      );
      const workload = world.workload({
        name: 'uploader',
        replicas: 1,
        containers: [{ ...MAIN, volumeMounts: [{ name: 'd', mountPath: '/d' }] }],
        pods: 'pending',
        podSpec: { volumes: [{ name: 'd', persistentVolumeClaim: { claimName: 'uploads' } }] },
      });
      for (const pod of world.podsOf(workload))
        unscheduled(world, pod, 'running PreBind plugin "VolumeBinding": binding volumes: context deadline exceeded');
      return [workload];
    },
  },
  {
    name: 'volume still reserved for a claim that was deleted',
    rule: 'unmatched-claim',
    fix: /claimRef/,
    build: (world) => {
      world.add(
        'PersistentVolume',
        'v1',
        'archive-disk',
        {
          spec: {
            capacity: { storage: '5Gi' },
            accessModes: ['ReadWriteOnce'],
            storageClassName: 'manual',
            persistentVolumeReclaimPolicy: 'Retain',
            volumeMode: 'Filesystem',
            hostPath: { path: '/srv/a' },
            claimRef: {
              apiVersion: 'v1',
              kind: 'PersistentVolumeClaim',
              namespace: world.namespace,
              name: 'archive',
              uid: 'gone-uid',
            },
          },
          status: { phase: 'Released' },
        },
        null,
      );
      const claim = world.add('PersistentVolumeClaim', 'v1', 'archive', {
        spec: {
          accessModes: ['ReadWriteOnce'],
          storageClassName: 'manual',
          volumeName: 'archive-disk',
          volumeMode: 'Filesystem',
          resources: { requests: { storage: '5Gi' } },
        },
        status: { phase: 'Pending' },
      });
      warned(world, claim, 'FailedBinding', 'volume "archive-disk" already bound to a different claim.');
      const workload = world.workload({
        name: 'archiver',
        replicas: 1,
        containers: [{ ...MAIN, volumeMounts: [{ name: 'd', mountPath: '/d' }] }],
        pods: 'pending',
        podSpec: { volumes: [{ name: 'd', persistentVolumeClaim: { claimName: 'archive' } }] },
      });
      for (const pod of world.podsOf(workload))
        unscheduled(
          world,
          pod,
          '0/1 nodes are available: pod has unbound immediate PersistentVolumeClaims. preemption: not helpful',
        );
      return [workload];
    },
  },
  {
    name: 'claim without a class while the volumes made for it have one',
    rule: 'unmatched-claim',
    fix: null,
    build: (world) => {
      world.add(
        'StorageClass',
        'storage.k8s.io/v1',
        'local-fast',
        { provisioner: 'kubernetes.io/no-provisioner', volumeBindingMode: 'WaitForFirstConsumer' },
        null,
      );
      world.add(
        'PersistentVolume',
        'v1',
        'fast-0',
        {
          spec: {
            capacity: { storage: '10Gi' },
            accessModes: ['ReadWriteOnce'],
            storageClassName: 'local-fast',
            volumeMode: 'Filesystem',
            persistentVolumeReclaimPolicy: 'Retain',
            hostPath: { path: '/mnt/fast0' },
          },
          status: { phase: 'Available' },
        },
        null,
      );
      const claim = world.add('PersistentVolumeClaim', 'v1', 'index', {
        spec: {
          accessModes: ['ReadWriteOnce'],
          storageClassName: '',
          volumeMode: 'Filesystem',
          resources: { requests: { storage: '8Gi' } },
        },
        status: { phase: 'Pending' },
      });
      world.event(claim, 'FailedBinding', 'no persistent volumes available for this claim and no storage class is set');
      const workload = world.workload({
        name: 'indexer',
        replicas: 1,
        containers: [{ ...MAIN, volumeMounts: [{ name: 'd', mountPath: '/d' }] }],
        pods: 'pending',
        podSpec: { volumes: [{ name: 'd', persistentVolumeClaim: { claimName: 'index' } }] },
      });
      for (const pod of world.podsOf(workload))
        unscheduled(
          world,
          pod,
          '0/1 nodes are available: pod has unbound immediate PersistentVolumeClaims. preemption: not helpful',
        );
      return [workload];
    },
  },
  {
    name: 'path of the host that must exist and does not',
    rule: 'pod-held',
    fix: /rollout undo|hostPath/,
    build: (world) => {
      const of = (type: string, path: string) => ({ volumes: [{ name: 'models', hostPath: { path, type } }] });
      const workload = world.workload({
        name: 'inference',
        replicas: 1,
        containers: [{ ...MAIN, volumeMounts: [{ name: 'models', mountPath: '/models' }] }],
        podSpec: of('Directory', '/var/models-v2'),
        earlier: [{ podSpec: of('DirectoryOrCreate', '/var/models') }],
      });
      const [pod] = world.podsOf(workload);
      held(pod!, 'main', 'ContainerCreating');
      warned(
        world,
        pod!,
        'FailedMount',
        'MountVolume.SetUp failed for volume "models" : hostPath type check failed: /var/models-v2 is not a directory',
      );
      return [workload];
    },
  },
  {
    name: 'volume of a driver that is not installed',
    rule: 'pod-held',
    fix: /rollout undo|volumes/,
    build: (world) => {
      const workload = world.workload({
        name: 'vaulted',
        replicas: 1,
        containers: [{ ...MAIN, volumeMounts: [{ name: 's', mountPath: '/s' }] }],
        podSpec: {
          volumes: [
            {
              name: 's',
              csi: {
                driver: 'secrets-store.csi.k8s.io',
                readOnly: true,
                volumeAttributes: { secretProviderClass: 'v' },
              },
            },
          ],
        },
        earlier: [{ podSpec: { volumes: [{ name: 's', emptyDir: {} }] } }],
      });
      const [pod] = world.podsOf(workload);
      held(pod!, 'main', 'ContainerCreating');
      warned(
        world,
        pod!,
        'FailedMount',
        'MountVolume.SetUp failed for volume "s" : kubernetes.io/csi: mounter.SetUpAt failed to get CSI client: driver name secrets-store.csi.k8s.io not found in the list of registered CSI drivers',
      );
      return [workload];
    },
  },
  {
    name: 'runtime class that is not there',
    rule: 'missing-pod-reference',
    // The gateway lets nobody take pods out of the class that contains them: it is told with what to decide.
    fix: null,
    build: (world) => {
      const workload = world.workload({
        name: 'sandboxed',
        replicas: 1,
        containers: [MAIN],
        podSpec: { runtimeClassName: 'gvisor' },
        earlier: [{ podSpec: { runtimeClassName: undefined } }],
      });
      refusedPods(world, workload, 'pods "sandboxed-x" is forbidden: pod rejected: RuntimeClass "gvisor" not found');
      return [workload];
    },
  },
  {
    name: 'memory asked for in the wrong unit by a first revision',
    rule: 'unplaceable-requests',
    fix: null,
    build: (world) => {
      for (const node of world.list('Node') as Loose[])
        node.status.allocatable = { cpu: '4', memory: '8Gi', pods: '110' };
      const count = world.list('Node').length;
      const workload = world.workload({
        name: 'geocoder',
        replicas: 1,
        containers: [{ ...MAIN, resources: { requests: { memory: '512Gi', cpu: '50m' } } }],
        pods: 'pending',
      });
      for (const pod of world.podsOf(workload))
        unscheduled(
          world,
          pod,
          `0/${count} nodes are available: ${count} Insufficient memory. preemption: 0/${count} nodes are available: ${count} No preemption victims found for incoming pod.`,
        );
      return [workload];
    },
  },
];
