import type { KnownAction } from '../../../src/domain/action.ts';
import type { Finding } from '../../../src/domain/finding.ts';
import type { AttemptRecord, Brain, BrainContext } from '../../../src/domain/brain.ts';
import { NO_LIMIT } from '../../../src/domain/budget.ts';
import { FakeClock } from '../../support/fake-clock.ts';
import type { KubeObject } from '../../../src/domain/kube-object.ts';
import { refOf } from '../../../src/domain/kube-object.ts';
import type { Plan } from '../../../src/domain/plan.ts';
import type { Severity, SeverityItem } from '../../../src/domain/severity.ts';
import type { SignalsNow } from '../../../src/domain/signals-now.ts';
import type { ClusterSnapshot } from '../../../src/domain/snapshot.ts';
import { PlaybookBrain } from '../../../src/agents/playbooks/playbook-brain.ts';

/** Fields of objects are written freely, as in manifests. */
// eslint-disable-next-line @typescript-eslint/no-explicit-any
export type Loose = any;

const SYLLABLES = ['ka', 'lo', 'mi', 'ru', 'te', 'vo', 'sa', 'ne', 'zu', 'pi', 'do', 'ga', 'xe', 'qui', 'bra', 'wol'];

/** Small deterministic random source: tests name what they build by it, never by hand. */
export class Random {
  #state: number;

  constructor(seed: number) {
    this.#state = seed >>> 0;
  }

  next(): number {
    this.#state = (this.#state + 0x6d2b79f5) >>> 0;
    let t = this.#state;
    t = Math.imul(t ^ (t >>> 15), t | 1);
    t ^= t + Math.imul(t ^ (t >>> 7), t | 61);
    return ((t ^ (t >>> 14)) >>> 0) / 4294967296;
  }

  int(low: number, high: number): number {
    return low + Math.floor(this.next() * (high - low + 1));
  }

  pick<T>(items: readonly T[]): T {
    return items[this.int(0, items.length - 1)]!;
  }

  chance(probability: number): boolean {
    return this.next() < probability;
  }

  readonly #used = new Set<string>();

  /** A DNS label that was not given before. */
  name(prefix = ''): string {
    for (;;) {
      const name = prefix + Array.from({ length: this.int(3, 4) }, () => this.pick(SYLLABLES)).join('');
      if (this.#used.has(name)) continue;
      this.#used.add(name);
      return name;
    }
  }

  readonly #ports = new Set<number>();

  /** A port number that was not given before. */
  port(): number {
    for (;;) {
      const port = this.int(1100, 30000);
      if (this.#ports.has(port)) continue;
      this.#ports.add(port);
      return port;
    }
  }
}

export interface WorkloadOptions {
  kind?: 'Deployment' | 'StatefulSet' | 'DaemonSet';
  name?: string;
  namespace?: string;
  replicas?: number;
  labels?: Record<string, string>;
  containers?: Loose[];
  podSpec?: Loose;
  annotations?: Record<string, string>;
  /** Spec fields beside replicas, selector and template. */
  spec?: Loose;
  /** Templates of earlier revisions, oldest first: changes of the pod spec, or of what `containers` gives. */
  earlier?: { podSpec?: Loose; containers?: Loose[]; readyPods?: number; labels?: Record<string, string> }[];
  /** State of the current revision's pods. */
  pods?: 'ready' | 'pending' | 'waiting' | 'none';
  /** With `waiting`: reason and message of the first container. */
  waiting?: { reason: string; message?: string; container?: string };
}

/** A cluster under construction: a namespace with nodes, to which workloads and other objects are added. */
export class World {
  readonly random: Random;
  readonly namespace: string;
  readonly takenAt = '2031-05-06T07:08:09Z';
  readonly #objects: KubeObject[] = [];
  readonly #elsewhere: KubeObject[] = [];
  #uid = 0;
  readonly unreadable: Record<string, string> = {};
  readonly logs = new Map<string, string[]>();
  /** What alerts and checks say beside the objects; without any, one check fails that does not tell whom it asks. */
  readonly told: SeverityItem[] = [];
  signals: SignalsNow | null = null;
  /** Declared actions that can be had. */
  readonly actions: KnownAction[] = [];

  constructor(seed: number) {
    this.random = new Random(seed);
    this.namespace = this.random.name('ns-');
    for (let index = this.random.int(1, 3); index > 0; index--) this.node();
  }

  add(
    kind: string,
    apiVersion: string,
    name: string,
    fields: Loose = {},
    namespace: string | null = this.namespace,
  ): KubeObject {
    const { metadata, ...rest } = fields;
    const object: KubeObject = {
      apiVersion,
      kind,
      metadata: {
        name,
        ...(namespace ? { namespace } : {}),
        uid: `uid-${++this.#uid}`,
        resourceVersion: String(1000 + this.#uid),
        creationTimestamp: '2031-05-06T06:00:00Z',
        ...metadata,
      },
      ...rest,
    };
    this.#objects.push(object);
    return object;
  }

  /** An object of a namespace out of scope: rules meet it only where they read beyond the snapshot. */
  elsewhere(kind: string, apiVersion: string, namespace: string, name: string, fields: Loose = {}): KubeObject {
    const object = this.add(kind, apiVersion, name, fields, namespace);
    this.remove(object);
    this.#elsewhere.push(object);
    return object;
  }

  #everything(): KubeObject[] {
    return [...this.#objects, ...this.#elsewhere];
  }

  remove(object: KubeObject): void {
    this.#objects.splice(this.#objects.indexOf(object), 1);
  }

  list(kind: string): KubeObject[] {
    return this.#objects.filter((object) => object.kind === kind);
  }

  node(labels: Record<string, string> = {}, fields: Loose = {}): KubeObject {
    const name = this.random.name('node-');
    const conditions = [{ type: 'Ready', status: 'True' }];
    return this.add(
      'Node',
      'v1',
      name,
      {
        metadata: {
          labels: {
            'kubernetes.io/hostname': name,
            'kubernetes.io/os': 'linux',
            'kubernetes.io/arch': 'amd64',
            ...labels,
          },
        },
        spec: {},
        status: { conditions, images: [] },
        ...fields,
      },
      null,
    );
  }

  /** A container that declares one named port and asks it for readiness. */
  container(options: Loose = {}): Loose {
    const { port = this.random.port(), portName = 'http', ...rest } = options;
    return {
      name: this.random.name(),
      image: `registry.example/${this.random.name()}:${this.random.int(1, 9)}.0`,
      ports: [{ containerPort: port, name: portName, protocol: 'TCP' }],
      readinessProbe: { httpGet: { path: '/', port, scheme: 'HTTP' } },
      ...rest,
    };
  }

  workload(options: WorkloadOptions = {}): KubeObject {
    const { kind = 'Deployment', namespace = this.namespace, replicas = this.random.int(1, 3) } = options;
    const name = options.name ?? this.random.name();
    const labels = options.labels ?? { app: name };
    const containers = options.containers ?? [this.container()];
    const template = (change: Loose = {}): Loose => ({
      metadata: { labels: change.labels ?? labels },
      spec: {
        containers,
        ...options.podSpec,
        ...(change.containers ? { containers: change.containers } : {}),
        ...change.podSpec,
      },
    });
    const current = template();
    const state = options.pods ?? (replicas === 0 ? 'none' : 'ready');
    const ready = state === 'ready' ? replicas : 0;
    const workload = this.add(
      kind,
      'apps/v1',
      name,
      {
        metadata: { generation: 2, annotations: options.annotations ?? {} },
        spec: {
          ...(kind === 'DaemonSet' ? {} : { replicas }),
          selector: { matchLabels: labels },
          template: current,
          ...options.spec,
        },
        status: { observedGeneration: 2, replicas, readyReplicas: ready, availableReplicas: ready },
      },
      namespace,
    );
    const earlier = options.earlier ?? [];
    [
      ...earlier.map((change) => ({ ...change, template: template(change) })),
      { template: current, readyPods: ready },
    ].forEach((revision, index, all) => {
      const isCurrent = index === all.length - 1;
      const source = this.#revision(
        workload,
        index + 1,
        revision.template,
        revision.readyPods ?? 0,
        isCurrent ? replicas : 0,
      );
      const count = isCurrent ? (state === 'none' ? 0 : replicas) : (revision.readyPods ?? 0);
      for (let pod = 0; pod < count; pod++) {
        this.#pod(workload, source, revision.template, pod, isCurrent ? state : 'ready', options.waiting);
      }
    });
    return workload;
  }

  #revision(workload: KubeObject, number: number, template: Loose, readyPods: number, replicas: number): KubeObject {
    const hash = `${this.random.int(100000, 999999)}`;
    const name = `${workload.metadata.name}-${hash}`;
    const ownerReferences = [this.#owner(workload)];
    if (workload.kind !== 'Deployment') {
      return this.add(
        'ControllerRevision',
        'apps/v1',
        name,
        {
          metadata: { ownerReferences, labels: { 'controller-revision-hash': hash } },
          revision: number,
          data: { spec: { template: { ...template, $patch: 'replace' } } },
        },
        workload.metadata.namespace,
      );
    }
    const labels = { ...template.metadata.labels, 'pod-template-hash': hash };
    return this.add(
      'ReplicaSet',
      'apps/v1',
      name,
      {
        metadata: { ownerReferences, labels, annotations: { 'deployment.kubernetes.io/revision': String(number) } },
        spec: { replicas, selector: { matchLabels: labels }, template: { ...template, metadata: { labels } } },
        status: { replicas, readyReplicas: readyPods },
      },
      workload.metadata.namespace,
    );
  }

  #owner(object: KubeObject): Loose {
    const { apiVersion, kind, metadata } = object;
    return { apiVersion, kind, name: metadata.name, uid: metadata.uid, controller: true };
  }

  #pod(
    workload: KubeObject,
    revision: KubeObject,
    template: Loose,
    index: number,
    state: 'ready' | 'pending' | 'waiting' | 'none',
    waiting: WorkloadOptions['waiting'],
  ): KubeObject {
    const isSet = workload.kind === 'Deployment';
    const name =
      workload.kind === 'StatefulSet'
        ? `${workload.metadata.name}-${index}`
        : this.random.name(`${revision.metadata.name}-`);
    const containers: Loose[] = template.spec.containers;
    const broken = waiting?.container ?? containers[0].name;
    const statuses = containers.map((container) => ({
      name: container.name,
      image: container.image,
      ...(state === 'ready' || (state === 'waiting' && container.name !== broken)
        ? {
            ready: true,
            restartCount: 0,
            imageID: `sha256:${container.image}`,
            state: { running: { startedAt: this.takenAt } },
          }
        : { ready: false, restartCount: 0, imageID: '', state: { waiting: { reason: 'ContainerCreating' } } }),
    }));
    const bad: Loose = statuses.find((status) => status.name === broken);
    if (state === 'waiting' && bad)
      bad.state = { waiting: { reason: waiting?.reason, message: waiting?.message ?? '' } };
    const hash = isSet ? {} : { 'controller-revision-hash': revision.metadata.name };
    return this.add(
      'Pod',
      'v1',
      name,
      {
        metadata: {
          labels: { ...template.metadata.labels, ...(isSet ? revision.metadata.labels : hash) },
          ownerReferences: [this.#owner(isSet ? revision : workload)],
        },
        spec: { ...template.spec, ...(state === 'pending' ? {} : { nodeName: this.list('Node')[0]!.metadata.name }) },
        status: {
          phase: state === 'ready' ? 'Running' : 'Pending',
          conditions: [
            { type: 'Ready', status: state === 'ready' ? 'True' : 'False' },
            { type: 'PodScheduled', status: state === 'pending' ? 'False' : 'True' },
          ],
          containerStatuses: state === 'pending' ? [] : statuses,
        },
      },
      workload.metadata.namespace,
    );
  }

  podsOf(workload: KubeObject): KubeObject[] {
    return this.list('Pod').filter((pod) => {
      const owner = pod.metadata.ownerReferences?.[0];
      if (owner?.kind !== 'ReplicaSet') return owner?.uid === workload.metadata.uid;
      const set = this.list('ReplicaSet').find((object) => object.metadata.uid === owner.uid);
      return set?.metadata.ownerReferences?.[0]?.uid === workload.metadata.uid;
    });
  }

  revisionsOf(workload: KubeObject): KubeObject[] {
    return [...this.list('ReplicaSet'), ...this.list('ControllerRevision')].filter(
      (object) => object.metadata.ownerReferences?.[0]?.uid === workload.metadata.uid,
    );
  }

  service(selector: Record<string, string>, ports: Loose[], fields: Loose = {}): KubeObject {
    const { name = this.random.name(), namespace = this.namespace, spec, ...rest } = fields;
    return this.add(
      'Service',
      'v1',
      name,
      {
        spec: {
          type: 'ClusterIP',
          clusterIP: '10.0.0.1',
          selector,
          ports: ports.map((port) => ({ protocol: 'TCP', ...port })),
          ...spec,
        },
        ...rest,
      },
      namespace,
    );
  }

  /** A Service that reaches the first declared port of a workload. */
  serviceFor(workload: KubeObject, fields: Loose = {}): KubeObject {
    const declared = workload.spec.template.spec.containers[0].ports?.[0];
    const port = {
      port: this.random.port(),
      targetPort: declared?.containerPort ?? 80,
      name: declared?.name ?? 'main',
    };
    return this.service(workload.spec.template.metadata.labels, [port], {
      namespace: workload.metadata.namespace,
      ...fields,
    });
  }

  event(about: KubeObject, reason: string, message: string, fields: Loose = {}): KubeObject {
    const { kind, metadata } = about;
    return this.add(
      'Event',
      'v1',
      this.random.name('event-'),
      {
        involvedObject: { kind, name: metadata.name, namespace: metadata.namespace, uid: metadata.uid },
        reason,
        message,
        type: 'Normal',
        count: 1,
        lastTimestamp: '2031-05-06T07:00:00Z',
        ...fields,
      },
      metadata.namespace ?? 'default',
    );
  }

  configMap(data: Record<string, string>, fields: Loose = {}): KubeObject {
    const { name = this.random.name('cm-'), ...rest } = fields;
    return this.add('ConfigMap', 'v1', name, { data, ...rest });
  }

  /** As the gateway shows it: keys kept, values blank. */
  secret(keys: string[], fields: Loose = {}): KubeObject {
    const { name = this.random.name('secret-'), ...rest } = fields;
    return this.add('Secret', 'v1', name, {
      type: 'Opaque',
      data: Object.fromEntries(keys.map((key) => [key, ''])),
      ...rest,
    });
  }

  /** Every kind that a real snapshot lists is there, also when there is no such object. */
  snapshot(): ClusterSnapshot {
    const objects: Record<string, KubeObject[]> = Object.fromEntries(LISTED_KINDS.map((kind) => [kind, []]));
    for (const object of this.#objects) {
      // Custom kinds are read by their full names.
      const full = `${object.kind}.${object.apiVersion.split('/')[0]}`;
      (objects[full in objects ? full : object.kind] ??= []).push(object);
    }
    for (const kind of Object.keys(this.unreadable)) delete objects[kind];
    return { takenAt: this.takenAt, namespaces: [this.namespace], objects, unreadable: this.unreadable };
  }

  /** What the brain said beside its findings. */
  readonly thoughts: string[] = [];

  async diagnose(brain: Brain = new PlaybookBrain()): Promise<Finding[]> {
    return (await brain.diagnose(this.context())).findings;
  }

  /** Severity with one item per object given; without any, one failing user check. */
  context(unhealthy: KubeObject[] = []): BrainContext {
    const items: Severity = {
      known: true,
      items:
        this.told.length > 0
          ? this.told
          : unhealthy.length > 0
            ? unhealthy.map((object) => ({
                source: 'object',
                object: refOf(object),
                what: 'not-ready',
                grade: 1,
                message: '',
              }))
            : [{ source: 'check', object: null, what: 'front', grade: 1, message: '' }],
    };
    return {
      snapshot: frozen(structuredClone(this.snapshot())),
      severity: items,
      ...(this.signals ? { signals: this.signals } : {}),
      ...(this.actions.length > 0 ? { actions: this.actions } : {}),
      run: 'run-test',
      target: { context: 'c', server: 's', fingerprint: 'f', namespace: this.namespace },
      evidence: {
        readLog: async (_namespace, pod, container, previous) => this.logs.get(`${pod}/${container}/${previous}`) ?? [],
        get: async ({ kind, namespace, name }) =>
          this.#everything().find(
            (each) => each.kind === kind && each.metadata.namespace === namespace && each.metadata.name === name,
          ) ?? null,
        list: async ({ kind }, namespace) =>
          this.#everything().filter(
            (each) => each.kind === kind && (namespace === undefined || each.metadata.namespace === namespace),
          ),
      },
      clock: new FakeClock(),
      budget: NO_LIMIT,
      signal: new AbortController().signal,
      emit: (emission) => void (emission.type === 'thought' && this.thoughts.push(emission.text)),
    };
  }

  async plan(attempts: AttemptRecord[] = [], unhealthy: KubeObject[] = []): Promise<Plan | null> {
    const brain = new PlaybookBrain();
    const context = this.context(unhealthy);
    const proposal = await brain.plan(context, await brain.diagnose(this.context()), attempts);
    return proposal.type === 'plan' ? proposal.plan : null;
  }
}

const LISTED_KINDS = [
  'Node',
  'Namespace',
  'Pod',
  'Service',
  'EndpointSlice',
  'Event',
  'ConfigMap',
  'Secret',
  'PersistentVolumeClaim',
  'PersistentVolume',
  'StorageClass',
  'ScaledObject.keda.sh',
  'CSIDriver',
  'Deployment',
  'ReplicaSet',
  'StatefulSet',
  'DaemonSet',
  'ControllerRevision',
  'Job',
  'CronJob',
  'HorizontalPodAutoscaler',
  'Ingress',
  'IngressClass',
  'ResourceQuota',
];

export function undone(plan: Plan, attempt = 1): AttemptRecord {
  return { attempt, plan, outcome: 'undone', lesson: '', reason: 'nothing improved' };
}

/** What is read is shared: whoever changes it would change it for others. */
function frozen<T>(value: T): T {
  if (typeof value !== 'object' || value === null) return value;
  for (const member of Object.values(value)) frozen(member);
  return Object.freeze(value);
}
