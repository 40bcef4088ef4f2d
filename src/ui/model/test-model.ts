import * as vscode from 'vscode';
import { abortedBy } from '../editor/abort.ts';
import type { StratusApp } from '../../run/app.ts';
import type { ModelProbe } from '../../run/models.ts';
import type { AppLease } from '../editor/app-loader.ts';
import { Command, Setting } from '../editor/contributions.ts';
import { readSetting } from '../editor/editor-api.ts';
import type { Prompts } from '../editor/prompts.ts';
import type { LookDocuments } from '../views/look-documents.ts';
import { askToUse } from './editor-consent.ts';
import { selectEditorModel } from './editor-model.ts';
import { probeText } from './probe-text.ts';

const PROBES = 5;

/** Tries what Stratus needs of the chosen model, and shows what works and what follows from that. */
export class ModelTest {
  readonly #lease: () => Promise<AppLease>;
  readonly #prompts: Prompts;
  readonly #documents: LookDocuments;

  constructor(lease: () => Promise<AppLease>, prompts: Prompts, documents: LookDocuments) {
    this.#lease = lease;
    this.#prompts = prompts;
    this.#documents = documents;
  }

  async run(): Promise<void> {
    const { app, release } = await this.#lease();
    try {
      const name = app.models.configured();
      if (name === null) return void this.#offerChoice();
      if (readSetting(Setting.modelProvider) === 'editor' && !(await askToUse(await selectEditorModel(vscode, name))))
        return;
      const probes = await this.#probe(app, name);
      if (probes) await this.#documents.preview(`Test of ${name}.md`, probeText(name, probes));
    } finally {
      release();
    }
  }

  /** @returns null when it was cancelled */
  async #probe(app: StratusApp, name: string): Promise<ModelProbe[] | null> {
    const options = {
      location: vscode.ProgressLocation.Notification,
      title: vscode.l10n.t('Testing {0}; nothing of a cluster is sent', name),
      cancellable: true,
    };
    return vscode.window.withProgress(options, async (progress, token) => {
      const signal = abortedBy(token);
      let done = 0;
      const tell = (probe: ModelProbe) => {
        done += 1;
        const message = vscode.l10n.t('{0} of {1} done', done, PROBES);
        progress.report({ message: `${message}: ${probe.name}`, increment: 100 / PROBES });
      };
      try {
        return await app.models.probe(signal, tell);
      } catch (error) {
        if (signal.aborted) return null;
        throw error;
      }
    });
  }

  /** Not awaited: a notification stays until someone closes it. */
  async #offerChoice(): Promise<void> {
    const choose = vscode.l10n.t('Choose Model');
    const text = vscode.l10n.t('No model is chosen: playbooks think alone.');
    if ((await this.#prompts.notify('info', text, choose)) === choose)
      await vscode.commands.executeCommand(Command.chooseModel);
  }
}
