import type { Finding } from '../../../../domain/finding.ts';
import type { KubeObject } from '../../../../domain/kube-object.ts';
import { eventEvidence, evidence, makeFinding } from '../../engine/analyzer.ts';
import type { Analyzer, AnalyzerContext, FixDraft } from '../../engine/analyzer.ts';
import { replacementFixes } from './claim-replacement.ts';
import { formerClaims } from './former-claim.ts';
import type { FormerClaim } from './former-claim.ts';
import { isUnbound, troubleOf } from './claim-trouble.ts';
import type { ClaimTrouble } from './claim-trouble.ts';
import type { ClusterView } from '../../../../kube/cluster-view.ts';
import { revisionsOf } from '../../../../kube/revisions.ts';
import { consumersOfClaim, namesClaim } from '../../../../kube/subjects.ts';
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
  const former = formerClaims(view, claim, consumers);
  const { fixes: anew, reasons, obstacle } = replacementFixes(view, claim, trouble);
  const abandoned = consumers.length === 0 && wasMounted(view, claim);
  const fixes = abandoned
    ? []
    : [...former.flatMap((each) => each.fixes), ...anew.map((fix) => startingEmpty(fix, former))];
  const before = former.map(({ workload, claim: { metadata } }) => `${workload.kind} ${workload.metadata.name} had claim ${metadata.name} before, which is still bound`); // prettier-ignore
  const unwanted = abandoned
    ? 'nobody mounts it any more: whoever made it knows whether it is still wanted'
    : undefined;
  const without = fixes.length > 0 ? [] : [unwanted ?? obstacle ?? 'no class that works was found for it'];
  return makeFinding({
    rule: CLAIM_STORAGE_CLASS,
    severity: consumers.length > 0 ? 'critical' : 'warning',
    object: claim,
    what: trouble.what,
    message: `Claim ${claim.metadata.name} waits for a volume: ${[trouble.message, ...before, ...without].join('; ')}`,
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
      ...former.flatMap((each) => each.evidence),
      ...reasons,
    ],
    fixes,
    ...((unwanted ?? obstacle) ? { unfixed: unwanted ?? obstacle } : {}),
  });
}

/** A revision of some workload mounted it that is not the present one, and none does now. */
function wasMounted(view: ClusterView, { metadata }: KubeObject): boolean {
  return view
    .workloads()
    .filter((workload) => workload.metadata.namespace === metadata.namespace)
    .some((workload) =>
      revisionsOf(view, workload).some(({ current, template }) => !current && namesClaim(template.spec, metadata.name)),
    );
}

/** What a workload kept in another claim is not in a new volume: only a person can say that it may begin without. */
function startingEmpty(fix: FixDraft, [former]: readonly FormerClaim[]): FixDraft {
  if (!former) return fix;
  const { kind, metadata } = former.workload;
  const needsPerson = `${kind} ${metadata.name} would start on an empty volume, while what it kept lies in claim ${former.claim.metadata.name}`;
  return { ...fix, confidence: fix.confidence / 2, needsPerson };
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
