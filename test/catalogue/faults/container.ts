import type { KubeObject } from '../../judge/api.ts';
import { untilAsked } from '../../judge/wait.ts';
import type { Member } from '../application.ts';
import { container } from '../application.ts';
import type { Cluster } from '../cluster.ts';
import { keyOf } from '../cluster.ts';
import type { Fault, Plan, Scene } from '../fault.ts';
import { containerIn, edited } from '../fault.ts';

// eslint-disable-next-line @typescript-eslint/no-explicit-any -- containers, written by path
type Container = any;

const WORD = {
  image: /image/i,
  program: /command|args|program|binary|executable|exec/i,
  probe: /probe/i,
  memory: /memory|OOM/i,
};

/** A new revision of the target's pod template. */
export function revision(
  scene: Scene,
  change: (main: Container, workload: KubeObject) => void,
): Pick<Plan, 'inject' | 'heal' | 'mayChange'> {
  const { target } = scene;
  const { main } = target;
  const edit = edited(scene, target.workload, (object) => change(containerIn(object, main.name), object));
  return {
    ...edit,
    async heal(cluster) {
      await edit.heal(cluster);
      // A StatefulSet does not replace a broken pod by itself (kubernetes/kubernetes#67250).
      if (target.kind === 'StatefulSet') await cluster.removePods(target.labels);
    },
    mayChange: [keyOf(target.ref)],
  };
}

interface Broken {
  name: string;
  summary: string;
  likeness?: string;
  wish?: Fault['wish'];
  word: RegExp;
  /** Shapes the healthy application. */
  shape?(scene: Scene): void;
  /** Returns what exactly it changes. */
  breakIt(scene: Scene): { what: string; change(main: Container, workload: KubeObject): void; names?: string[] };
  /** Its containers come up again and again: serving now and then is not serving. */
  restarts?: boolean;
}

/** A fault that is a new revision of one pod template. */
export function brokenRevision({ name, summary, likeness, wish = {}, word, shape, breakIt, restarts }: Broken): Fault {
  return {
    ...{ name, family: 'container', summary, needs: 'real', scope: 'namespace', wish },
    ...(likeness ? { likeness } : {}),
    plan(scene) {
      shape?.(scene);
      const { what, change, names = [] } = breakIt(scene);
      const edit = revision(scene, change);
      const atRest = (cluster: Cluster) => lackOfRest(cluster, scene.target);
      return {
        ...edit,
        what: `${keyOf(scene.target.ref)}: ${what}`,
        causes: [{ names: [scene.target.name, ...names], word }],
        ...(restarts
          ? {
              healthy: atRest,
              async inject(cluster) {
                await edit.inject(cluster);
                await untilAsked(SHOWS_MS, 'the first restart', async () =>
                  (await atRest(cluster)) ? '' : 'none yet',
                );
              },
            }
          : {}),
      };
    },
  };
}

const REST_MS = 30_000;
const SHOWS_MS = 40_000;

async function lackOfRest(cluster: Cluster, { labels, name }: Member): Promise<string> {
  const selector = Object.entries(labels).map(([key, value]) => `${key}=${value}`);
  const statuses = (await cluster.list('pods', '--selector', selector.join(','))).flatMap(
    ({ status }) => (status?.containerStatuses ?? []) as { lastState?: { terminated?: { finishedAt: string } } }[],
  );
  const ends = statuses.map(({ lastState }) => Date.parse(lastState?.terminated?.finishedAt ?? '1970-01-01T00:00:00Z'));
  return ends.some((end) => Date.now() - end < REST_MS) ? `a container of ${name} was restarted just now` : '';
}

const probeOf = (main: Container) => main.readinessProbe.httpGet;

export const CONTAINER_FAULTS: Fault[] = [
  brokenRevision({
    name: 'image-unknown-tag',
    summary: 'a new revision names a tag that nobody has pushed',
    likeness: 'ITBench 20, 56; SREGym incorrect_image',
    word: WORD.image,
    breakIt: ({ random }) => {
      const image = `testbed.local/busybox:${random.pick(['2', '1.1', 'next', random.token(7)])}`;
      return { what: `image ${image}`, change: (main) => (main.image = image), names: [image] };
    },
  }),
  brokenRevision({
    name: 'image-buggy',
    summary: 'a new image that cannot do what its predecessor did',
    likeness: 'AIOpsLab misconfig_app_hotel_res',
    word: /image|rolled out|revision|exit|crash/i,
    breakIt: () => ({
      what: 'image of another program',
      change: (main) => (main.image = 'testbed.local/local-path-provisioner:0.0.30'),
    }),
  }),
  brokenRevision({
    name: 'wrong-binary',
    summary: 'a new revision starts another program of the image',
    likeness: 'AIOpsLab wrong_bin_usage; SREGym wrong_bin',
    word: WORD.program,
    breakIt: ({ random }) => {
      const other = random.pick(['sleep', 'cat', 'false', 'tail']);
      return { what: `command ${other}`, change: (main) => (main.command = [other, '-c']) };
    },
  }),
  brokenRevision({
    name: 'command-not-found',
    summary: 'a new revision starts a program that the image does not have',
    likeness: 'ITBench 105',
    word: WORD.program,
    breakIt: ({ target }) => {
      const program = `/opt/${target.name}/bin/start`;
      return { what: `command ${program}`, change: (main) => (main.command = [program]) };
    },
  }),
  brokenRevision({
    name: 'readiness-wrong-path',
    summary: 'the readiness probe asks for a page that the program does not have',
    likeness: 'SREGym readiness_probe_misconfig',
    word: WORD.probe,
    breakIt: ({ random }) => {
      const path = random.pick(['/healthz', '/ready', '/status']);
      return { what: `readiness path ${path}`, change: (main) => (probeOf(main).path = path), names: [path] };
    },
  }),
  brokenRevision({
    name: 'readiness-wrong-port',
    summary: 'the readiness probe asks on a port where nobody listens',
    likeness: 'ITBench 49',
    word: WORD.probe,
    breakIt: ({ random }) => {
      const port = random.int(40, 90);
      return { what: `readiness port ${port}`, change: (main) => (probeOf(main).port = port), names: [String(port)] };
    },
  }),
  brokenRevision({
    name: 'readiness-https',
    summary: 'the readiness probe speaks TLS to a program that does not',
    word: WORD.probe,
    breakIt: () => ({ what: 'readiness scheme HTTPS', change: (main) => (probeOf(main).scheme = 'HTTPS') }),
  }),
  brokenRevision({
    name: 'liveness-wrong-port',
    restarts: true,
    summary: 'the liveness probe kills a program that works',
    likeness: 'SREGym liveness_probe_misconfig',
    word: WORD.probe,
    breakIt: ({ random }) => {
      const port = random.int(100, 900);
      const change = (main: Container) =>
        (main.livenessProbe = { httpGet: { path: '/', port }, periodSeconds: 1, failureThreshold: 2 });
      return { what: `liveness port ${port}`, change, names: [String(port)] };
    },
  }),
  brokenRevision({
    name: 'liveness-before-warm',
    summary: 'the liveness probe gives a program less time than its start takes',
    likeness: 'SREGym liveness_probe_too_aggressive',
    word: WORD.probe,
    wish: { kinds: ['Deployment'], interrupted: true },
    shape({ target, random }) {
      const { main } = target;
      main.args[0] = `echo "filling the cache"; sleep ${random.int(11, 14)}; echo "cache is warm"\n${main.args[0]}`;
      main.livenessProbe = { httpGet: { path: '/', port: target.port }, initialDelaySeconds: 25, periodSeconds: 2 };
    },
    breakIt: () => ({
      what: 'liveness delay 25 s lowered to 1 s',
      change: (main) => Object.assign(main.livenessProbe, { initialDelaySeconds: 1, failureThreshold: 2 }),
    }),
  }),
  brokenRevision({
    name: 'probe-timeout',
    summary: 'the readiness command gets less time than it takes',
    word: /time-?out|timed out/i,
    wish: { kinds: ['Deployment'] },
    shape({ target }) {
      const command = ['sh', '-c', `sleep 2; busybox timeout 2 wget -qO- http://127.0.0.1:${target.port}/`];
      target.main.readinessProbe = { exec: { command }, periodSeconds: 3, timeoutSeconds: 5 };
    },
    breakIt: () => ({ what: 'readiness timeout 1 s', change: (main) => (main.readinessProbe.timeoutSeconds = 1) }),
  }),
  brokenRevision({
    name: 'memory-limit-lowered',
    summary: 'the memory limit is lowered below what the program needs',
    likeness: 'ITBench 46; SREGym resource_request_too_small',
    word: WORD.memory,
    shape({ target }) {
      const { main } = target;
      // It keeps 30 MB in a variable, as a program keeps its data.
      main.args[0] = `data=$(head -c 15000000 /dev/zero | busybox tr '\\0' x); echo "\${#data} bytes loaded"\n${main.args[0].replace('exec busybox httpd', 'busybox httpd')}`;
      main.resources = { requests: { cpu: '2m', memory: '24Mi' }, limits: { memory: '128Mi' } };
    },
    breakIt: ({ random }) => {
      const limit = `${random.int(9, 11)}Mi`;
      const change = (main: Container) =>
        (main.resources = { requests: { cpu: '2m', memory: limit }, limits: { memory: limit } });
      return { what: `memory limit ${limit}`, change };
    },
  }),
  brokenRevision({
    name: 'read-only-root',
    summary: 'hardening made the root file system read-only where the program writes',
    word: /read-only|readOnlyRootFilesystem/i,
    shape({ target, random }) {
      const folder = `/${random.pick(['cache', 'spool', 'work'])}`;
      target.main.args[0] = `set -e; mkdir -p ${folder}/parts; echo 1 >${folder}/parts/one; set +e\n${target.main.args[0]}`;
      target.pod.volumes.push({ name: 'scratch', emptyDir: {} });
      target.main.volumeMounts.push({ name: 'scratch', mountPath: '/tmp' });
    },
    breakIt: () => ({
      what: 'readOnlyRootFilesystem',
      change: (main) => (main.securityContext = { readOnlyRootFilesystem: true }),
    }),
  }),
  brokenRevision({
    name: 'non-root-without-user',
    summary: 'runAsNonRoot without a user for an image that runs as root',
    word: /runAsNonRoot|root/,
    breakIt: () => ({ what: 'runAsNonRoot', change: (main) => (main.securityContext = { runAsNonRoot: true }) }),
  }),
  brokenRevision({
    name: 'init-waits-for-ever',
    summary: 'a new init container waits for a Service that does not exist',
    likeness: 'SREGym init_container_dependency_hang; ITBench 45',
    word: /init/i,
    wish: { kinds: ['Deployment'] },
    breakIt({ random, target }) {
      const missing = `${target.name}-${random.pick(['db', 'migrations', 'broker'])}`;
      const script = `until busybox nslookup ${missing} >/dev/null 2>&1; do echo "waiting for ${missing}"; sleep 1; done`;
      const init = container('wait', script);
      return {
        what: `init container waits for ${missing}`,
        change: (_, { spec }) => (spec.template.spec.initContainers = [init]),
      };
    },
  }),
  brokenRevision({
    name: 'init-fails',
    summary: 'a new init container fails',
    likeness: 'ITBench 59',
    word: /init/i,
    wish: { kinds: ['Deployment'] },
    breakIt({ random }) {
      const init = container(
        random.pick(['setup', 'migrate', 'prepare']),
        'echo "bad configuration: line 3" >&2; exit 2',
      );
      return {
        what: `init container ${init.name} fails`,
        change: (_, { spec }) => (spec.template.spec.initContainers = [init]),
      };
    },
  }),
  brokenRevision({
    name: 'sidecar-same-port',
    summary: 'a new sidecar takes the port of the program beside it',
    likeness: 'SREGym sidecar_port_conflict',
    word: /port|address|sidecar|proxy|container/i,
    wish: { kinds: ['Deployment'], alone: true },
    breakIt({ target }) {
      const proxy = container('proxy', `exec busybox httpd -f -p ${target.port} -h /tmp`);
      const change = (_: Container, { spec }: KubeObject) => spec.template.spec.containers.unshift(proxy);
      return { what: `sidecar on port ${target.port}`, change, names: ['proxy'] };
    },
  }),
  brokenRevision({
    name: 'argument-wrong-port',
    summary: 'a new revision listens on another port than probe and Service know',
    word: /port|args|probe|rolled out|revision/i,
    breakIt({ target }) {
      const [old, now] = [`httpd -f -p ${target.port}`, `httpd -f -p ${target.port + 7}`];
      return { what: now, change: (main) => (main.args = [main.args[0].replace(old, now)]) };
    },
  }),
  brokenRevision({
    name: 'rolling-update-hangs',
    summary: 'a rollout that may take down everything at once, with an init container that never ends',
    likeness: 'SREGym rolling_update_misconfigured',
    word: /init/i,
    wish: { kinds: ['Deployment'], replicas: 2 },
    breakIt() {
      const change = (_: Container, { spec }: KubeObject) => {
        spec.strategy = { type: 'RollingUpdate', rollingUpdate: { maxUnavailable: '100%', maxSurge: 0 } };
        spec.template.spec.initContainers = [container('warm', 'sleep 86400')];
      };
      return { what: 'init container that sleeps, maxUnavailable 100 %', change };
    },
  }),
];
