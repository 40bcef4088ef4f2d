import type { KubeObject } from '../../../src/domain/kube-object.ts';
import type { ClusterSnapshot } from '../../../src/domain/snapshot.ts';
import { KNOWN_KINDS } from '../../../src/cluster/read/kinds.ts';

/** Handwritten cluster objects for tests; names are up to the test, times count from {@link NOW}. */
export const NOW = Date.parse('2031-03-04T05:06:07Z');
export const NS = 'orchard';

export const ago = (seconds: number) => new Date(NOW - seconds * 1000).toISOString();

const API: Record<string, string> = Object.fromEntries(KNOWN_KINDS.map(({ kind, apiVersion }) => [kind, apiVersion]));

let serial = 0;

// eslint-disable-next-line @typescript-eslint/no-explicit-any
type Fields = Record<string, any>;

export function object(kind: string, name: string, fields: Fields = {}): KubeObject {
  const { metadata, ...rest } = fields;
  const clusterWide = KNOWN_KINDS.some((info) => info.kind === kind && !info.namespaced);
  return {
    apiVersion: API[kind] ?? 'example.test/v1',
    kind,
    ...rest,
    metadata: {
      name,
      ...(clusterWide ? {} : { namespace: NS }),
      uid: `uid-${++serial}`,
      generation: 1,
      creationTimestamp: ago(3600),
      ...metadata,
    },
  };
}

export function ownedBy(owner: KubeObject): Fields {
  const { apiVersion, kind, metadata } = owner;
  return { ownerReferences: [{ apiVersion, kind, name: metadata.name, uid: metadata.uid, controller: true }] };
}

export const container = (fields: Fields = {}) => ({
  name: 'main',
  image: 'repo.test/thing:1',
  ports: [{ containerPort: 7000 }],
  ...fields,
});

export function template(labels: Record<string, string>, fields: Fields = {}) {
  return { metadata: { labels }, spec: { containers: [container()], ...fields } };
}

interface DeploymentOptions {
  replicas?: number;
  labels?: Record<string, string>;
  podSpec?: Fields;
  status?: Fields;
  spec?: Fields;
  metadata?: Fields;
}

/** A Deployment and the ReplicaSet of its present revision. */
export function deployment(name: string, options: DeploymentOptions = {}): { deploy: KubeObject; set: KubeObject } {
  const { replicas = 2, labels = { app: name }, podSpec = {}, status = {}, spec = {}, metadata = {} } = options;
  const revision = { 'deployment.kubernetes.io/revision': '3' };
  const deploy = object('Deployment', name, {
    metadata: { annotations: revision, ...metadata },
    spec: { replicas, selector: { matchLabels: labels }, template: template(labels, podSpec), ...spec },
    status: {
      observedGeneration: 1,
      replicas,
      updatedReplicas: replicas,
      readyReplicas: replicas,
      availableReplicas: replicas,
      conditions: [],
      ...status,
    },
  });
  const set = object('ReplicaSet', `${name}-5c9`, {
    metadata: { annotations: revision, ...ownedBy(deploy) },
    spec: { replicas, template: template(labels, podSpec) },
    status: { observedGeneration: 1, replicas },
  });
  return { deploy, set };
}

/** An older ReplicaSet of a Deployment. */
export function olderSet(deploy: KubeObject): KubeObject {
  return object('ReplicaSet', `${deploy.metadata.name}-4b8`, {
    metadata: { annotations: { 'deployment.kubernetes.io/revision': '2' }, ...ownedBy(deploy) },
    spec: { replicas: 0 },
  });
}

export type PodMood =
  | 'ready' | 'starting' | 'late' | 'fell' | 'crash' | 'crashed' | 'pull' | 'config' | 'unschedulable'
  | 'looping' | 'proven' | 'terminating' | 'evicted' | 'completed'; // prettier-ignore

const WAITING: Partial<Record<PodMood, string>> = {
  crash: 'CrashLoopBackOff',
  pull: 'ImagePullBackOff',
  config: 'CreateContainerConfigError',
};

export function pod(name: string, mood: PodMood, owner?: KubeObject, fields: Fields = {}): KubeObject {
  const { metadata = {}, spec = {}, ...rest } = fields;
  const young = mood === 'starting';
  const isReady = ['ready', 'looping', 'proven'].includes(mood);
  const waiting = WAITING[mood];
  const restartCount = { crash: 4, crashed: 1, looping: 5, proven: 5 }[mood as string] ?? 0;
  const lastRun = { terminated: { exitCode: 1, reason: 'Error', startedAt: ago(200), finishedAt: ago(160) } };
  const state = waiting
    ? { waiting: { reason: waiting, message: `${waiting} of something` } }
    : mood === 'crashed'
      ? { terminated: { exitCode: 137, reason: 'OOMKilled' } }
      : { running: { startedAt: mood === 'looping' ? ago(20) : ago(150) } };
  const phase =
    mood === 'evicted'
      ? 'Failed'
      : mood === 'completed'
        ? 'Succeeded'
        : isReady || mood === 'fell'
          ? 'Running'
          : 'Pending';
  const started = young ? ago(3) : ago(3000);
  return object('Pod', name, {
    metadata: {
      labels: owner ? (owner.spec?.template?.metadata?.labels ?? {}) : {},
      creationTimestamp: started,
      ...(mood === 'terminating' ? { deletionTimestamp: ago(2) } : {}),
      ...(owner ? ownedBy(owner) : {}),
      ...metadata,
    },
    spec: { nodeName: 'plot-1', containers: [container()], ...owner?.spec?.template?.spec, ...spec },
    status: {
      phase,
      podIP: '10.1.2.3',
      startTime: started,
      conditions: [
        mood === 'unschedulable'
          ? { type: 'PodScheduled', status: 'False', reason: 'Unschedulable', message: '0/3 nodes are available' }
          : { type: 'PodScheduled', status: 'True' },
        { type: 'Ready', status: isReady ? 'True' : 'False', lastTransitionTime: mood === 'fell' ? ago(60) : started },
      ],
      containerStatuses:
        mood === 'unschedulable'
          ? []
          : [
              {
                name: 'main',
                ready: isReady,
                restartCount,
                state,
                ...(restartCount > 0 ? { lastState: lastRun } : {}),
              },
            ],
      ...(mood === 'evicted' ? { reason: 'Evicted', message: 'The node was low on memory' } : {}),
    },
    ...rest,
  });
}

export function service(name: string, selector: Record<string, string> | undefined, fields: Fields = {}): KubeObject {
  return object('Service', name, {
    metadata: fields.metadata ?? {},
    spec: {
      clusterIP: '10.0.0.9',
      ports: [{ port: 80, targetPort: 7000 }],
      ...(selector ? { selector } : {}),
      ...fields.spec,
    },
  });
}

/** The EndpointSlice of a Service, with its pods as ready (or not ready) endpoints. */
export function slice(
  of: KubeObject,
  ready: KubeObject[],
  options: { notReady?: KubeObject[]; ports?: Fields[] } = {},
): KubeObject {
  const endpoint = (one: KubeObject, isReady: boolean) => ({
    addresses: [one.status?.podIP],
    conditions: { ready: isReady },
    targetRef: { kind: 'Pod', name: one.metadata.name },
  });
  return object('EndpointSlice', `${of.metadata.name}-x1`, {
    metadata: { labels: { 'kubernetes.io/service-name': of.metadata.name } },
    endpoints: [
      ...ready.map((one) => endpoint(one, true)),
      ...(options.notReady ?? []).map((one) => endpoint(one, false)),
    ],
    ports: options.ports ?? [{ name: '', port: 7000, protocol: 'TCP' }],
  });
}

export function node(name: string, conditions: Record<string, string> = {}): KubeObject {
  const all = { Ready: 'True', ...conditions };
  return object('Node', name, {
    status: { conditions: Object.entries(all).map(([type, status]) => ({ type, status })) },
  });
}

export function claim(name: string, phase: string, fields: Fields = {}): KubeObject {
  return object('PersistentVolumeClaim', name, {
    metadata: fields.metadata ?? {},
    spec: { storageClassName: 'shed', ...fields.spec },
    status: { phase },
  });
}

export function storageClass(name: string, mode = 'Immediate', isDefault = false): KubeObject {
  const annotations = isDefault ? { 'storageclass.kubernetes.io/is-default-class': 'true' } : {};
  return object('StorageClass', name, { metadata: { annotations }, provisioner: 'p.test/x', volumeBindingMode: mode });
}

/** A snapshot in which every kind was readable. */
export function snapshot(objects: KubeObject[], over: Partial<ClusterSnapshot> = {}): ClusterSnapshot {
  const byKind: ClusterSnapshot['objects'] = Object.fromEntries(KNOWN_KINDS.map(({ kind }) => [kind, []]));
  for (const one of objects) (byKind[one.kind] ??= []).push(one);
  return { takenAt: new Date(NOW).toISOString(), namespaces: [NS], objects: byKind, unreadable: {}, ...over };
}

/** A snapshot in which these kinds may not be listed. */
export function without(given: ClusterSnapshot, ...kinds: string[]): ClusterSnapshot {
  const objects = { ...given.objects };
  const unreadable = { ...given.unreadable };
  for (const kind of kinds) {
    delete objects[kind];
    unreadable[kind] = `no right to list ${kind}`;
  }
  return { ...given, objects, unreadable };
}
