import { accessSync, constants, existsSync } from 'node:fs';
import { join } from 'node:path';
import { SYSTEM_PATH } from './processes.ts';
import type { Report } from './report.ts';
import { mustRun } from './run-command.ts';
import { TestbedError } from './testbed-error.ts';

/** Programs of the operating system that a real node and its images need, with the Debian package that has each. */
const PACKAGES = {
  containerd: 'containerd',
  ctr: 'containerd',
  runc: 'runc',
  nft: 'nftables',
  ip: 'iproute2',
  unshare: 'util-linux',
  nsenter: 'util-linux',
  mount: 'mount',
  ldd: 'libc-bin',
  busybox: 'busybox-static',
  // One binary under two names; under this one it comes without the package that starts a server on the host.
  'redis-check-rdb': 'redis-tools',
  'redis-cli': 'redis-tools',
} as const;

export type HostProgram = keyof typeof PACKAGES;

/** Where CNI plugins live: Debian's folder, and the one upstream's archives use. */
const CNI_FOLDERS = ['/usr/lib/cni', '/opt/cni/bin'];
const CNI_PACKAGE = 'containernetworking-plugins';
const CNI_PLUGINS = ['ptp', 'host-local', 'loopback'];

/** Absolute path of a system program. Throws a TestbedError naming the Debian package when it is not installed. */
export function findProgram(name: HostProgram): string {
  const path = locate(name);
  if (!path) throw new TestbedError(`${name} is not installed; run as root: apt-get install ${PACKAGES[name]}`);
  return path;
}

/** Folder with the container network plugins, or undefined. */
export function cniFolder(): string | undefined {
  return CNI_FOLDERS.find((folder) => CNI_PLUGINS.every((plugin) => existsSync(join(folder, plugin))));
}

/**
 * Installs with apt-get what a real node needs and this machine lacks; nothing when all is there. Never removes a
 * package to make room. Throws a TestbedError that names the packages when it is not root or apt-get fails.
 */
export async function ensureHostPackages(report: Report): Promise<void> {
  const missing = new Set<string>();
  for (const [program, debian] of Object.entries(PACKAGES)) if (!locate(program as HostProgram)) missing.add(debian);
  if (!cniFolder()) missing.add(CNI_PACKAGE);
  if (missing.size === 0) return;
  const names = [...missing].join(' ');
  const hint = `install them yourself (apt-get install ${names}) or use --nodes simulated`;
  if (process.getuid?.() !== 0)
    throw new TestbedError(`a real node needs these packages and only root can add them: ${names}; ${hint}`);
  if (!existsSync('/usr/bin/apt-get'))
    throw new TestbedError(`this machine has no apt-get; a real node needs ${names}; ${hint}`);
  await report.step(`Installing Debian packages ${names}`, async (progress) => {
    await runApt(['install', '-y', '--no-install-recommends', '--no-remove', ...missing], progress);
  });
  const left = (Object.keys(PACKAGES) as HostProgram[]).filter((program) => !locate(program));
  if (left.length > 0 || !cniFolder())
    throw new TestbedError(`still missing after apt-get: ${left.join(' ')} ${cniFolder() ? '' : 'CNI plugins'}`);
}

/** Runs apt-get; where that fails once more after an update, because the package lists may be missing or old. */
export async function runApt(words: readonly string[], progress: (text: string) => void, cwd?: string): Promise<void> {
  const env = { ...process.env, DEBIAN_FRONTEND: 'noninteractive', PATH: SYSTEM_PATH };
  const options = { env, timeoutMs: 600_000, ...(cwd ? { cwd } : {}) };
  try {
    progress(`apt-get ${words[0]}`);
    await mustRun(['apt-get', ...words], options);
  } catch {
    progress('apt-get update');
    await mustRun(['apt-get', 'update'], options);
    progress(`apt-get ${words[0]}`);
    await mustRun(['apt-get', ...words], options);
  }
}

/** Absolute path of a program of this machine, of whatever package; undefined when there is none. */
export function locate(name: string): string | undefined {
  return [...SYSTEM_PATH.split(':'), ...(process.env['PATH'] ?? '').split(':')]
    .filter((folder) => folder.startsWith('/'))
    .map((folder) => join(folder, name))
    .find((path) => {
      try {
        accessSync(path, constants.X_OK);
        return true;
      } catch {
        return false;
      }
    });
}
