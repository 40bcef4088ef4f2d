import { findKubectl } from '../gateway/child/kubectl-binary.ts';
import type { Kubeconfig } from '../cluster/connect/kubeconfig.ts';
import { loadKubeconfig } from '../cluster/connect/kubeconfig.ts';
import type { Clock } from '../domain/clock.ts';
import type { Target } from '../domain/target.ts';
import type { TransactionSummary } from '../domain/transaction.ts';
import type { FaultHook } from '../gateway/journal/fault-points.ts';
import type { JournalStore } from '../gateway/journal/journal-store.ts';
import type { AppConfig } from './app-config.ts';
import type { RunbookLibrary } from './runbook-library.ts';
import { TargetSession } from './target-session.ts';
import { StratusError } from '../domain/stratus-error.ts';

/** Where a transaction was made, or a lock taken. */
type Pinned = Pick<TransactionSummary, 'context' | 'namespace' | 'fingerprint'> & { id?: string };

export interface SessionParts {
  store: JournalStore;
  library: RunbookLibrary;
  clock: Clock;
  /** Called at every boundary at which the process can die; default: nothing happens there. */
  crash?: FaultHook;
}

/** One session for each target, opened when first needed. */
export class Sessions {
  readonly #config: AppConfig;
  readonly #parts: SessionParts;
  readonly #open = new Map<string, Promise<TargetSession>>();

  constructor(config: AppConfig, parts: SessionParts) {
    this.#config = config;
    this.#parts = parts;
  }

  kubeconfig(): Promise<Kubeconfig> {
    return loadKubeconfig(this.#config);
  }

  async dispose(): Promise<void> {
    for (const session of this.#open.values()) {
      // What never opened need not be closed.
      await (await session.catch(() => null))?.dispose();
    }
  }

  /** The pinned target of a transaction: its context must still mean the same cluster and user (I10). */
  async ofPinned(pinned: Pinned, since = `${pinned.id} was made`): Promise<TargetSession> {
    const target = await (await this.kubeconfig()).target(pinned.context, pinned.namespace);
    if (target.fingerprint !== pinned.fingerprint) {
      throw new StratusError(
        'target-moved',
        `context '${pinned.context}' now means another cluster or user than when ${since}: restore it in the kubeconfig`,
      );
    }
    return this.of(target);
  }

  of(target: Target): Promise<TargetSession> {
    const key = JSON.stringify([target.context, target.namespace, target.fingerprint]);
    let session = this.#open.get(key);
    if (!session) {
      session = TargetSession.open(target, {
        config: this.#config,
        ...this.#parts,
        kubectl: () => findKubectl(this.#config.kubectlPath, process.env),
      });
      this.#open.set(key, session);
      // A session that failed to open is tried again the next time.
      session.catch(() => this.#open.delete(key));
    }
    return session;
  }
}
