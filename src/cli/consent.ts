import { userInfo } from 'node:os';
import type { AutonomyPolicy, Principal } from '../domain/autonomy.ts';
import { decide, isGuarded } from '../domain/autonomy.ts';
import type { StepRehearsal } from '../domain/transaction.ts';
import { quoteArgv } from '../text/shell-quote.ts';
import type { CommandIo, ParsedCommand } from './command-line.ts';
import { UsageError } from './usage.ts';

export const CONSENT_OPTIONS = { yes: { type: 'boolean' }, 'confirm-context': { type: 'string' } } as const;

/** Contexts in which nothing is written unasked; the editor's default, too. */
const DEFAULT_PROTECTED = '*prod*';

/** @returns patterns; `none` in the environment means that no context is protected, a blank text says nothing */
export function protectedContexts(environment: NodeJS.ProcessEnv): string[] {
  const patterns = (text: string) => text.split(/[\s,;]+/).filter(Boolean);
  const wanted = patterns(environment.STRATUS_PROTECTED_CONTEXTS ?? '');
  if (wanted.length === 0) return patterns(DEFAULT_PROTECTED);
  return wanted.length === 1 && wanted[0] === 'none' ? [] : wanted;
}

/** What the words of a command, the environment and the terminal say about asking. */
export function policyOf(parsed: ParsedCommand, io: CommandIo): AutonomyPolicy {
  const confirmed = parsed.text('confirm-context');
  return {
    mode: parsed.flag('yes') ? 'all' : 'ask',
    protectedContexts: protectedContexts(process.env),
    ...(confirmed === undefined ? {} : { confirmedContext: confirmed }),
    unattended: parsed.flag('yes') || !io.confirm,
  };
}

/**
 * Before anything is read or rehearsed: whether this command may end up writing to the context at all.
 * @throws UsageError that names the option which would allow it
 */
export function checkContext(command: string, policy: AutonomyPolicy, context: string): void {
  const { confirmedContext } = policy;
  if (confirmedContext !== undefined && confirmedContext !== context)
    throw new UsageError(`${command}: --confirm-context names '${confirmedContext}', the target is '${context}'`);
  if (!policy.unattended || !isGuarded(policy, context)) return;
  throw new UsageError(
    `${command}: context '${context}' is protected (${policy.protectedContexts.join(', ')}): --yes alone does not write there; add ${quoteArgv(['--confirm-context', context])}`,
  );
}

/**
 * For commands that write without a plan to show (undo, recover, lock): whether they may write to the context.
 * @throws UsageError as {@link checkContext}
 */
export async function mayWriteTo(
  command: string,
  parsed: ParsedCommand,
  io: CommandIo,
  context: string,
): Promise<boolean> {
  const policy = policyOf(parsed, io);
  checkContext(command, policy, context);
  return !isGuarded(policy, context) || typesName('', context, io);
}

async function typesName(question: string, context: string, io: CommandIo, signal?: AbortSignal): Promise<boolean> {
  const typed = await io.ask!(`${question} '${context}' is protected: type its name to go on:`.trim(), signal);
  return typed.trim() === context;
}

/**
 * Asks where the policy wants a person; in a protected context the name of the context has to be typed.
 * @returns who let it run; null when nobody did
 */
export async function consent(
  policy: AutonomyPolicy,
  steps: readonly StepRehearsal[],
  context: string,
  question: string,
  io: CommandIo,
  signal: AbortSignal,
  needsPerson?: string,
): Promise<Principal | null> {
  const decision = decide(policy, steps, context, needsPerson);
  if (decision.type === 'refuse') return null;
  if (decision.type === 'proceed') return { via: 'policy', id: decision.by, at: Date.now() };
  const agreed = isGuarded(policy, context)
    ? await typesName(question, context, io, signal)
    : await io.confirm!(question, signal);
  return agreed ? { via: 'cli', id: userInfo().username, at: Date.now() } : null;
}
