import { grammarFor, KNOWN_MINORS } from '../kubectl/grammar/grammar.ts';
import type { Severity } from '../kubectl/rules.ts';
import { DEFAULT_CONFIG } from './config.ts';
import type { LintConfig } from './config.ts';
import { LINT_RULES } from './lint-rules.ts';

const SEVERITIES: readonly string[] = ['off', 'information', 'warning', 'error'];

/** One thing wrong in settings, with the keys that lead to it. */
export interface SettingProblem {
  path: readonly string[];
  message: string;
}

/** Settings as read, with what was wrong in them. Wrong parts keep the values of the base. */
export interface ReadSettings {
  config: LintConfig;
  problems: SettingProblem[];
}

function isRecord(value: unknown): value is Record<string, unknown> {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

function stringList(
  value: unknown,
  name: string,
  fallback: readonly string[],
  problems: SettingProblem[],
): readonly string[] {
  if (value === undefined || value === null) return fallback;
  if (Array.isArray(value) && value.every((item) => typeof item === 'string')) return value;
  problems.push({ path: [name], message: `${name} must be a list of names` });
  return fallback;
}

function readRules(given: unknown, base: LintConfig['rules'], problems: SettingProblem[]): LintConfig['rules'] {
  const rules: Record<string, Severity> = { ...base };
  if (given === undefined || given === null) return rules;
  if (!isRecord(given)) {
    problems.push({ path: ['rules'], message: 'rules must be a map from rule to severity' });
    return rules;
  }
  for (const [id, severity] of Object.entries(given)) {
    const text = severity === false ? 'off' : severity;
    const path = ['rules', id];
    if (!Object.hasOwn(LINT_RULES, id))
      problems.push({ path, message: `there is no rule "${id}"; docs/rules/README.md lists them` });
    else if (typeof text !== 'string' || !SEVERITIES.includes(text))
      problems.push({ path, message: `rule ${id} must be one of ${SEVERITIES.join(', ')}` });
    else rules[id] = text as Severity;
  }
  return rules;
}

function readKubectl(given: unknown, base: string | undefined, problems: SettingProblem[]): string | undefined {
  if (given === undefined || given === null || given === '') return base;
  const known = `${KNOWN_MINORS.at(-1) ?? ''} to ${KNOWN_MINORS[0] ?? ''}`;
  // YAML reads 1.30 as the number 1.3.
  if (typeof given !== 'string')
    problems.push({ path: ['kubectl'], message: `kubectl must be text such as "${KNOWN_MINORS[0] ?? ''}": quote it` });
  else if (!grammarFor(given))
    problems.push({ path: ['kubectl'], message: `kubectl ${given} is not known; releases ${known} are` });
  else return given;
  return base;
}

/**
 * Reads `{rules, protectedContexts, protectedNamespaces, kubectl}` from the editor’s settings or from `lint:` in
 * `.stratus.yaml`. What is not given stays as in `base`; rules are taken one by one, lists as a whole.
 */
export function readLintSettings(value: unknown, base: LintConfig = DEFAULT_CONFIG): ReadSettings {
  const problems: SettingProblem[] = [];
  if (value === undefined || value === null) return { config: base, problems };
  if (!isRecord(value)) return { config: base, problems: [{ path: [], message: 'lint must be a map' }] };
  const list = (name: 'protectedContexts' | 'protectedNamespaces'): readonly string[] =>
    stringList(value[name], name, base[name], problems);
  const kubectl = readKubectl(value['kubectl'], base.kubectl, problems);
  const config: LintConfig = {
    rules: readRules(value['rules'], base.rules, problems),
    protectedContexts: list('protectedContexts'),
    protectedNamespaces: list('protectedNamespaces'),
    ...(kubectl === undefined ? {} : { kubectl }),
  };
  return { config, problems };
}
