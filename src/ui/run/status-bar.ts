import * as vscode from 'vscode';
import { placeOf } from '../../domain/target.ts';
import { wentBack } from '../../../webview/protocol/run-snapshot.ts';
import { Command } from '../editor/contributions.ts';
import type { IncidentSession, SessionList } from './incident-session.ts';

const ICONS = { busy: 'sync~spin', ask: 'question', good: 'pass', warn: 'warning', bad: 'error' } as const;

/** Where a run would begin: the context that is listed first. */
export interface IdlePlace {
  context: string;
  isProtected: boolean;
}

/** Pinned target and what the run is doing; before a run exists, the context that one would be offered first. */
export class StatusBar implements vscode.Disposable {
  readonly #item: vscode.StatusBarItem;
  readonly #subscription: { dispose(): void };
  readonly #sessions: SessionList;
  #idle: IdlePlace | null = null;

  constructor(sessions: SessionList) {
    this.#sessions = sessions;
    this.#item = vscode.window.createStatusBarItem('stratus.target', vscode.StatusBarAlignment.Left, 50);
    this.#item.name = vscode.l10n.t('Stratus target');
    this.#item.command = Command.showRun;
    this.#subscription = sessions.onChange(() => this.#update());
  }

  /** @param place null hides it: there is nothing to work on */
  setIdle(place: IdlePlace | null): void {
    this.#idle = place;
    this.#update();
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
    if (!session) return this.#showIdle();
    this.#item.command = Command.showRun;
    const snapshot = session.snapshot();
    const { headline, mode } = snapshot;
    const icon = headline.tone === 'warn' && wentBack(snapshot) ? 'discard' : ICONS[headline.tone];
    const { context, namespace, server } = session.target;
    this.#item.text = `$(${icon}) ${mark(session.isProtected)}${placeOf(session.target)}: ${headline.title}`;
    this.#item.tooltip = tooltip(session, server, mode);
    const guarded = session.isProtected ? vscode.l10n.t('protected') : '';
    this.#item.accessibilityInformation = {
      label: `Stratus on ${namespace} at ${context} ${guarded}: ${headline.title}`,
    };
    // The editor's warning colour only where a person is needed.
    const theme = headline.tone === 'bad' ? 'statusBarItem.errorBackground' : 'statusBarItem.warningBackground';
    this.#item.backgroundColor =
      headline.tone === 'bad' || headline.tone === 'ask' ? new vscode.ThemeColor(theme) : undefined;
    this.#item.show();
  }

  #showIdle(): void {
    if (!this.#idle) return this.#item.hide();
    const { context, isProtected } = this.#idle;
    this.#item.command = Command.mitigate;
    this.#item.text = idleText(this.#idle);
    this.#item.tooltip = vscode.l10n.t('Stratus: mitigate an incident on {0}, or on another context', context);
    this.#item.accessibilityInformation = {
      label: vscode.l10n.t(
        'Stratus: {0} {1}. Mitigate incident',
        context,
        isProtected ? vscode.l10n.t('protected') : '',
      ),
    };
    this.#item.backgroundColor = undefined;
    this.#item.show();
  }
}

export function idleText({ context, isProtected }: IdlePlace): string {
  return `$(pulse) ${mark(isProtected)}${context}`;
}

/** Where a mistake costs most: said in a word, not by a colour alone. */
function mark(isProtected: boolean): string {
  return isProtected ? vscode.l10n.t('$(shield) protected: ') : '';
}

function tooltip(session: IncidentSession, server: string, mode: string): string {
  const state = session.ended ? vscode.l10n.t('ended') : vscode.l10n.t('pinned for this run');
  return `${session.target.context} (${server})\n${session.target.namespace}, ${state}\n${mode}`;
}
