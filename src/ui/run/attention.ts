import * as vscode from 'vscode';
import { Command } from '../editor/contributions.ts';
import type { IncidentSession, SessionList } from './incident-session.ts';
import type { Prompts } from '../editor/prompts.ts';

/** Calls people back to a run that they are not looking at: once when it waits for them, once when it ended. */
export class Attention {
  readonly #prompts: Prompts;
  readonly #isVisible: () => boolean;
  readonly #show: (run: string) => void;
  readonly #subscription: { dispose(): void };
  readonly #told = new Set<string>();

  constructor(sessions: SessionList, prompts: Prompts, isVisible: () => boolean, show: (run: string) => void) {
    this.#prompts = prompts;
    this.#isVisible = isVisible;
    this.#show = show;
    this.#subscription = sessions.onChange((session) => void this.#look(session));
  }

  dispose(): void {
    this.#subscription.dispose();
  }

  async #look(session: IncidentSession): Promise<void> {
    if (session.isPast) return;
    const occasion = session.result ? 'end' : session.awaiting;
    if (!occasion) return;
    const key = `${session.id}/${occasion}`;
    if (this.#told.has(key)) return;
    this.#told.add(key);
    if (this.#isVisible()) return;
    const { headline, again } = session.snapshot();
    const level = headline.tone === 'bad' ? 'error' : headline.tone === 'good' ? 'info' : 'warning';
    const where = `${session.target.namespace} @ ${session.target.context}`;
    const show = vscode.l10n.t('Show');
    const actions = again && headline.tone !== 'good' ? [show, again] : [show];
    const answer = await this.#prompts.notify(level, `${where}: ${headline.title}. ${headline.detail}`, ...actions);
    if (answer === show) this.#show(session.id);
    else if (answer) await vscode.commands.executeCommand(Command.runAgain, { runId: session.id });
  }
}
