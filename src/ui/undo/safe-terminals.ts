import * as vscode from 'vscode';
import type { Target } from '../../domain/target.ts';
import { placeOf } from '../../domain/target.ts';
import type { StratusApp } from '../../run/app.ts';
import type { ShellMode, ShellSession } from '../../run/shell-session.ts';
import type { AppLease } from '../editor/app-loader.ts';
import type { Log } from '../editor/log.ts';
import type { Prompts } from '../editor/prompts.ts';
import { mayWriteTo } from '../editor/protected-context.ts';
import type { TargetPicker } from '../editor/target-picker.ts';
import type { UndoActions } from './undo-actions.ts';
import { undoFate } from './undo-fate.ts';

interface OpenTerminal {
  terminal: vscode.Terminal;
  session: ShellSession;
  release: () => void;
}

/** Terminals in which every kubectl goes through the gateway. They end with it: none survives a reload of the window. */
export class SafeTerminals implements vscode.Disposable {
  readonly #lease: () => Promise<AppLease>;
  readonly #prompts: Prompts;
  readonly #targets: TargetPicker;
  readonly #undo: UndoActions;
  readonly #log: Log;
  readonly #fail: (error: unknown) => void;
  readonly #open = new Map<vscode.Terminal, OpenTerminal>();
  readonly #subscription: vscode.Disposable;

  constructor(
    lease: () => Promise<AppLease>,
    prompts: Prompts,
    targets: TargetPicker,
    undo: UndoActions,
    log: Log,
    fail: (error: unknown) => void,
  ) {
    this.#lease = lease;
    this.#targets = targets;
    this.#prompts = prompts;
    this.#undo = undo;
    this.#log = log;
    this.#fail = fail;
    this.#subscription = vscode.window.onDidCloseTerminal((terminal) => {
      const open = this.#open.get(terminal);
      if (open) void this.#end(open).catch(this.#fail);
    });
  }

  /** Asks for the target and for what may be done in it. @param known a target that is looked at: read only, unasked */
  async open(known?: Target): Promise<void> {
    const { app, release } = await this.#lease();
    try {
      const purpose = {
        title: vscode.l10n.t('Safe terminal'),
        then: vscode.l10n.t('Next you choose whether it may write'),
      };
      const target = known ?? (await this.#targets.pick(app, purpose));
      const mode = known ? 'read' : target && (await this.#pickMode(app, target));
      if (!target || !mode) return release();
      const session = await app.shell.open(target, mode);
      const place = placeOf(target);
      const what =
        mode === 'read'
          ? vscode.l10n.t('read only, values of Secrets are blank')
          : vscode.l10n.t('each write is checked and part of transaction {0}', session.tx ?? '');
      const terminal = vscode.window.createTerminal({
        name: mode === 'read' ? vscode.l10n.t('{0} (read only)', place) : vscode.l10n.t('{0} (transaction)', place),
        env: session.environment,
        iconPath: new vscode.ThemeIcon('shield'),
        message: vscode.l10n.t(
          'Safe terminal on {0}: {1}. exec, attach and port-forward are refused in it; it ends with this window.',
          place,
          what,
        ),
        // A restored terminal would point at a gateway that is gone.
        isTransient: true,
      });
      this.#open.set(terminal, { terminal, session, release });
      this.#log.info(`safe terminal on ${place}: ${mode}`);
      terminal.show();
    } catch (error) {
      release();
      throw error;
    }
  }

  dispose(): void {
    this.#subscription.dispose();
    // Nobody is left to ask: what was written is owed, and offered for undo at the next start.
    for (const { session } of this.#open.values()) if (session.mode === 'read') void session.end('undo');
  }

  async #pickMode(app: StratusApp, target: Target): Promise<ShellMode | undefined> {
    const mode = await this.#prompts.pick<ShellMode>({
      title: vscode.l10n.t('Safe terminal: what may be done in it?'),
      placeholder: vscode.l10n.t('Every kubectl in it goes through Stratus'),
      choices: [
        { label: vscode.l10n.t('Read only'), value: 'read' },
        {
          label: vscode.l10n.t('Write, as one transaction'),
          detail: vscode.l10n.t('Kept or undone when the terminal is closed'),
          value: 'write',
        },
      ],
    });
    if (mode !== 'write') return mode;
    if (!(await this.#undo.unlessOwed(app, target))) return undefined;
    const purpose = vscode.l10n.t('Type the name of the context to open a terminal that can change it');
    return (await mayWriteTo(this.#prompts, target.context, purpose)) ? mode : undefined;
  }

  async #end({ terminal, session, release }: OpenTerminal): Promise<void> {
    this.#open.delete(terminal);
    try {
      const written = session.written();
      const keep =
        written.length > 0 &&
        (await this.#prompts.confirm(
          vscode.l10n.t('Keep what was written in {0}? Otherwise it is undone.', terminal.name),
          written.join('\n'),
          vscode.l10n.t('Keep'),
        ));
      const result = await session.end(keep ? 'keep' : 'undo');
      if (!result) return;
      this.#log.info(`safe terminal ${session.tx}: ${result.outcome}`);
      const { level, text } = undoFate(result);
      void this.#prompts.notify(level, `${terminal.name}: ${text}`);
    } finally {
      release();
    }
  }
}
