import { existsSync, mkdirSync, readdirSync, renameSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { withFolderLock } from './folder-lock.ts';
import { locate, runApt } from './host-packages.ts';
import { cacheHome, cacheHomes } from './paths.ts';
import type { Report } from './report.ts';
import { mustRun } from './run-command.ts';
import { TestbedError } from './testbed-error.ts';

/** Programs of packages that would start a server on the host if they were installed, with the package of each. */
const PACKAGES = {
  prometheus: 'prometheus',
  promtool: 'prometheus',
  'prometheus-alertmanager': 'prometheus-alertmanager',
  amtool: 'prometheus-alertmanager',
  'prometheus-node-exporter': 'prometheus-node-exporter',
  'prometheus-blackbox-exporter': 'prometheus-blackbox-exporter',
} as const;

export type DebianProgram = keyof typeof PACKAGES;

/**
 * Absolute paths of the wanted programs: the machine's own, else from Debian packages that are downloaded and unpacked
 * into the cache, never installed, so that no service of theirs is ever started. Needs no root where apt-get knows its
 * packages already. Throws a TestbedError that names the package.
 */
export async function ensureDebianPrograms<Name extends DebianProgram>(
  wanted: readonly Name[],
  report: Report,
): Promise<ReadonlyMap<Name, string>> {
  const missing = new Set(wanted.filter((name) => !find(name)).map((name) => PACKAGES[name]));
  if (missing.size > 0) {
    const names = [...missing].join(', ');
    await report.step(`Fetching Debian packages ${names} (once; unpacked into the cache)`, async (progress) => {
      for (const name of missing) await unpack(name, progress);
    });
  }
  return new Map(
    wanted.map((name) => {
      const path = find(name);
      if (!path) throw new TestbedError(`the Debian package ${PACKAGES[name]} has no program ${name}`);
      return [name, path];
    }),
  );
}

function find(name: DebianProgram): string | undefined {
  const cached = cacheHomes().map((home) => join(home, 'debian', PACKAGES[name], 'usr', 'bin', name));
  return locate(name) ?? cached.find((path) => existsSync(path));
}

async function unpack(name: string, progress: (text: string) => void): Promise<void> {
  const folder = join(cacheHome(), 'debian', name);
  await withFolderLock(`${folder}.lock`, { timeoutMs: 600_000 }, async () => {
    if (existsSync(folder)) return;
    const staging = `${folder}.partial`;
    rmSync(staging, { recursive: true, force: true });
    mkdirSync(join(staging, 'root'), { recursive: true });
    await runApt(['download', name], (text) => progress(`${text} ${name}`), staging).catch((error: Error) => {
      throw new TestbedError(`${name} cannot be downloaded; run as root: apt-get update (${error.message})`);
    });
    const archive = readdirSync(staging).find((entry) => entry.endsWith('.deb'));
    if (!archive) throw new TestbedError(`apt-get download ${name} left no package`);
    await mustRun(['dpkg-deb', '-x', join(staging, archive), join(staging, 'root')]);
    renameSync(join(staging, 'root'), folder);
    rmSync(staging, { recursive: true, force: true });
  });
}
