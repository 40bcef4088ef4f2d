import type { BrainDiagnosis, Hypothesis } from '../../../domain/brain.ts';
import type { Finding, FindingSeverity } from '../../../domain/finding.ts';
import type { ClusterView } from '../../../kube/cluster-view.ts';
import { LAYERS } from './analyzer.ts';
import { callersOf, subjectsOf } from '../../../kube/subjects.ts';

const WEIGHT: Record<FindingSeverity, number> = { critical: 0, warning: 1, info: 2 };

/**
 * Findings, most likely cause first, and the hypotheses among them with what they explain. A finding that explains
 * others takes over the severity of the worst of them, so that a cause stands before its symptoms; then critical before
 * warning, then the depth of the rule, then certainty.
 * @param depthOf position of a rule's layer in the chain of causes (`LAYERS`).
 */
export function rankFindings(
  view: ClusterView,
  findings: Finding[],
  depthOf: (rule: string) => number,
): BrainDiagnosis {
  const facts = findings.map((finding) => ({
    finding,
    depth: depthOf(finding.rule),
    subjects: new Set(subjectsOf(view, finding.object)),
    callers: new Set(finding.severity === 'info' ? [] : callersOf(view, finding.object)),
  }));
  type Fact = (typeof facts)[number];
  const explains = (cause: Fact, effect: Fact): boolean => {
    if (cause === effect || cause.finding.severity === 'info' || cause.depth >= effect.depth) return false;
    return [...effect.subjects].some(
      (subject) => cause.subjects.has(subject) || (isSymptom(effect) && cause.callers.has(subject)),
    );
  };
  const isSymptom = (fact: Fact): boolean => fact.depth >= SYMPTOM_DEPTH;
  const rows = facts.map((fact) => {
    const effects = facts.filter((other) => explains(fact, other));
    const own = WEIGHT[fact.finding.severity];
    return {
      ...fact,
      weight: Math.min(own, ...effects.map((effect) => WEIGHT[effect.finding.severity])),
      own,
      effects,
    };
  });
  rows.sort(
    (a, b) =>
      a.weight - b.weight ||
      a.depth - b.depth ||
      a.own - b.own ||
      b.effects.length - a.effects.length ||
      certainty(b.finding) - certainty(a.finding) ||
      (a.finding.id < b.finding.id ? -1 : a.finding.id > b.finding.id ? 1 : 0),
  );
  // What can be mended for itself is wrong for itself, whatever else is wrong with the same pods.
  const folded = rows.map(({ finding, effects }) => ({
    finding,
    effects: effects.filter((effect) => isSymptom(effect) || effect.finding.fixes.length === 0),
  }));
  return { findings: rows.map(({ finding }) => finding), hypotheses: hypothesesOf(folded) };
}

/** A finding that another explains is a symptom of it; one that nothing points at stands for itself. */
function hypothesesOf(rows: { finding: Finding; effects: { finding: Finding }[] }[]): Hypothesis[] {
  const symptoms = new Set(rows.flatMap(({ effects }) => effects.map(({ finding }) => finding.id)));
  return rows
    .filter(({ finding }) => finding.severity !== 'info' && !symptoms.has(finding.id))
    .map(({ finding, effects }) => ({
      cause: finding.id,
      explains: effects.map((effect) => effect.finding.id),
      confidence: certainty(finding),
      evidence: finding.evidence.map((_, index) => `${finding.id}#${index}`),
      by: finding.rule,
    }));
}

/** Rules of this layer only describe what went wrong, not why. */
const SYMPTOM_DEPTH = LAYERS.indexOf('symptom');

function certainty(finding: Finding): number {
  return finding.fixes[0]?.confidence ?? 0;
}
