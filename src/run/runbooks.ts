import type { ActionCall } from '../domain/action.ts';
import type { Target } from '../domain/target.ts';
import type { Acceptance, StepRehearsal } from '../domain/transaction.ts';
import type { RunbookFile } from './runbook-library.ts';
import type { CommandResult } from './shell.ts';

/** Where a person wants an action to run; the container may be left out where there is one. */
export interface ActionRequest {
  name: string;
  pod: string;
  container?: string;
  inputs: Record<string, string>;
}

/** Declared actions (docs/runbooks.md). */
export interface Runbooks {
  /** Allowed ones first, those that come with Stratus, too. */
  list(): Promise<RunbookFile[]>;
  /** @param what name of an action, or path of a file below `folder` @throws Error when there is none */
  read(what: string, folder: string): Promise<RunbookFile>;
  /** By digest, for this user; another version of the same name is allowed no more. */
  allow(file: RunbookFile): Promise<void>;
  /** @returns false when it was not allowed, or the settings allow it */
  forbid(name: string): Promise<boolean>;
  /** The allowed action, with the pod as it runs now. @throws Error when it is not allowed, or nothing runs there */
  pin(target: Target, request: ActionRequest): Promise<ActionCall>;
  /** As {@link Shell.rehearse}. */
  rehearse(target: Target, call: ActionCall, signal: AbortSignal): Promise<StepRehearsal>;
  /** As {@link Shell.run}. */
  run(target: Target, call: ActionCall, accept: Acceptance[], signal: AbortSignal): Promise<CommandResult>;
}
