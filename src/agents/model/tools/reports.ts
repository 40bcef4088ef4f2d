import * as z from 'zod';
import { kubectlSteps } from '../../../domain/plan.ts';
import { commandText } from '../../../kubectl/command-text.ts';
import { counted } from '../../../text/plain-text.ts';
import { findingFacts, findingTitle, itemFact } from '../evidence/case-file.ts';
import { Answer } from './answer.ts';
import type { Tool } from './tool.ts';

const NOTHING = z.object({});

export const healthReport: Tool<z.infer<typeof NOTHING>> = {
  name: 'health_report',
  description: 'What health oracles, checks and alerts measured as wrong when the incident was last read.',
  schema: NOTHING,
  async run(_args, desk) {
    const answer = new Answer(desk.evidence);
    if (!desk.severity.known) return answer.say(`Unknown: ${desk.severity.reason}`).text('');
    const { items } = desk.severity;
    answer.say(
      items.length === 0
        ? 'Nothing is measured as wrong.'
        : `${counted(items.length, 'item')}, read at ${desk.snapshot.takenAt}`,
    );
    const unread = Object.keys(desk.snapshot.unreadable);
    if (unread.length > 0) answer.say(`Not looked at, because they could not be read: ${unread.join(', ')}`);
    return answer.show(items.map(itemFact), true).text('describe_object shows one of them');
  },
};

const FINDINGS = z.object({ rule: z.string().max(80).optional().describe('Only findings of this rule.') });

export const playbookFindings: Tool<z.infer<typeof FINDINGS>> = {
  name: 'playbook_findings',
  description:
    'What the rules without a model concluded, most likely cause first: evidence, and the commands that would mend it.',
  schema: FINDINGS,
  async run({ rule }, desk) {
    const answer = new Answer(desk.evidence);
    if (!desk.playbook) return answer.say('Not available: the playbooks were not asked.').text('');
    const { findings } = desk.playbook;
    const shown = findings.filter((finding) => !rule || finding.rule === rule);
    if (shown.length === 0) {
      const rules = [...new Set(findings.map((finding) => finding.rule))];
      return answer
        .say(
          rules.length > 0 ? `No finding of that rule; there are ${rules.join(', ')}` : 'The playbooks found no cause.',
        )
        .text('');
    }
    for (const finding of shown) {
      answer.say(findingTitle(finding)).show(findingFacts(finding), true);
      for (const { commands, expects } of finding.fixes.slice(0, 3))
        answer.say(`fix: ${commands.map((argv) => commandText(argv)).join('; ')} (expected: ${expects})`);
    }
    return answer.text('ask for one rule');
  },
};

export const attempts: Tool<z.infer<typeof NOTHING>> = {
  name: 'attempts',
  description:
    'Plans that were tried in this run, what became of each and what it taught; and what of the run can still be undone.',
  schema: NOTHING,
  async run(_args, desk) {
    const answer = new Answer(desk.evidence);
    if (desk.attempts.length === 0) answer.say('Nothing was tried yet.');
    for (const { attempt, outcome, reason, lesson, plan } of desk.attempts) {
      answer.say(`Attempt ${attempt}, ${outcome}: ${reason}`);
      for (const { argv } of kubectlSteps(plan)) answer.say(`  ${commandText(argv)}`);
      if (lesson) answer.say(`  lesson: ${lesson}`);
    }
    const stack = desk.undoStack ? await desk.undoStack() : null;
    if (stack === null) answer.say('What can be undone: not available here.');
    else {
      answer.say(stack.length === 0 ? 'Nothing is to be undone.' : 'What can be undone, last first:');
      for (const entry of stack) answer.say(`  ${entry}`);
    }
    return answer.text('');
  },
};
