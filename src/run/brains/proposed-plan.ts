import { StratusError } from '../../domain/stratus-error.ts';
import type { Target } from '../../domain/target.ts';
import { confine } from '../../kubectl/confine.ts';
import { allGrammars } from '../../kubectl/grammar/grammar.ts';
import { oneLine } from '../../text/plain-text.ts';
import type { OwnPlan } from './own-plans.ts';
import { LONGEST_TITLE, MOST_COMMANDS } from './propose-plan-tool.ts';

/** Longest command of a plan, in characters. */
const LONGEST_COMMAND = 20_000;

/** The plan that an agent of somebody else proposes, and each command as it wrote it. */
export interface ProposedPlan {
  plan: OwnPlan;
  commands: string[];
}

/**
 * Reads the arguments of PROPOSE_PLAN (`propose-plan-tool.ts`) for a target.
 * @throws StratusError `usage`: what is wrong with them, for the agent
 */
export function proposedPlan(args: unknown, target: Target): ProposedPlan {
  const { title, commands, ...more } = (typeof args === 'object' && args !== null ? args : {}) as Record<
    string,
    unknown
  >;
  const [unknown] = Object.keys(more);
  if (unknown !== undefined) throw new StratusError('usage', `there is no argument '${oneLine(unknown, 60)}'`);
  const named = typeof title === 'string' ? oneLine(title, LONGEST_TITLE) : '';
  if (named === '') throw new StratusError('usage', "'title' has to be a text");
  if (!Array.isArray(commands) || commands.length === 0)
    throw new StratusError('usage', "'commands' has to be a list of kubectl commands");
  if (commands.length > MOST_COMMANDS)
    throw new StratusError('usage', `a plan has at most ${MOST_COMMANDS} commands, not ${commands.length}`);
  const lines = commands.map((command: unknown, index) => lineOf(command, index + 1));
  const steps = lines.map((line, index) => ({ argv: argvOf(line, index + 1, target) }));
  return { plan: { title: `Proposed by another agent: ${named}`, steps, files: [] }, commands: lines };
}

function lineOf(command: unknown, number: number): string {
  const text = typeof command === 'string' ? command.trim() : '';
  if (text === '') throw new StratusError('usage', `command ${number} is no text`);
  if (text.length > LONGEST_COMMAND) throw new StratusError('usage', `command ${number} is too long`);
  if (/[\r\n]/.test(text)) throw new StratusError('usage', `command ${number} has more than one line`);
  return text;
}

/** Refused here is what no kubectl would be let do; the rest is for confinement and rehearsal to say. */
function argvOf(line: string, number: number, { context, namespace }: Target): string[] {
  const verdicts = allGrammars().map((grammar) => confine(line, { context, namespace, grammar }));
  const allowed = verdicts.find((verdict) => verdict.ok);
  if (!allowed) {
    const refusal = verdicts.at(-1)!;
    const rewrite = !refusal.ok && refusal.rewrite ? ` (allowed: ${refusal.rewrite})` : '';
    throw new StratusError('usage', `command ${number}: ${refusal.ok ? '' : refusal.message}${rewrite}`);
  }
  if (allowed.access === 'read')
    throw new StratusError('usage', `command ${number} changes nothing: a plan has only commands that do`);
  return allowed.argv;
}
