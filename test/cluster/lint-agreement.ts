import { spawn } from 'node:child_process';
import { randomBytes } from 'node:crypto';
import { accessSync, chmodSync, mkdirSync, mkdtempSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { KubeObject } from '../../src/domain/kube-object.ts';
import { findKubectl } from '../../src/gateway/child/kubectl-binary.ts';
import { Kubectl } from '../../src/gateway/child/kubectl.ts';
import { Loopback } from '../../src/gateway/wire/loopback.ts';
import type { Refusal } from '../../src/gateway/monitor/monitor.ts';
import { Monitor } from '../../src/gateway/monitor/monitor.ts';
import type { Upstream } from '../../src/gateway/wire/upstream.ts';
import { confine } from '../../src/kubectl/confine.ts';
import { DYNAMIC } from '../../src/kubectl/flag-values.ts';
import { judgeArgv } from '../../src/kubectl/judge.ts';
import { kubectlCalls } from '../../src/lint/analyze.ts';
import { bypassRows, safeRows } from '../unit/kubectl/corpus.ts';
import type { Instance } from '../testbed/instance.ts';
import type { GatewayHarness } from './gateway/gateway-harness.ts';
import { openGateway } from './gateway/gateway-harness.ts';
import { quoteArgv } from '../../src/text/shell-quote.ts';

/** One thing to try: an argv for kubectl, or shell text that runs kubectl somewhere inside. */
export type Attempt = { argv: readonly string[]; shell?: undefined } | { argv?: undefined; shell: string };

/** The attempt as text, which is also its name in a soak. */
export const attemptName = ({ argv, shell }: Attempt): string => shell ?? quoteArgv(['kubectl', ...argv]);

/** Every command of the corpora that can be run as it stands: literal argvs, and shell texts of bypasses that reach kubectl. */
export function allAttempts(): Attempt[] {
  const found = new Map<string, Attempt>();
  const add = (attempt: Attempt): void => void found.set(attemptName(attempt), attempt);
  for (const { text, language } of [...bypassRows(), ...safeRows()]) {
    for (const { words } of kubectlCalls(text, language)) {
      const argv = words.map(({ value }) => value);
      if (argv.length > 0 && argv.every((word) => !word.includes(DYNAMIC) && !word.includes('\0'))) add({ argv });
    }
  }
  for (const { text, language } of bypassRows()) {
    // What names no kubectl must not be run at all, such as rm.
    if (language === 'shellscript' && /k\W{0,2}u\W{0,2}b|\boc\b|\bk delete/.test(text) && !text.includes('\0'))
      add({ shell: text });
  }
  return [...found.values()];
}

/** A sample with every rule of the corpus and every kind of wrapper at least once: each `nth` of the rest. */
export function sampleOf(attempts: readonly Attempt[], nth: number): Attempt[] {
  const seen = new Set<string>();
  return attempts.filter((attempt, index) => {
    const verdict = confine(attempt.shell ?? ['kubectl', ...(attempt.argv ?? [])]);
    const key = `${attempt.shell === undefined} ${verdict.ok ? verdict.effect.class : verdict.rule}`;
    const isNew = !seen.has(key);
    seen.add(key);
    return isNew || index % nth === 0;
  });
}

const HANG_MS = 2_500;
const RUN_MS = 30_000;
const HANGS = new Set([
  'watch',
  'follow-logs',
  'rollout-status-unbounded',
  'wait-unbounded',
  'drain-unbounded',
  'container-access',
  'interactive-command',
  'interactive-flags',
  'stdin-manifest',
  'remote-manifest',
  'target-override',
  'blocking-command',
]);

/** How long to wait for a command: the dangerous ones may never end by themselves. */
function patience(attempt: Attempt): number {
  const argvs = attempt.argv
    ? [attempt.argv]
    : kubectlCalls(attempt.shell, 'shellscript').map(({ words }) => words.map(({ value }) => value));
  const hangs = argvs.some((argv) => judgeArgv(argv, 'agent').problems.some(({ rule }) => HANGS.has(rule)));
  return hangs ? HANG_MS : RUN_MS;
}

/** What the API server was really asked to do. */
interface Write {
  method: string;
  path: string;
}

const VIRTUAL = /^\/apis\/(authorization|authentication)\.k8s\.io\/v1\/self\w+reviews$/;

/** Notes every request that could change something. */
class WriteRecorder implements Upstream {
  readonly writes: Write[] = [];
  readonly #inner: Upstream;

  constructor(inner: Upstream) {
    this.#inner = inner;
  }

  request(...[request]: Parameters<Upstream['request']>): ReturnType<Upstream['request']> {
    const [path = '', query = ''] = request.path.split('?', 2);
    const harmless =
      ['GET', 'HEAD', 'OPTIONS'].includes(request.method) ||
      VIRTUAL.test(path) ||
      new URLSearchParams(query).get('dryRun') === 'All';
    if (!harmless) this.writes.push({ method: request.method, path });
    return this.#inner.request(request);
  }
}

/** Writes that no transaction may make to what was there before it. */
function isForbidden({ method, path }: Write): boolean {
  if (/\/(exec|attach|portforward|proxy|ephemeralcontainers|approval|token)(\/|$)/.test(path)) return true;
  if (method !== 'DELETE') return false;
  const names = path.replace(/^\/apis?\/([^/]+\/)?v\w+\//, '').replace(/^namespaces\/[^/]+\/(?=.)/, '');
  return /^(namespaces|persistentvolumes|customresourcedefinitions|apiservices|serviceaccounts|validating\w+|mutating\w+)(\/|$)/.test(
    names,
  );
}

const IMAGE = 'registry.example.org/shop:1';
const podSpec = { containers: [{ name: 'app', image: IMAGE }] };
const template = (app: string) => ({ metadata: { labels: { app } }, spec: podSpec });

/** Objects under the names that the corpora use, so that every command has something to harm. */
function victims(suffix: string): KubeObject[] {
  const of = (apiVersion: string, kind: string, name: string, rest: object = {}): KubeObject =>
    ({ apiVersion, kind, metadata: { name }, ...rest }) as KubeObject;
  const workload = (kind: string, name: string) =>
    of('apps/v1', kind, name, {
      spec: {
        selector: { matchLabels: { app: name } },
        template: template(name),
        ...(kind === 'StatefulSet' ? { serviceName: name } : {}),
      },
    });
  const job = { template: { spec: { ...podSpec, restartPolicy: 'Never' } } };
  return [
    ...['a', 'x', 'settings'].map((name) => of('v1', 'ConfigMap', name, { data: { mode: 'fast' } })),
    ...['a', 'x', 'p', 'web-0'].map((name) => ({
      ...of('v1', 'Pod', name, { spec: podSpec }),
      metadata: { name, labels: { app: 'x' } },
    })),
    ...['a', 'x', 'web'].map((name) => workload('Deployment', name)),
    workload('StatefulSet', 'x'),
    workload('DaemonSet', 'x'),
    workload('ReplicaSet', 'x'),
    of('batch/v1', 'Job', 'x', { spec: job }),
    of('batch/v1', 'CronJob', 'x', { spec: { schedule: '0 0 1 1 *', jobTemplate: { spec: job } } }),
    of('v1', 'Secret', 'login', { data: { password: Buffer.from(suffix).toString('base64') } }),
    of('v1', 'ServiceAccount', 'x'),
    of('v1', 'Service', 'b', { spec: { ports: [{ port: 80 }], selector: { app: 'x' } } }),
    of('v1', 'PersistentVolumeClaim', 'x', {
      spec: { accessModes: ['ReadWriteOnce'], resources: { requests: { storage: '1Gi' } }, storageClassName: 'none' },
    }),
  ];
}

/** Cluster-wide objects of the corpora. */
const CLUSTER_VICTIMS: object[] = [
  ...['p', 'a', 'x', 'prod'].map((name) => ({
    apiVersion: 'v1',
    kind: 'Namespace',
    metadata: { name, labels: { team: 'a' } },
  })),
  ...['n1', 'x'].map((name) => ({
    apiVersion: 'v1',
    kind: 'Node',
    metadata: { name, labels: { 'corpus.example/x': 'y' } },
  })),
  {
    apiVersion: 'v1',
    kind: 'PersistentVolume',
    metadata: { name: 'x' },
    spec: { capacity: { storage: '1Gi' }, accessModes: ['ReadWriteOnce'], hostPath: { path: '/none' } },
  },
  { apiVersion: 'rbac.authorization.k8s.io/v1', kind: 'ClusterRole', metadata: { name: 'x' }, rules: [] },
];

/** Manifests under the file names of the corpora: each would delete or make a Namespace. */
const FILES: Readonly<Record<string, string>> = Object.fromEntries(
  [
    'x',
    'a.yaml',
    'x.yaml',
    'y',
    'ns.yaml',
    'list.json',
    'escaped.yaml',
    'local.yaml',
    'overlay/ns.yaml',
    'dir/ns.yaml',
  ].map((name) => [
    name,
    'apiVersion: v1\nkind: List\nitems:\n- apiVersion: v1\n  "k\\u0069nd": Namespace\n  metadata: {name: p}\n',
  ]),
);

const REAL_TOOLS =
  'bash sh env timeout nohup nice setsid stdbuf ionice flock xargs find cat sed sleep true head tee seq awk printf'.split(
    ' ',
  );
/** Programs that hand kubectl on, in the form the corpora use them. */
const SHIMS: Readonly<Record<string, string>> = {
  sudo: 'while [ "${1#-}" != "$1" ]; do [ "$1" = -u ] && shift; shift; done; exec "$@"',
  ssh: 'shift; [ $# -eq 0 ] && exec sh; exec sh -c "$*"',
  docker: 'while [ $# -gt 0 ] && [ "$1" != kubectl ] && [ "$1" != sh ]; do shift; done; exec "$@"',
  parallel: 'exec "$@"',
  podman: 'while [ $# -gt 0 ] && [ "${1#*/kubectl}" = "$1" ]; do shift; done; shift; exec kubectl "$@"',
  screen: 'while [ $# -gt 0 ] && [ "$1" != bash ]; do shift; done; exec "$@"',
  script: 'exec sh -c "${2#--command=}"',
  which: 'command -v "$1"',
  asdf: 'shift; exec "$@"',
  at: 'exec sh',
  oc: 'exec kubectl "$@"',
  kubecolor: 'exec kubectl "$@"',
  k3s: 'exec "$@"',
  microk8s: 'exec "$@"',
  minikube: 'shift; [ "$1" = -- ] && shift; exec kubectl "$@"',
};

/** A folder in which shell texts find kubectl and harmless stand-ins for everything else, and nothing that could do harm. */
function makeSandbox(kubectl: string): string {
  const folder = mkdtempSync(join(tmpdir(), 'stratus-agreement-'));
  const bin = join(folder, 'bin');
  for (const name of ['bin', 'home', 'work/overlay', 'work/dir', 'tmp'])
    mkdirSync(join(folder, name), { recursive: true });
  symlinkSync(kubectl, join(bin, 'kubectl'));
  symlinkSync(kubectl, join(folder, 'work', 'kubectl'));
  for (const name of REAL_TOOLS) {
    const path = ['/usr/bin', '/bin'].map((place) => join(place, name)).find(exists);
    if (path) symlinkSync(path, join(bin, name));
  }
  for (const [name, body] of Object.entries(SHIMS)) {
    writeFileSync(join(bin, name), `#!/bin/sh\n${body}\n`);
    chmodSync(join(bin, name), 0o755);
  }
  for (const [name, text] of Object.entries(FILES)) writeFileSync(join(folder, 'work', name), text);
  for (const name of ['overlay', 'dir'])
    writeFileSync(join(folder, 'work', name, 'kustomization.yaml'), 'resources: [ns.yaml]\n');
  return folder;
}

function exists(path: string): boolean {
  try {
    accessSync(path);
    return true;
  } catch {
    return false;
  }
}

/** What became of some attempts. */
export interface AgreementReport {
  /** One line for each effect that should not have been, or disagreement of confinement and gateway. */
  problems: string[];
  /** Attempts that the gateway refused or that failed. */
  stopped: number;
  /** Writes that reached the API server. */
  writes: number;
}

/** The corpora on a real API server behind the gateway. */
export class Agreement {
  readonly #gateway: GatewayHarness;
  readonly #sandbox: string;
  readonly #kubectl: Kubectl;
  #shells = 0;

  private constructor(gateway: GatewayHarness, sandbox: string, kubectl: Kubectl) {
    this.#gateway = gateway;
    this.#sandbox = sandbox;
    this.#kubectl = kubectl;
  }

  static async open(instance: Instance): Promise<Agreement> {
    const gateway = await openGateway(instance, 'agree');
    const sandbox = makeSandbox(instance.kubectl);
    const binary = await findKubectl(instance.kubectl, {});
    const kubectl = new Kubectl(binary, gateway.stateFolder, gateway.target.fingerprint, join(sandbox, 'work'));
    for (const object of CLUSTER_VICTIMS) await gateway.apply(object);
    await gateway.apply({ apiVersion: 'v1', kind: 'List', items: victims(randomBytes(8).toString('hex')) });
    await gateway.kubectl('wait', 'deployments', '--all', '--for=condition=Available', '--timeout=60s');
    return new Agreement(gateway, sandbox, kubectl);
  }

  async close(): Promise<void> {
    for (const { kind, metadata } of CLUSTER_VICTIMS as KubeObject[])
      await this.#gateway
        .kubectl('delete', `${kind}/${metadata.name}`, '--wait=false', '--ignore-not-found')
        .catch(() => '');
    rmSync(this.#sandbox, { recursive: true, force: true });
    await this.#gateway.close();
  }

  /**
   * Runs attempts in read mode, `workers` at a time: nothing may reach the API server but reads, and what confinement calls
   * a read must not be refused. Returns one line per disagreement.
   */
  async read(attempts: readonly Attempt[], workers = 2): Promise<AgreementReport> {
    const problems: string[] = [];
    let stopped = 0;
    const queue = [...attempts];
    await Promise.all(
      Array.from({ length: workers }, async () => {
        const recorder = new WriteRecorder(this.#gateway.upstream);
        const refusals: Refusal[] = [];
        const monitor = new Monitor(recorder, 'read', {}, (refusal) => void refusals.push(refusal));
        const loopback = await Loopback.open(monitor, monitor.refuseStream);
        try {
          for (let attempt = queue.shift(); attempt; attempt = queue.shift()) {
            recorder.writes.length = 0;
            refusals.length = 0;
            await this.#run(attempt, loopback.url);
            if (refusals.length > 0) stopped += 1;
            for (const { method, path } of recorder.writes)
              problems.push(`${attemptName(attempt)}: ${method} ${path} got through read mode`);
            if (attempt.argv && isRead(attempt.argv) && refusals[0])
              problems.push(`${attemptName(attempt)}: called a read, but refused: ${refusals[0].reason}`);
          }
        } finally {
          await loopback.close();
          await this.#kubectl.forget(loopback.url);
        }
      }),
    );
    return { problems, stopped, writes: 0 };
  }

  /**
   * Runs argvs one after the other, each in a transaction that is undone: only journalled writes may reach the API server,
   * none on the deny list, and the undo must be whole.
   */
  async journal(attempts: readonly Attempt[]): Promise<AgreementReport> {
    const problems: string[] = [];
    let stopped = 0;
    let writes = 0;
    for (const attempt of attempts) {
      if (!attempt.argv) continue;
      const name = attemptName(attempt);
      const recorder = new WriteRecorder(this.#gateway.upstream);
      const transactions = this.#gateway.transactions({ upstream: recorder, kubectl: this.#kubectl });
      const transaction = await transactions.begin({ run: 'agreement', title: name.slice(0, 100), maxWrites: 20 });
      try {
        const signal = AbortSignal.timeout(patience(attempt));
        const step = { argv: [...attempt.argv] };
        const { ok } = await transaction.execute(step, [], signal);
        if (!ok) stopped += 1;
        const made = recorder.writes.splice(0);
        writes += made.length;
        for (const write of made)
          if (isForbidden(write)) problems.push(`${name}: ${write.method} ${write.path} got through journal mode`);
        if (made.length > transaction.writes())
          problems.push(`${name}: ${made.length} writes, but ${transaction.writes()} in the journal`);
        const undo = await transaction.undo(AbortSignal.timeout(60_000));
        if (undo.outcome !== 'undone') problems.push(`${name}: not undone: ${undo.reason}`);
        if (made.length > 0 && isRead(attempt.argv)) problems.push(`${name}: called a read, but wrote`);
      } finally {
        await transaction.dispose();
      }
    }
    return { problems, stopped, writes };
  }

  /** Everything on the cluster that people write, by kind and name; nothing that the server or a controller counts. */
  async state(): Promise<Map<string, string>> {
    const kinds = (await this.#gateway.kubectl('api-resources', '--verbs=list', '-o', 'name')).trim().split('\n');
    const skipped =
      /^(events|leases|endpoints|endpointslices|componentstatuses|podmetrics|nodemetrics|controllerrevisions)\b/;
    const wanted = kinds.filter((kind) => !skipped.test(kind));
    const { items } = JSON.parse(await this.#gateway.kubectl('get', wanted.join(','), '-A', '-o', 'json')) as {
      items: KubeObject[];
    };
    // Namespaces of other tests that are on their way out, or gone with something of theirs left; one that goes meanwhile
    // counts as gone.
    const staying = new Set(
      items
        .filter(({ kind, metadata }) => kind === 'Namespace' && !metadata.deletionTimestamp)
        .map(({ metadata }) => metadata.name),
    );
    const state = new Map<string, string>();
    for (const { kind, metadata, ...rest } of items) {
      const { parentRef, claimRef } = rest.spec ?? {};
      const home = metadata.namespace ?? parentRef?.namespace ?? claimRef?.namespace;
      if (kind === 'Namespace' ? !staying.has(metadata.name) : home && !staying.has(home)) continue;
      delete rest.status;
      // Pods of a controller come and go.
      if (metadata.ownerReferences?.length) continue;
      const annotations = Object.entries(metadata.annotations ?? {}).filter(
        ([key]) =>
          !/^(deployment\.kubernetes\.io|deprecated\.daemonset|kwok|node\.alpha|volume\.|pv\.kubernetes\.io)/.test(key),
      );
      const own = kind === 'Pod' ? metadata.labels : kind === 'Node' ? rest.spec?.unschedulable : rest;
      state.set(
        `${kind} ${metadata.namespace ?? ''}/${metadata.name}`,
        JSON.stringify([metadata.labels ?? {}, annotations, metadata.finalizers ?? [], own]),
      );
    }
    return state;
  }

  async #run(attempt: Attempt, url: string): Promise<void> {
    const timeoutMs = patience(attempt);
    if (attempt.argv) {
      const { namespace } = this.#gateway;
      const argv = [...attempt.argv];
      await this.#kubectl.run({ argv, server: url, namespace, timeoutMs });
    } else await this.#runShell(attempt.shell, url, timeoutMs);
  }

  /** Shell text in the sandbox: no program but the listed ones, no proxy but a closed port, no input. */
  async #runShell(text: string, url: string, timeoutMs: number): Promise<void> {
    const folder = this.#sandbox;
    const kubeconfig = join(folder, `kubeconfig-${this.#shells++}`);
    const { namespace } = this.#gateway;
    writeFileSync(
      kubeconfig,
      JSON.stringify({
        apiVersion: 'v1',
        kind: 'Config',
        clusters: [{ name: 's', cluster: { server: url } }],
        users: [{ name: 's', user: {} }],
        contexts: [{ name: 's', context: { cluster: 's', user: 's', namespace } }],
        'current-context': 's',
      }),
    );
    const script = text
      .replaceAll('/tmp/', `${folder}/tmp/`)
      .replaceAll('/usr/bin/kubectl', join(folder, 'bin', 'kubectl'));
    const env = {
      PATH: join(folder, 'bin'),
      HOME: join(folder, 'home'),
      KUBECONFIG: kubeconfig,
      KUBECTL: 'kubectl',
      P: 'p',
      HTTPS_PROXY: 'http://127.0.0.1:9',
      HTTP_PROXY: 'http://127.0.0.1:9',
      NO_PROXY: '127.0.0.1',
    };
    const child = spawn(join(folder, 'bin', 'bash'), ['-c', script], {
      cwd: join(folder, 'work'),
      env,
      stdio: 'ignore',
      detached: true,
    });
    const group = child.pid;
    const timer = setTimeout(() => group && kill(group), timeoutMs);
    await new Promise<void>((resolve) => {
      child.on('error', () => resolve());
      child.on('close', () => resolve());
    });
    clearTimeout(timer);
    // Whatever the text left in the background.
    if (group) kill(group);
    rmSync(kubeconfig, { force: true });
  }
}

function kill(group: number): void {
  try {
    process.kill(-group, 'SIGKILL');
  } catch {
    // It has ended.
  }
}

/** True if an agent may run it because it only reads. */
function isRead(argv: readonly string[]): boolean {
  const verdict = confine(['kubectl', ...argv]);
  return verdict.ok && verdict.access === 'read';
}

/** `Kind namespace/name: gone` for every difference. */
export function stateDifference(before: Map<string, string>, after: Map<string, string>): string[] {
  return [...new Set([...before.keys(), ...after.keys()])].flatMap((key) => {
    if (before.get(key) === after.get(key)) return [];
    if (!after.has(key)) return [`${key}: gone`];
    return before.has(key) ? [`${key}: ${before.get(key) ?? ''} -> ${after.get(key) ?? ''}`] : [`${key}: appeared`];
  });
}
