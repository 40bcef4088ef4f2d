import type { Change } from '../../domain/change.ts';
import type { Evidence, PlanFile } from '../../domain/finding.ts';
import type { ObjectRef } from '../../domain/kube-object.ts';
import type { ActionOrigin } from './scene/draft.ts';

/** A possible cause, told from what the cluster says. */
export interface CauseCandidate {
  /** `H1`, `H2` … best first by evidence. */
  id: string;
  object: ObjectRef;
  /** One line, with the values that matter. */
  text: string;
  evidence: Evidence[];
  /** 0..1, by rule: how directly the evidence names the cause. */
  score: number;
  /** Id of the playbooks' finding that says the same, where one does. */
  finding?: string;
}

export type { ActionOrigin };

/** Something that could be done to a real object and field, spelled out whole: a model chooses it, it does not write it. */
export interface ActionCandidate {
  /** `A1`, `A2` … best first by rule. */
  id: string;
  /** The object that it changes. */
  object: ObjectRef;
  changes: Change[];
  files: PlanFile[];
  /** One line: what is changed, from what to what, and where the value comes from. */
  text: string;
  origin: ActionOrigin;
  /** Ids of the causes that it would remove. */
  causes: string[];
  /** 0..1, by rule. */
  score: number;
  expects: string;
}

export interface Candidates {
  causes: CauseCandidate[];
  actions: ActionCandidate[];
}
