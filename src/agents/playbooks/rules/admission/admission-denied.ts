import type { Finding } from '../../../../domain/finding.ts';
import type { KubeObject } from '../../../../domain/kube-object.ts';
import type { ClusterView } from '../../../../kube/cluster-view.ts';
import { PODS, REVISIONS } from '../../../../kube/kind-sets.ts';
import { hasMutableTemplate } from '../../../../kube/pod-template.ts';
import { untrustedLine } from '../../../../text/redact.ts';
import { rollbackFixes } from '../../clues/rollback.ts';
import { evidence, makeFinding } from '../../engine/analyzer.ts';
import type { Analyzer, AnalyzerContext } from '../../engine/analyzer.ts';
import { demandedMetadata } from './demanded-metadata.ts';
import { quotedParts } from './quoted-part.ts';
import { cannotMakePods, immutableReason, refusalEvidence, refusedBy, severityOf } from './refused.ts';
import type { Refused } from './refused.ts';
import { webhooksNamed } from './webhook-entries.ts';

const ADMISSION_DENIED = 'admission-denied';

/** Pods that an admission webhook or policy looked at and denied, in its own words. */
export function analyzeDenials(context: AnalyzerContext): Promise<Finding[]> {
  return Promise.all(refusedBy(context.view, 'denied').map((refused) => findingFor(context, refused)));
}

async function findingFor(context: AnalyzerContext, refused: Refused): Promise<Finding> {
  const { view } = context;
  const { workload, message, match } = refused;
  const [, webhook, policy, binding] = match;
  const who = webhook
    ? `admission webhook ${webhook}`
    : `admission policy ${policy}${binding ? ` (binding ${binding})` : ''}`;
  const words = message.slice(match.index + match[0].length).replace(/^[:\s]+/, '') || message;
  const mutable = hasMutableTemplate(workload);
  const demanded = await demandedMetadata(context, workload, words, policy);
  const part = mutable ? quotedParts(view, workload, words) : { fixes: [], reasons: [] };
  const rollback = mutable ? rollbackFixes(view, workload) : { fixes: [], reasons: [] };
  return makeFinding({
    rule: ADMISSION_DENIED,
    severity: severityOf(view, workload),
    object: workload,
    what: webhook ?? policy ?? '',
    message: untrustedLine(`${cannotMakePods(view, workload)}: ${who} denies them: ${words}`, 290),
    evidence: [
      refusalEvidence(refused),
      ...sources(view, webhook),
      ...demanded.reasons,
      ...part.reasons,
      ...rollback.reasons,
    ],
    fixes: [...demanded.fixes, ...part.fixes, ...rollback.fixes],
    unfixed:
      immutableReason(workload) ??
      demanded.unfixed ??
      untrustedLine(
        `${who} says what it demands: the owner of ${workload.kind} ${workload.metadata.name}, or of the policy, decides`,
      ),
  });
}

function sources(view: ClusterView, webhook: string | undefined) {
  if (!webhook) return [];
  return webhooksNamed(view, webhook).map(({ config, index }: { config: KubeObject; index: number }) =>
    evidence('sibling', config, `webhooks[${index}]`, `${config.kind} ${config.metadata.name} has webhook ${webhook}`),
  );
}

export const admissionDeniedRule: Analyzer = {
  rule: ADMISSION_DENIED,
  layer: 'configuration',
  kinds: [
    ...PODS,
    ...REVISIONS,
    'Event',
    'Node',
    'ConfigMap',
    'Secret',
    'Service',
    'NetworkPolicy',
    'MutatingWebhookConfiguration',
    'ValidatingWebhookConfiguration',
  ],
  explains: 'Pods that an admission webhook or policy denies, with its own words.',
  unfixed: 'whoever denies the pods is right by its own rules; which side should give way is a decision',
  analyze: analyzeDenials,
};
