import type { KubeObject } from '../judge/api.ts';
import type { Random } from '../judge/random.ts';
import type { Ref } from './cluster.ts';
import type { Addresses } from './program.ts';
import { programOf, variableOf } from './program.ts';

export const BUSYBOX = 'testbed.local/busybox:1';
/** Where every member answers. */
export const ASK_PATH = '/cgi-bin/ask';

export type WorkloadKind = 'Deployment' | 'StatefulSet' | 'DaemonSet';

/** What a fault needs of the member that it breaks. */
export interface Wish {
  kinds?: readonly WorkloadKind[];
  replicas?: number;
  /** Another member asks it; only the entry is asked by users alone. */
  called?: boolean;
  /** It asks another member. */
  calls?: boolean;
  /** How it learns the addresses of those it asks. */
  addresses?: Addresses;
  /** Pods of the old revision are gone before the new ones are ready. */
  interrupted?: boolean;
  /** One program in each pod. */
  alone?: boolean;
}

/** Seconds of start-up and what else the drawn program does; set by faults before the manifests are applied. */
export interface Member {
  name: string;
  kind: WorkloadKind;
  replicas: number;
  port: number;
  labels: Record<string, string>;
  /** What its answer contains. */
  says: string;
  service: KubeObject;
  workload: KubeObject;
  /** Its pod template's spec, and the container that answers. */
  // eslint-disable-next-line @typescript-eslint/no-explicit-any -- manifests, written by path
  pod: any;
  // eslint-disable-next-line @typescript-eslint/no-explicit-any -- manifests, written by path
  main: any;
  calls: Member[];
  addresses: Addresses;
  /** ConfigMap with the addresses of those it calls, where these do not stand in the manifest. */
  config?: KubeObject;
  ref: Ref;
}

/** A drawn application: members that ask each other over Services, all of them plain JSON until it is deployed. */
export interface Application {
  namespace: string;
  /** Manifests went through `kubectl apply`, else through `kubectl create`. */
  applied: boolean;
  /** The first one is the entry. */
  members: Member[];
  /** Further objects, created before the members. */
  extras: KubeObject[];
}

const WORDS =
  'atlas basil cedar delta ember fjord grove heron iris jasper krill lotus maple nectar onyx pike quartz reed sable tulip umber vireo willow xenon yarrow zephyr'.split(
    ' ',
  );
const SUFFIXES = ['', '', '-api', '-svc', '-web', '-core'];
const LABEL_KEYS = ['app', 'app.kubernetes.io/name', 'component', 'run'];

/** Draws an application in which the members at the places of the wishes are as those want them. */
export function drawApplication(random: Random, namespace: string, wishes: readonly Wish[]): Drawn {
  const count = Math.max(random.int(2, 3), wishes.length + 1);
  const names = random.shuffle(WORDS).slice(0, count);
  const labelKey = random.pick(LABEL_KEYS);
  const targets = place(random, count, wishes);
  const members: Member[] = [];
  // From the last to the first: whom one calls is there already.
  for (let index = count - 1; index >= 0; index--) {
    const wish = wishes[targets.indexOf(index)] ?? {};
    const called = callees(random, members, index, count);
    members.unshift(drawMember(random, `${names[index]}${random.pick(SUFFIXES)}`, labelKey, called, wish));
  }
  const application = { namespace, applied: random.chance(0.75), members, extras: [] };
  return { application, targets: targets.map((index) => members[index]!) };
}

export interface Drawn {
  application: Application;
  targets: Member[];
}

/** Everything that is deployed, in the order in which it must be. */
export function objectsOf({ extras, members }: Application): KubeObject[] {
  return [
    ...extras,
    ...members.flatMap(({ config, service, workload }) => [...(config ? [config] : []), service, workload]),
  ];
}

export const container = (name: string, script: string): KubeObject['spec'] => ({
  name,
  image: BUSYBOX,
  command: ['sh', '-c'],
  args: [script],
  resources: { requests: { cpu: '2m', memory: '12Mi' }, limits: { memory: '48Mi' } },
});

/** A program that does nothing and ends when told to. */
export const IDLE = 'trap exit TERM; while true; do sleep 3600 & wait $!; done';

export const addressOf = (member: Member): string =>
  `${member.service.metadata.name}:${member.service.spec.ports[0].port}`;

/** The user's request, in the notation of the product's checks. */
export function entryUrl({ namespace, members }: Application): string {
  return `svc://${namespace}/${addressOf(members[0]!)}${ASK_PATH}`;
}

function place(random: Random, count: number, wishes: readonly Wish[]): number[] {
  const free = random.shuffle(Array.from({ length: count }, (_, index) => index));
  return wishes.map((wish) => {
    const suits = (index: number) => (wish.called ? index > 0 : true) && (wish.calls ? index === 0 : true);
    const at = free.findIndex(suits);
    return free.splice(at === -1 ? 0 : at, 1)[0]!;
  });
}

/** The entry asks every member that no other asks, so that each one is needed for an answer. */
function callees(random: Random, later: Member[], index: number, count: number): Member[] {
  const unasked = later.filter((one) => !later.some(({ calls }) => calls.includes(one)));
  if (index === 0) return unasked;
  return index < count - 1 && random.chance(0.5) ? unasked : [];
}

function drawMember(random: Random, name: string, labelKey: string, calls: Member[], wish: Wish): Member {
  const kinds: readonly WorkloadKind[] = ['Deployment', 'Deployment', 'Deployment', 'StatefulSet', 'DaemonSet'];
  const kind = random.pick(wish.kinds ?? kinds);
  const replicas = kind === 'DaemonSet' ? 1 : (wish.replicas ?? (wish.interrupted ? 1 : random.int(1, 2)));
  const port = random.int(3000, 9800);
  const portName = random.chance(0.6) ? random.pick(['http', 'web', 'api', 'main']) : undefined;
  const labels = { [labelKey]: name };
  const servicePort = random.pick([80, 8080, port]);
  const addresses = wish.addresses ?? random.pick<Addresses>(['value', 'config-key', 'config-file']);
  const says = `${name}-${random.token(5)}`;
  const config = calls.length > 0 && addresses !== 'value' ? addressConfig(name, calls) : undefined;
  const main = {
    ...container(random.pick(['app', 'server', name]), programOf({ name, says, port, calls, addresses })),
    ports: [{ ...(portName ? { name: portName } : {}), containerPort: port }],
    env: [{ name: 'TZ', value: 'Etc/UTC' }, ...calls.flatMap((one) => addressVariable(one, addresses, config))],
    readinessProbe: { httpGet: { path: '/', port: portName ?? port }, periodSeconds: 1 },
    ...(random.chance(0.6)
      ? { livenessProbe: { httpGet: { path: '/', port: portName ?? port }, periodSeconds: 5 } }
      : {}),
    volumeMounts: config && addresses === 'config-file' ? [{ name: 'addresses', mountPath: '/etc/addresses' }] : [],
  };
  const helper = container(random.pick(['sidecar', 'exporter', 'logs']), IDLE);
  const containers = wish.alone || random.chance(0.7) ? [main] : random.shuffle([main, helper]);
  const pod = {
    terminationGracePeriodSeconds: 1,
    containers,
    volumes:
      config && addresses === 'config-file' ? [{ name: 'addresses', configMap: { name: config.metadata.name } }] : [],
  };
  const template = { metadata: { labels: { ...labels, tier: random.pick(['front', 'middle', 'back']) } }, spec: pod };
  const spec = {
    ...(kind === 'DaemonSet' ? {} : { replicas }),
    selector: { matchLabels: labels },
    template,
    ...rolloutOf(random, kind, name, wish.interrupted ?? false),
  };
  const service: KubeObject = {
    apiVersion: 'v1',
    kind: 'Service',
    metadata: { name, labels },
    spec: {
      selector: labels,
      ports: [{ name: random.pick(['http', 'web']), port: servicePort, targetPort: portName ?? port }],
    },
  };
  const workload: KubeObject = { apiVersion: 'apps/v1', kind, metadata: { name, labels }, spec };
  return {
    ...{ name, kind, replicas, port, labels, says, service, workload, pod, main, calls, addresses },
    ...(config ? { config } : {}),
    ref: { kind, name },
  };
}

function rolloutOf(random: Random, kind: WorkloadKind, serviceName: string, interrupted: boolean): object {
  if (kind === 'StatefulSet') return { serviceName, podManagementPolicy: random.pick(['OrderedReady', 'Parallel']) };
  if (kind === 'DaemonSet') return {};
  const gradual = { type: 'RollingUpdate' };
  return { strategy: interrupted || random.chance(0.5) ? { type: 'Recreate' } : gradual };
}

function addressConfig(name: string, calls: readonly Member[]): KubeObject {
  const data = Object.fromEntries(calls.map((one) => [one.name, addressOf(one)]));
  return { apiVersion: 'v1', kind: 'ConfigMap', metadata: { name: `${name}-settings` }, data };
}

function addressVariable(member: Member, addresses: Addresses, config: KubeObject | undefined): object[] {
  const name = variableOf(member);
  if (addresses === 'value') return [{ name, value: addressOf(member) }];
  if (addresses === 'config-file') return [];
  return [{ name, valueFrom: { configMapKeyRef: { name: config!.metadata.name, key: member.name } } }];
}
