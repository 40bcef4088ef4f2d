import type { Target } from '../domain/target.ts';
import type { Acceptance, StepRehearsal, StepResult, UndoResult } from '../domain/transaction.ts';
import type { ShellMode, ShellSession } from './shell-session.ts';

/** How an engineer's own command, or action, ended. */
export interface CommandResult {
  result: StepResult;
  tx: string | null;
  undo: UndoResult | null;
}

/** An engineer's own kubectl commands. */
export interface Shell {
  /**
   * One kubectl command (argv without the word kubectl), without effect. Writes that a person has to accept are
   * rehearsed, too: `needs` says so.
   */
  rehearse(target: Target, argv: string[], signal: AbortSignal): Promise<StepRehearsal>;
  /**
   * Runs it as its own transaction. `tx` is the transaction that was committed, or that is still owed; null when nothing
   * was written or all was undone. `undo` is set when the command failed.
   * @param accept what the person at the keyboard was shown and accepted; what else needs it is refused
   */
  run(target: Target, argv: string[], accept: Acceptance[], signal: AbortSignal): Promise<CommandResult>;
  /**
   * A terminal in which every kubectl goes through the gateway.
   * @param signal ends waiting for the lock; default: nothing does
   * @param accept as for `run`; default: nothing
   * @throws LockedByAnother, UndoUnfinished for `write`
   */
  open(target: Target, mode: ShellMode, signal?: AbortSignal, accept?: Acceptance[]): Promise<ShellSession>;
}
