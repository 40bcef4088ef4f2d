import type { ProductEvent } from '../judge/product.ts';
import type { Cause } from './fault.ts';

export interface NamedFinding {
  rule: string;
  message: string;
  /** Everything that it says, with the object that it speaks of. */
  text: string;
}

/** Findings of a result line, first the one that the product holds for the cause. */
export function findingsOf(result: ProductEvent | undefined): NamedFinding[] {
  const findings = (result?.findings ?? []) as {
    rule?: string;
    message?: string;
    object?: { kind?: string; name?: string };
    evidence?: { text?: string; field?: string; object?: { kind?: string; name?: string } }[];
    unfixed?: string;
  }[];
  return findings.map(({ rule = '', message = '', object, evidence = [], unfixed = '' }) => {
    const said = [
      ...[object?.kind, object?.name, message, unfixed],
      ...evidence.flatMap((one) => [one.object?.kind, one.object?.name, one.field, one.text]),
    ];
    return { rule, message, text: said.filter(Boolean).join(' ') };
  });
}

/** Whether a finding speaks of the objects of a cause; with `why` also of what is wrong with them. */
export function names(finding: NamedFinding, causes: readonly Cause[], why = true): boolean {
  const text = finding.text.toLowerCase();
  return causes.some(
    (cause) =>
      cause.names.every((name) => text.includes(name.toLowerCase())) && (!why || cause.word.test(finding.text)),
  );
}
