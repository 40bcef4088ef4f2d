import * as vscode from 'vscode';
import { placeOf } from '../../domain/target.ts';
import type { StratusApp } from '../../run/app.ts';
import { Command } from '../editor/contributions.ts';
import type { IncidentSession, SessionList } from './incident-session.ts';
import type { Prompts } from '../editor/prompts.ts';

/** Shown beside what the editor itself shows: without a notifier nothing is missing. */
export async function notifyOnDesktop(app: () => Promise<StratusApp>, title: string, text: string): Promise<void> {
  // A remote machine has no desktop that anybody looks at.
  if (vscode.env.remoteName) return;
  await app().then(
    (ready) => ready.notifyDesktop(title, text),
    () => false,
  );
}

export interface AttentionParts {
  prompts: Prompts;
  /** The run view is in sight, in a window that has the focus. */
  isSeen: () => boolean;
  show: (run: string) => void;
  /** Whether somebody works in this window. */
  isFocused: () => boolean;
  /** Shows it outside the editor, where that is possible. */
  onDesktop: (title: string, text: string) => void;
}

/**
 * Calls people back to a run that they are not looking at: once when it waits for them, once when it ended. What waits
 * for an answer stays in sight until it has one; who is not at the window is told by the desktop.
 */
export class Attention {
  readonly #parts: AttentionParts;
  readonly #subscription: { dispose(): void };
  readonly #told = new Set<string>();

  constructor(sessions: SessionList, parts: AttentionParts) {
    this.#parts = parts;
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
    const { prompts, isSeen, isFocused, onDesktop, show: open } = this.#parts;
    const { headline, again } = session.snapshot();
    const where = placeOf(session.target);
    if (!isFocused()) onDesktop(`${where}: ${headline.title}`, headline.detail);
    else if (isSeen()) return;
    // The editor hides warnings after some seconds; an error with actions stays until it is answered.
    const stays = headline.tone === 'bad' || headline.tone === 'ask';
    const level = stays ? 'error' : headline.tone === 'good' ? 'info' : 'warning';
    const show = vscode.l10n.t('Show');
    const actions = again && headline.tone !== 'good' ? [show, again] : [show];
    const answer = await prompts.notify(level, `${where}: ${headline.title}. ${headline.detail}`, ...actions);
    if (answer === show) open(session.id);
    else if (answer) await vscode.commands.executeCommand(Command.runAgain, { runId: session.id });
  }
}
