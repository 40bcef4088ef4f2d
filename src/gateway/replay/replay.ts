import type { KubeObject, ObjectRef } from '../../domain/kube-object.ts';
import type { Json } from '../../json/json.ts';
import { refLabel } from '../../domain/kube-object.ts';
import { cloneJson } from '../../json/lossless-json.ts';
import { sameJson } from '../../json/same-json.ts';
import { difference, pointer, valueAt } from '../../undo/difference.ts';
import { claimedSince } from '../../undo/field-owners.ts';
import type { InverseStep } from '../../undo/inverse.ts';
import { controllerAnnotations, normalise, withoutServerFields } from '../../undo/normalise.ts';
import { guardedPatch, selfGuardedPatch, takeBack } from '../../undo/reverse-patch.ts';
import type { Discovery } from '../wire/discovery.ts';
import type { LiveFacts } from '../inventory/live-facts.ts';
import type { Answer } from '../wire/kube-api.ts';
import { templateSeen } from './template-seen.ts';
import type { UndoAccess } from './undo-access.ts';
import { UndoCreation } from './undo-creation.ts';
import { UndoFindings } from './undo-findings.ts';
import { UndoOwners } from './undo-owners.ts';
import { UndoRemoval } from './undo-removal.ts';
import { UndoScaling } from './undo-scaling.ts';

/** After so many writes lost against others' updates, values are compared instead of the version. */
const MAX_RACES = 3;

type Step<A extends InverseStep['action']> = Extract<InverseStep, { action: A }>;

/** Sends the inverse writes. Looks at the live state before each, so that it may be run again after any interruption. */
export class Replay {
  readonly #access: UndoAccess;
  readonly #findings: UndoFindings;
  readonly #owners: UndoOwners;
  readonly #scaling: UndoScaling;
  readonly #removal: UndoRemoval;
  readonly #creation: UndoCreation;
  readonly #manager: string;
  readonly #ownClaims: ReadonlySet<string>;

  /**
   * @param findings gets what could not be brought back
   * @param mayGo keys of the objects of which a forecast said that controllers act on them
   * @param ownClaims uids of the claims that the transaction created
   */
  constructor(
    access: UndoAccess,
    discovery: Discovery,
    facts: LiveFacts,
    findings: UndoFindings,
    manager: string,
    mayGo: ReadonlySet<string>,
    ownClaims: ReadonlySet<string>,
  ) {
    this.#ownClaims = ownClaims;
    this.#access = access;
    this.#findings = findings;
    this.#manager = manager;
    this.#owners = new UndoOwners(access, discovery, findings, mayGo);
    this.#scaling = new UndoScaling(access, findings, manager);
    this.#removal = new UndoRemoval(access, facts, findings, manager);
    this.#creation = new UndoCreation(access, this.#owners, this.#removal, findings, manager);
  }

  /** @see UndoOwners.takenAway */
  takenAway(ref: ObjectRef, pod: KubeObject): Promise<string | null> {
    return this.#owners.takenAway(ref, pod);
  }

  async perform(step: InverseStep): Promise<void> {
    switch (step.action) {
      case 'restore':
        return this.#restore(step);
      case 'remove':
        return this.#removal.remove(step);
      case 'recreate':
        return this.#creation.recreate(step);
      case 'replace':
        return this.#replace(step);
      case 'companion':
        return this.#scaling.restoreCompanion(step);
      case 'derived':
        this.#findings.residue.push(`${refLabel(step.ref)} was replaced by its controller under a new name or uid`);
        return;
      case 'pause':
        return this.#pause(step);
      case 'absent':
        return;
    }
  }

  /** Best effort: what stands in the way is found again, and reported, by the restore that follows. */
  async #pause(step: Step<'pause'>): Promise<void> {
    const { path } = step;
    await this.#restore({ ...step, action: 'restore' }, new UndoFindings());
    // A controller that still believes in the former size would bring the pods and their claims back.
    await templateSeen(this.#access, path);
  }

  async #restore(step: Step<'restore'>, findings = this.#findings): Promise<void> {
    const { ref, path, edits, statusIsContent: keep } = step;
    const first = edits[0]!.before;
    const last = edits.at(-1)!.after;
    const patience = this.#access.patience();
    let mayPatch = true;
    for (let attempt = 0; ; attempt++) {
      const live = await this.#access.get(path);
      const taken = live ? null : await this.#owners.takenAway(ref, first);
      if (taken) {
        findings.residue.push(taken);
        return;
      }
      if (!live || live.metadata.uid !== first.metadata.uid) {
        findings.diverge(ref, '', first, live ? 'another object of this name' : undefined);
        return;
      }
      const now = withoutServerFields(live, keep);
      let target: Json = this.#withoutBinding(live, last, now);
      const conflicts: Array<{
        path: Parameters<typeof pointer>[0];
        expected: Json | undefined;
        actual: Json | undefined;
      }> = [];
      for (const edit of edits.toReversed()) {
        const merged = takeBack(withoutServerFields(edit.before, keep), withoutServerFields(edit.after, keep), target);
        target = merged.value ?? target;
        conflicts.push(...merged.conflicts);
      }
      for (const { path: at, before, after } of difference(
        withoutServerFields(first, keep),
        withoutServerFields(last, keep),
      )) {
        const claimed =
          sameJson(valueAt(now, at) ?? null, after ?? null) && claimedSince(last, live, at, this.#manager);
        if (claimed) conflicts.push({ path: at, expected: before, actual: after });
      }
      const real = await this.#scaling.withoutAutoscaled(ref, conflicts, findings);
      if (real.length > 0) {
        const ours = withoutServerFields(last, keep);
        for (const { path: at, expected, actual } of real)
          findings.diverge(ref, pointer(at, now, ours), expected, actual, valueAt(ours, at));
        return;
      }
      if (sameJson(target, now)) return;
      if (await this.#owners.lacks(ref, now, target, findings)) return;
      const untouched = sameJson(normalise(live, keep), normalise(last, keep)) && edits.length === 1;
      const patched = mayPatch && !(untouched && attempt < MAX_RACES);
      const answer = patched
        ? await this.#patch(ref, path, now, target, live, attempt)
        : await this.#put(step, target, live);
      if (answer.status < 300) return;
      // The right that was asked for beforehand is that to update, and what others changed is part of the target.
      if (patched && answer.status === 403) {
        mayPatch = false;
        continue;
      }
      const raced =
        answer.status === 409 ||
        answer.status === 404 ||
        (answer.status === 422 && /testing|test operation|the server rejected/i.test(answer.message));
      if (!raced) {
        this.#fail(ref, now, target, answer, withoutServerFields(last, keep), findings);
        return;
      }
      await this.#access.beforeAnother(patience, ref, answer);
    }
  }

  /**
   * The volume controller completes a reference that names one of our claims with its uid. That claim is gone by now,
   * so what it completed is taken back as if it were ours.
   */
  #withoutBinding(live: KubeObject, last: KubeObject, now: Json): Json {
    const { uid } = (live.spec?.claimRef ?? {}) as { uid?: string };
    if (live.kind !== 'PersistentVolume' || !uid || !this.#ownClaims.has(uid)) return now;
    const copy = cloneJson(now) as unknown as KubeObject;
    copy.spec = { ...copy.spec, claimRef: last.spec?.claimRef };
    return copy as unknown as Json;
  }

  /** The pre-image in a PUT with the live version; status and controller annotations stay as they are now. */
  #put({ ref, path, statusIsContent }: InverseStep, target: Json, live: KubeObject): Promise<Answer> {
    const body = withControllerAnnotations(target, live) as unknown as KubeObject;
    body.metadata.uid = live.metadata.uid;
    body.metadata.resourceVersion = live.metadata.resourceVersion;
    if (live.status !== undefined && !statusIsContent) body.status = live.status;
    return this.#access.write(ref, 'PUT', path, body, { query: `fieldManager=${this.#manager}` });
  }

  /**
   * Somebody else changed the object too: only our paths are taken back, each guarded by a test. When others are always
   * faster, values are tested instead of the version, so that their updates of other paths do no harm.
   */
  #patch(ref: ObjectRef, path: string, now: Json, target: Json, live: KubeObject, attempt: number): Promise<Answer> {
    const documents = [withControllerAnnotations(now, live), withControllerAnnotations(target, live)] as const;
    const withoutVersion = attempt < MAX_RACES ? null : selfGuardedPatch(...documents);
    const { uid, resourceVersion } = live.metadata;
    const version = withoutVersion ? [] : [{ op: 'test', path: '/metadata/resourceVersion', value: resourceVersion }];
    const operations = [
      { op: 'test', path: '/metadata/uid', value: uid },
      ...version,
      ...(withoutVersion ?? guardedPatch(...documents)),
    ];
    return this.#access.write(ref, 'PATCH', path, operations, {
      contentType: 'application/json-patch+json',
      query: `fieldManager=${this.#manager}`,
    });
  }

  async #replace(step: Step<'replace'>): Promise<void> {
    const { ref, path, before, created, statusIsContent: keep } = step;
    const live = await this.#access.get(path);
    if (!live || live.metadata.uid !== created.metadata.uid) return this.#creation.recreate(step);
    if (!live.metadata.deletionTimestamp) {
      const now = withoutServerFields(live, keep);
      const merged = takeBack(withoutServerFields(before, keep), withoutServerFields(created, keep), now);
      if (merged.conflicts.length === 0 && !isBoundSince(before, live)) {
        if (sameJson(merged.value, now)) return;
        const body = cloneJson(merged.value) as unknown as KubeObject;
        body.metadata = { ...body.metadata, uid: live.metadata.uid, resourceVersion: live.metadata.resourceVersion };
        // An update is enough where the kind allows it; else the new object makes room for the old one.
        const possible = await this.#access.rehearse('PUT', path, body);
        if (possible.status < 300) {
          const answer = await this.#put(step, merged.value as Json, live);
          if (answer.status < 300) return;
        }
      } else if (ref.kind !== 'PersistentVolumeClaim') {
        const ours = withoutServerFields(created, keep);
        for (const { path: at, expected, actual } of merged.conflicts)
          this.#findings.diverge(ref, pointer(at, now, ours), expected, actual, valueAt(ours, at));
        return;
      }
    }
    if (await this.#removal.deleteObject(ref, path, live)) await this.#creation.recreate(step);
  }

  #fail(ref: ObjectRef, now: Json, target: Json, answer: Answer, ours: Json, findings: UndoFindings): void {
    findings.residue.push(
      `${refLabel(ref)}: the server refused the inverse (HTTP ${answer.status}): ${answer.message}`,
    );
    for (const change of difference(target, now)) {
      const at = pointer(change.path, target, now);
      findings.diverge(ref, at, change.before, change.after, valueAt(ours, change.path));
    }
  }
}

/** A claim that waited, and whose successor is bound: nothing but making it anew lets go of the volume. */
function isBoundSince(before: KubeObject, live: KubeObject): boolean {
  if (before.kind !== 'PersistentVolumeClaim') return false;
  const completed = ({ metadata }: KubeObject) =>
    metadata.annotations?.['pv.kubernetes.io/bind-completed'] !== undefined;
  return !completed(before) && (completed(live) || (live.status?.phase ?? 'Pending') !== 'Pending');
}

/** A copy of a stripped document that keeps the controllers' annotations of the live object. */
function withControllerAnnotations(document: Json, live: KubeObject): Json {
  const copy = cloneJson(document) as unknown as KubeObject;
  for (const name of controllerAnnotations(live.kind)) {
    const value = live.metadata.annotations?.[name];
    if (value !== undefined) copy.metadata.annotations = { ...copy.metadata.annotations, [name]: value };
  }
  return copy as unknown as Json;
}
