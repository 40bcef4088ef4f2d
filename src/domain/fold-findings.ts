import type { Hypothesis } from './brain.ts';
import type { Finding } from './finding.ts';

/** A finding with those that it explains. */
export interface FoldedFinding {
  finding: Finding;
  symptoms: Finding[];
}

/**
 * Findings with their symptoms under them, in their order. Each stands once: under the first cause that explains it, or
 * for itself where none does.
 */
export function foldFindings(findings: readonly Finding[], hypotheses: readonly Hypothesis[]): FoldedFinding[] {
  const causeOf = new Map<string, string>();
  for (const { cause, explains } of hypotheses)
    for (const id of explains) if (!causeOf.has(id) && id !== cause) causeOf.set(id, cause);
  const known = new Set(findings.map(({ id }) => id));
  const isTop = ({ id }: Finding) => !known.has(causeOf.get(id) ?? '');
  return findings.filter(isTop).map((finding) => ({
    finding,
    symptoms: findings.filter((other) => !isTop(other) && causeOf.get(other.id) === finding.id),
  }));
}
