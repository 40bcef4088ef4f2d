import type { Evidence } from '../../../../domain/finding.ts';
import type { FixDraft } from '../../engine/analyzer.ts';
import type { KubeObject } from '../../../../domain/kube-object.ts';
import { evidence } from '../../engine/analyzer.ts';
import type { ClusterView } from '../../../../kube/cluster-view.ts';
import { configReferences, keysOf, missingReferences } from '../../../../kube/config-references.ts';
import { formerParts } from '../../clues/former/former-part.ts';
import { hasPatchableTemplate } from '../../../../kube/container-trouble.ts';
import { restartOf } from '../../clues/settings/setting-change.ts';
import { goodRevisions } from '../../clues/former/good-revision.ts';
import type { GoodRevision } from '../../clues/former/good-revision.ts';
import { jsonPatch, rolloutUndo } from '../../engine/changes.ts';
import type { PatchOp } from '../../../../domain/change.ts';
import type { MissingConfig } from './missing-config.ts';
import { LAST_APPLIED_FIELD, hasMutableTemplate, lastApplied, podTemplateOf } from '../../../../kube/pod-template.ts';
import type { PodTemplate } from '../../../../kube/pod-template.ts';
import { clearlySimilar, isMisspelling } from '../../clues/names/similar-names.ts';
import { differingPointers, pointerToken } from '../../../../json/stable-json.ts';
import { belongsToOthers, generatedAnew, otherUserOf, underAnotherName } from './config-ownership.ts';
import { followedReference } from '../../clues/settings/followed-reference.ts';
import { renamedOps } from '../../clues/names/renamed-reference.ts';
import { otherKind } from './other-kind.ts';
import { stuckPods, templatePatch } from './reference-patch.ts';
import { isReady } from '../../../../kube/pods.ts';

export interface Alternatives {
  fixes: FixDraft[];
  /** Why they are offered. */
  reasons: Evidence[];
  /** Why there is none, where something that looks like one is somebody else's. */
  unfixed?: string;
}

/** Longest patch, in bytes, that fits into one word of a command line on every platform (Windows: 32,767 in all). */
const MAX_PATCH_BYTES = 30_000;

export function missingConfigFixes(view: ClusterView, workload: KubeObject, missing: MissingConfig): Alternatives {
  const parts = [restoredKey(view, workload, missing)];
  if (hasPatchableTemplate(workload)) {
    parts.push(
      hasMutableTemplate(workload) ? fromRevisions(view, workload, missing) : fromFormerParts(view, workload, missing),
    );
    parts.push(missing.object ? otherKey(view, workload, missing) : otherObject(view, workload, missing));
  }
  const unfixed = parts.find((part) => part.unfixed)?.unfixed;
  return {
    fixes: parts.flatMap((part) => part.fixes),
    reasons: parts.flatMap((part) => part.reasons),
    ...(unfixed ? { unfixed } : {}),
  };
}

/** The key is gone from the ConfigMap but still in what was last applied. */
function restoredKey(view: ClusterView, workload: KubeObject, { references, object }: MissingConfig): Alternatives {
  const { key, optional, namePointer } = references[0]!;
  if (!object || object.kind !== 'ConfigMap' || key === null || object['immutable'] === true)
    return { fixes: [], reasons: [] };
  if (appliedEntry(object, key) === null) return { fixes: [], reasons: [] };
  const reasons = [evidence('revision', object, LAST_APPLIED_FIELD, `the configuration last applied has key ${key}`)];
  // Keys that were lost together come back together: the guard holds for one write only.
  const lost = [...askedKeys(view, object)].filter((each) => !keysOf(object).includes(each)).sort();
  const ops = [lost, [key]].map((keys) => opsToRestore(object, keys)).find(fitsIntoCommand);
  // Who does without a variable goes on doing so until it starts anew.
  const restarts = optional && !namePointer.startsWith('/volumes/') ? restartOf(view, workload) : [];
  const expects = `ConfigMap ${object.metadata.name} has key ${key} again and the containers that need it start`;
  return {
    fixes: ops ? [{ changes: [jsonPatch(object, ops), ...restarts], expects, confidence: 0.92 }] : [],
    reasons,
  };
}

interface Entry {
  field: 'data' | 'binaryData';
  value: string;
}

function appliedEntry(object: KubeObject, key: string): Entry | null {
  const applied = lastApplied(object);
  for (const field of ['data', 'binaryData'] as const) {
    const value: unknown = applied?.[field]?.[key];
    if (typeof value === 'string') return { field, value };
  }
  return null;
}

/** Additions cannot be guarded by what they replace, so the object must be the one that was read. */
function opsToRestore(object: KubeObject, keys: string[]): PatchOp[] {
  const { resourceVersion } = object.metadata;
  const ops: PatchOp[] = [{ op: 'test', path: '/metadata/resourceVersion', value: resourceVersion }];
  const made = new Set<string>();
  for (const key of keys) {
    const entry = appliedEntry(object, key);
    if (!entry) continue;
    const { field, value } = entry;
    if (object[field] === undefined && !made.has(field)) ops.push({ op: 'add', path: `/${field}`, value: {} });
    made.add(field);
    ops.push({ op: 'add', path: `/${field}/${pointerToken(key)}`, value });
  }
  return ops;
}

function fitsIntoCommand(ops: PatchOp[]): boolean {
  return new TextEncoder().encode(JSON.stringify(ops)).length <= MAX_PATCH_BYTES;
}

/** Back to what an earlier revision referred to, either only there or with the whole template. */
function fromRevisions(view: ClusterView, workload: KubeObject, missing: MissingConfig): Alternatives {
  const template = podTemplateOf(workload)!;
  const good = goodRevisions(view, workload).filter(({ revision }) => !needs(revision.template.spec, missing));
  // Where pods started with this very reference, the object changed and not the template.
  const worked = view.podsOf(workload).some((pod) => isReady(pod) && needs(pod.spec, missing));
  const weight = worked ? 0.5 : 1;
  const fixes = good.slice(0, 2).flatMap((each): FixDraft[] => {
    const ops = opsToRevision(template, missing, each);
    const fields = new Set(ops.map((op) => op.path.slice(template.pointer.length)));
    const same = differingPointers(template.spec, each.revision.template.spec).every((pointer) => fields.has(pointer));
    const rollback: FixDraft = {
      changes: [rolloutUndo(workload, each.revision.number), ...stuckPods(view, workload)],
      expects: `${workload.kind} ${workload.metadata.name} runs its revision ${each.revision.number} again`,
      confidence: (same ? 0.95 : 0.82) * each.trust * weight,
    };
    if (ops.length === 0) return [rollback];
    return [
      rollback,
      templatePatch(view, workload, ops, 'what its last good revision referred to', 0.86 * each.trust * weight),
    ];
  });
  return { fixes, reasons: good.slice(0, 2).map((each) => each.evidence) };
}

/** A CronJob keeps no revisions: what its last good runs, or the configuration last applied, referred to. */
function fromFormerParts(view: ClusterView, workload: KubeObject, missing: MissingConfig): Alternatives {
  const places = new Set(missing.references.flatMap(({ namePointer, keyPointer }) => [namePointer, keyPointer]));
  const { namespace } = workload.metadata;
  const lacks = (podSpec: PodTemplate['spec']) => missingReferences(view, namespace, podSpec).length;
  const now = lacks(podTemplateOf(workload)!.spec);
  const parts = formerParts(view, workload, (pointer) => places.has(pointer)).filter(
    ({ podSpec }) => !needs(podSpec, missing) && lacks(podSpec) < now,
  );
  return {
    fixes: parts
      .slice(0, 2)
      .map(({ ops, trust }) => templatePatch(view, workload, ops, 'what it referred to before', 0.92 * trust)),
    reasons: parts.slice(0, 2).map((part) => part.evidence),
  };
}

function needs(podSpec: PodTemplate['spec'], { references, object }: MissingConfig): boolean {
  const { kind, name, key } = references[0]!;
  return configReferences(podSpec).some(
    (other) =>
      (!other.optional || references[0]!.optional) &&
      other.kind === kind &&
      other.name === name &&
      (object === null || other.key === key),
  );
}

/** Only the changed names and keys; empty if some user of the reference is new or changed in kind. */
function opsToRevision(template: PodTemplate, { references }: MissingConfig, { revision }: GoodRevision): PatchOp[] {
  const before = configReferences(revision.template.spec);
  const ops: PatchOp[] = [];
  for (const reference of references) {
    const former = before.find((other) => other.user === reference.user && other.kind === reference.kind);
    if (!former || (former.key === null) !== (reference.key === null)) return [];
    ops.push(...renamedOps(template, reference, former.name, former.key));
  }
  return ops;
}

/** The object has a key of nearly the same name, or exactly one that nobody asks for. */
function otherKey(view: ClusterView, workload: KubeObject, { references, object }: MissingConfig): Alternatives {
  const { kind, key } = references[0]!;
  const keys = keysOf(object!);
  const asked = askedKeys(view, object!);
  const idle = keys.filter((each) => !asked.has(each));
  const close = clearlySimilar(key!, idle, (item) => item) ?? clearlySimilar(key!, keys, (item) => item);
  const chosen = close?.item ?? (idle.length === 1 ? idle[0]! : null);
  if (chosen === null) return { fixes: [], reasons: [] };
  const isIdle = idle.includes(chosen);
  const confidence = close ? 0.3 + 0.45 * close.similarity + (isIdle ? 0.12 : 0) : 0.4;
  const ops = references.flatMap((reference) =>
    renamedOps(podTemplateOf(workload)!, reference, reference.name, chosen),
  );
  const why = close ? `resembles ${key}` : 'is the only one that nobody asks for';
  return {
    fixes: [templatePatch(view, workload, ops, `key ${chosen} of ${kind} ${object!.metadata.name}`, confidence)],
    reasons: [
      evidence(
        'sibling',
        object!,
        `data["${chosen}"]`,
        `key ${chosen} ${why}${close && isIdle ? '; nobody asks for it' : ''}`,
      ),
    ],
  };
}

/** Keys of an object that some workload in scope names, the missing ones included. */
function askedKeys(view: ClusterView, object: KubeObject): Set<string> {
  const asked = new Set<string>();
  for (const workload of view.workloads()) {
    if (workload.metadata.namespace !== object.metadata.namespace) continue;
    for (const reference of configReferences(podTemplateOf(workload)?.spec ?? {})) {
      if (reference.kind === object.kind && reference.name === object.metadata.name && reference.key !== null) {
        asked.add(reference.key);
      }
    }
  }
  return asked;
}

/** Objects that other software makes and that no engineer would refer to instead. */
const FOREIGN_SECRETS = /^(?:kubernetes\.io\/service-account-token|helm\.sh\/|bootstrap\.kubernetes\.io\/)/;

/**
 * Another object of the kind has all the keys and is clearly the missing one under another name: nobody else uses it, and
 * its name is a misspelling of the one asked for, the same but for a version, or that of a copy put aside. What others use
 * is theirs: a Secret of theirs would hand their rights to this workload.
 */
function otherObject(view: ClusterView, workload: KubeObject, { references }: MissingConfig): Alternatives {
  const { kind, name } = references[0]!;
  if (!view.known(kind)) return { fixes: [], reasons: [] };
  const keys = [...new Set(references.flatMap((reference) => (reference.key === null ? [] : [reference.key])))];
  const fitting = view.all(kind, workload.metadata.namespace).filter((object) => {
    if (object.metadata.name === 'kube-root-ca.crt' || FOREIGN_SECRETS.test(String(object['type'] ?? ''))) return false;
    const have = keysOf(object);
    return keys.every((key) => have.includes(key));
  });
  const own = fitting.filter((object) => !belongsToOthers(view, workload, object));
  const misspelt = clearlySimilar(
    name,
    own.filter((object) => isMisspelling(name, object.metadata.name)),
    (object) => object.metadata.name,
  );
  const renamed = kind === 'ConfigMap' ? underAnotherName(name, keys, own) : null;
  const followed = followedReference(view, workload, { kind, name }, fitting);
  const generated = generatedAnew(name, fitting);
  const chosen = followed?.object ?? generated ?? misspelt?.item ?? renamed?.object;
  if (!chosen) {
    const other = otherKind(view, workload, references);
    return other.fixes.length > 0 ? other : { ...other, ...whoseItIs(view, workload, name, fitting) };
  }
  const confidence = followed
    ? 0.88
    : generated
      ? 0.8
      : misspelt
        ? 0.35 + 0.4 * misspelt.similarity + (keys.length > 0 ? 0.1 : 0)
        : renamed!.confidence;
  const template = podTemplateOf(workload)!;
  const ops = references.flatMap((reference) => renamedOps(template, reference, chosen.metadata.name, reference.key));
  const why = keys.length > 0 ? `has ${keys.join(', ')} and a similar name` : 'has a similar name';
  const text = followed
    ? `${followed.by.kind} ${followed.by.metadata.name} took ${kind} ${name} in the same place before, and takes ${chosen.metadata.name} now`
    : generated
      ? `${kind} ${chosen.metadata.name} was generated under the same name, with another hash of what it holds`
      : `${kind} ${chosen.metadata.name} ${why}; nobody else uses it`;
  return {
    fixes: [templatePatch(view, workload, ops, `${kind} ${chosen.metadata.name}`, confidence)],
    reasons: [evidence('sibling', chosen, 'data', text)],
  };
}

/** Which object could have been meant but is somebody else's, and who that is. */
function whoseItIs(
  view: ClusterView,
  workload: KubeObject,
  name: string,
  fitting: KubeObject[],
): Pick<Alternatives, 'unfixed'> {
  const near = clearlySimilar(name, fitting, (object) => object.metadata.name)?.item;
  const user = near && otherUserOf(view, workload, near);
  if (!near) return {};
  const whose = user
    ? `is used by ${user.kind} ${user.metadata.name}`
    : 'is not known to be this one under another name';
  return { unfixed: `${near.kind} ${near.metadata.name} has what is asked for but ${whose}: whoever owns it decides` };
}
