import type { KubeObject } from '../../../../src/domain/kube-object.ts';
import type { Loose, World } from '../builders.ts';

/** A fault as the API server would show it, and what a diagnosis has to say of it. */
export interface UnfamiliarFault {
  name: string;
  /** Adds the objects; what it returns is what the oracles call unhealthy. */
  build: (world: World) => KubeObject[];
  /** The rule whose finding comes first. */
  rule: string;
  /** What the commands of the first plan hold; null where nothing may be done. */
  fix: RegExp | null;
}

const ENDED = '2031-05-06T07:07:30Z';

/** A container of a pod that ended and waits for its next start. */
export function crashed(pod: Loose, container: string, ended: Loose = {}, restarts = 6): void {
  const status = statusOf(pod, container);
  pod.status.phase = 'Running';
  Object.assign(status, {
    ready: false,
    started: false,
    restartCount: restarts,
    imageID: `sha256:${status.image}`,
    state: {
      waiting: {
        reason: 'CrashLoopBackOff',
        message: `back-off 5m0s restarting failed container=${container} pod=${pod.metadata.name}`,
      },
    },
    lastState: {
      terminated: { exitCode: 1, reason: 'Error', startedAt: '2031-05-06T07:07:28Z', finishedAt: ENDED, ...ended },
    },
  });
  unready(pod);
}

/** A container of a pod that runs and is not ready. */
export function running(pod: Loose, container: string, ready: boolean, restarts = 0): void {
  Object.assign(statusOf(pod, container), {
    ready,
    started: true,
    restartCount: restarts,
    imageID: 'sha256:known',
    state: { running: { startedAt: '2031-05-06T06:30:00Z' } },
  });
  pod.status.phase = 'Running';
  if (!ready) unready(pod);
}

/** A container that the kubelet cannot make. */
export function held(pod: Loose, container: string, reason: string, message = ''): void {
  Object.assign(statusOf(pod, container), {
    ready: false,
    started: false,
    imageID: '',
    restartCount: 0,
    state: { waiting: { reason, message } },
  });
  pod.status.phase = 'Pending';
  unready(pod);
}

export function unready(pod: Loose): void {
  for (const condition of pod.status.conditions) {
    if (condition.type === 'Ready') Object.assign(condition, { status: 'False', reason: 'ContainersNotReady' });
  }
}

/** A pod that no node takes. */
export function unscheduled(world: World, pod: Loose, message: string): void {
  delete pod.spec.nodeName;
  pod.status = {
    phase: 'Pending',
    conditions: [
      { type: 'PodScheduled', status: 'False', reason: 'Unschedulable', message },
      { type: 'Ready', status: 'False' },
    ],
  };
  world.event(pod, 'FailedScheduling', message, {
    type: 'Warning',
    count: 9,
    source: { component: 'default-scheduler' },
  });
}

function statusOf(pod: Loose, container: string): Loose {
  const all = [...(pod.status.containerStatuses ?? []), ...(pod.status.initContainerStatuses ?? [])];
  return all.find(({ name }: Loose) => name === container);
}

/** What controllers say of their pods: they count those that are ready. */
export function counted(world: World): void {
  for (const maker of [
    ...world.list('ReplicaSet'),
    ...world.list('Deployment'),
    ...world.list('StatefulSet'),
  ] as Loose[]) {
    if (!maker.status) continue;
    const own = (pod: KubeObject) =>
      pod.metadata.ownerReferences?.some(({ uid }) => uid === maker.metadata.uid) === true;
    const pods = maker.kind === 'Deployment' ? world.podsOf(maker) : world.list('Pod').filter(own);
    const ready = pods.filter((pod) =>
      pod.status?.conditions?.some(({ type, status }: Loose) => type === 'Ready' && status === 'True'),
    );
    maker.status.readyReplicas = ready.length;
    if (maker.kind !== 'ReplicaSet')
      maker.status.availableReplicas = Math.min(ready.length, maker.status.availableReplicas ?? ready.length);
  }
}

export function warned(world: World, about: KubeObject, reason: string, message: string, count = 12): void {
  world.event(about, reason, message, {
    type: 'Warning',
    count,
    lastTimestamp: '2031-05-06T07:08:00Z',
    source: { component: 'kubelet' },
  });
}

/** Pods that the ReplicaSet or set could not make. */
export function refusedPods(world: World, workload: KubeObject, message: string): void {
  for (const pod of world.podsOf(workload)) world.remove(pod);
  const maker = workload.kind === 'Deployment' ? world.revisionsOf(workload).at(-1)! : workload;
  warned(world, maker, 'FailedCreate', `Error creating: ${message}`);
  const status = workload.status as Loose;
  Object.assign(status, { replicas: 0, readyReplicas: 0, availableReplicas: 0 });
  if (workload.kind === 'Deployment') {
    status.conditions = [
      { type: 'ReplicaFailure', status: 'True', reason: 'FailedCreate', message },
      { type: 'Available', status: 'False', reason: 'MinimumReplicasUnavailable' },
    ];
    (maker as Loose).status = {
      replicas: 0,
      conditions: [{ type: 'ReplicaFailure', status: 'True', reason: 'FailedCreate', message }],
    };
  }
}

/** Labels and annotations that Helm writes. */
export function helm(release: string, name: string, extra: Record<string, string> = {}): Record<string, string> {
  return {
    'app.kubernetes.io/name': name,
    'app.kubernetes.io/instance': release,
    'app.kubernetes.io/managed-by': 'Helm',
    'helm.sh/chart': `${name}-1.4.2`,
    ...extra,
  };
}

/** A proxy that stands beside the program in many pods. */
export const PROXY = {
  name: 'istio-proxy',
  image: 'registry.example/proxy:1.21.0',
  args: ['proxy', 'sidecar'],
  ports: [{ name: 'http-envoy-prom', containerPort: 15090, protocol: 'TCP' }],
  readinessProbe: { httpGet: { path: '/healthz/ready', port: 15021, scheme: 'HTTP' } },
};

/** `kubectl apply` on the client's side: the manifest as it was last applied. */
export function applied(object: Loose): void {
  const { apiVersion, kind, metadata, ...rest } = structuredClone(object);
  delete rest.status;
  const manifest = { apiVersion, kind, metadata: { name: metadata.name, namespace: metadata.namespace }, ...rest };
  object.metadata.annotations = {
    ...object.metadata.annotations,
    'kubectl.kubernetes.io/last-applied-configuration': JSON.stringify(manifest),
  };
}

export function fieldsOf(
  manager: string,
  operation: 'Apply' | 'Update',
  fields: Loose,
  time = '2031-05-06T06:50:00Z',
): Loose {
  return { manager, operation, apiVersion: 'apps/v1', time, fieldsType: 'FieldsV1', fieldsV1: fields };
}
