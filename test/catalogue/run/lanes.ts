import { join } from 'node:path';
import { withFolderLock } from '../../testbed/folder-lock.ts';
import type { Instance } from '../../testbed/instance-record.ts';
import { stateHome } from '../../testbed/paths.ts';
import type { Entry } from '../catalogue.ts';

const TURN_MS = 30 * 60_000;

export interface Job {
  entry: Entry;
  seed: number;
}

/** Several side by side, each in a namespace of its own; those that touch the whole cluster alone, at the end. */
export async function inLanes(
  entries: readonly Entry[],
  seeds: readonly number[],
  sideBySide: number,
  run: (job: Job, alone: boolean) => Promise<void>,
): Promise<void> {
  const all = seeds.flatMap((seed) => entries.map((entry): Job => ({ entry, seed })));
  const waiting = all.filter(({ entry }) => entry.scope === 'namespace');
  const lane = async () => {
    for (let next = waiting.shift(); next; next = waiting.shift()) await run(next, sideBySide === 1);
  };
  await Promise.all(Array.from({ length: sideBySide }, lane));
  for (const job of all.filter(({ entry }) => entry.scope === 'cluster')) await run(job, true);
}

/**
 * One at a time of all trials on a cluster, of other processes on this machine too: the product takes one lock per
 * cluster, and a run that finds it taken between two of its transactions ends there.
 */
export function inTurn<T>({ name }: Instance, work: () => Promise<T>): Promise<T> {
  return withFolderLock(join(stateHome(), '.locks', `${name}.writer`), { timeoutMs: TURN_MS }, work);
}

/** One at a time of all trials that are held in a namespace: an incident of one seed always has the same. */
export function inPlace<T>({ name }: Instance, namespace: string, work: () => Promise<T>): Promise<T> {
  return withFolderLock(join(stateHome(), '.locks', `${name}.${namespace}`), { timeoutMs: TURN_MS }, work);
}
