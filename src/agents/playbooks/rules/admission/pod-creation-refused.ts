import type { Finding } from '../../../../domain/finding.ts';
import type { ClusterView } from '../../../../kube/cluster-view.ts';
import { PODS, REVISIONS } from '../../../../kube/kind-sets.ts';
import { hasMutableTemplate } from '../../../../kube/pod-template.ts';
import type { Refusal } from '../../../../kube/refusals.ts';
import { refusals } from '../../../../kube/refusals.ts';
import { untrustedLine } from '../../../../text/redact.ts';
import { rollbackFixes } from '../../clues/former/rollback.ts';
import { makeFinding } from '../../engine/analyzer.ts';
import type { Analyzer, AnalyzerContext } from '../../engine/analyzer.ts';
import { quotedParts } from './quoted-part.ts';
import { isRecognised } from '../../../../kube/refusal-texts.ts';
import { cannotMakePods, immutableReason, refusalEvidence, severityOf } from './refused.ts';

const POD_CREATION_REFUSED = 'pod-creation-refused';

/** Workloads whose pods are refused for a reason that no other rule knows. */
export function analyzeRefusedPods({ view }: AnalyzerContext): Finding[] {
  return refusals(view)
    .filter(({ message }) => !isRecognised(message))
    .map((refusal) => findingFor(view, refusal));
}

function findingFor(view: ClusterView, refusal: Refusal): Finding {
  const { workload, message } = refusal;
  const mutable = hasMutableTemplate(workload);
  const part = mutable ? quotedParts(view, workload, message) : { fixes: [], reasons: [] };
  const rollback = mutable ? rollbackFixes(view, workload) : { fixes: [], reasons: [] };
  const said = message.replace(/^(Error creating|create Pod \S+ in StatefulSet \S+ failed error): /, '');
  return makeFinding({
    rule: POD_CREATION_REFUSED,
    severity: severityOf(view, workload),
    object: workload,
    what: 'create',
    message: untrustedLine(`${cannotMakePods(view, workload)}; the server says: ${said}`, 290),
    evidence: [refusalEvidence(refusal), ...part.reasons, ...rollback.reasons],
    fixes: [...part.fixes, ...rollback.fixes],
    unfixed: immutableReason(workload),
  });
}

export const podCreationRefusedRule: Analyzer = {
  rule: POD_CREATION_REFUSED,
  layer: 'configuration',
  kinds: [...PODS, ...REVISIONS, 'Event', 'Node', 'ConfigMap', 'Secret'],
  explains: 'Workloads with fewer pods than they ask for because the API server refuses them, for any other reason.',
  unfixed: 'who refuses the pods is right by its own rules; which side should give way is a decision',
  analyze: analyzeRefusedPods,
};
