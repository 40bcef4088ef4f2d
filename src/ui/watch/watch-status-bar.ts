import * as vscode from 'vscode';
import { placeOf } from '../../domain/target.ts';
import { Command, View } from '../editor/contributions.ts';
import type { KeptWatches } from './kept-watches.ts';
import { keptStatusWords } from './kept-words.ts';
import type { WatchBoard } from './watch-board.ts';
import { statusWords } from './watch-words.ts';

/** Ages that are shown go on by themselves. */
const REFRESH_MS = 5_000;

/** The watch of this window, and what was kept and is watched for a time: each has a place in the status bar. */
export class WatchStatusBar implements vscode.Disposable {
  readonly #board: WatchBoard;
  readonly #kept: KeptWatches;
  readonly #isProtected: (context: string) => boolean;
  readonly #watch: vscode.StatusBarItem;
  readonly #change: vscode.StatusBarItem;
  readonly #subscriptions: { dispose(): void }[];
  #timer: NodeJS.Timeout | null = null;

  constructor(board: WatchBoard, kept: KeptWatches, isProtected: (context: string) => boolean) {
    this.#board = board;
    this.#kept = kept;
    this.#isProtected = isProtected;
    this.#watch = vscode.window.createStatusBarItem('stratus.watch', vscode.StatusBarAlignment.Left, 49);
    this.#watch.name = vscode.l10n.t('Stratus watch');
    this.#watch.command = `${View.incidents}.focus`;
    this.#change = vscode.window.createStatusBarItem('stratus.keptWatch', vscode.StatusBarAlignment.Left, 48);
    this.#change.name = vscode.l10n.t('Stratus watch after a change');
    this.#subscriptions = [board.onChange(() => this.#update()), kept.onChange(() => this.#update())];
  }

  /** What is shown; empty where nothing is. */
  get texts(): { watch: string; change: string } {
    return {
      watch: this.#board.view ? this.#watch.text : '',
      change: this.#kept.current ? this.#change.text : '',
    };
  }

  dispose(): void {
    if (this.#timer) clearInterval(this.#timer);
    for (const subscription of this.#subscriptions) subscription.dispose();
    this.#watch.dispose();
    this.#change.dispose();
  }

  #update(): void {
    this.#updateWatch();
    this.#updateChange();
    const isShown = this.#board.view !== null || this.#kept.current !== null;
    if (isShown) this.#timer ??= setInterval(() => this.#update(), REFRESH_MS).unref();
    else if (this.#timer) {
      clearInterval(this.#timer);
      this.#timer = null;
    }
  }

  #updateWatch(): void {
    const { view } = this.#board;
    if (!view) return this.#watch.hide();
    const { icon, state, tooltip, isAlarming } = statusWords(view, Date.now());
    const { context } = view.target;
    const guarded = this.#isProtected(context) ? vscode.l10n.t('protected: ') : '';
    this.#watch.text = `$(${icon}) ${guarded}${placeOf(view.target)}: ${state}`;
    this.#watch.tooltip = tooltip.join('\n');
    this.#watch.accessibilityInformation = {
      label: vscode.l10n.t(
        'Stratus watch of {0}: {1}',
        placeOf(view.target),
        [state, ...tooltip.slice(1, 3)].join(', '),
      ),
    };
    // Words and icon say the same.
    this.#watch.backgroundColor = isAlarming ? new vscode.ThemeColor('statusBarItem.warningBackground') : undefined;
    this.#watch.show();
  }

  #updateChange(): void {
    const current = this.#kept.current;
    if (!current) return this.#change.hide();
    const { icon, text, tooltip, isAlarming } = keptStatusWords(current.view, Date.now());
    this.#change.text = `$(${icon}) ${text}`;
    this.#change.tooltip = [placeOf(current.target), ...tooltip].join('\n');
    this.#change.command = {
      command: Command.showRun,
      title: vscode.l10n.t('Show Run'),
      arguments: [current.run],
    };
    this.#change.accessibilityInformation = { label: `Stratus: ${[text, ...tooltip].join(', ')}` };
    this.#change.backgroundColor = isAlarming ? new vscode.ThemeColor('statusBarItem.warningBackground') : undefined;
    this.#change.show();
  }
}
