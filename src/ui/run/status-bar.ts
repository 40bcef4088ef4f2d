import * as vscode from 'vscode';
import { placeOf } from '../../domain/target.ts';
import { Command } from '../editor/contributions.ts';
import type { IncidentSession, SessionList } from './incident-session.ts';

const ICONS = { busy: 'sync~spin', ask: 'question', good: 'pass', warn: 'discard', bad: 'error' } as const;

/** Pinned target and what the run is doing; hidden until a run exists. */
export class StatusBar implements vscode.Disposable {
  readonly #item: vscode.StatusBarItem;
  readonly #subscription: { dispose(): void };
  readonly #sessions: SessionList;

  constructor(sessions: SessionList) {
    this.#sessions = sessions;
    this.#item = vscode.window.createStatusBarItem('stratus.target', vscode.StatusBarAlignment.Left, 50);
    this.#item.name = vscode.l10n.t('Stratus target');
    this.#item.command = Command.showRun;
    this.#subscription = sessions.onChange(() => this.#update());
  }

  get text(): string {
    return this.#item.text;
  }

  dispose(): void {
    this.#subscription.dispose();
    this.#item.dispose();
  }

  #update(): void {
    const session = this.#sessions.current();
    if (!session) return this.#item.hide();
    const { headline, mode } = session.snapshot();
    const { context, namespace, server } = session.target;
    const shield = session.isProtected ? '$(shield) ' : '';
    this.#item.text = `$(${ICONS[headline.tone]}) ${shield}${placeOf(session.target)}: ${headline.title}`;
    this.#item.tooltip = tooltip(session, server, mode);
    this.#item.accessibilityInformation = { label: `Stratus on ${namespace} at ${context}: ${headline.title}` };
    // The editor's warning colour only where a person is needed.
    const theme = headline.tone === 'bad' ? 'statusBarItem.errorBackground' : 'statusBarItem.warningBackground';
    this.#item.backgroundColor =
      headline.tone === 'bad' || headline.tone === 'ask' ? new vscode.ThemeColor(theme) : undefined;
    this.#item.show();
  }
}

function tooltip(session: IncidentSession, server: string, mode: string): string {
  const state = session.ended ? vscode.l10n.t('ended') : vscode.l10n.t('pinned for this run');
  return `${session.target.context} (${server})\n${session.target.namespace}, ${state}\n${mode}`;
}
