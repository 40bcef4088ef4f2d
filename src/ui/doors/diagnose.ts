import * as vscode from 'vscode';
import type { NamespaceDiagnosis } from '../../run/app.ts';
import type { AppLease } from '../editor/app-loader.ts';
import { Command, Setting } from '../editor/contributions.ts';
import { readSetting } from '../editor/editor-api.ts';
import type { Prompts } from '../editor/prompts.ts';
import type { TargetPicker } from '../editor/target-picker.ts';
import type { LookDocuments } from '../views/look-documents.ts';
import { diagnosisHeadline, diagnosisText } from './diagnosis-text.ts';

/** Finds out what is wrong, in one namespace or in all, and changes nothing: the answer is a document. */
export class Diagnose {
  readonly #lease: () => Promise<AppLease>;
  readonly #prompts: Prompts;
  readonly #targets: TargetPicker;
  readonly #documents: LookDocuments;

  constructor(lease: () => Promise<AppLease>, prompts: Prompts, targets: TargetPicker, documents: LookDocuments) {
    this.#lease = lease;
    this.#prompts = prompts;
    this.#targets = targets;
    this.#documents = documents;
  }

  async run(): Promise<void> {
    const { app, release } = await this.#lease();
    try {
      const scope = await this.#targets.pickScope(app, vscode.l10n.t('Diagnose'));
      if (!scope) return;
      const { target, all } = scope;
      const options = {
        location: vscode.ProgressLocation.Notification,
        title: vscode.l10n.t(
          'Diagnosing {0}; nothing is changed',
          all ? target.context : `${target.namespace} @ ${target.context}`,
        ),
        cancellable: true,
      };
      const results = await vscode.window.withProgress(options, async (progress, token) => {
        const abort = new AbortController();
        token.onCancellationRequested(() => abort.abort(new Error('cancelled')));
        const read = async (): Promise<NamespaceDiagnosis[]> => {
          if (all)
            return app.incidents.diagnoseAll(target, abort.signal, (done, of) =>
              progress.report({ message: vscode.l10n.t('{0} of {1} namespaces', done, of) }),
            );
          const diagnosis = await app.incidents.diagnose(target, readSetting(Setting.checks), abort.signal);
          return [{ namespace: target.namespace, diagnosis }];
        };
        return read().catch((error: unknown) => {
          if (abort.signal.aborted) return null;
          throw error;
        });
      });
      if (!results) return;
      const text = diagnosisText(target, results, new Date());
      await this.#documents.preview(`Diagnosis of ${all ? target.context : target.namespace}.md`, text);
      // Not awaited: a notification stays until someone closes it.
      void this.#offer(text, diagnosisHeadline(results), all ? null : target);
    } finally {
      release();
    }
  }

  async #offer(text: string, headline: string, target: { context: string; namespace: string } | null): Promise<void> {
    const [copy, mitigate] = [vscode.l10n.t('Copy Summary'), vscode.l10n.t('Mitigate')];
    const answer = await this.#prompts.notify('info', headline, ...(target ? [mitigate, copy] : [copy]));
    if (answer === copy) await vscode.env.clipboard.writeText(text);
    if (answer === mitigate && target)
      await vscode.commands.executeCommand(Command.mitigate, {
        context: target.context,
        namespace: target.namespace,
      });
  }
}
