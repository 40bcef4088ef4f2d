/** A label selector as the API has it (meta/v1 LabelSelector). */
export interface LabelSelector {
  matchLabels?: Record<string, string>;
  matchExpressions?: Array<{ key: string; operator: string; values?: string[] }>;
}

/** An empty selector matches everything, a missing one nothing (API conventions); an unknown operator may match. */
export function selects(selector: LabelSelector | null | undefined, labels: Record<string, string> = {}): boolean {
  if (!selector) return false;
  const has = (key: string) => Object.hasOwn(labels, key);
  const plain = Object.entries(selector.matchLabels ?? {}).every(([key, value]) => has(key) && labels[key] === value);
  const expressions = (selector.matchExpressions ?? []).every(({ key, operator, values = [] }) => {
    switch (operator) {
      case 'In':
        return has(key) && values.includes(labels[key]!);
      case 'NotIn':
        return !has(key) || !values.includes(labels[key]!);
      case 'Exists':
        return has(key);
      case 'DoesNotExist':
        return !has(key);
      default:
        return true;
    }
  });
  return plain && expressions;
}
