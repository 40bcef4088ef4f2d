import * as vscode from 'vscode';
import type { Target } from '../../domain/target.ts';
import { placeOf } from '../../domain/target.ts';
import { isProtected } from '../../domain/autonomy.ts';
import { messageOf } from '../../domain/cluster-error.ts';
import { StratusError } from '../../domain/stratus-error.ts';
import type { AppLease } from '../editor/app-loader.ts';
import type { TargetPreset } from '../editor/contributions.ts';
import { Command, Setting, View } from '../editor/contributions.ts';
import { readSetting } from '../editor/editor-api.ts';
import type { Log } from '../editor/log.ts';
import type { Prompts } from '../editor/prompts.ts';
import type { Place, TargetMemory } from '../editor/target-memory.ts';
import type { TargetPicker } from '../editor/target-picker.ts';
import type { BackgroundWatch, WatchSettings } from './background-watch.ts';
import type { WatchBoard } from './watch-board.ts';
import type { OpenIncident } from './watch-view.ts';
import { newsText } from './watch-words.ts';

export interface WatchActionParts {
  lease: () => Promise<AppLease>;
  prompts: Prompts;
  targets: TargetPicker;
  /** The target that was chosen last. */
  memory: TargetMemory;
  board: WatchBoard;
  log: Log;
  /** Hears of each target that a person begins to watch. */
  began: (target: Target) => void;
  /** Shows it outside the editor, where that is possible. */
  onDesktop: (title: string, text: string) => void;
}

/** Starting and ending the watch of this window, and telling people what it finds. */
export class WatchActions {
  readonly #parts: WatchActionParts;
  readonly #watch: BackgroundWatch;

  constructor(parts: WatchActionParts, watch: (actions: WatchActions) => BackgroundWatch) {
    this.#parts = parts;
    this.#watch = watch(this);
  }

  /** Asks for a target, unless one of before is given that still means the same. */
  async start(preset?: TargetPreset): Promise<void> {
    const target = await this.#target(preset);
    if (!target) return;
    const { board, prompts, began } = this.#parts;
    const { view } = board;
    const same = view?.target.fingerprint === target.fingerprint && view.target.namespace === target.namespace;
    if (same && view.phase !== 'stopped') {
      await prompts.notify('info', vscode.l10n.t('{0} is watched already.', placeOf(target)));
      return;
    }
    this.#watch.begin(target);
    began(target);
    // Not awaited: a notification stays until someone closes it.
    void this.#offerAlways(target);
  }

  async stop(): Promise<void> {
    const { view } = this.#parts.board;
    this.#watch.end();
    if (!view) await this.#parts.prompts.notify('info', vscode.l10n.t('Nothing is watched in this window.'));
  }

  /** Watches the target that was chosen last, where the settings say that its context is to be watched. */
  async resume(): Promise<void> {
    const { memory, board, log } = this.#parts;
    const last = memory.last();
    if (!last || board.view || !isProtected(last.context, readSetting(Setting.watchContexts))) return;
    try {
      const server = await this.#serverOf(last);
      // It is pinned when it answers, which may be later than a window opens.
      if (!board.view) this.#watch.begin({ ...last, server, fingerprint: '' });
    } catch (error) {
      const text = vscode.l10n.t('{0} is not watched: {1}', placeOf(last), messageOf(error));
      log.error(text);
      void this.#offerAgain(text, last);
    }
  }

  /** The settings have changed. */
  configured(): void {
    this.#watch.configured();
  }

  dispose(): void {
    this.#watch.dispose();
  }

  /** One message for all that a look found: whoever is called by ten finds none. */
  announce(fresh: readonly OpenIncident[], target: Target): void {
    const text = newsText(fresh, Date.now());
    const where = placeOf(target);
    this.#parts.onDesktop(where, text);
    void this.#offer(`${where}: ${text}`, fresh, target);
  }

  ended(target: Target, reason: string): void {
    const text = vscode.l10n.t('{0} is no longer watched: {1}', placeOf(target), reason);
    this.#parts.onDesktop(placeOf(target), text);
    void this.#offerAgain(text, target);
  }

  async #offer(text: string, fresh: readonly OpenIncident[], target: Target): Promise<void> {
    const { context, namespace, fingerprint } = target;
    const [mitigate, later] = [vscode.l10n.t('Mitigate'), vscode.l10n.t('Not Now')];
    const [diagnose, show] = [vscode.l10n.t('Diagnose'), vscode.l10n.t('Show')];
    const isOne = fresh.length === 1 && !fresh[0]!.isStorm;
    // The editor hides warnings after some seconds; an error with actions stays until it is answered.
    const answer = await this.#parts.prompts.notify('error', text, mitigate, isOne ? diagnose : show, later);
    const preset: TargetPreset = { context, namespace, fingerprint };
    if (answer === mitigate) await vscode.commands.executeCommand(Command.mitigate, preset);
    if (answer === diagnose) await vscode.commands.executeCommand(Command.diagnose, preset);
    if (answer === show) await vscode.commands.executeCommand(`${View.incidents}.focus`);
  }

  async #offerAgain(text: string, { context, namespace }: Place): Promise<void> {
    const again = vscode.l10n.t('Start Again');
    if ((await this.#parts.prompts.notify('error', text, again)) !== again) return;
    const preset: TargetPreset = { context, namespace };
    await vscode.commands.executeCommand(Command.startWatching, preset);
  }

  /** Once for each context: the answer is a setting. */
  async #offerAlways(target: Target): Promise<void> {
    const { context } = target;
    const patterns = readSetting(Setting.watchContexts);
    if (isProtected(context, patterns)) return;
    const always = vscode.l10n.t('Always for {0}', context);
    const text = vscode.l10n.t('{0} is watched until this window closes. Nothing is written.', placeOf(target));
    if ((await this.#parts.prompts.notify('info', text, always)) !== always) return;
    const configuration = vscode.workspace.getConfiguration();
    const wanted = [...readSetting(Setting.watchContexts), context];
    await configuration.update(Setting.watchContexts, wanted, vscode.ConfigurationTarget.Global);
  }

  async #target(preset: TargetPreset | undefined): Promise<Target | null> {
    const { lease, targets } = this.#parts;
    const { app, release } = await lease();
    try {
      return (
        (await targets.sameAgain(app, preset)) ??
        (await targets.pick(
          app,
          {
            title: vscode.l10n.t('Start watching'),
            then: vscode.l10n.t('Reads now and then, and tells you when something breaks; nothing is changed'),
          },
          preset,
        ))
      );
    } finally {
      release();
    }
  }

  async #serverOf({ context }: Place): Promise<string> {
    const { app, release } = await this.#parts.lease();
    try {
      const found = (await app.targets.contexts()).find(({ name }) => name === context);
      if (!found) throw new StratusError('unknown-context', `context '${context}' is not in the kubeconfig`);
      return found.server;
    } finally {
      release();
    }
  }
}

/** As they are when they are asked for. */
export function watchSettings(): WatchSettings {
  return { intervalMs: readSetting(Setting.watchInterval) * 1_000, checks: readSetting(Setting.checks) };
}
