import { userInfo } from 'node:os';
import type { LeaseLock } from '../cluster/lock/lease-lock.ts';
import { DEFAULT_LOCK_NAMESPACE } from '../cluster/lock/lease-record.ts';
import type { Clock } from '../domain/clock.ts';
import type { Target } from '../domain/target.ts';
import type { JournalStore } from '../gateway/journal/journal-store.ts';
import { KubeApi } from '../gateway/wire/kube-api.ts';
import type { JournalRecord } from '../gateway/journal/journal-records.ts';
import { rootsIn } from '../gateway/journal/journal-facts.ts';
import { Monitor } from '../gateway/monitor/monitor.ts';
import { SharedJournal, sharedJournalGrants } from '../gateway/journal/shared-journal.ts';
import { loadSharedKey } from '../gateway/journal/shared-key.ts';
import type { Upstream } from '../gateway/wire/upstream.ts';
import { shownArgv, shownTitle } from '../kubectl/secret-words.ts';
import type { AppConfig } from './app-config.ts';
import type { SharedSummary } from './transactions.ts';
import { LockedByAnother } from './lock-refusal.ts';
import { StratusError } from '../domain/stratus-error.ts';

/** The cluster's copy of the open journal, in the lock's namespace; null when no shared key is configured. */
export async function openSharedJournal(config: AppConfig, upstream: Upstream): Promise<SharedJournal | null> {
  const key = await loadSharedKey(config.sharedKey, config.sharedKeyFile);
  if (!key) return null;
  const namespace = config.lockNamespace ?? DEFAULT_LOCK_NAMESPACE;
  const api = new KubeApi(new Monitor(upstream, 'control', { control: sharedJournalGrants(namespace) }));
  return new SharedJournal(api, key, namespace);
}

/** Finishing what a colleague's machine left unfinished, from the copy in the cluster. */
export class SharedRecovery {
  readonly #share: SharedJournal;
  readonly #store: JournalStore;
  readonly #lock: LeaseLock;
  readonly #target: Target;
  readonly #clock: Clock;

  constructor(share: SharedJournal, store: JournalStore, lock: LeaseLock, target: Target, clock: Clock) {
    this.#share = share;
    this.#store = store;
    this.#lock = lock;
    this.#target = target;
    this.#clock = clock;
  }

  /** @throws SharedJournalDamaged, ClusterError */
  async look(): Promise<SharedSummary | null> {
    const found = await this.#share.read();
    if (!found) return null;
    const { id, run, title, target, at } = found.open;
    const commands = found.records.flatMap((record) => (record.type === 'step' ? [record.argv] : []));
    return {
      id,
      title: run === 'command' ? shownTitle(title, commands) : title,
      namespace: target.namespace,
      openedAt: at,
      context: target.context,
      roots: rootsIn(found.records),
      commands: commands.map(shownArgv),
    };
  }

  /**
   * Takes the dead holder's lock, then the journal into our own store, where `undo` and `keep` find it. The lock stays
   * dirty until one of them is done. @throws LockedByAnother when its holder may be alive
   */
  async adopt(signal: AbortSignal): Promise<string> {
    const seen = await this.look();
    if (!seen)
      throw new StratusError(
        'nothing-to-do',
        'the cluster keeps no unfinished transaction: there is nothing to recover from it',
      );
    const lock = await this.#lock.acquire(seen.id, signal, true);
    if (!lock.ok) throw new LockedByAnother(`${lock.reason} (held by ${lock.holder})`);
    try {
      const found = await this.#share.read();
      if (found?.open.id !== seen.id)
        throw new StratusError('nothing-to-do', `transaction ${seen.id} was finished by somebody else meanwhile`);
      const { user, context } = { user: userInfo().username, context: found.open.target.context };
      const target = { ...this.#target, namespace: found.open.target.namespace };
      const records: JournalRecord[] = [{ ...found.open, target }, ...found.records.slice(1)];
      const at = new Date(this.#clock.now()).toISOString();
      await this.#store.adopt(
        records,
        at,
        `taken over by ${user} from the cluster's copy (written under context ${context})`,
      );
      return seen.id;
    } finally {
      // It stays marked as taken over, which nobody else breaks either.
      await this.#lock.mark('dirty').catch(() => undefined);
    }
  }
}
