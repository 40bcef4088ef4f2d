import type { Change } from '../../../domain/change.ts';
import type { Evidence, PlanFile } from '../../../domain/finding.ts';
import type { KubeObject, ObjectRef } from '../../../domain/kube-object.ts';
import type { Severity } from '../../../domain/severity.ts';
import type { ClusterView } from '../../../kube/cluster-view.ts';
import type { Focus } from './focus.ts';

/** Where the value that an action would set comes from. */
export type ActionOrigin = 'playbook' | 'earlier' | 'sibling' | 'reference' | 'generic';

/** What the sources look at. */
export interface Scene {
  view: ClusterView;
  severity: Severity;
  focus: Focus;
}

/** An action before it has an id. Its score does not yet say how near its object is to what is sick. */
export interface ActionDraft {
  changes: Change[];
  files?: PlanFile[];
  text: string;
  origin: ActionOrigin;
  score: number;
  expects: string;
}

/** A possible cause before it has an id, with the actions that would remove it. */
export interface CauseDraft {
  object: KubeObject | ObjectRef;
  /** What tells causes of one object apart. */
  what: string;
  text: string;
  evidence: Evidence[];
  score: number;
  finding?: string;
  /** The score is final: how near the object is to what is sick is part of it. */
  settled?: true;
  actions: ActionDraft[];
}

/** Looks for one kind of cause; the same scene gives the same drafts in the same order. */
export type Source = (scene: Scene) => CauseDraft[];

/** `Deployment web` */
export function nameOf({ kind, metadata }: KubeObject): string {
  return `${kind} ${metadata.name}`;
}

/** A value as it stands in a line: JSON, but bare where it is a plain word or number; cut where it is long. */
export function shown(value: unknown): string {
  if (value === undefined || value === null) return 'nothing';
  const text = typeof value === 'string' && /^[^\s"']{1,60}$/.test(value) ? value : JSON.stringify(value);
  return text.length > 60 ? `${text.slice(0, 59)}…` : text;
}
