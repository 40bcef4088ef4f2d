import type { StepRehearsal } from './transaction.ts';

/** Who let a plan run. */
export interface Principal {
  via: 'editor' | 'cli' | 'chat' | 'policy';
  /** Name of the person at the machine, or of the policy. */
  id: string;
  /** Milliseconds since the epoch. */
  at: number;
}

/**
 * How much a run may do unasked. `ask`: every plan is shown. `exact`: a plan whose every write is undone exactly runs
 * unasked. `all`: whatever the gateway lets agents do runs unasked (`--yes`).
 */
export type AutonomyMode = 'ask' | 'exact' | 'all';

export interface AutonomyPolicy {
  mode: AutonomyMode;
  /** Names of contexts in which nothing runs unasked, `*` stands for anything, `?` for one character; case does not matter. */
  protectedContexts: readonly string[];
  /** The person has typed or given the name of this protected context. */
  confirmedContext?: string;
  /** Nobody can be asked. */
  unattended?: boolean;
}

export type Decision = { type: 'proceed'; by: string } | { type: 'ask' } | { type: 'refuse'; reason: string };

/** Whether a context's name matches one of the patterns. */
export function isProtected(context: string, patterns: readonly string[]): boolean {
  return patterns.some((pattern) => {
    const expression = pattern
      .replace(/[.+^${}()|[\]\\]/g, '\\$&')
      .replaceAll('*', '[^]*')
      .replaceAll('?', '[^]');
    return new RegExp(`^${expression}$`, 'i').test(context);
  });
}

/** Whether the context is protected and the person has not given its name. */
export function isGuarded({ protectedContexts, confirmedContext }: AutonomyPolicy, context: string): boolean {
  return isProtected(context, protectedContexts) && confirmedContext !== context;
}

/**
 * Whether a rehearsed plan runs, waits for a person, or is refused. Front ends show and ask, they do not decide. What the
 * gateway refuses stays refused whatever this says.
 * @param needsPerson why the plan itself wants a person to look; absent: nothing speaks for that
 */
export function decide(
  policy: AutonomyPolicy,
  steps: readonly StepRehearsal[],
  context: string,
  needsPerson?: string,
): Decision {
  const guarded = isGuarded(policy, context);
  const unasked = !needsPerson && (policy.mode === 'all' || (policy.mode === 'exact' && isExact(steps)));
  if (unasked && !guarded) return { type: 'proceed', by: policy.mode === 'all' ? 'yes to all' : 'exact undo' };
  if (!policy.unattended) return { type: 'ask' };
  return {
    type: 'refuse',
    reason: guarded
      ? `context '${context}' is protected: nothing runs there unasked`
      : needsPerson
        ? `a person has to look at this plan, and nobody can be asked: ${needsPerson}`
        : 'the plan has to be approved, and nobody can be asked',
  };
}

function isExact(steps: readonly StepRehearsal[]): boolean {
  const writes = steps.flatMap(({ writes, action }) => [...writes, ...(action ? [action] : [])]);
  return (
    writes.length > 0 &&
    // A partial rehearsal did not see what the step will really do.
    steps.every((step) => step.ok && !step.partial) &&
    writes.every((write) => write.undo.class === 'exact')
  );
}
