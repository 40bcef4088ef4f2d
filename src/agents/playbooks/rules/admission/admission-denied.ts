import type { Finding } from '../../../../domain/finding.ts';
import type { KubeObject } from '../../../../domain/kube-object.ts';
import type { ClusterView } from '../../../../kube/cluster-view.ts';
import { PODS, REVISIONS } from '../../../../kube/kind-sets.ts';
import { hasMutableTemplate } from '../../../../kube/pod-template.ts';
import { untrustedLine } from '../../../../text/redact.ts';
import { rollbackFixes } from '../../clues/former/rollback.ts';
import { evidence, makeFinding } from '../../engine/analyzer.ts';
import type { Analyzer, AnalyzerContext } from '../../engine/analyzer.ts';
import { demandedMetadata } from './denied/demanded-metadata.ts';
import type { DemandedMetadata } from './denied/demanded-metadata.ts';
import { demandedOfNamespace } from './denied/demanded-of-namespace.ts';
import { denialOf } from './denied/denial.ts';
import type { Denial } from './denied/denial.ts';
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
  const { workload, match } = refused;
  const denial = await denialOf(context, refused);
  const { who, webhook, words } = denial;
  const ofNamespace = await demandedOfNamespace(context, workload, denial);
  const ofPods = ofNamespace.decides ? NOTHING : podFixes(view, workload, denial);
  return makeFinding({
    rule: ADMISSION_DENIED,
    severity: severityOf(view, workload),
    object: workload,
    what: webhook ?? match[2] ?? '',
    message: untrustedLine(
      `${cannotMakePods(view, workload)}: ${ofNamespace.said ? `${ofNamespace.said}: it` : who} denies them: ${words}`,
      290,
    ),
    evidence: [refusalEvidence(refused), ...sources(view, webhook), ...ofNamespace.reasons, ...ofPods.reasons],
    fixes: [...ofNamespace.fixes, ...ofPods.fixes],
    unfixed:
      ofNamespace.unfixed ??
      immutableReason(workload) ??
      ofPods.unfixed ??
      untrustedLine(
        `${who} says what it demands: the owner of ${workload.kind} ${workload.metadata.name}, or of the policy, decides`,
      ),
  });
}

const NOTHING: DemandedMetadata = { fixes: [], reasons: [] };

/** What the template could have instead. */
function podFixes(view: ClusterView, workload: KubeObject, denial: Denial): DemandedMetadata {
  if (!hasMutableTemplate(workload)) return NOTHING;
  const demanded = demandedMetadata(view, workload, denial);
  const parts = [demanded, quotedParts(view, workload, denial.words), rollbackFixes(view, workload)];
  return {
    fixes: parts.flatMap(({ fixes }) => fixes),
    reasons: parts.flatMap(({ reasons }) => reasons),
    ...(demanded.unfixed ? { unfixed: demanded.unfixed } : {}),
  };
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
    'Namespace',
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
