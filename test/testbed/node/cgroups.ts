import { existsSync, mkdirSync, readdirSync, readFileSync, rmdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { contextName } from '../instance-record.ts';

/**
 * Every real node keeps its pods below a control group of its own. Two kubelets that shared one would each remove
 * the other's pods as orphans.
 */
export function cgroupName(instance: string): string {
  return contextName(instance);
}

/** Creates the instance's control group in every hierarchy, with the controllers a kubelet needs. */
export function createCgroup(instance: string): void {
  for (const mount of hierarchies()) {
    const folder = join(mount.path, cgroupName(instance));
    if (mount.version === 2) enableControllers(mount.path);
    mkdirSync(folder, { recursive: true });
    if (mount.version === 2) enableControllers(folder);
    if (mount.version === 1 && existsSync(join(folder, 'cpuset.cpus'))) {
      // A new cpuset is empty and would take no process.
      for (const file of ['cpuset.cpus', 'cpuset.mems']) {
        const inherited = readFileSync(join(mount.path, file), 'utf8');
        if (inherited.trim()) writeFileSync(join(folder, file), inherited);
      }
    }
  }
}

/** Removes the instance's control groups; its processes must have ended. What the kernel still holds is retried. */
export async function removeCgroup(instance: string): Promise<void> {
  const deadline = performance.now() + 5000;
  for (const mount of hierarchies()) {
    const folder = join(mount.path, cgroupName(instance));
    while (existsSync(folder)) {
      try {
        removeTree(folder);
      } catch (error) {
        if (performance.now() > deadline) throw error;
        await sleep(50);
      }
    }
  }
}

/** Control groups are removed one folder at a time, children first; their files are not files. */
function removeTree(folder: string): void {
  for (const entry of readdirSync(folder, { withFileTypes: true })) {
    if (entry.isDirectory()) removeTree(join(folder, entry.name));
  }
  rmdirSync(folder);
}

function enableControllers(folder: string): void {
  const available = readFileSync(join(folder, 'cgroup.controllers'), 'utf8').trim().split(/\s+/).filter(Boolean);
  for (const controller of available) {
    try {
      writeFileSync(join(folder, 'cgroup.subtree_control'), `+${controller}`);
    } catch {
      // A controller that cannot be handed on is one the kubelet will name itself if it needs it.
    }
  }
}

interface Hierarchy {
  readonly path: string;
  readonly version: 1 | 2;
}

function hierarchies(): Hierarchy[] {
  const mounts = readFileSync('/proc/mounts', 'utf8').trim().split('\n');
  return mounts.flatMap((line): Hierarchy[] => {
    const [, path = '', type] = line.split(' ');
    if (type === 'cgroup') return [{ path, version: 1 }];
    return type === 'cgroup2' ? [{ path, version: 2 }] : [];
  });
}
