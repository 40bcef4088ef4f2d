import type { Evidence } from '../../../domain/finding.ts';
import type { ObjectRef } from '../../../domain/kube-object.ts';
import { refKey } from '../../../domain/kube-object.ts';
import type { Severity } from '../../../domain/severity.ts';
import { spokenOf } from '../../../domain/severity.ts';
import type { ClusterView } from '../../../kube/cluster-view.ts';
import { callersOf, subjectsOf } from '../../../kube/subjects.ts';

export interface Grounds {
  object: ObjectRef;
  evidence: readonly Evidence[];
  /** By rule, of the listed cause that was chosen; null: the model's own. */
  listed: number | null;
  /** What an independent opinion said: the same object, another one, or nothing. */
  second: 'same' | 'other' | 'none';
  /** It came from another model: the same one agrees with itself easily. */
  independent: boolean;
}

/** What a cause that no rule knows starts from. */
const UNLISTED = 0.3;
const STEPS = { named: 0.1, reach: 0.1, agrees: 0.15, variety: 0.05 } as const;

/**
 * How far the evidence speaks for a cause, 0..1, by rule and without the model's own opinion: who says it (a rule or only a
 * model), whether cited facts are about the object, whether it bears on what is unhealthy, whether sources of different
 * kinds agree, and what the second opinion says.
 */
export function evidenceScore(view: ClusterView, severity: Severity, grounds: Grounds): number {
  const { object, evidence, listed, second, independent } = grounds;
  let score = listed ?? UNLISTED;
  const own = refKey(object);
  score += evidence.some((fact) => fact.object && refKey(fact.object) === own) ? STEPS.named : -STEPS.named;
  score += bearsOn(view, severity, object) ? STEPS.reach : -STEPS.reach;
  if (new Set(evidence.map(({ source }) => source)).size > 1) score += STEPS.variety;
  if (second === 'same' && independent) score += STEPS.agrees;
  if (second === 'other') score -= STEPS.agrees;
  return Math.round(Math.min(0.95, Math.max(0.05, score)) * 100) / 100;
}

function bearsOn(view: ClusterView, severity: Severity, object: ObjectRef): boolean {
  if (!severity.known) return false;
  const reach = new Set([...subjectsOf(view, object), ...callersOf(view, object), refKey(object)]);
  return severity.items.some((item) => {
    const named = spokenOf(item);
    return named.length === 0 || named.some((ref) => subjectsOf(view, ref).some((subject) => reach.has(subject)));
  });
}
