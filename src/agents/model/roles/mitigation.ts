import * as z from 'zod';
import type { Hypothesis } from '../../../domain/brain.ts';
import { messageOf } from '../../../domain/cluster-error.ts';
import type { Finding } from '../../../domain/finding.ts';
import type { Plan } from '../../../domain/plan.ts';
import { stepArgv } from '../../../domain/plan.ts';
import { commandText } from '../../../kubectl/command-text.ts';
import { oneLine } from '../../../text/plain-text.ts';
import type { Case } from '../talk/case.ts';
import { canTalk, openTalk, quoted } from '../talk/case.ts';
import type { OwnTool } from '../talk/investigation.ts';
import { investigate } from '../talk/investigation.ts';
import { actionsText, attemptsText, hypothesesText, severityText } from '../talk/listing.ts';
import { masked } from '../talk/masked.ts';
import type { Draft } from './plan-draft.ts';
import { planProblem, planWith } from './plan-draft.ts';
import type { AnswerForm } from '../talk/structured.ts';
import { toolSpec } from '../tools/tools.ts';
import { fused, rank } from './ranking.ts';

const COMMAND = z.string().max(4_000).describe('one kubectl command, whole, without pipes or variables');

const PLAN = z.object({
  actions: z.array(z.string().max(8)).max(20).default([]).describe('ids of listed actions, in order'),
  commands: z
    .array(COMMAND)
    .max(20)
    .default([])
    .describe('further kubectl commands; only where no listed action does it'),
  files: z
    .array(z.object({ name: z.string().max(80), content: z.string().max(20_000) }))
    .max(8)
    .default([])
    .describe('manifests that commands name with -f'),
  expects: z.string().max(400).default('').describe('what should be seen afterwards'),
  why: z.string().max(400).default(''),
  give_up: z.string().max(300).optional().describe('why nothing can be done; leave it out otherwise'),
});

const FREE =
  '- Where no listed action does what is needed, add kubectl commands: each whole and by itself, on objects that exist, with\n  no pipe, variable or second command in it. A manifest that one needs goes into files, and the command names it, as in\n  kubectl create -f class.yaml.';

/** What αM came to. */
export type Mitigation = { type: 'plan'; plan: Plan; alternatives: Plan[] } | { type: 'exhausted'; reason: string };

export interface MitigationInput {
  hypotheses: readonly Hypothesis[];
  findings: readonly Finding[];
  /** Hashes of plans that are not to be tried again. */
  tried: ReadonlySet<string>;
}

/**
 * αM (paper, section on agents): what is done next, chosen from listed actions. Free commands are let through only where the
 * settings say that the model can be trusted to write them, and on top of what is listed.
 * @throws ChatError, StratusError `model` when no usable answer came
 */
export async function mitigate(one: Case, input: MitigationInput): Promise<Mitigation> {
  if (one.candidates.actions.length === 0 && !one.use.freeCommands)
    return { type: 'exhausted', reason: 'no action on a real object was found to choose from' };
  return canTalk(one.model) ? talk(one, input) : choose(one, input);
}

async function talk(one: Case, input: MitigationInput): Promise<Mitigation> {
  const { use, candidates } = one;
  const conversation = openTalk(one, 'choosing what is done', 'mitigation', {
    namespace: one.context.target.namespace,
    most: String(use.maxCommands),
    free: use.freeCommands ? FREE : '- Only listed actions can be chosen; commands of your own are refused.',
    severity: quoted(one, severityText(one.context.severity)),
    hypotheses: quoted(one, hypothesesText(input.hypotheses, input.findings)),
    actions: quoted(one, actionsText(candidates.actions)),
    attempts: quoted(one, attemptsText(one.attempts)),
    case: quoted(one, one.file),
  });
  const form: AnswerForm<z.infer<typeof PLAN>> = {
    name: 'submit_plan',
    description: 'What is to be done, as ids of listed actions in their order.',
    schema: PLAN as z.ZodType<z.infer<typeof PLAN>>,
    check: (answer) => (answer.give_up ? null : planProblem(one, draftOf(answer), input.tried)),
  };
  const answer = await investigate(one, conversation, form, rehearsalOf(one));
  if (answer.give_up) return { type: 'exhausted', reason: oneLine(masked(answer.give_up, use), 300) };
  return { type: 'plan', plan: planWith(one, draftOf(answer), input), alternatives: [] };
}

function draftOf({ actions, commands, files, expects, why }: Omit<z.infer<typeof PLAN>, 'give_up'>): Draft {
  return { actions: actions.map((id) => id.trim().toUpperCase()), commands, files, expects, why };
}

/** What small models are asked for: one action, the others as alternatives. */
async function choose(one: Case, input: MitigationInput): Promise<Mitigation> {
  const { actions } = one.candidates;
  const listed = actions.map(({ id, text }) => ({ id, text }));
  const causes = hypothesesText(input.hypotheses, input.findings);
  const order = fused(await rank(one, 'actions', listed, `Likely causes:\n${causes}\n\n${one.file}`), listed);
  const drafts = order.map((id): Draft => ({ actions: [id], commands: [], files: [], expects: '', why: '' }));
  const [best, ...others] = drafts.filter((draft) => planProblem(one, draft, input.tried) === null);
  if (!best) return { type: 'exhausted', reason: 'every listed action was tried' };
  return {
    type: 'plan',
    plan: planWith(one, best, input),
    alternatives: others.slice(0, 3).map((draft) => planWith(one, draft, input)),
  };
}

const REHEARSAL = z.object({
  actions: z.array(z.string().max(8)).max(20).default([]),
  commands: z.array(COMMAND).max(20).default([]),
  files: PLAN.shape.files,
});

/** Tries a plan on the server without effect; there only where the gateway lets it. */
function rehearsalOf(one: Case): OwnTool[] {
  const { rehearse } = one.context;
  if (!rehearse) return [];
  const form = {
    name: 'rehearse',
    description: 'Tries actions (and commands) on the server without effect, and says what each would change.',
    schema: REHEARSAL as z.ZodType<z.infer<typeof REHEARSAL>>,
  };
  return [
    {
      spec: toolSpec(form),
      run: async (args) => {
        let json: unknown;
        try {
          json = JSON.parse(args);
        } catch {
          // Told to the model, who can put it right.
          return 'the arguments are no JSON';
        }
        const read = REHEARSAL.safeParse(json);
        if (!read.success) return `wrong arguments: ${oneLine(read.error.message, 300)}`;
        const draft: Draft = { ...draftOf({ ...read.data, expects: '', why: '' }) };
        const problem = planProblem(one, draft, new Set());
        if (problem) return problem;
        const plan = planWith(one, draft, { hypotheses: [], findings: [], tried: new Set() });
        try {
          const steps = await rehearse(plan);
          return steps
            .map(({ argv, ok, problem: why, writes, partial }) => {
              const what = writes.map(({ method, undo }) => `${method.toLowerCase()}, undo ${undo.class}`).join('; ');
              const outcome = ok
                ? what || 'changes nothing'
                : partial
                  ? 'can only be told once the steps before it ran'
                  : `refused: ${why}`;
              return `${commandText(argv)}: ${oneLine(outcome, 300)}`;
            })
            .join('\n');
        } catch (error) {
          one.context.signal.throwIfAborted();
          return `it could not be rehearsed: ${oneLine(messageOf(error))}`;
        }
      },
    },
  ];
}

export function commandsOf(plan: Plan): string[] {
  return plan.steps.map((step) => commandText(stepArgv(step)));
}
