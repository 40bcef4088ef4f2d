import type { ToolSpec } from '../../domain/chat.ts';

/** Commands that one plan may have. */
export const MOST_COMMANDS = 20;
/** Longest title of a plan, in characters. */
export const LONGEST_TITLE = 120;

/** The tool by which agents of others hand over a plan. It runs nothing. */
export const PROPOSE_PLAN: ToolSpec = {
  name: 'propose_plan',
  description:
    'Proposes a plan to the engineer: kubectl commands that are tried as one transaction, which is undone unless it helps. Runs nothing itself: a person looks at the rehearsed plan and approves or rejects it.',
  parameters: {
    type: 'object',
    properties: {
      title: {
        type: 'string',
        description: 'What the plan does, in a few words.',
        minLength: 1,
        maxLength: LONGEST_TITLE,
      },
      commands: {
        type: 'array',
        description:
          'Complete kubectl commands, one each, without pipes, variables and files; patches are given with --patch.',
        items: { type: 'string', minLength: 1 },
        minItems: 1,
        maxItems: MOST_COMMANDS,
      },
    },
    required: ['title', 'commands'],
    additionalProperties: false,
  },
};
