import { randomBytes } from 'node:crypto';
import type { CommandPlan, CommandStep } from '../domain/plan.ts';
import type { TransactionManager, TransactionOpening } from '../domain/ports.ts';
import type { Acceptance, StepRehearsal, StepResult, TransactionSummary } from '../domain/transaction.ts';
import { ActionPerformer } from './action/action-performer.ts';
import type { FilledOptions, GatewayOptions } from './gateway-options.ts';
import { GatewayTransaction } from './gateway-transaction.ts';
import type { OpenRecord } from './journal/journal-records.ts';
import { nothingBefore } from './monitor/rehearsal-monitor.ts';
import { Rehearser } from './rehearser.ts';
import { SteadyUpstream } from './wire/steady-upstream.ts';

/** Transactions on one pinned cluster. */
export class GatewayTransactions implements TransactionManager {
  readonly #options: FilledOptions;

  constructor(options: GatewayOptions) {
    this.#options = {
      mayWrite: async () => null,
      share: null,
      actions: { find: async () => null },
      crash: () => undefined,
      patienceMs: 30_000,
      stepPatienceMs: 12_000,
      convergeMs: 30_000,
      restoreOwnership: true,
      ...options,
      steady: new SteadyUpstream(options.upstream, {
        clock: options.clock,
        patienceMs: options.stepPatienceMs ?? 12_000,
      }),
    };
  }

  async rehearse(plan: CommandPlan, signal: AbortSignal, accept: readonly Acceptance[] = []): Promise<StepRehearsal[]> {
    const rehearser = new Rehearser(this.#options, 'stratus-rehearsal', accept);
    const { steady: upstream, clock, actions } = this.#options;
    const performer = new ActionPerformer({ upstream, clock, actions, accept });
    const past = nothingBefore();
    const results: StepRehearsal[] = [];
    try {
      for (const [index, step] of plan.steps.entries()) {
        const { rehearsal } =
          'action' in step
            ? await performer.rehearse(step.action, signal)
            : await rehearser.run(step, plan.files, past, signal);
        results.push({ ...rehearsal, partial: index > 0 });
      }
      return results;
    } finally {
      await rehearser.close();
    }
  }

  /** Runs a command that only reads, in a mode in which nothing can be written: no transaction, no lock. */
  async read(step: CommandStep, signal: AbortSignal): Promise<StepResult> {
    const rehearser = new Rehearser(this.#options, 'stratus-rehearsal', []);
    try {
      const { rehearsal, output } = await rehearser.run(step, [], nothingBefore(), signal, 'read');
      const { exitCode = -1, stdout = '', stderr = '' } = output ?? {};
      return { ok: rehearsal.ok, exitCode, stdout, stderr, refusals: [], writes: 0, problem: rehearsal.problem };
    } finally {
      await rehearser.close();
    }
  }

  async begin(opening: TransactionOpening): Promise<GatewayTransaction> {
    const { clock, store, target, crash, share } = this.#options;
    const at = new Date(clock.now()).toISOString();
    const id = `tx-${at.slice(0, 19).replaceAll(/[-:]/g, '').replace('T', '-')}-${randomBytes(3).toString('hex')}`;
    const record: OpenRecord = { type: 'open', id, ...opening, target, manager: `stratus-${id.slice(3)}`, at };
    crash('begin.before-journal');
    const journal = await store.create(record);
    crash('begin.after-journal');
    try {
      if (share) journal.shareWith(await share.begin(record));
    } catch (error) {
      await journal.setStatus('undone', at, 'nothing was written: its copy in the cluster could not be made');
      await journal.close();
      throw error;
    }
    return new GatewayTransaction(this.#options, journal, record);
  }

  list(): Promise<TransactionSummary[]> {
    return this.#options.store.list();
  }

  /** @throws Error when it belongs to another cluster, is in use, does not exist or is damaged */
  async reopen(id: string): Promise<GatewayTransaction> {
    const journal = await this.#options.store.take(id);
    const record = journal.records[0];
    if (record?.type !== 'open' || record.target.fingerprint !== this.#options.target.fingerprint) {
      await journal.close();
      const where =
        record?.type === 'open' ? `context ${record.target.context} (${record.target.server})` : 'another cluster';
      throw new Error(`transaction ${id} belongs to ${where}: choose that context`);
    }
    if (this.#options.share) journal.shareWith(this.#options.share.ending(id));
    return new GatewayTransaction(this.#options, journal, record);
  }
}
