import type { FenceChange } from '../cluster/lock/fence-installer.ts';
import type { Target } from '../domain/target.ts';

export interface LockStatus {
  state: 'free' | 'held' | 'dirty' | 'unknown';
  holder: string;
  /** `executing tx-…`, `undoing tx-…`; empty when free. */
  phase: string;
  /** ISO 8601 of the last renewal; empty when free. */
  renewedAt: string;
  /**
   * What a writer gets: admission policies enforce the lock, or only Stratus itself does; `unusable`: the fence is half
   * installed or altered, and nobody may write until it is put right.
   */
  level: 'fenced' | 'client-side' | 'unusable';
  /** Why not fenced; empty when fenced. */
  why: string;
}

/** One writer per cluster. */
export interface WriterLock {
  status(target: Target): Promise<LockStatus>;
  /** Audited. Only for a lock whose owner will not come back. */
  break(target: Target): Promise<void>;
  /** Installs or uninstalls the fence, an administrator's act; without `apply` it only tells what would be done. */
  fence(target: Target, goal: 'install' | 'uninstall', apply: boolean): Promise<FenceChange[]>;
  /**
   * Gives back locks that processes of this state folder held when they ended with nothing owed.
   * @returns for people: each that was freed, or of which nothing can be told, because its cluster does not answer
   */
  freeLeft(): Promise<string[]>;
}
