import * as vscode from 'vscode';
import { commandText } from '../../kubectl/command-text.ts';
import type { CommandHandle } from '../editor/contributions.ts';
import type { SessionList } from '../run/incident-session.ts';
import { copied } from './copied.ts';
import { runSummary } from './run-summary.ts';

/** Copies what people paste into chats, tickets and terminals. Credentials are blank in all of it. */
export class CopyActions {
  readonly #sessions: SessionList;

  constructor(sessions: SessionList) {
    this.#sessions = sessions;
  }

  /** The run's story; without a name that of the current run. */
  async summary(run?: string): Promise<string> {
    const session = run === undefined ? this.#sessions.current() : this.#sessions.find(run);
    if (!session) return vscode.l10n.t('No incident is being worked on.');
    await copied(runSummary(session.snapshot()));
    return '';
  }

  /** A command of a plan that is shown. @param hash empty for one that has none yet */
  async command(run: string, hash: string, step: number): Promise<string> {
    const shown = this.#sessions.find(run)?.snapshot();
    const plan = [shown?.plan, ...(shown?.earlier ?? [])].find((one) => one && (one.hash ?? '') === hash);
    const command = plan?.steps[step]?.command;
    if (!command) return vscode.l10n.t('this plan is no longer shown');
    await copied(command);
    return '';
  }

  /** A command of the Undo stack. */
  async commandOf(handle?: CommandHandle): Promise<void> {
    if (handle) await copied(commandText(handle.argv));
  }
}
