import { createHash } from 'node:crypto';
import {
  existsSync,
  mkdirSync,
  openSync,
  closeSync,
  readFileSync,
  realpathSync,
  renameSync,
  writeFileSync,
} from 'node:fs';
import { arch } from 'node:os';
import { basename, join } from 'node:path';
import { findProgram } from './host-packages.ts';
import type { Instance } from './instance-record.ts';
import { insideNode } from './node/node-namespace.ts';
import { cacheHome } from './paths.ts';
import { mustRun, runCommand } from './run-command.ts';
import { tar, type TarEntry } from './tar.ts';
import { TestbedError } from './testbed-error.ts';

export type { TarEntry } from './tar.ts';

/** A container image of one layer. */
export interface ImageSpec {
  /** Full reference with a tag other than `latest`, so that it is never pulled: `testbed.local/NAME:TAG`. */
  readonly name: string;
  /** Content of the file system; parent folders are made as needed. */
  readonly files: readonly TarEntry[];
  readonly entrypoint: readonly string[];
  /** Arguments a pod's `args` replace. */
  readonly command?: readonly string[];
  readonly env?: Readonly<Record<string, string>>;
  /** `uid` or `uid:gid`; root when left out. */
  readonly user?: string;
  readonly workingDirectory?: string;
}

/** An image as a file that containerd can import. */
export interface ImageFile {
  readonly name: string;
  readonly path: string;
}

/**
 * Writes an image as a docker archive into the cache and returns its file. Equal specs give equal bytes and are
 * written once. Throws a TestbedError for a name that containerd would complete or pull.
 */
export function buildImage(spec: ImageSpec): ImageFile {
  if (!/^[a-z0-9.-]+\.[a-z]+(\/[a-z0-9._-]+)+:[A-Za-z0-9._-]+$/.test(spec.name) || spec.name.endsWith(':latest')) {
    throw new TestbedError(`image name '${spec.name}' needs a registry host and a tag other than latest`);
  }
  const layer = tar(spec.files);
  const layerDigest = sha256(layer);
  const config = Buffer.from(
    JSON.stringify({
      architecture: arch() === 'x64' ? 'amd64' : arch(),
      os: 'linux',
      config: {
        Entrypoint: spec.entrypoint,
        ...(spec.command ? { Cmd: spec.command } : {}),
        Env: Object.entries({ PATH: '/bin:/usr/bin', ...spec.env }).map(([key, value]) => `${key}=${value}`),
        ...(spec.user ? { User: spec.user } : {}),
        ...(spec.workingDirectory ? { WorkingDir: spec.workingDirectory } : {}),
      },
      rootfs: { type: 'layers', diff_ids: [`sha256:${layerDigest}`] },
    }),
  );
  const configDigest = sha256(config);
  const folder = join(cacheHome(), 'images');
  const path = join(folder, `${sha256(Buffer.from(`${spec.name} ${configDigest}`)).slice(0, 16)}.tar`);
  if (existsSync(path)) return { name: spec.name, path };
  const manifest = [{ Config: `${configDigest}.json`, RepoTags: [spec.name], Layers: [`${layerDigest}/layer.tar`] }];
  mkdirSync(folder, { recursive: true });
  const staging = `${path}.${process.pid}`;
  writeFileSync(
    staging,
    tar([
      { name: `${configDigest}.json`, data: config },
      { name: `${layerDigest}/layer.tar`, data: layer },
      { name: 'manifest.json', data: Buffer.from(JSON.stringify(manifest)) },
    ]),
  );
  renameSync(staging, path);
  return { name: spec.name, path };
}

/** Puts an image into the containerd of an instance's real node. */
export async function importImage(instance: Instance, image: ImageFile): Promise<void> {
  const file = openSync(image.path, 'r');
  try {
    const argv = [
      'ctr',
      '--namespace',
      'k8s.io',
      'images',
      'import',
      '--snapshotter',
      instance.snapshotter ?? 'overlayfs',
      '-',
    ];
    await mustRun(insideNode(instance, argv), { input: file, timeoutMs: 120_000 });
  } finally {
    closeSync(file);
  }
}

/**
 * A program of this machine together with its loader and libraries (none for a static one), at the paths the loader
 * looks in. Throws a TestbedError when a library is missing.
 */
export async function programWithLibraries(path: string, target: string): Promise<TarEntry[]> {
  const { code, stdout: listing, stderr } = await runCommand(['ldd', realpathSync(path)]);
  if (code !== 0 && !/not a dynamic executable/.test(listing + stderr)) {
    throw new TestbedError(`ldd cannot read ${path}`, stderr);
  }
  const missing = /^\s*(\S+) => not found/m.exec(listing);
  if (missing) throw new TestbedError(`${path} needs the library ${missing[1]}; install the package that has it`);
  const libraries = [...listing.matchAll(/(?:=> )?(\/\S+) \(0x/g)].map((match) => match[1]!);
  return [
    { name: target, data: readFileSync(path), mode: 0o755 },
    ...[...new Set(libraries)].map((library) => ({
      name: library.slice(1),
      data: readFileSync(library),
      mode: 0o755,
    })),
  ];
}

/** Busybox (Debian's static build) with a link per applet that scripts in test pods use. */
export async function busyboxImage(): Promise<ImageFile> {
  const applets =
    'sh cat chmod chown cp date echo env grep head id ls mkdir mv nc nslookup ping ps rm sed sleep tail test touch true false wget';
  return buildImage({
    name: BUSYBOX_IMAGE,
    files: [
      ...(await programWithLibraries(findProgram('busybox'), 'bin/busybox')),
      ...applets.split(' ').map((applet) => ({ name: `bin/${applet}`, link: 'busybox' })),
      { name: 'tmp/', mode: 0o1777 },
    ],
    entrypoint: ['/bin/sh'],
  });
}

export const BUSYBOX_IMAGE = 'testbed.local/busybox:1';

/**
 * Debian's redis-server. It runs as uid 999 in /data; the pod mounts its configuration and passes the file's path
 * as the first argument, or options as redis-server takes them.
 */
export async function redisImage(): Promise<ImageFile> {
  return buildImage({
    name: REDIS_IMAGE,
    files: [
      ...(await programWithLibraries(findProgram('redis-check-rdb'), 'usr/bin/redis-server')),
      ...(await programWithLibraries(findProgram('redis-cli'), 'usr/bin/redis-cli')),
      ...(await programWithLibraries(findProgram('busybox'), 'bin/busybox')),
      { name: 'bin/sh', link: 'busybox' },
      { name: 'data/', mode: 0o755, uid: 999, gid: 999 },
      { name: 'tmp/', mode: 0o1777 },
    ].filter((entry, index, all) => all.findIndex((other) => other.name === entry.name) === index),
    entrypoint: ['/usr/bin/redis-server'],
    user: '999:999',
    workingDirectory: '/data',
  });
}

export const REDIS_IMAGE = 'testbed.local/redis:7';

/** An image that holds one static program as /bin/NAME and runs it. */
export function programImage(name: string, program: string, env: Readonly<Record<string, string>> = {}): ImageFile {
  const target = `bin/${basename(program)}`;
  return buildImage({
    name,
    files: [
      { name: target, data: readFileSync(program), mode: 0o755 },
      { name: 'tmp/', mode: 0o1777 },
    ],
    entrypoint: [`/${target}`],
    env,
  });
}

function sha256(data: Uint8Array): string {
  return createHash('sha256').update(data).digest('hex');
}
