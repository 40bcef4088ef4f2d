import type { RehearsedAction } from './action.ts';
import type { KubeObject, ObjectRef } from './kube-object.ts';
import { refLabel } from './kube-object.ts';

/**
 * How faithfully a write can be undone, known before it runs (docs/promises.md), from best to worst.
 * `exact`: every changed field is known to be reversible. `consequences`: controllers act, and what they touch comes back
 * by itself or with the undo. `unknown`: the content comes back, what its operator did may not. `losses`: something is
 * gone for good. `one-way`: it cannot be taken back, and the gateway does not let it through.
 */
export type UndoClass = 'exact' | 'consequences' | 'unknown' | 'losses' | 'one-way';

/** An undo of that class, as it is told to people: `undo exact`, `undo with losses`. */
export const UNDO_CLASS_TEXT: Readonly<Record<UndoClass, string>> = {
  exact: 'exact',
  consequences: 'exact but for side effects',
  unknown: 'with unknown effects',
  losses: 'with losses',
  'one-way': 'not possible',
};

/** What became of one write, as it is told to people. */
export const WRITE_OUTCOME_TEXT = {
  done: 'done',
  failed: 'refused by the server',
  unknown: 'its answer was lost',
} as const;

/** What a person has to accept before such a write runs; agents never may. */
export type Acceptance = 'unknown' | 'losses';

export const ACCEPTANCES: readonly Acceptance[] = ['unknown', 'losses'];

/** What controllers do because of a write, or what nobody can tell. */
export interface Consequence {
  /** For people. */
  text: string;
  /** What goes or changes; absent where no object can be named beforehand. */
  object?: ObjectRef;
  /** Kinds of the objects that `object` owns, directly or not, which are meant rather than itself. */
  below?: string[];
  /** It comes back by itself or with the undo. */
  back: boolean;
  /** Though it does not come back, every command of this kind brings it about: it is named, not asked about. */
  usual?: boolean;
}

/** One sentence about objects that are gone. */
export function lossesText(losses: readonly Loss[]): string {
  const why = ({ accepted }: Loss) => (accepted ? 'as was accepted' : 'no forecast named it');
  const names = losses.slice(0, 5).map((loss) => `${refLabel(loss.ref)} (${why(loss)})`);
  const more = losses.length > 5 ? ` and ${losses.length - 5} more` : '';
  return `lost since the checkpoint: ${names.join(', ')}${more}`;
}

/** Why writes are refused that reach objects of other namespaces than these; null when none does. */
export function outsideOf(
  writes: readonly Pick<RehearsedWrite, 'ref'>[],
  namespaces: readonly string[],
): string | null {
  const outside = writes.find(({ ref }) => ref.namespace !== undefined && !namespaces.includes(ref.namespace));
  return outside
    ? `it writes ${refLabel(outside.ref)}: writes are limited to namespace ${namespaces.join(', ')}`
    : null;
}

/** What an undo could not bring back, in one sentence; empty when all is as before. */
export function missingText({ losses = [], shortfall = [] }: Pick<UndoProof, 'losses' | 'shortfall'>): string {
  return [...(losses.length > 0 ? [lossesText(losses)] : []), ...shortfall].join('; ');
}

export interface UndoForecast {
  class: UndoClass;
  /** What will not be as before (`pods are replaced`, `uid changes`), or why it is refused. Empty when exact. */
  residue: string[];
  /** The inverse in words: `put Service/shop/geo back as it was`, `delete the created ConfigMap/shop/a`. */
  inverse: string;
  /** Object by object; the texts stand in `residue` too. Absent when there are none. */
  consequences?: Consequence[];
  /** What has to be accepted by a person; absent when nothing has to. */
  needs?: Acceptance[];
  /** Who else may act on the object (autoscaler, GitOps tool, Helm, controller). Absent when nobody is known. */
  warnings?: string[];
}

/** An object that was there at the checkpoint and is gone. */
export interface Loss {
  ref: ObjectRef;
  uid: string;
  /** Another object of the same name is there now. */
  replaced: boolean;
  /** A person accepted it before the write; all others were announced by no forecast. */
  accepted?: boolean;
}

/** What a rehearsal (server dry-run) says about one object of one command. */
export interface RehearsedWrite {
  ref: ObjectRef;
  method: 'POST' | 'PUT' | 'PATCH' | 'DELETE';
  subresource?: string;
  /** Null when the object does not exist before (create) or after (delete). Secret values are blank. */
  before: KubeObject | null;
  after: KubeObject | null;
  undo: UndoForecast;
}

export interface StepRehearsal {
  argv: string[];
  ok: boolean;
  /** Why it was refused or failed; names what to do. Empty when ok. */
  problem: string;
  writes: RehearsedWrite[];
  /** Of a declared action, which writes no object. */
  action?: RehearsedAction;
  /** What a person has to accept before it may run; absent when nothing has to. */
  needs?: Acceptance[];
  /** Commands (argv) that would be let through in place of a refused one. Absent when none is known. */
  instead?: string[][];
  /** True for steps after the first: they were rehearsed against a state that earlier steps will change. */
  partial: boolean;
}

export interface StepResult {
  ok: boolean;
  /** kubectl's exit code; -1 when it was killed or never started. */
  exitCode: number;
  stdout: string;
  stderr: string;
  /** Refusals by the gateway during this step, in its own words. */
  refusals: string[];
  /** HTTP writes forwarded in this step. */
  writes: number;
  problem: string;
}

/** Equality levels after undo; L0..L5 of the state-equality definition (ARCHITECTURE.md, Undo). */
export type EqualityLevel = 'L0' | 'L1' | 'L2' | 'L3' | 'L4' | 'L5';

const LEVEL_TEXT: Readonly<Record<EqualityLevel, string>> = {
  L0: 'which objects there are',
  L1: 'their content',
  L2: 'their identity',
  L3: 'what controllers made of them',
  L4: 'what runs',
  L5: 'who owns which field',
};

/** What was compared after an undo, as it is told to people. */
export function comparedText(levels: Partial<Record<EqualityLevel, boolean>>): { same: string; different: string } {
  const named = (wanted: boolean) =>
    (Object.keys(LEVEL_TEXT) as EqualityLevel[])
      .filter((level) => levels[level] === wanted)
      .map((level) => LEVEL_TEXT[level])
      .join(', ');
  return { same: named(true), different: named(false) };
}

/** An object as it was before a transaction's first write to it, and as its last one left it; null where there was none. */
export interface WrittenObject {
  ref: ObjectRef;
  before: KubeObject | null;
  after: KubeObject | null;
}

export interface FieldDifference {
  ref: ObjectRef;
  /** RFC 6901 pointer; empty for the whole object. */
  path: string;
  /** As at the checkpoint; undefined where there was nothing. */
  expected: unknown;
  /** As found. */
  actual: unknown;
  /** As the transaction left it; absent when it left nothing there, or for the whole object. */
  written?: unknown;
}

export interface UndoProof {
  /** SHA-256 over the normalised pre-images of all roots, and over the live ones after undo. */
  hashBefore: string;
  hashAfter: string;
  levels: Partial<Record<EqualityLevel, boolean>>;
  residue: string[];
  /** How many of the writes only gave fields back to their former owners (L5). */
  ownershipWrites?: number;
  /** Other people's edits that were kept. */
  foreign: FieldDifference[];
  /** What vanished unannounced between checkpoint and the end of the undo, whoever did it. Absent when nothing did. */
  losses?: Loss[];
  /** What was restored and cannot run again as it did, and why. Absent when nothing stands in the way. */
  shortfall?: string[];
}

export type UndoResult =
  | { outcome: 'undone'; writes: number; proof: UndoProof }
  /** A path we wrote could not be restored; every field is named (I4). */
  | { outcome: 'diverged'; writes: number; differences: FieldDifference[]; reason: string }
  /** The cluster could not be reached; the journal still says undo (exit 6). */
  | { outcome: 'stranded'; writes: number; reason: string };

export type TransactionStatus = 'open' | 'committed' | 'undoing' | 'undone' | 'diverged';

/** What became of a transaction, as it is told to people. */
export const STATUS_TEXT: Readonly<Record<TransactionStatus, string>> = {
  open: 'in progress',
  committed: 'kept',
  undoing: 'being undone',
  undone: 'undone',
  diverged: 'not all could be restored',
};

/** Whether it was left open, or half undone, by a process that is gone: it is neither kept nor undone. */
export function isInterrupted({ status, active }: Pick<TransactionSummary, 'status' | 'active'>): boolean {
  return (status === 'open' || status === 'undoing') && !active;
}

/** {@link STATUS_TEXT}, and whether anybody is still at work on it. */
export function standing(summary: Pick<TransactionSummary, 'status' | 'active'>): string {
  return isInterrupted(summary) ? 'interrupted: needs undo' : STATUS_TEXT[summary.status];
}

/** A line of `stratus journal list`. */
export interface TransactionSummary {
  id: string;
  /** Incident run that opened it. */
  run: string;
  title: string;
  status: TransactionStatus;
  context: string;
  fingerprint: string;
  namespace: string;
  openedAt: string;
  closedAt: string | null;
  commands: string[][];
  roots: ObjectRef[];
  writes: number;
  /** A live process is working on it; an `open` or `undoing` transaction without one needs recovery. */
  active?: boolean;
  /** A person has decided to leave it as it stands, although it was not finished. */
  kept?: boolean;
}
