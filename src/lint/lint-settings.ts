import { DEFAULT_CONFIG } from './config.ts';
import type { LintConfig } from './config.ts';
import { LINT_RULES } from './lint-rules.ts';
import type { Severity } from '../kubectl/rules.ts';

const SEVERITIES: readonly string[] = ['off', 'information', 'warning', 'error'];

/** Settings as read, with one line per thing that was wrong in them. Wrong parts keep their defaults. */
export interface ReadSettings {
  config: LintConfig;
  problems: string[];
}

function isRecord(value: unknown): value is Record<string, unknown> {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

function stringList(value: unknown, name: string, fallback: readonly string[], problems: string[]): readonly string[] {
  if (value === undefined || value === null) return fallback;
  if (Array.isArray(value) && value.every((item) => typeof item === 'string')) return value;
  problems.push(`${name} must be a list of names`);
  return fallback;
}

/** Reads `{rules, protectedContexts, protectedNamespaces}` from the editor’s settings or from `lint:` in `.stratus.yaml`. */
export function readLintSettings(value: unknown): ReadSettings {
  const problems: string[] = [];
  if (value === undefined || value === null) return { config: DEFAULT_CONFIG, problems };
  if (!isRecord(value)) return { config: DEFAULT_CONFIG, problems: ['lint must be a map'] };
  const rules: Record<string, Severity> = {};
  const given = value['rules'];
  if (isRecord(given)) {
    for (const [id, severity] of Object.entries(given)) {
      const text = severity === false ? 'off' : severity;
      if (!Object.hasOwn(LINT_RULES, id)) problems.push(`there is no rule "${id}"; docs/rules/README.md lists them`);
      else if (typeof text !== 'string' || !SEVERITIES.includes(text))
        problems.push(`rule ${id} must be one of ${SEVERITIES.join(', ')}`);
      else rules[id] = text as Severity;
    }
  } else if (given !== undefined && given !== null) problems.push('rules must be a map from rule to severity');
  return {
    config: {
      rules,
      protectedContexts: stringList(
        value['protectedContexts'],
        'protectedContexts',
        DEFAULT_CONFIG.protectedContexts,
        problems,
      ),
      protectedNamespaces: stringList(
        value['protectedNamespaces'],
        'protectedNamespaces',
        DEFAULT_CONFIG.protectedNamespaces,
        problems,
      ),
    },
    problems,
  };
}
