import type { KubeObject, ObjectRef } from '../../domain/kube-object.ts';
import { refKey, refLabel } from '../../domain/kube-object.ts';
import { cloneJson } from '../../json/lossless-json.ts';
import type { EqualityLevel, FieldDifference, UndoProof } from '../../domain/transaction.ts';
import { comparable } from '../../undo/comparable.ts';
import type { Segment } from '../../undo/difference.ts';
import { difference, overlaps, pointer, valueAt } from '../../undo/difference.ts';
import { compareDerived, sameOwnership, stateHash } from '../../undo/equality.ts';
import type { InverseStep } from '../../undo/inverse.ts';
import { normalise } from '../../undo/normalise.ts';
import type { ReplicaCounts } from '../inventory/derived-state.ts';
import { derivedObjects, isConverged } from '../inventory/derived-state.ts';
import type { JournalRecord } from '../journal/journal-records.ts';
import type { UndoAccess } from './undo-access.ts';

export interface Verified {
  proof: UndoProof;
  /** Paths that we wrote and that are not as they were. */
  differences: FieldDifference[];
}

/** Ownership is worth a few tries, no more: nothing depends on it but the comfort of other tools. */
const MAX_GIVE_BACKS = 3;

/** What one root has to be after the undo. */
interface Expectation {
  ref: ObjectRef;
  path: string;
  before: KubeObject | null;
  /** What our last write left. */
  written: KubeObject | null;
  /** Paths we wrote; null: the whole object. */
  touched: Segment[][] | null;
  statusIsContent?: boolean;
  /** It was deleted and made again: identity and what is generated with it differ by nature. */
  recreated: boolean;
}

/**
 * Reads every root again and compares it with its checkpoint (levels L0 to L5). Paths that only others changed are
 * listed as foreign. Ownership of fields (L5) is restored on the way, best effort.
 */
export async function verifyUndo(
  access: UndoAccess,
  plan: InverseStep[],
  records: JournalRecord[],
  options: {
    convergeMs: number;
    restoreOwnership: boolean;
    autoscaled: ReadonlySet<string>;
    /** Why it is right that an object is gone, for people; null when it is not. */
    takenAway(ref: ObjectRef, before: KubeObject): Promise<string | null>;
  },
): Promise<Verified> {
  const expectations = plan.flatMap(expectationOf);
  const broughtBack = new Map(
    plan.flatMap((step) =>
      step.action === 'companion' ? [[refKey(step.ref), step.companion.before.spec?.replicas as unknown] as const] : [],
    ),
  );
  const differences: FieldDifference[] = [];
  const foreign: FieldDifference[] = [];
  const residue: string[] = [];
  const live = new Map<string, KubeObject | null>();
  let [l0, l2] = [true, true];

  for (const expected of expectations) {
    const object = await access.get(expected.path);
    live.set(refKey(expected.ref), object);
    if (!expected.before) {
      if (
        object &&
        plan.some(
          (step) =>
            step.action === 'remove' &&
            step.path === expected.path &&
            step.created.metadata.uid === object.metadata.uid,
        )
      ) {
        l0 = false;
        differences.push({ ref: expected.ref, path: '', expected: undefined, actual: object.metadata.name });
      }
      continue;
    }
    if (!object || object.metadata.deletionTimestamp) {
      l0 = false;
      const taken = await options.takenAway(expected.ref, expected.before);
      if (taken) {
        residue.push(taken);
        continue;
      }
      differences.push({ ref: expected.ref, path: '', expected: expected.before, actual: undefined });
      continue;
    }
    if (object.metadata.uid !== expected.before.metadata.uid) {
      if (!expected.recreated) l2 = false;
      residue.push(`${refLabel(expected.ref)} has a new uid`);
    }
    const keep = expected.statusIsContent;
    const [want, have] = expected.recreated
      ? [comparable(expected.before, keep), comparable(object, keep)]
      : [normalise(expected.before, keep), normalise(object, keep)];
    for (const change of difference(want, have)) {
      const ours = !expected.touched || expected.touched.some((path) => overlaps(path, change.path));
      const written = valueAt(expected.written ? normalise(expected.written, keep) : undefined, change.path);
      const field = {
        ref: expected.ref,
        path: pointer(change.path, want, have),
        expected: change.before,
        actual: change.after,
        ...(written === undefined ? {} : { written }),
      };
      // An autoscaler's own inverse brought it back to what it was before the autoscaler came.
      if (field.path === '/spec/replicas' && broughtBack.get(refKey(expected.ref)) === field.actual) continue;
      const autoscaled = field.path === '/spec/replicas' && options.autoscaled.has(refKey(expected.ref));
      (ours && !autoscaled ? differences : foreign).push(field);
    }
  }

  const l4 = await converge(access, expectations, records, live, options.convergeMs);
  if (!l4) residue.push('restored, but not every workload has converged yet');
  const l3 = await compareAllDerived(access, records, residue, l4);
  const l5 =
    differences.length === 0 && options.restoreOwnership ? await restoreOwnership(access, expectations, foreign) : null;

  const roots = (pick: (expected: Expectation) => KubeObject | null) =>
    stateHash(
      expectations.map((expected) => ({
        ref: expected.ref,
        object: shown(expected, pick(expected)),
        statusIsContent: expected.statusIsContent,
      })),
    );
  const levels: Partial<Record<EqualityLevel, boolean>> = { L0: l0, L1: differences.length === 0, L2: l2, L4: l4 };
  if (l3 !== null) levels.L3 = l3;
  if (l5 !== null) levels.L5 = l5;
  return {
    proof: {
      hashBefore: roots((expected) => expected.before),
      hashAfter: roots((expected) => live.get(refKey(expected.ref)) ?? null),
      levels,
      residue,
      foreign,
    },
    differences,
  };
}

function shown(expected: Expectation, object: KubeObject | null): KubeObject | null {
  return object && expected.recreated
    ? (comparable(object, expected.statusIsContent) as unknown as KubeObject)
    : object;
}

function expectationOf(step: InverseStep): Expectation[] {
  const { statusIsContent } = step;
  const at = { ref: step.ref, path: step.path, ...(statusIsContent ? { statusIsContent } : {}) };
  switch (step.action) {
    case 'restore': {
      const touched = step.edits.flatMap((edit) =>
        difference(normalise(edit.before, statusIsContent), normalise(edit.after, statusIsContent)).map(
          (change) => change.path,
        ),
      );
      return [{ ...at, before: step.edits[0]!.before, written: step.edits.at(-1)!.after, touched, recreated: false }];
    }
    case 'remove':
    case 'absent':
      return [{ ...at, before: null, written: null, touched: null, recreated: false }];
    case 'recreate':
    case 'replace':
      return [{ ...at, before: step.before, written: null, touched: null, recreated: true }];
    default:
      return [];
  }
}

/** L4: every workload has taken up its restored specification and is as ready as it was, within the deadline. */
async function converge(
  access: UndoAccess,
  expectations: Expectation[],
  records: JournalRecord[],
  live: Map<string, KubeObject | null>,
  deadlineMs: number,
): Promise<boolean> {
  const end = access.clock.monotonic() + deadlineMs;
  const waiting = expectations.filter((expected) => {
    const object = live.get(refKey(expected.ref));
    return expected.before && object && !isConverged(object, countsBefore(records, expected.ref));
  });
  for (const expected of waiting) {
    for (;;) {
      const object = await access.get(expected.path);
      if (!object || isConverged(object, countsBefore(records, expected.ref))) break;
      if (access.clock.monotonic() >= end) return false;
      await access.pause(200);
    }
  }
  return true;
}

function countsBefore(records: JournalRecord[], ref: ObjectRef): ReplicaCounts | null {
  const key = refKey(ref);
  const record = records.find((entry) => entry.type === 'derived' && refKey(entry.ref) === key);
  return record?.type === 'derived' ? record.counts : null;
}

/** L3, or null when no root has controller-owned objects. */
async function compareAllDerived(
  access: UndoAccess,
  records: JournalRecord[],
  residue: string[],
  converged: boolean,
): Promise<boolean | null> {
  let equal: boolean | null = null;
  for (const record of records) {
    if (record.type !== 'derived') continue;
    const root = await access.get(record.root);
    // Not compared, and the level left out of the proof.
    const now = root ? await derivedObjects(access.reads, root, access.signal).catch(() => null) : [];
    if (now === null) continue;
    const { missing, extra } = compareDerived(record.objects, now);
    equal = (equal ?? true) && missing.length === 0 && extra.length === 0;
    const state = converged ? '' : ' (not yet converged)';
    if (missing.length > 0) residue.push(`${refLabel(record.ref)}: missing ${missing.slice(0, 3).join(', ')}${state}`);
    if (extra.length > 0) residue.push(`${refLabel(record.ref)}: extra ${extra.slice(0, 3).join(', ')}${state}`);
  }
  return equal;
}

/**
 * L5: gives fields back to their former owners by an otherwise unchanged PUT that carries the saved managedFields, so
 * that the next server-side apply of a GitOps tool meets no conflict with us.
 */
async function restoreOwnership(
  access: UndoAccess,
  expectations: Expectation[],
  foreign: FieldDifference[],
): Promise<boolean> {
  let all = true;
  for (const { ref, path, before } of expectations) {
    if (!before || foreign.some((field) => refKey(field.ref) === refKey(ref))) continue;
    if (!(await giveBack(access, ref, path, before))) all = false;
  }
  return all;
}

async function giveBack(access: UndoAccess, ref: ObjectRef, path: string, before: KubeObject): Promise<boolean> {
  const isStatus = (entry: unknown) => (entry as { subresource?: string }).subresource === 'status';
  for (let attempt = 1; ; attempt++) {
    const live = await access.get(path);
    if (!live || sameOwnership(before, live)) return true;
    if (!before.metadata.managedFields || attempt > MAX_GIVE_BACKS) return false;
    const body = cloneJson(live);
    body.metadata.managedFields = [
      ...before.metadata.managedFields.filter((entry) => !isStatus(entry)),
      ...(live.metadata.managedFields ?? []).filter(isStatus),
    ];
    const answer = await access.write(ref, 'PUT', path, body);
    if (answer.status < 300) access.ownershipWrites++;
    // 409: somebody updated the status meanwhile, or the answer to the first try was lost and it is done.
    if (answer.status >= 300 && answer.status !== 409) return false;
    if (answer.object && answer.status < 300) return sameOwnership(before, answer.object);
  }
}
