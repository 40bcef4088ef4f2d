import { createHash } from 'node:crypto';
import {
  accessSync,
  constants,
  existsSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  renameSync,
  rmSync,
  statSync,
} from 'node:fs';
import { arch } from 'node:os';
import { join } from 'node:path';
import { withFolderLock } from './folder-lock.ts';
import { ensureGo, goEnvironment } from './go-toolchain.ts';
import { cacheHome, cacheHomes } from './paths.ts';
import type { Report } from './report.ts';
import { runCommand } from './run-command.ts';
import { TestbedError } from './testbed-error.ts';

export const KUBERNETES_VERSION = 'v1.34.4';

/** Binaries by the Go module (folder below go/) that pins their version, with the package each is built from. */
const MODULES = {
  kubernetes: {
    'kube-apiserver': 'k8s.io/kubernetes/cmd/kube-apiserver',
    'kube-controller-manager': 'k8s.io/kubernetes/cmd/kube-controller-manager',
    'kube-scheduler': 'k8s.io/kubernetes/cmd/kube-scheduler',
    kubectl: 'k8s.io/kubernetes/cmd/kubectl',
    kubelet: 'k8s.io/kubernetes/cmd/kubelet',
    'kube-proxy': 'k8s.io/kubernetes/cmd/kube-proxy',
    etcd: 'go.etcd.io/etcd/server/v3',
  },
  dns: { coredns: './coredns' },
  storage: { 'local-path-provisioner': 'github.com/rancher/local-path-provisioner' },
  kwok: { kwok: 'sigs.k8s.io/kwok/cmd/kwok' },
  pause: { pause: './pause' },
  popeye: { popeye: 'github.com/derailed/popeye' },
  'victoria-logs': { 'victoria-logs': 'github.com/VictoriaMetrics/VictoriaLogs/app/victoria-logs' },
  agents: { 'target-finder': './target-finder', 'log-shipper': './log-shipper' },
  ebpf: { 'ebpf-exporter': './ebpf-exporter' },
  'metrics-server': { 'metrics-server': 'sigs.k8s.io/metrics-server/cmd/metrics-server' },
  'kube-state-metrics': { 'kube-state-metrics': 'k8s.io/kube-state-metrics/v2' },
  collector: { 'otel-collector': './otel-collector' },
  jaeger: { jaeger: 'github.com/jaegertracing/jaeger/cmd/jaeger' },
} as const;

type ModuleName = keyof typeof MODULES;
export type Binary = { [M in ModuleName]: keyof (typeof MODULES)[M] }[ModuleName] & string;

export const CONTROL_PLANE: readonly Binary[] = [
  'etcd',
  'kube-apiserver',
  'kube-controller-manager',
  'kube-scheduler',
  'kubectl',
];
export const REAL_NODE: readonly Binary[] = ['kubelet', 'kube-proxy', 'coredns', 'local-path-provisioner', 'pause'];
export const SIMULATED_NODES: readonly Binary[] = ['kwok'];
/** Programs of the testbed's own that any telemetry needs; built in seconds. */
export const METRICS: readonly Binary[] = ['target-finder'];
/** Servers of telemetry that no Debian package has; about eleven minutes of two cores the first time. */
export const TELEMETRY: readonly Binary[] = [
  ...METRICS,
  'victoria-logs',
  'log-shipper',
  'ebpf-exporter',
  'metrics-server',
  'kube-state-metrics',
  'otel-collector',
  'jaeger',
];

const GO_FOLDER = join(import.meta.dirname, 'go');
const BUILD_TIMEOUT_MS = 45 * 60_000;
const VERSION_PACKAGE = 'k8s.io/component-base/version';
const LINK_FLAGS = [
  '-s',
  '-w',
  `-X ${VERSION_PACKAGE}.gitVersion=${KUBERNETES_VERSION}`,
  `-X ${VERSION_PACKAGE}.gitMajor=${KUBERNETES_VERSION.split('.')[0]!.slice(1)}`,
  `-X ${VERSION_PACKAGE}.gitMinor=${KUBERNETES_VERSION.split('.')[1]}`,
  `-X ${VERSION_PACKAGE}.gitTreeState=clean`,
].join(' ');
/** `-mod` and `-buildvcs` stand here so that a user's GOFLAGS cannot change what is built. */
const BUILD_FLAGS = ['-mod=readonly', '-buildvcs=false', '-trimpath', '-ldflags', LINK_FLAGS];

/**
 * Absolute paths of the wanted binaries. What no cache has is built first, which takes minutes and is shown;
 * two launchers never build the same thing twice. Throws a TestbedError with the compiler's last lines.
 */
export async function ensureBinaries(wanted: readonly Binary[], report: Report): Promise<ReadonlyMap<Binary, string>> {
  const paths = new Map<Binary, string>();
  for (const module of Object.keys(MODULES) as ModuleName[]) {
    const needed = wanted.filter((binary) => Object.hasOwn(MODULES[module], binary));
    if (needed.length === 0) continue;
    const hash = folderHash(join(GO_FOLDER, module));
    const missing = needed.filter((binary) => !findCached(hash, binary));
    if (missing.length > 0) await buildModule(module, hash, missing, report);
    for (const binary of needed) paths.set(binary, findCached(hash, binary)!);
  }
  return paths;
}

/** Whether all of these are in a cache, so that nothing would have to be built. */
export function areBuilt(wanted: readonly Binary[]): boolean {
  return (Object.keys(MODULES) as ModuleName[]).every((module) => {
    const needed = wanted.filter((binary) => Object.hasOwn(MODULES[module], binary));
    if (needed.length === 0) return true;
    const hash = folderHash(join(GO_FOLDER, module));
    return needed.every((binary) => findCached(hash, binary));
  });
}

/**
 * Builds the main package in a folder that is a Go module of its own into a static binary; the result is cached by
 * the folder's content, so that an unchanged one costs nothing and needs no Go. Returns the binary's absolute path.
 */
export async function goBuildStatic(folder: string, report: Report): Promise<string> {
  const hash = folderHash(folder);
  const cached = findCached(hash, 'program');
  if (cached) return cached;
  const target = join(cacheHome(), hash);
  await goBuild(folder, new Map([['program', '.']]), target, 'Building the demo application', report);
  return join(target, 'program');
}

function packageOf(module: ModuleName, binary: Binary): string {
  return (MODULES[module] as Partial<Record<Binary, string>>)[binary]!;
}

async function buildModule(
  module: ModuleName,
  hash: string,
  missing: readonly Binary[],
  report: Report,
): Promise<void> {
  const packages = new Map(missing.map((binary) => [binary as string, packageOf(module, binary)]));
  const title = `Building ${missing.join(', ')} from source (once; cached)`;
  await goBuild(join(GO_FOLDER, module), packages, join(cacheHome(), hash), title, report);
}

/** Builds packages (by the name the binary gets) of one module into `target`, each put in place atomically. */
async function goBuild(
  folder: string,
  packages: ReadonlyMap<string, string>,
  target: string,
  title: string,
  report: Report,
): Promise<void> {
  const go = await ensureGo(report);
  mkdirSync(target, { recursive: true });
  await report.step(title, (progress) =>
    withFolderLock(
      join(target, '.lock'),
      { timeoutMs: BUILD_TIMEOUT_MS, onWait: () => progress('waiting for another build') },
      async () => {
        const missing = [...packages].filter(([name]) => !existsSync(join(target, name)));
        if (missing.length === 0) return;
        const staging = join(target, '.partial');
        rmSync(staging, { recursive: true, force: true });
        mkdirSync(staging, { recursive: true });
        const { code, stderr } = await runCommand(
          [go, 'build', '-v', ...BUILD_FLAGS, '-o', `${staging}/`, ...missing.map(([, path]) => path)],
          { cwd: folder, env: goEnvironment(), timeoutMs: BUILD_TIMEOUT_MS, onErrorLine: packageCounter(progress) },
        );
        if (code !== 0) throw new TestbedError('the Go build failed', buildErrors(stderr));
        for (const [name, path] of missing) renameSync(join(staging, outputName(folder, path)), join(target, name));
        rmSync(staging, { recursive: true, force: true });
      },
    ),
  );
}

/** `go build -v` names each package it compiles and each module it downloads, on a line of its own. */
function packageCounter(progress: (text: string) => void): (line: string) => void {
  let compiled = 0;
  let downloaded = 0;
  return (line) => {
    if (line.startsWith('go: downloading ')) downloaded += 1;
    else if (line && !line.includes(' ')) compiled += 1;
    progress(compiled > 0 ? `${compiled} packages compiled` : `${downloaded} modules downloaded`);
  };
}

function buildErrors(stderr: string): string {
  const lines = stderr.split('\n').filter((line) => line.includes(' ') && !line.startsWith('go: downloading '));
  return lines.slice(-15).join('\n');
}

/** The file name `go build -o FOLDER/` gives a package: its last element, without a major version suffix. */
function outputName(folder: string, path: string): string {
  if (path === '.') {
    const module = /^module\s+(\S+)/m.exec(readFileSync(join(folder, 'go.mod'), 'utf8'))?.[1] ?? folder;
    return outputName(folder, `x/${module}`);
  }
  const elements = path.split('/');
  const last = elements.at(-1)!;
  return /^v\d+$/.test(last) ? elements.at(-2)! : last;
}

/** Identifies what would be built: every source and module file, the flags and the machine's architecture. */
function folderHash(folder: string): string {
  const hash = createHash('sha256').update(JSON.stringify([BUILD_FLAGS, arch()]));
  for (const path of readdirSync(folder, { recursive: true, encoding: 'utf8' }).sort()) {
    // The TypeScript around a program is not part of it; anything else may be embedded.
    if (/(\.ts|_test\.go)$/.test(path) || statSync(join(folder, path)).isDirectory()) continue;
    hash.update(`${path}\0`).update(readFileSync(join(folder, path)));
  }
  return hash.digest('hex').slice(0, 16);
}

function findCached(hash: string, binary: string): string | undefined {
  return cacheHomes()
    .map((home) => join(home, hash, binary))
    .find((path) => {
      try {
        accessSync(path, constants.X_OK);
        return true;
      } catch {
        return false;
      }
    });
}
