import * as vscode from 'vscode';
import { abortedBy } from '../editor/abort.ts';
import { refLabel } from '../../domain/kube-object.ts';
import { placeOf } from '../../domain/target.ts';
import { zonedTime } from '../../text/local-time.ts';
import type { AppLease } from '../editor/app-loader.ts';
import type { Prompts } from '../editor/prompts.ts';
import { mayWriteTo } from '../editor/protected-context.ts';
import type { TargetPicker } from '../editor/target-picker.ts';
import type { UndoActions } from './undo-actions.ts';

/** Takes over what a colleague's machine left unfinished, from the copy of its journal in the cluster. */
export class SharedRecoveryActions {
  readonly #lease: () => Promise<AppLease>;
  readonly #prompts: Prompts;
  readonly #targets: TargetPicker;
  readonly #undo: UndoActions;

  constructor(lease: () => Promise<AppLease>, prompts: Prompts, targets: TargetPicker, undo: UndoActions) {
    this.#targets = targets;
    this.#lease = lease;
    this.#prompts = prompts;
    this.#undo = undo;
  }

  async recover(): Promise<void> {
    const { app, release } = await this.#lease();
    try {
      const target = await this.#targets.pick(app, {
        title: vscode.l10n.t('Recover from the cluster'),
        then: vscode.l10n.t(
          'Looks for what was left unfinished in the cluster; nothing is taken over before you say so',
        ),
      });
      if (!target) return;
      const shared = await app.transactions.shared(target);
      if (!shared) {
        await this.#prompts.notify('info', vscode.l10n.t('The cluster keeps no unfinished transaction.'));
        return;
      }
      const sure = await this.#prompts.confirm(
        vscode.l10n.t('Take over the unfinished change on {0}?', placeOf({ ...target, namespace: shared.namespace })),
        [
          `${shared.id}: ${shared.title}`,
          `${zonedTime(new Date(shared.openedAt))}, ${shared.context}`,
          ...shared.roots.map(refLabel),
        ].join('\n'),
        vscode.l10n.t('Take Over'),
      );
      const purpose = vscode.l10n.t('Type the name of the context to take its lock over');
      if (!sure || !(await mayWriteTo(this.#prompts, target.context, purpose))) return;
      const options = {
        location: vscode.ProgressLocation.Notification,
        title: vscode.l10n.t(
          'Taking over the writer lock of {0}; waiting until its holder is known to be dead',
          shared.id,
        ),
        cancellable: true,
      };
      await vscode.window.withProgress(options, async (_progress, token) => {
        await app.transactions.adoptShared(target, abortedBy(token));
      });
    } finally {
      release();
    }
    // From here on it is a transaction of our own that somebody has to decide about.
    await this.#undo.recover();
  }
}
