export type UndoClassView = 'exact' | 'consequences' | 'unknown' | 'losses' | 'one-way';

export interface FieldChange {
  /** Dotted path as engineers write it: `spec.ports[0].targetPort`. */
  path: string;
  /** Short texts; null when the field is absent on that side. */
  before: string | null;
  after: string | null;
}

export interface WriteView {
  /** Position in its step; names the write in `openDiff`. */
  index: number;
  object: string;
  /** `run`: a command in a container, which writes no object. */
  verb: 'create' | 'change' | 'delete' | 'run';
  changes: FieldChange[];
  /** Changed fields that `changes` leaves out. */
  moreChanges: number;
  undo: UndoClassView;
  inverse: string;
  residue: string[];
}

export interface StepView {
  /** As one would type it. */
  command: string;
  why: string;
  ok: boolean;
  problem: string;
  partial: boolean;
  state: 'proposed' | 'running' | 'done' | 'undone' | 'failed';
  /** How far it reaches, a line each; empty where the plan has no other step. */
  reach: string[];
  writes: WriteView[];
}

export interface PlanView {
  /** What an approval is bound to; null until the rehearsal ended. */
  hash: string | null;
  title: string;
  expects: string;
  /** Why a person has to look at it, whatever the settings; empty: nothing speaks for that. */
  needsPerson: string;
  /** How far it reaches beyond what it writes, a line each; empty until it was rehearsed. */
  reach: string[];
  steps: StepView[];
  attempt: number;
  /** What became of it. `unfinished`: it ran, and its undo is not complete. */
  fate: 'proposed' | 'running' | 'interrupted' | 'kept' | 'undone' | 'unfinished' | 'rejected' | 'failed';
  /** True while the run waits for this plan's approval. */
  awaiting: boolean;
}
