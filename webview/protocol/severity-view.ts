import type { MarkView } from './chart-view.ts';
import type { Look } from './finding-view.ts';

export interface SeverityPoint {
  /** Milliseconds since the epoch. */
  at: number;
  /** Null when severity could not be read. */
  mu: number | null;
  label: string;
}

export interface SeverityItemView {
  id: string;
  source: 'alert' | 'signal' | 'check' | 'object';
  object: string;
  message: string;
  /** `unread`: what was read of it no longer holds, for a change was taken back since. */
  state: 'present' | 'gone' | 'new' | 'unread';
  /** Namespace that a check asks although the run does not look at it; empty otherwise. */
  elsewhere: string;
  /** Looks that its object has. */
  looks: Look[];
}

export interface CheckView {
  name: string;
  /** `unread` as for items of severity. */
  state: 'ok' | 'bad' | 'unknown' | 'absent' | 'unread';
}

/** How unwell the target is, and how that went. */
export interface SeverityView {
  before: number | null;
  now: number | null;
  points: SeverityPoint[];
  items: SeverityItemView[];
  /** Alerts that it knows of, and what was written and taken back; oldest first. */
  marks: MarkView[];
  /** What was read no longer holds: a change was taken back, or half taken back, since. */
  stale: boolean;
}
