import { printJson } from '../../json/lossless-json.ts';
import type { LabelSelector } from '../../undo/consequences/selector.ts';
import { selects as selectsLabels } from '../../undo/consequences/selector.ts';

export type { LabelSelector } from '../../undo/consequences/selector.ts';

/** Whether labels are selected; an empty or missing selector selects all, as in webhook configurations. */
export function selects(selector: LabelSelector | null | undefined, labels: Record<string, string>): boolean {
  return selectsLabels(selector ?? {}, labels);
}

/** Whether all that `after` selects is selected by `before`, as far as can be told: it has all its requirements. */
export function isNarrower(before: LabelSelector | null | undefined, after: LabelSelector | null | undefined): boolean {
  const labels = Object.entries(before?.matchLabels ?? {});
  const kept = labels.every(([key, value]) => valueOf(after?.matchLabels ?? {}, key) === value);
  const has = new Set((after?.matchExpressions ?? []).map((item) => printJson(canonical(item))));
  return kept && (before?.matchExpressions ?? []).every((item) => has.has(printJson(canonical(item))));
}

function canonical({ key, operator, values = [] }: { key: string; operator: string; values?: string[] }): unknown[] {
  return [key, operator, values.toSorted()];
}

function valueOf(labels: Record<string, string>, key: string): string | undefined {
  return Object.hasOwn(labels, key) ? labels[key] : undefined;
}
