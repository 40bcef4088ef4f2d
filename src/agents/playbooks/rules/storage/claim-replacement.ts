import type { Evidence, PlanFile } from '../../../../domain/finding.ts';
import type { FixDraft } from '../../engine/analyzer.ts';
import type { KubeObject } from '../../../../domain/kube-object.ts';
import { evidence } from '../../engine/analyzer.ts';
import { isUnbound, troubleOf } from './claim-trouble.ts';
import type { ClaimTrouble } from './claim-trouble.ts';
import type { ClusterView } from '../../../../kube/cluster-view.ts';
import { createFromFile, deleteAndWait, scaleTo } from '../../engine/changes.ts';
import type { Untyped } from '../../../../kube/pod-template.ts';
import { nameSimilarity } from '../../clues/names/similar-names.ts';
import { classOf, defaultClass, NO_PROVISIONER, servedBy } from './storage-classes.ts';
import { claimOrdinal, consumersOfClaim } from '../../../../kube/subjects.ts';
import { desiredReplicas } from '../../../../kube/pods.ts';
import type { Change } from '../../../../domain/change.ts';

interface Replacement {
  fixes: FixDraft[];
  reasons: Evidence[];
  /** Why the claim cannot be replaced, whatever the class. */
  obstacle?: string;
}

/** Most writes that the replacement may need: what a transaction allows by default. */
const MAX_WRITES = 20;

/**
 * Replaces a claim that has no volume by the same claim with a class that works. The claims of one StatefulSet template
 * go together, those not yet made included: its controller would make the next one with the broken class.
 */
export function replacementFixes(view: ClusterView, claim: KubeObject, trouble: ClaimTrouble): Replacement {
  const obstacle = obstacleTo(view, claim);
  if (obstacle) return { fixes: [], reasons: [obstacle], obstacle: obstacle.text };
  if (trouble.modes) return otherMode(view, claim, trouble.modes);
  const options = classOptions(view, claim);
  const reasons = options.slice(0, 2).map((option) => option.reason);
  const fixes = options.slice(0, 3).map(({ storageClass: { metadata }, confidence }) => {
    const expects = `claim ${claim.metadata.name} is bound to a new volume of class ${metadata.name} and its pods start`;
    return replacementFix(view, claim, { storageClassName: metadata.name }, expects, confidence * trouble.certainty);
  });
  return { fixes, reasons };
}

/** One node at a time is enough for one pod; who shares a volume between several knows of another class, or does not share. */
function otherMode(view: ClusterView, claim: KubeObject, modes: string[]): Replacement {
  const { namespace, name } = claim.metadata;
  const pods = consumersOfClaim(view, namespace, name).reduce(
    (sum, each) => sum + (claimOrdinal(each, name) !== null ? 1 : (desiredReplicas(each) ?? Infinity)),
    0,
  );
  if (!modes.includes('ReadWriteOnce') || pods > 1) {
    const obstacle =
      pods > 1
        ? 'several pods share it: whoever owns them names a class whose volumes several nodes may use, or lets each have its own'
        : 'nothing tells which access modes its class gives: whoever runs the storage knows';
    return { fixes: [], reasons: [], obstacle };
  }
  const expects = `claim ${name} is bound to a new volume that one node may use at a time, and its pod starts`;
  return { fixes: [replacementFix(view, claim, { accessModes: ['ReadWriteOnce'] }, expects, 0.75)], reasons: [] };
}

/** Why a replacement would not last or could not be done as a whole. */
export function obstacleTo(view: ClusterView, claim: KubeObject): Evidence | null {
  // Claims of generic ephemeral volumes and operators come back with the same class.
  const owner = claim.metadata.ownerReferences?.find((each) => each.controller && each.kind !== 'StatefulSet');
  if (owner) {
    const text = `${owner.kind} ${owner.name} makes this claim and would make it again as it was`;
    return evidence('spec', claim, 'metadata.ownerReferences', text);
  }
  const set = statefulSetOf(view, claim);
  if (!set) return null;
  if (set.spec?.persistentVolumeClaimRetentionPolicy?.whenScaled === 'Delete') {
    const text = 'its StatefulSet deletes claims when it is scaled down, so the claim cannot be replaced under it';
    return evidence('spec', set, 'spec.persistentVolumeClaimRetentionPolicy.whenScaled', text);
  }
  const claims = claimsToReplace(view, claim, set);
  const writes = 2 + claims.length + claims.filter(({ exists }) => exists).length;
  if (writes <= MAX_WRITES) return null;
  const text = `replacing the claims of all ${desiredReplicas(set)} replicas takes ${writes} writes, more than one transaction may have`;
  return evidence('spec', set, 'spec.replicas', text);
}

interface ClassOption {
  storageClass: KubeObject;
  confidence: number;
  reason: Evidence;
}

/** Some claim is pending on a class of this provisioner. */
function isWaitedFor(view: ClusterView, provisioner: string): boolean {
  const classes = new Set(
    view
      .all('StorageClass')
      .filter((each) => each['provisioner'] === provisioner)
      .map((each) => each.metadata.name),
  );
  return view
    .all('PersistentVolumeClaim')
    .some((each) => each.status?.phase === 'Pending' && classes.has(classOf(each) ?? ''));
}

/** Classes that are known to work, best first. */
function classOptions(view: ClusterView, claim: KubeObject): ClassOption[] {
  const wanted = classOf(claim) ?? '';
  const fallback = defaultClass(view);
  const siblings = boundSiblings(view, claim);
  const set = statefulSetOf(view, claim);
  const templateClass = set && claimOrdinal(set, claim.metadata.name)?.template?.spec?.storageClassName;
  const options = view.all('StorageClass').flatMap((storageClass): ClassOption[] => {
    const { name } = storageClass.metadata;
    const provisioner = String(storageClass['provisioner'] ?? '');
    if (name === wanted || storageClass.metadata.deletionTimestamp || provisioner === NO_PROVISIONER) return [];
    const like = siblings.filter((each) => classOf(each) === name);
    const related = like.filter((each) => isRelated(view, claim, each));
    const fitting = like.filter((each) => hasModesOf(each, claim));
    const served = servedBy(view, provisioner);
    // The default class is the cluster's own word that it works, unless claims wait for the same provisioner in vain.
    const trusted = storageClass === fallback && !isWaitedFor(view, provisioner);
    if (like.length === 0 && !served && !trusted) return [];
    const ofTemplate = templateClass === name;
    const clues: [number, Evidence][] = [];
    if (served) clues.push([0.25, served]);
    if (like[0])
      clues.push([
        0.6,
        evidence(
          'sibling',
          like[0],
          'spec.storageClassName',
          `claim ${like[0].metadata.name} is bound with class ${name}`,
        ),
      ]);
    if (related[0])
      clues.push([
        0.75,
        evidence(
          'sibling',
          related[0],
          'spec.storageClassName',
          `claim ${related[0].metadata.name} of the same kind is bound with class ${name}`,
        ),
      ]);
    if (storageClass === fallback)
      clues.push([
        served || like.length > 0 ? 0.7 : 0.5,
        evidence('sibling', storageClass, 'metadata.annotations', `${name} is the cluster's default class`),
      ]);
    if (ofTemplate)
      clues.push([
        0.85,
        evidence('sibling', set!, 'spec.volumeClaimTemplates', `its StatefulSet asks for class ${name}`),
      ]);
    clues.sort((a, b) => b[0] - a[0]);
    const [base, reason] = clues[0]!;
    let confidence = base + 0.05 * (clues.length - 1) + (nameSimilarity(wanted, name) >= 0.7 ? 0.1 : 0);
    if (like.length > 0 && fitting.length === 0) confidence *= 0.6;
    return [{ storageClass, confidence: Math.min(0.95, confidence), reason }];
  });
  return options.sort(
    (a, b) => b.confidence - a.confidence || (a.storageClass.metadata.name < b.storageClass.metadata.name ? -1 : 1),
  );
}

function boundSiblings(view: ClusterView, claim: KubeObject): KubeObject[] {
  return view
    .all('PersistentVolumeClaim')
    .filter((each) => each !== claim && each.status?.phase === 'Bound')
    .sort(
      (a, b) =>
        Number(b.metadata.namespace === claim.metadata.namespace) -
        Number(a.metadata.namespace === claim.metadata.namespace),
    );
}

/** Claims of the same StatefulSet or with the same labels tell best what this one should look like. */
function isRelated(view: ClusterView, claim: KubeObject, other: KubeObject): boolean {
  if (other.metadata.namespace !== claim.metadata.namespace) return false;
  const sets = consumersOfClaim(view, claim.metadata.namespace, claim.metadata.name);
  if (sets.some((set) => claimOrdinal(set, other.metadata.name) !== null)) return true;
  const labels = Object.entries(claim.metadata.labels ?? {});
  return labels.length > 0 && labels.some(([key, value]) => other.metadata.labels?.[key] === value);
}

function hasModesOf(bound: KubeObject, claim: KubeObject): boolean {
  const modes: unknown[] = Array.isArray(claim.spec?.accessModes) ? claim.spec.accessModes : [];
  const sameVolumeMode = (bound.spec?.volumeMode ?? 'Filesystem') === (claim.spec?.volumeMode ?? 'Filesystem');
  return sameVolumeMode && modes.every((mode) => (bound.spec?.accessModes ?? []).includes(mode));
}

/** @param given fields of the specification that are to be others */
function replacementFix(
  view: ClusterView,
  claim: KubeObject,
  given: Record<string, unknown>,
  expects: string,
  confidence: number,
): FixDraft {
  const namespace = claim.metadata.namespace ?? 'default';
  const set = statefulSetOf(view, claim);
  const changes: Change[] = [];
  const files: PlanFile[] = [];
  for (const { object, exists } of set ? claimsToReplace(view, claim, set) : [{ object: claim, exists: true }]) {
    const file = {
      name: `claim-${object.metadata.name}.json`,
      content: cleanClaim(object, given),
    };
    files.push(file);
    if (exists) changes.push(deleteAndWait(object));
    changes.push(createFromFile(file.name, namespace));
  }
  return {
    changes: set ? besideController(view, claim, set, changes) : changes,
    files,
    expects,
    confidence,
  };
}

/**
 * A StatefulSet makes a claim anew from its template as soon as one of its pods lacks it, so those replicas must not be
 * wanted meanwhile. Replicas below the first broken one keep running.
 */
function besideController(view: ClusterView, claim: KubeObject, set: KubeObject, changes: Change[]): Change[] {
  const first = Number(set.spec?.ordinals?.start ?? 0);
  const ordinals = claimsToReplace(view, claim, set).map(
    ({ object }) => claimOrdinal(set, object.metadata.name)?.ordinal ?? first,
  );
  return withoutReplicas(set, Math.max(0, Math.min(...ordinals) - first), changes);
}

/** Changes that are made while a StatefulSet has only its first `kept` replicas. */
export function withoutReplicas(set: KubeObject, kept: number, changes: Change[]): Change[] {
  const replicas = desiredReplicas(set) ?? 0;
  return kept >= replicas ? changes : [scaleTo(set, kept), ...changes, scaleTo(set, replicas)];
}

export function statefulSetOf(view: ClusterView, claim: KubeObject): KubeObject | undefined {
  const { namespace, name } = claim.metadata;
  return consumersOfClaim(view, namespace, name).find((each) => claimOrdinal(each, name) !== null);
}

interface ClaimToReplace {
  object: KubeObject;
  exists: boolean;
}

/** Claims of the set's wanted replicas that are broken like this one, or that its template would make broken. */
function claimsToReplace(view: ClusterView, claim: KubeObject, set: KubeObject): ClaimToReplace[] {
  const { namespace, name } = claim.metadata;
  const { template } = claimOrdinal(set, name)!;
  const templateIsBroken = (template?.spec?.storageClassName ?? undefined) === classOf(claim);
  const first = Number(set.spec?.ordinals?.start ?? 0);
  const list: ClaimToReplace[] = [];
  for (let ordinal = first; ordinal < first + (desiredReplicas(set) ?? 0); ordinal++) {
    const wanted = `${template.metadata.name}-${set.metadata.name}-${ordinal}`;
    const existing = view.find('PersistentVolumeClaim', namespace, wanted);
    if (existing && isUnbound(existing) && troubleOf(view, existing)) list.push({ object: existing, exists: true });
    else if (!existing && templateIsBroken)
      list.push({ object: claimFromTemplate(set, template, wanted), exists: false });
  }
  return list.some(({ object }) => object === claim) ? list : [{ object: claim, exists: true }];
}

/** As the StatefulSet controller would make it: its labels are the set's selector labels and the template's. */
function claimFromTemplate(set: KubeObject, template: Untyped, name: string): KubeObject {
  const { labels, annotations } = template.metadata ?? {};
  return {
    apiVersion: 'v1',
    kind: 'PersistentVolumeClaim',
    metadata: {
      name,
      namespace: set.metadata.namespace,
      labels: { ...labels, ...set.spec?.selector?.matchLabels },
      annotations,
    },
    spec: template.spec,
  };
}

const BINDING_ANNOTATION = /^(?:pv\.kubernetes\.io|volume\.kubernetes\.io|volume\.beta\.kubernetes\.io)\//;

/**
 * The claim as one would write it by hand: no identity, no status, nothing the binder wrote.
 * @param given fields of its specification that are to be others
 */
export function cleanClaim(claim: KubeObject, given: Record<string, unknown>): string {
  const { name, namespace, labels } = claim.metadata;
  const annotations = Object.entries(claim.metadata.annotations ?? {}).filter(([key]) => !BINDING_ANNOTATION.test(key));
  const spec = Object.fromEntries(Object.entries(claim.spec ?? {}).filter(([key]) => key !== 'volumeName'));
  const clean = {
    apiVersion: 'v1',
    kind: 'PersistentVolumeClaim',
    metadata: {
      name,
      namespace,
      ...(labels && Object.keys(labels).length > 0 ? { labels } : {}),
      ...(annotations.length > 0 ? { annotations: Object.fromEntries(annotations) } : {}),
    },
    spec: { ...spec, ...given },
  };
  return `${JSON.stringify(clean, null, 2)}\n`;
}
