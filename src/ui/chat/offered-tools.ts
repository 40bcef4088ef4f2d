import type { ToolSpec } from '../../domain/chat.ts';
import { messageOf } from '../../domain/cluster-error.ts';
import type { Target } from '../../domain/target.ts';
import { placeOf } from '../../domain/target.ts';
import type { StratusApp } from '../../run/app.ts';
import type { OwnPlan } from '../../run/brains/own-plans.ts';
import { PROPOSE_PLAN } from '../../run/brains/propose-plan-tool.ts';
import { explained } from '../../text/fence.ts';
import { presentable, untrustedLine } from '../../text/redact.ts';
import { editorWords } from '../editor/editor-words.ts';

/** What stands before the name of each tool that other agents see. */
export const TOOL_PREFIX = 'stratus_';
/** Longest answer of a tool, in characters. */
const LONGEST = 20_000;
const LONGEST_ARGS = 400;

/** Where tools of this window look and act. */
export interface ToolWorld {
  /** Of the run under way, else what the person chose last; null when nothing was chosen. */
  target(app: StratusApp): Promise<Target | null>;
  /** Begins a run that waits for a person before it writes anything. @returns why it did not begin, or its id */
  propose(target: Target, plan: OwnPlan): Promise<{ run: string } | { problem: string }>;
}

/** What the person is asked before a tool runs. */
export interface ToolQuestion {
  doing: string;
  title: string;
  message: string;
}

/** A tool as other agents see it. */
export function offered(spec: ToolSpec): { name: string; description: string; inputSchema: unknown } {
  return { name: `${TOOL_PREFIX}${spec.name}`, description: spec.description, inputSchema: spec.parameters };
}

/** Every tool says what it is about to do and asks: which agent wants it, and why, only the person knows. */
export function questionOf(tool: string, input: unknown, place: string): ToolQuestion {
  const words = untrustedLine(JSON.stringify(input ?? {}), LONGEST_ARGS);
  if (tool === PROPOSE_PLAN.name)
    return {
      doing: `Stratus: showing a plan for ${place}`,
      title: 'Show a proposed plan in the run view?',
      message: `A run begins on ${place}: it looks, rehearses the plan and waits there for your approval. Nothing is changed before that. ${words}`,
    };
  return {
    doing: `Stratus: ${tool} on ${place}`,
    title: `Read ${tool} on ${place}?`,
    message: `Nothing is changed. The answer is redacted and goes to the agent that asks. ${words}`,
  };
}

/**
 * Calls a tool for an agent of somebody else.
 * @param tool name without prefix
 * @returns text for that agent, bounded; also what is wrong with what it asked
 */
export async function callOffered(
  app: StratusApp,
  world: ToolWorld,
  tool: string,
  input: unknown,
  signal: AbortSignal,
): Promise<string> {
  const target = await world.target(app);
  if (!target)
    return 'No cluster and namespace were chosen in this editor yet. Ask the person to run "Stratus: Diagnose", then call again.';
  if (tool === PROPOSE_PLAN.name) return propose(app, world, target, input);
  const place = placeOf(target);
  try {
    const { ok, text } = await app.tools.call(target, tool, JSON.stringify(input ?? {}), signal);
    const shown = presentable(text, LONGEST);
    if (!ok) return `Not answered: ${shown}`;
    return explained(shown, `Read from ${place}.`);
  } catch (error) {
    signal.throwIfAborted();
    return `Not answered: ${presentable(editorWords(messageOf(error)), 1_000)}`;
  }
}

async function propose(app: StratusApp, world: ToolWorld, target: Target, input: unknown): Promise<string> {
  try {
    const { plan } = await app.tools.proposal(target, input);
    const begun = await world.propose(target, plan);
    if ('problem' in begun) return `Not proposed: ${presentable(begun.problem, 1_000)}`;
    return `Nothing was run. ${begun.run} shows the plan on ${placeOf(target)} in the run view, where a person approves or rejects it after its rehearsal. If nothing is wrong there any more, it is not tried.`;
  } catch (error) {
    return `Not proposed: ${presentable(editorWords(messageOf(error)), 1_000)}`;
  }
}
