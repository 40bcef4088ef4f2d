import { userInfo } from 'node:os';
import type { AutonomyPolicy } from '../../domain/autonomy.ts';
import { decide } from '../../domain/autonomy.ts';
import type { Plan } from '../../domain/plan.ts';
import type { RehearsedWrite, StepRehearsal } from '../../domain/transaction.ts';
import type { ApprovalAnswer, AskApproval } from '../../run/incident/run-ports.ts';

interface Request {
  plan: Plan;
  steps: StepRehearsal[];
  hash: string;
}

/**
 * Where a run waits for a person. An answer names the hash of what was shown; an answer to anything else is refused,
 * so a plan that changed while someone was reading cannot be approved by accident.
 */
export class ApprovalDesk {
  readonly #policy: AutonomyPolicy;
  readonly #context: string;
  readonly #listeners = new Set<() => void>();
  #pending: (Request & { answer: (value: ApprovalAnswer) => void }) | null = null;
  /** Steps of the latest plan asked about, for its diff documents. */
  #latest: Request | null = null;

  constructor(policy: AutonomyPolicy, context: string) {
    this.#policy = policy;
    this.#context = context;
  }

  readonly ask: AskApproval = (request, signal) => {
    this.#latest = request;
    const decision = decide(this.#policy, request.steps, this.#context, request.plan.needsPerson);
    if (decision.type === 'proceed') {
      this.#changed();
      const by = { via: 'policy' as const, id: decision.by, at: Date.now() };
      return Promise.resolve({ approve: true, hash: request.hash, by });
    }
    if (decision.type === 'refuse') return Promise.resolve({ approve: false, reason: decision.reason });
    return new Promise<ApprovalAnswer>((resolve, reject) => {
      const stop = () => {
        this.#pending = null;
        this.#changed();
        reject(signal.reason instanceof Error ? signal.reason : new Error('stopped'));
      };
      if (signal.aborted) return stop();
      signal.addEventListener('abort', stop, { once: true });
      const answer = (value: ApprovalAnswer) => {
        signal.removeEventListener('abort', stop);
        this.#pending = null;
        resolve(value);
        this.#changed();
      };
      this.#pending = { ...request, answer };
      this.#changed();
    });
  };

  /** Hash of the plan that waits; null when none does. */
  get awaiting(): string | null {
    return this.#pending?.hash ?? null;
  }

  /** @returns why the approval was not accepted; empty when it was. */
  approve(hash: string): string {
    const problem = this.#mismatch(hash);
    if (!problem)
      this.#pending!.answer({ approve: true, hash, by: { via: 'editor', id: userInfo().username, at: Date.now() } });
    return problem;
  }

  reject(hash: string, reason: string): string {
    const problem = this.#mismatch(hash);
    if (!problem) this.#pending!.answer({ approve: false, reason: reason.trim() || 'rejected without a reason' });
    return problem;
  }

  /** A rehearsed write of the plan with this hash, for its diff. */
  write(hash: string, step: number, write: number): RehearsedWrite | null {
    return this.#latest?.hash === hash ? (this.#latest.steps[step]?.writes[write] ?? null) : null;
  }

  onChange(listener: () => void): { dispose(): void } {
    this.#listeners.add(listener);
    return { dispose: () => void this.#listeners.delete(listener) };
  }

  #mismatch(hash: string): string {
    if (!this.#pending) return 'no plan is waiting for an answer';
    return this.#pending.hash === hash ? '' : 'the plan changed while it was shown; look at it again';
  }

  #changed(): void {
    for (const listener of this.#listeners) listener();
  }
}
