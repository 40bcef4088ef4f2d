/** What can be opened about an object, read only. */
export type Look = 'logs' | 'previous' | 'follow' | 'events' | 'describe' | 'yaml';

export interface EvidenceView {
  /** Looks that its object has. */
  looks: Look[];
  source: string;
  object: string;
  field: string;
  text: string;
}

export interface FindingView {
  id: string;
  severity: 'critical' | 'warning' | 'info';
  object: string;
  message: string;
  evidence: EvidenceView[];
  /** The plan in hand is for this finding. */
  chosen: boolean;
  /** Why no fix is known, one sentence; empty where one is. */
  unfixed: string;
  /** Looks that the object it names has. */
  looks: Look[];
}

/** Somebody takes a finding for the cause. */
export interface BeliefView {
  /** 0..1, by how directly the evidence speaks for it. */
  confidence: number;
  /** What a model itself says, 0..1; null where none was asked for a number. */
  own: number | null;
  /** Rule or model. */
  by: string;
}

/** A finding with those that it explains. */
export interface CauseView extends FindingView {
  symptoms: FindingView[];
  beliefs: BeliefView[];
}
