/** First line of every file that declares an action. */
export const RUNBOOK_FORMAT = 'runbook/1';

/** The parts of an action that are commands, in the order of their declaration. `same` may be left out. */
export const PARTS = ['snapshot', 'do', 'undo', 'verify', 'same'] as const;
export type PartName = (typeof PARTS)[number];

/** Largest snapshot: it is held in memory and kept, encrypted, in the journal. */
export const MAX_SNAPSHOT = 1024 * 1024;
export const MAX_SECONDS = 120;
export const MAX_VALUE = 256;

export interface Parameter {
  about: string;
  /** What a whole value has to match. */
  pattern: string;
  default?: string;
}

/** One command in the container. */
export interface Part {
  command: string[];
  /** The snapshot is its standard input; else that is empty. */
  stdin?: 'snapshot';
}

/** A declared action, as its file says it. */
export interface RunbookAction {
  name: string;
  title: string;
  reaches: string;
  /** `losses`: the undo cannot bring everything back, and a person has to accept that before it runs. */
  undoes: 'exact' | 'losses';
  /** What is gone for good; empty for `exact`. */
  loses: string;
  /** Time limit of each command. */
  seconds: number;
  /** Limit of the snapshot. */
  bytes: number;
  parameters: Record<string, Parameter>;
  parts: Record<Exclude<PartName, 'same'>, Part> & { same?: Part };
}
