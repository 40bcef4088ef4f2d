import type { Finding } from '../../../domain/finding.ts';
import type { SignalsNow } from '../../../domain/signals-now.ts';
import type { ClusterView } from '../../../kube/cluster-view.ts';
import { subjectsOf } from '../../../kube/subjects.ts';
import { evidence, MAX_EVIDENCE } from './analyzer.ts';

/** A suspect that comes first in fewer samples is a guess. */
const LEAST_CONFIDENCE = 0.4;

/** Findings, with what traces say where they name the same workload: both then speak for one cause. */
export function withTraces(
  view: ClusterView,
  findings: readonly Finding[],
  signals: Pick<SignalsNow, 'suspects'> | undefined,
): Finding[] {
  const named = (signals?.suspects.suspects ?? []).flatMap(({ node, pod, confidence, message }) =>
    node.object && confidence >= LEAST_CONFIDENCE
      ? [{ said: evidence('trace', pod ?? node.object, null, message), subjects: subjectsOf(view, node.object) }]
      : [],
  );
  if (named.length === 0) return [...findings];
  return findings.map((finding) => {
    if (finding.severity === 'info') return finding;
    const own = new Set(subjectsOf(view, finding.object));
    const said = named
      .filter(({ subjects }) => subjects.some((subject) => own.has(subject)))
      .map((one) => one.said)
      .filter(({ text }) => finding.evidence.every((fact) => fact.text !== text));
    if (said.length === 0) return finding;
    return { ...finding, evidence: [...finding.evidence.slice(0, MAX_EVIDENCE - said.length), ...said] };
  });
}
