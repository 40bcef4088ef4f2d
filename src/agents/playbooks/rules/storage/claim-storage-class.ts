import type { Finding } from '../../../../domain/finding.ts';
import type { KubeObject } from '../../../../domain/kube-object.ts';
import { eventEvidence, evidence, makeFinding } from '../../engine/analyzer.ts';
import type { Analyzer, AnalyzerContext } from '../../engine/analyzer.ts';
import { formerClaims } from './former-claim.ts';
import { replacementFixes } from './claim-replacement.ts';
import { isUnbound, troubleOf } from './claim-trouble.ts';
import type { ClaimTrouble } from './claim-trouble.ts';
import type { ClusterView } from '../../../../kube/cluster-view.ts';
import { consumersOfClaim } from '../../../../kube/subjects.ts';
import { PODS, REVISIONS } from '../../../../kube/kind-sets.ts';

const CLAIM_STORAGE_CLASS = 'claim-storage-class';

/** Pending claims whose StorageClass does not exist, or whose provisioner nobody runs. */
export function analyzeClaimStorageClasses({ view }: AnalyzerContext): Finding[] {
  if (!view.known('StorageClass')) return [];
  return view.all('PersistentVolumeClaim').flatMap((claim) => {
    if (!isUnbound(claim)) return [];
    const trouble = troubleOf(view, claim);
    return trouble ? [findingFor(view, claim, trouble)] : [];
  });
}

function findingFor(view: ClusterView, claim: KubeObject, trouble: ClaimTrouble): Finding {
  const consumers = consumersOfClaim(view, claim.metadata.namespace, claim.metadata.name);
  const { fixes: replacements, reasons, obstacle } = replacementFixes(view, claim, trouble);
  const former = formerClaims(view, claim);
  const [kept] = former;
  // What was stored is in the other one: whoever starts with an empty volume in its place has to know.
  const needsPerson =
    kept && `the new volume is empty, and claim ${kept.claim.metadata.name}, which was mounted before, has one`;
  const fixes = [
    ...former.flatMap((one) => one.fixes),
    ...replacements.map((fix) =>
      needsPerson ? { ...fix, confidence: Math.min(fix.confidence, 0.4), needsPerson } : fix,
    ),
  ];
  const why = fixes.length > 0 ? '' : `; ${obstacle ?? 'no class that works was found for it'}`;
  return makeFinding({
    rule: CLAIM_STORAGE_CLASS,
    severity: consumers.length > 0 ? 'critical' : 'warning',
    object: claim,
    what: trouble.what,
    message: `Claim ${claim.metadata.name} waits for a volume: ${trouble.message}${why}`,
    evidence: [
      evidence('status', claim, 'status.phase', 'the claim is Pending and has no volume'),
      ...trouble.evidence,
      ...view
        .eventsOf(claim)
        .slice(0, 2)
        .map((event) => eventEvidence(event, claim)),
      ...consumers
        .slice(0, 3)
        .map((each) => evidence('sibling', each, 'spec', `${each.kind} ${each.metadata.name} uses the claim`)),
      ...former.flatMap((one) => one.reasons),
      ...reasons,
    ],
    fixes,
    ...(obstacle ? { unfixed: obstacle } : {}),
  });
}

export const claimStorageClassRule: Analyzer = {
  rule: CLAIM_STORAGE_CLASS,
  layer: 'infrastructure',
  kinds: [
    ...PODS,
    ...REVISIONS,
    'PersistentVolumeClaim',
    'PersistentVolume',
    'StorageClass',
    'CSIDriver',
    'CSINode',
    'Event',
  ],
  explains:
    'Pods that wait for a claim which no provisioner serves: its StorageClass is missing, unusable, or does not give its access mode.',
  unfixed: 'no StorageClass of this cluster is known to serve this claim without losing what it holds',
  analyze: analyzeClaimStorageClasses,
};
