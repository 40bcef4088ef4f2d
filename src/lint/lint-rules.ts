import { COMMAND_RULES } from '../kubectl/rules.ts';
import type { RuleInfo, Severity } from '../kubectl/rules.ts';
import type { LintConfig } from './config.ts';
import { MANIFEST_RULES } from './manifest/manifest-rules.ts';
import { RUNBOOK_RULES } from './runbook-file.ts';

const meta = (human: Severity, title: string, why: string): RuleInfo => ({ human, agent: false, title, why });

/** Rules about the linter’s own work. */
export const META_RULES = {
  'disable-without-reason': meta(
    'information',
    'A rule disabled without a reason',
    'Say why after `--`, so that the next reader can judge whether it still holds.',
  ),
  'unknown-setting': meta(
    'warning',
    'A setting that does nothing',
    'A name in `.stratus.yaml` or in a comment is misspelt, or the file is, so that what it asks for is not in force.',
  ),
  'not-checked': meta(
    'information',
    'Text that was not checked',
    'It is too large, too deeply nested or not readable as text.',
  ),
  'internal-error': meta(
    'information',
    'The linter failed',
    'Part of this document was not checked. Please report it with the text that caused it.',
  ),
} as const satisfies Record<string, RuleInfo>;

/** Every rule of the linter, by id. */
export const LINT_RULES: Readonly<Record<string, RuleInfo>> = {
  ...COMMAND_RULES,
  ...MANIFEST_RULES,
  ...RUNBOOK_RULES,
  ...META_RULES,
};

/** The severity in force for a rule. */
export function severityOf(rule: string, config: LintConfig): Severity {
  return config.rules[rule] ?? LINT_RULES[rule]?.human ?? 'warning';
}
