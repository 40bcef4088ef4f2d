import type { KubeObject, ObjectRef } from '../../../domain/kube-object.ts';
import { refLabel, refOf } from '../../../domain/kube-object.ts';
import type { Effect } from '../effect.ts';
import { comesBack, eachOf, isLost, oneWay, staysBehind, unknown } from '../effect.ts';
import type { ClusterFacts } from '../facts.ts';
import { claimsOfOrdinals, replicasOf } from '../workload.ts';
import type { Look } from './look.ts';

interface ClaimRef {
  namespace?: string;
  name?: string;
  uid?: string;
}

/** Binding joins one claim and one volume for good (persistent volume controller). */
export const lookAtBinding: Look = async ({ ref, before, after, paths }, facts) => {
  if (ref.kind === 'PersistentVolumeClaim') {
    return before.spec?.volumeName
      ? [oneWay('the claim would come apart from its volume and be Lost')]
      : [oneWay('binding a claim to a volume cannot be taken back')];
  }
  if (ref.kind === 'StorageClass') return givenToWaiting(ref, facts);
  if (ref.kind !== 'PersistentVolume')
    return [unknown(`what the volumes of ${refLabel(ref)} are given to is not known`)];
  const [old, now] = [before.spec?.claimRef, after.spec?.claimRef] as [ClaimRef | undefined, ClaimRef | undefined];
  const phase = String(before.status?.phase ?? 'Pending');
  const claimChanges = paths.some((path) => path[1] === 'claimRef');
  if (phase === 'Bound' && claimChanges)
    return [
      oneWay(
        `volume and claim would come apart: ${old?.namespace ?? ''}/${old?.name ?? ''} would be Lost and its data given up`,
      ),
    ];
  if (phase === 'Bound') return [];
  if (!claimChanges) return mayBeTaken(after, facts);
  if (old && (phase === 'Released' || phase === 'Failed')) {
    const kept = await keptForSuccessor(before, after, facts);
    if (kept) return kept;
    return [
      isLost('a released volume becomes available: another claim may take it, with the data of its former one', ref),
    ];
  }
  if (!now) return mayBeTaken(after, facts);
  const claim = await facts.get(claimNamed(now));
  if (claim === null) return [];
  return [isLost('the volume is bound to that claim, which cannot be taken back', ref)];
};

/**
 * A released volume that stays reserved by name for the claim it was released from, while there is no such claim: nobody
 * else can be bound to it, and its former reference brings it back as it was. Null for every other change of it.
 */
async function keptForSuccessor(before: KubeObject, after: KubeObject, facts: ClusterFacts): Promise<Effect[] | null> {
  const [old, now] = [before.spec?.claimRef, after.spec?.claimRef] as [ClaimRef, ClaimRef | undefined];
  const sameName = old.name === now?.name && old.namespace === now?.namespace;
  if (!now || !sameName || now.uid || !isRetained(before) || !isRetained(after)) return null;
  if ((await facts.get(claimNamed(now))) !== null) return null;
  const ref = refOf(after);
  return [
    comesBack(`it waits for a new claim ${now.namespace}/${now.name}, and is bound to it`, ref),
    staysBehind('what is written to it meanwhile stays in it', ref),
  ];
}

const isRetained = ({ spec }: KubeObject): boolean => spec?.persistentVolumeReclaimPolicy === 'Retain';

const claimNamed = ({ namespace = '', name = '' }: ClaimRef): ObjectRef => ({
  apiVersion: 'v1',
  kind: 'PersistentVolumeClaim',
  namespace,
  name,
});

/** An available volume is given to a pending claim that fits; which one is the binder's choice. */
export async function mayBeTaken(volume: KubeObject, facts: ClusterFacts): Promise<Effect[]> {
  const claims = await facts.list('v1', 'PersistentVolumeClaim');
  if (!claims) return [unknown('whether a waiting claim would take the volume is not known')];
  const { claimRef, storageClassName = '' } = (volume.spec ?? {}) as { claimRef?: ClaimRef; storageClassName?: string };
  const waiting = claims.filter(
    (claim) =>
      !isBound(claim) &&
      (claimRef
        ? claim.metadata.name === claimRef.name && claim.metadata.namespace === claimRef.namespace
        : (claim.spec?.storageClassName ?? '') === storageClassName),
  );
  const binding = (names: string) => `a waiting claim may be bound to it, which cannot be taken back: ${names}`;
  return waiting.length > 0 ? eachOf([...waiting.map(refOf), refOf(volume)], false, binding) : [];
}

/** Claims that wait without a class are given the default one, for good. */
async function givenToWaiting(ref: ObjectRef, facts: ClusterFacts): Promise<Effect[]> {
  const claims = await facts.list('v1', 'PersistentVolumeClaim');
  if (!claims) return [unknown('which claims wait for a class is not known')];
  const waiting = claims.filter((claim) => claim.spec?.storageClassName === undefined && !isBound(claim));
  return waiting.length > 0
    ? eachOf(
        waiting.map(refOf),
        false,
        (names) => `claims that wait without a class are given the default one for good: ${names}`,
      )
    : [comesBack('claims made meanwhile are given the default class of that time', ref)];
}

/** Claims that wait for a class of this name are given volumes by its provisioner, and keep them when the class goes. */
export async function mayProvision({ metadata, provisioner }: KubeObject, facts: ClusterFacts): Promise<Effect[]> {
  if (provisioner === 'kubernetes.io/no-provisioner') return [];
  const claims = await facts.list('v1', 'PersistentVolumeClaim');
  if (!claims) return [unknown('which claims wait for the class is not known')];
  const waiting = claims.filter((claim) => claim.spec?.storageClassName === metadata.name && !isBound(claim));
  return waiting.map((claim) =>
    staysBehind('a claim that waits for the class may be given a volume, and keeps it', refOf(claim)),
  );
}

/**
 * Volumes that a new claim could be bound to instead of getting one made.
 * @param formerly a volume that this transaction changed before, as it was: its undo brings it back after the claim
 */
export async function mayTake(
  claim: KubeObject,
  facts: ClusterFacts,
  formerly: (ref: ObjectRef) => Promise<KubeObject | null | undefined>,
): Promise<Effect[]> {
  const volumes = await facts.list('v1', 'PersistentVolume');
  if (!volumes) return [unknown('which volume the claim would be bound to is not known: volumes cannot be read')];
  const { volumeName, storageClassName } = (claim.spec ?? {}) as { volumeName?: string; storageClassName?: string };
  const fits = volumes.filter((volume) => {
    const reserved = volume.spec?.claimRef as ClaimRef | undefined;
    if (volumeName) return volume.metadata.name === volumeName;
    if (reserved)
      return (
        reserved.name === claim.metadata.name &&
        reserved.namespace === claim.metadata.namespace &&
        volume.status?.phase !== 'Released'
      );
    return volume.status?.phase !== 'Bound' && (volume.spec?.storageClassName ?? '') === (storageClassName ?? '');
  });
  const free = fits.filter((volume) => volume.status?.phase !== 'Released' && volume.status?.phase !== 'Failed');
  const [ours, others]: [ObjectRef[], ObjectRef[]] = [[], []];
  for (const volume of free) {
    const was = isReservedByName(volume, claim) && isRetained(volume) && (await formerly(refOf(volume)));
    (was ? ours : others).push(refOf(volume));
  }
  return [
    ...eachOf(ours, true, (names) => `the volume that was reserved for it is bound to it: ${names}`),
    ...eachOf(
      others,
      false,
      (names) => `an existing volume may be bound to it, and is released or deleted when it goes again: ${names}`,
    ),
  ];
}

/** For no other claim, and not bound. */
function isReservedByName({ spec }: KubeObject, { metadata }: KubeObject): boolean {
  const { namespace, name, uid } = (spec?.claimRef ?? {}) as ClaimRef;
  return name === metadata.name && namespace === metadata.namespace && !uid;
}

function isBound(claim: KubeObject): boolean {
  return claim.status?.phase === 'Bound' || claim.status?.phase === 'Lost';
}

/** With `Delete` a volume without a living claim goes at once, with its data. */
export const lookAtReclaim: Look = async ({ ref, before, after }, facts) => {
  const policy = String(after.spec?.persistentVolumeReclaimPolicy ?? '');
  if (policy === 'Retain') return [];
  const claimRef = before.spec?.claimRef as ClaimRef | undefined;
  const loss = [
    isLost(`with ${policy} the volume is deleted or wiped with its data, since no claim holds it`, ref),
    // Where the controller manager is not told otherwise (--pv-recycler-pod-template-filepath…).
    ...(policy === 'Recycle'
      ? [
          comesBack('a pod wipes it', {
            apiVersion: 'v1',
            kind: 'Pod',
            namespace: 'default',
            name: `recycler-for-${ref.name}`,
          }),
        ]
      : []),
  ];
  if (before.metadata.deletionTimestamp) return loss;
  if (!claimRef) return [];
  const at = claimNamed(claimRef);
  const claim = await facts.get(at);
  if (claim === undefined) return [unknown(`whether claim ${refLabel(at)} still holds the volume is not known`)];
  const holds =
    claim !== null && (!claimRef.uid || claim.metadata.uid === claimRef.uid) && !claim.metadata.deletionTimestamp;
  return holds && before.status?.phase !== 'Released' ? [] : loss;
};

/** The claims of a StatefulSet get it, or its pods, as owner: from then on they are deleted with those. */
export const lookAtRetention: Look = async ({ ref, after }, facts) => {
  const policy = (after.spec?.persistentVolumeClaimRetentionPolicy ?? {}) as {
    whenDeleted?: string;
    whenScaled?: string;
  };
  const claims = claimsOfOrdinals(after, 0, replicasOf(after));
  if (claims.length === 0 || (policy.whenDeleted !== 'Delete' && policy.whenScaled !== 'Delete')) return [];
  const existing = await facts.metadata('v1', 'PersistentVolumeClaim', ref.namespace);
  const names = new Set(existing?.map((claim) => claim.ref.name));
  const said = (list: string) => `its claims are deleted with it or with its pods as long as this stands: ${list}`;
  const concerned = existing ? claims.filter(({ name }) => names.has(name)) : claims;
  return concerned.length > 0 ? eachOf(concerned, true, said) : [comesBack(said('claims to come'), ref)];
};
