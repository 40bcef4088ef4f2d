import type { RuleInfo } from '../kubectl/rules.ts';
import { isRunbook, readRunbook } from '../runbook/read-runbook.ts';
import type { LintConfig } from './config.ts';
import type { Finding } from './finding.ts';

/** Rules about files that declare an action. */
export const RUNBOOK_RULES = {
  'runbook-schema': {
    human: 'error',
    agent: false,
    title: 'A runbook action that cannot be read',
    why: 'A key, a part or a value is not what docs/runbooks.md describes, so that the action can be neither allowed nor run.',
  },
  'runbook-placeholder': {
    human: 'error',
    agent: false,
    title: 'A placeholder that could become a program',
    why: 'A value has to stay data: give it as a word of its own after the script and read it as "$1". A snapshot is given as standard input, because the words of a command end up in audit logs.',
  },
} as const satisfies Record<string, RuleInfo>;

/** What is wrong with a file that declares an action; nothing for any other text. */
export function checkRunbook(text: string, config: LintConfig): Finding[] {
  if (!isRunbook(text)) return [];
  return readRunbook(text).problems.flatMap(({ kind, start, end, message }): Finding[] => {
    const rule = `runbook-${kind}` as const;
    const severity = config.rules[rule] ?? RUNBOOK_RULES[rule].human;
    return severity === 'off' ? [] : [{ rule, severity, start, end, message }];
  });
}
