import { createHash } from 'node:crypto';
import { readFileSync, readlinkSync } from 'node:fs';
import { hostname } from 'node:os';

/** A process of this machine, told apart from a later one with the same id. */
export interface ProcessIdentity {
  pid: number;
  /** Start time where the platform tells it; empty otherwise. */
  started: string;
}

export function thisProcess(): ProcessIdentity {
  return { pid: process.pid, started: startOf(process.pid) };
}

/** True also when it cannot be told. */
export function isAlive({ pid, started }: ProcessIdentity): boolean {
  try {
    process.kill(pid, 0);
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ESRCH') return false;
  }
  const now = startOf(pid);
  return now === '' || started === '' || now === started;
}

/**
 * Short name of the set of processes that {@link isAlive} can see: this machine since its last start and, in a
 * container, the container. Lower-case hexadecimal.
 */
export function processWorld(): string {
  let world: string;
  try {
    world = `${readFileSync('/proc/sys/kernel/random/boot_id', 'latin1')} ${readlinkSync('/proc/self/ns/pid')}`;
  } catch {
    // Only Linux tells; elsewhere the machine's name has to do.
    world = hostname();
  }
  return createHash('sha256').update(world).digest('hex').slice(0, 12);
}

/** Field 22 of /proc/PID/stat; a zombie counts as gone (`gone` never equals a start time). */
function startOf(pid: number): string {
  try {
    const stat = readFileSync(`/proc/${pid}/stat`, 'latin1');
    const fields = stat.slice(stat.lastIndexOf(')') + 2).split(' ');
    return fields[0] === 'Z' ? 'gone' : (fields[19] ?? '');
  } catch {
    // No such process, or a platform without /proc.
    return '';
  }
}
