import { literalPattern } from '../text/literal-pattern.ts';
import type { Severity } from '../kubectl/rules.ts';

/** What a user can set about the linter, in the editor or in `.stratus.yaml`. */
export interface LintConfig {
  /** Severity by rule id; a missing rule keeps its default. */
  rules: Readonly<Record<string, Severity>>;
  /** Context names, `*` as wildcard: findings on commands that name one are raised by one level. */
  protectedContexts: readonly string[];
  /** Namespaces, `*` as wildcard: the same. */
  protectedNamespaces: readonly string[];
  /** Minor release of the kubectl that will run the commands, such as `1.31`; default: what any stored release knows. */
  kubectl?: string;
}

/** The settings in force without any configuration. */
export const DEFAULT_CONFIG: LintConfig = {
  rules: {},
  protectedContexts: ['*prod*'],
  protectedNamespaces: ['kube-system', 'kube-public', 'kube-node-lease'],
};

/** True if the name matches one of the patterns, in which `*` stands for any text. */
export function matchesAny(name: string, patterns: readonly string[]): boolean {
  let expression = expressions.get(patterns);
  if (!expression) expressions.set(patterns, (expression = expressionOf(patterns)));
  return expression.test(name);
}

const expressions = new WeakMap<readonly string[], RegExp>();

function expressionOf(patterns: readonly string[]): RegExp {
  if (patterns.length === 0) return /$^(?!)/;
  const sources = patterns.map((pattern) => pattern.split('*').map(literalPattern).join('.*'));
  return new RegExp(`^(?:${sources.join('|')})$`);
}

/** One level louder. */
export function raised(severity: Severity): Severity {
  if (severity === 'information') return 'warning';
  return severity === 'warning' ? 'error' : severity;
}
