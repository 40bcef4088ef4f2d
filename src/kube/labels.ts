import type { KubeObject } from '../domain/kube-object.ts';

type Untyped = KubeObject['spec'];
export type LabelMap = Record<string, string>;

/** Labels whose value is the name of a program. */
export const NAMING = /(?:^|[/.-])(?:app|name|application|component|instance|service|svc|run)$/;

/** True if every pair of a plain selector map is in `labels`; an empty or absent selector selects nothing. */
export function selectorMapMatches(selector: LabelMap | undefined | null, labels: LabelMap | undefined): boolean {
  const pairs = Object.entries(selector ?? {});
  return pairs.length > 0 && pairs.every(([key, value]) => labels?.[key] === value);
}

/** A `metav1.LabelSelector`; an absent or empty one selects nothing here (no analyzer wants "everything"). */
export function labelSelectorMatches(selector: Untyped, labels: LabelMap | undefined): boolean {
  const pairs = Object.entries((selector?.matchLabels ?? {}) as LabelMap);
  const expressions: Untyped[] = Array.isArray(selector?.matchExpressions) ? selector.matchExpressions : [];
  if (pairs.length + expressions.length === 0) return false;
  return (
    pairs.every(([key, value]) => labels?.[key] === value) &&
    expressions.every((expression) => requirementHolds(expression, labels))
  );
}

/** One `{key, operator, values}` requirement of label selectors and node selector terms. Unknown operators fail. */
export function requirementHolds(requirement: Untyped, labels: LabelMap | undefined): boolean {
  const value = labels?.[requirement?.key];
  const values: string[] = Array.isArray(requirement?.values) ? requirement.values.map(String) : [];
  switch (requirement?.operator) {
    case 'In':
      return value !== undefined && values.includes(value);
    case 'NotIn':
      return value === undefined || !values.includes(value);
    case 'Exists':
      return value !== undefined;
    case 'DoesNotExist':
      return value === undefined;
    case 'Gt':
      return isInteger(value) && isInteger(values[0]) && Number(value) > Number(values[0]);
    case 'Lt':
      return isInteger(value) && isInteger(values[0]) && Number(value) < Number(values[0]);
    default:
      return false;
  }
}

function isInteger(text: string | undefined): boolean {
  return text !== undefined && /^-?\d+$/.test(text);
}
