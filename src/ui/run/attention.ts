import * as vscode from 'vscode';
import { placeOf } from '../../domain/target.ts';
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
    const { headline } = session.snapshot();
    const level = headline.tone === 'bad' ? 'error' : headline.tone === 'good' ? 'info' : 'warning';
    const where = placeOf(session.target);
    const show = vscode.l10n.t('Show');
    if ((await this.#prompts.notify(level, `${where}: ${headline.title}. ${headline.detail}`, show)) === show) {
      this.#show(session.id);
    }
  }
}
