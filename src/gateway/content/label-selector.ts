/** A label selector of the Kubernetes API. */
export interface LabelSelector {
  matchLabels?: Record<string, string>;
  matchExpressions?: Array<{ key: string; operator: string; values?: string[] }>;
}

/** Whether labels are selected; an empty or missing selector selects all, an operator that is not known counts as met. */
export function selects(selector: LabelSelector | null | undefined, labels: Record<string, string>): boolean {
  const wanted = Object.entries(selector?.matchLabels ?? {});
  if (!wanted.every(([key, value]) => valueOf(labels, key) === value)) return false;
  return (selector?.matchExpressions ?? []).every(({ key, operator, values = [] }) => {
    const value = valueOf(labels, key);
    if (operator === 'In') return value !== undefined && values.includes(value);
    if (operator === 'NotIn') return value === undefined || !values.includes(value);
    if (operator === 'Exists') return value !== undefined;
    if (operator === 'DoesNotExist') return value === undefined;
    return true;
  });
}

/** Whether all that `after` selects is selected by `before`, as far as can be told: it has all its requirements. */
export function isNarrower(before: LabelSelector | null | undefined, after: LabelSelector | null | undefined): boolean {
  const labels = Object.entries(before?.matchLabels ?? {});
  const kept = labels.every(([key, value]) => valueOf(after?.matchLabels ?? {}, key) === value);
  const has = new Set((after?.matchExpressions ?? []).map((item) => JSON.stringify(canonical(item))));
  return kept && (before?.matchExpressions ?? []).every((item) => has.has(JSON.stringify(canonical(item))));
}

function canonical({ key, operator, values = [] }: { key: string; operator: string; values?: string[] }): unknown[] {
  return [key, operator, values.toSorted()];
}

function valueOf(labels: Record<string, string>, key: string): string | undefined {
  return Object.hasOwn(labels, key) ? labels[key] : undefined;
}
