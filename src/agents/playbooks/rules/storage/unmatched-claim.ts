import type { Evidence, Finding } from '../../../../domain/finding.ts';
import type { KubeObject } from '../../../../domain/kube-object.ts';
import type { ClusterView } from '../../../../kube/cluster-view.ts';
import { PODS } from '../../../../kube/kind-sets.ts';
import { consumersOfClaim } from '../../../../kube/subjects.ts';
import { eventEvidence, evidence, makeFinding } from '../../engine/analyzer.ts';
import type { Analyzer, AnalyzerContext } from '../../engine/analyzer.ts';
import { handover } from './claim-handover.ts';
import { isUnbound } from './claim-trouble.ts';
import { classOf, defaultClass, NO_PROVISIONER } from './storage-classes.ts';
import { isFree, isOfClaim, mismatches } from './volume-match.ts';
import type { Mismatch } from './volume-match.ts';

const UNMATCHED_CLAIM = 'unmatched-claim';

/** Claims that only a volume made by hand can serve, and none of those that there are fits. */
export function analyzeUnmatchedClaims({ view }: AnalyzerContext): Finding[] {
  if (!view.known('PersistentVolume') || !view.known('StorageClass')) return [];
  return view.all('PersistentVolumeClaim').flatMap((claim) => {
    if (isWaitingForNamed(claim)) return namedFinding(view, claim);
    if (!isUnbound(claim) || !isServedByHand(view, claim)) return [];
    const consumers = consumersOfClaim(view, claim.metadata.namespace, claim.metadata.name);
    const waits = storageClassOf(view, claim)?.['volumeBindingMode'] === 'WaitForFirstConsumer';
    if (waits && consumers.length === 0) return [];
    const free = view.all('PersistentVolume').filter((volume) => isFree(volume, claim));
    if (free.some((volume) => mismatches(volume, claim).length === 0)) return [];
    return [findingFor(view, claim, consumers, free)];
  });
}

/** `spec.volumeName` asks for one volume and no other (kubernetes.io, "Persistent Volumes", reserving). */
function isWaitingForNamed({ spec, status, metadata }: KubeObject): boolean {
  return Boolean(spec?.volumeName) && (status?.phase ?? 'Pending') === 'Pending' && !metadata.deletionTimestamp;
}

/** The volume that a claim names, and that is kept for another claim or for a deleted one of its name. */
function namedFinding(view: ClusterView, claim: KubeObject): Finding[] {
  const named = String(claim.spec?.volumeName);
  const volume = view.find('PersistentVolume', undefined, named);
  const claimRef = volume?.spec?.claimRef as { namespace?: string; name?: string; uid?: string } | undefined;
  if (!volume || !claimRef?.uid || claimRef.uid === claim.metadata.uid) return [];
  const consumers = consumersOfClaim(view, claim.metadata.namespace, claim.metadata.name);
  // While it is still bound or being let go, this passes.
  if (isOfClaim(volume, claim) && volume.status?.phase !== 'Released') return [];
  if (isOfClaim(volume, claim)) return [findingFor(view, claim, consumers, [])];
  const whose = `${claimRef.namespace}/${claimRef.name}`;
  return [
    makeFinding({
      rule: UNMATCHED_CLAIM,
      severity: consumers.length > 0 ? 'critical' : 'warning',
      object: claim,
      what: 'taken',
      message: `Claim ${claim.metadata.name} waits for volume ${named}, which its spec.volumeName asks for and which is kept for another claim, ${whose}`,
      evidence: [
        evidence('spec', claim, 'spec.volumeName', `asks for volume ${named}`),
        evidence('sibling', volume, 'spec.claimRef', `names claim ${whose}; the volume is ${volume.status?.phase}`),
      ],
      unfixed: `whoever owns the data of volume ${named} decides which claim has it`,
    }),
  ];
}

function storageClassOf(view: ClusterView, claim: KubeObject): KubeObject | undefined {
  const name = classOf(claim);
  return name === undefined ? (defaultClass(view) ?? undefined) : view.find('StorageClass', undefined, name);
}

/** No provisioner will make a volume for it. */
function isServedByHand(view: ClusterView, claim: KubeObject): boolean {
  const name = classOf(claim);
  if (name === '') return true;
  const storageClass = storageClassOf(view, claim);
  if (storageClass) return storageClass['provisioner'] === NO_PROVISIONER;
  // A class that only volumes made by hand name, some of them still to be had: else the class itself is what is wrong.
  return view
    .all('PersistentVolume')
    .some(
      (volume) =>
        (isFree(volume, claim) || isOfClaim(volume, claim)) && (volume.spec?.storageClassName ?? '') === (name ?? ''),
    );
}

function findingFor(view: ClusterView, claim: KubeObject, consumers: KubeObject[], free: KubeObject[]): Finding {
  const { name } = claim.metadata;
  const released = view
    .all('PersistentVolume')
    .filter((volume) => volume.status?.phase === 'Released' && isOfClaim(volume, claim));
  const near = free
    .map((volume) => ({ volume, wrong: mismatches(volume, claim) }))
    .sort((a, b) => a.wrong.length - b.wrong.length);
  const single = near.filter(({ wrong }) => wrong.length === 1);
  const only = released.length === 0 && single.length === 1 ? single[0]! : null;
  const given = released.length > 0 ? handover(view, claim, released) : null;
  return makeFinding({
    rule: UNMATCHED_CLAIM,
    severity: consumers.length > 0 ? 'critical' : 'warning',
    object: claim,
    what: released.length > 0 ? 'released' : 'unmatched',
    message: messageOf(name, released[0], only, free.length),
    evidence: [
      ...released.slice(0, 2).map(releasedEvidence),
      ...near
        .slice(0, 4)
        .flatMap(({ volume, wrong }) =>
          wrong
            .slice(0, 2)
            .map(({ text, field }) => evidence('sibling', volume, field, `volume ${volume.metadata.name} ${text}`)),
        ),
      ...view
        .eventsOf(claim)
        .slice(0, 1)
        .map((event) => eventEvidence(event, claim)),
      ...consumers
        .slice(0, 3)
        .map((each) => evidence('sibling', each, 'spec', `${each.kind} ${each.metadata.name} uses the claim`)),
    ],
    ...(given && 'fix' in given
      ? { fixes: [given.fix] }
      : { unfixed: given ? releasedText(released[0]!, given.obstacle) : unfixedText(only) }),
  });
}

function messageOf(
  name: string,
  released: KubeObject | undefined,
  only: { volume: KubeObject; wrong: Mismatch[] } | null,
  free: number,
): string {
  if (released)
    return `Claim ${name} waits for a volume: ${released.metadata.name} is still kept for a deleted claim of the same name`;
  if (only)
    return `Claim ${name} waits for a volume: ${only.volume.metadata.name} would fit, but ${only.wrong[0]!.text}`;
  return free === 0
    ? `Claim ${name} waits for a volume made by hand, and there is none to be had`
    : `Claim ${name} waits for a volume made by hand, and none of ${free} fits it`;
}

function releasedText({ metadata }: KubeObject, obstacle: string): string {
  const patch = '[{"op":"remove","path":"/spec/claimRef"}]';
  return `${obstacle}; whoever may give up what volume ${metadata.name} holds runs: kubectl patch pv ${metadata.name} --type=json -p='${patch}'`;
}

/** Binding a volume that no claim was reserved for cannot be taken back: no agent may bring it about. */
function unfixedText(only: { volume: KubeObject; wrong: Mismatch[] } | null): string {
  if (only)
    return `volume ${only.volume.metadata.name} ${only.wrong[0]!.text}: whoever owns claim and volume changes one of them, since what is once bound is not let go as it was`;
  return 'no single demand of the claim stands in the way of one volume: whoever makes the volumes decides';
}

function releasedEvidence(volume: KubeObject): Evidence {
  const { uid = 'unknown' } = (volume.spec?.claimRef ?? {}) as { uid?: string };
  const policy = String(volume.spec?.persistentVolumeReclaimPolicy ?? 'Retain');
  const text = `volume ${volume.metadata.name} is Released (${policy}); its claimRef has the uid ${uid} of the deleted claim`;
  return evidence('sibling', volume, 'spec.claimRef', text);
}

export const unmatchedClaimRule: Analyzer = {
  rule: UNMATCHED_CLAIM,
  layer: 'infrastructure',
  kinds: [...PODS, 'PersistentVolumeClaim', 'PersistentVolume', 'StorageClass', 'Event'],
  explains: 'Pods that wait for a claim which none of the volumes made by hand fits.',
  unfixed: 'whoever makes the volumes decides which of them the claim may have',
  analyze: analyzeUnmatchedClaims,
};
