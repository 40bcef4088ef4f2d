import * as vscode from 'vscode';
import { refLabel } from '../../domain/kube-object.ts';
import { placeOf } from '../../domain/target.ts';
import type { TransactionSummary, UndoResult } from '../../domain/transaction.ts';
import type { StratusApp } from '../../run/app.ts';
import type { AppLease } from '../editor/app-loader.ts';
import type { TransactionHandle, WriteHandle } from '../editor/contributions.ts';
import { Command, Scheme } from '../editor/contributions.ts';
import type { Log } from '../editor/log.ts';
import { messageOf } from '../../domain/cluster-error.ts';
import type { ObjectDocuments } from '../views/object-documents.ts';
import type { Prompts } from '../editor/prompts.ts';
import { withoutLinks } from '../editor/prompts.ts';
import { explainTransaction } from './transaction-text.ts';
import { undoFate } from './undo-fate.ts';
import { commandText } from '../../kubectl/command-text.ts';
import { untrustedLine } from '../../text/redact.ts';

/** What can be done with a transaction: undo, undo to here, explain, show the inverse, recover. */
export class UndoActions implements vscode.TextDocumentContentProvider {
  readonly #app: () => Promise<StratusApp>;
  readonly #lease: () => Promise<AppLease>;
  readonly #prompts: Prompts;
  readonly #documents: ObjectDocuments;
  readonly #log: Log;

  constructor(
    app: () => Promise<StratusApp>,
    lease: () => Promise<AppLease>,
    prompts: Prompts,
    documents: ObjectDocuments,
    log: Log,
  ) {
    this.#app = app;
    this.#lease = lease;
    this.#prompts = prompts;
    this.#documents = documents;
    this.#log = log;
  }

  async undo(handle?: TransactionHandle): Promise<void> {
    const summary = await this.#find(handle, isUndoable, vscode.l10n.t('Undo which transaction?'));
    if (summary) await this.#undoAll([summary]);
  }

  /** Undoes the transaction and every later one on the same cluster, latest first. */
  async undoToHere(handle?: TransactionHandle): Promise<void> {
    const summary = await this.#find(handle, isUndoable, vscode.l10n.t('Undo back to which transaction?'));
    if (!summary) return;
    const all = await (await this.#app()).transactions.list();
    const upTo = all.findIndex(({ id }) => id === summary.id);
    const same = (other: TransactionSummary) => other.fingerprint === summary.fingerprint && isUndoable(other);
    await this.#undoAll(all.slice(0, upTo + 1).filter(same));
  }

  async explain(handle?: TransactionHandle): Promise<void> {
    const summary = await this.#find(handle, () => true, vscode.l10n.t('Explain which transaction?'));
    if (!summary) return;
    const uri = vscode.Uri.from({ scheme: Scheme.explain, path: `/${summary.id}.md` });
    await vscode.commands.executeCommand('markdown.showPreview', uri);
  }

  /** Content of an explanation's document. */
  async provideTextDocumentContent({ path }: vscode.Uri): Promise<string> {
    const transaction = path.slice(1).replace(/\.md$/, '');
    return explainTransaction(await (await this.#app()).transactions.read(transaction));
  }

  /** Native diff: the object after the change against what undo restores. */
  async showInverse(handle?: WriteHandle): Promise<void> {
    if (!handle) return;
    const detail = await (await this.#app()).transactions.read(handle.transaction);
    const write = detail.details[handle.write];
    if (!write) throw new Error(`transaction ${handle.transaction} has no write ${handle.write}`);
    await this.#documents.compare({
      ref: write.ref,
      left: write.after,
      right: write.before,
      ...(write.subresource ? { subresource: write.subresource } : {}),
      title: vscode.l10n.t('{0}: after the change ↔ after undo', refLabel(write.ref)),
    });
  }

  /** Asks what to do with transactions that were interrupted or that an undo could not restore. */
  async recover(): Promise<void> {
    const app = await this.#app();
    const unfinished = await app.transactions.unfinished();
    if (unfinished.length === 0) {
      await this.#prompts.notify('info', vscode.l10n.t('Nothing to recover: every transaction is finished.'));
      return;
    }
    for (const summary of unfinished) await this.#recoverOne(summary);
  }

  /** Closes an interrupted or diverged transaction as it stands, after one more question. */
  async keep(handle?: TransactionHandle): Promise<void> {
    const app = await this.#app();
    const owed = new Set((await app.transactions.unfinished()).map(({ id }) => id));
    const summary = await this.#find(handle, ({ id }) => owed.has(id), vscode.l10n.t('Keep which change as it is?'));
    if (!summary) return;
    const sure = await this.#prompts.confirm(
      summary.status === 'diverged'
        ? vscode.l10n.t('Keep what undo could not restore as it stands?')
        : vscode.l10n.t('Keep the interrupted change as it stands?'),
      details(summary),
      vscode.l10n.t('Keep As It Is'),
    );
    if (!sure) return;
    const note = await app.transactions.keep(summary.id);
    if (note) await this.#prompts.notify('warning', vscode.l10n.t('Kept, but {0}', note));
  }

  async #recoverOne(summary: TransactionSummary): Promise<void> {
    const diverged = summary.status === 'diverged';
    const [undo, keep, inspect] = [
      diverged ? vscode.l10n.t('Try Again') : vscode.l10n.t('Undo'),
      vscode.l10n.t('Keep As It Is'),
      vscode.l10n.t('Inspect'),
    ];
    const where = placeOf(summary);
    const message = diverged
      ? vscode.l10n.t(
          'A change on {0} could not be undone completely: {1}. Writers wait for you.',
          where,
          summary.title,
        )
      : vscode.l10n.t('A change on {0} was interrupted: {1}. It is neither kept nor undone.', where, summary.title);
    // The editor hides a warning after some seconds, an error with actions stays until it is answered.
    const answer = await this.#prompts.notify('error', message, undo, keep, inspect);
    if (answer === undo) await this.#run(summary);
    if (answer === keep) await this.keep({ transaction: summary.id });
    if (answer !== inspect) return;
    if (diverged) await vscode.commands.executeCommand(Command.showDivergence, { transaction: summary.id });
    else await this.explain({ transaction: summary.id });
  }

  async #undoAll(summaries: TransactionSummary[]): Promise<void> {
    const [first] = summaries;
    if (!first) return;
    const count = summaries.length;
    const sure = await this.#prompts.confirm(
      count === 1
        ? vscode.l10n.t('Undo this change on {0}?', first.context)
        : vscode.l10n.t('Undo {0} changes on {1}, latest first?', count, first.context),
      summaries.map(details).join('\n\n'),
      vscode.l10n.t('Undo'),
    );
    if (!sure) return;
    for (const summary of summaries) {
      // A later transaction that could not be undone blocks the earlier ones below it.
      if (!(await this.#run(summary))) return;
    }
  }

  async #run(summary: TransactionSummary): Promise<boolean> {
    const { app, release } = await this.#lease();
    const options = {
      location: vscode.ProgressLocation.Notification,
      title: vscode.l10n.t('Undoing on {0}', summary.context),
    };
    // No cancel: an undo that was begun is how the cluster gets back to a known state.
    const result = await vscode.window
      .withProgress(options, async (progress) =>
        app.transactions.undo(summary.id, new AbortController().signal, (text) =>
          progress.report({ message: withoutLinks(untrustedLine(text)) }),
        ),
      )
      .then(
        (value) => (release(), value),
        (error: unknown) => {
          release();
          throw error;
        },
      );
    this.#log.info(`undo of ${summary.id}: ${result.outcome}, ${result.writes} write(s)`);
    // Not awaited: a notification stays until someone closes it.
    void this.#tell(summary.id, result).catch((error: unknown) => this.#log.error(messageOf(error)));
    return result.outcome === 'undone';
  }

  async #tell(transaction: string, result: UndoResult): Promise<void> {
    const fate = undoFate(result);
    if (result.outcome === 'undone' && fate.level === 'info') {
      const { foreign, residue } = result.proof;
      const notes = [
        vscode.l10n.t('Undone and verified: every field that was written is as before.'),
        ...(residue.length > 0 ? [vscode.l10n.t('Different: {0}.', residue.join(', '))] : []),
        ...(foreign.length > 0 ? [vscode.l10n.t('{0} edits by others were kept.', foreign.length)] : []),
      ];
      await this.#prompts.notify('info', notes.join(' '));
      return;
    }
    const show = vscode.l10n.t('Show Differences');
    const actions = result.outcome === 'diverged' ? [show] : [];
    const answer = await this.#prompts.notify('error', fate.text, ...actions);
    if (answer === show) await vscode.commands.executeCommand(Command.showDivergence, { transaction });
  }

  async #find(
    handle: TransactionHandle | undefined,
    wanted: (summary: TransactionSummary) => boolean,
    title: string,
  ): Promise<TransactionSummary | undefined> {
    const all = await (await this.#app()).transactions.list();
    if (handle) {
      const found = all.find(({ id }) => id === handle.transaction);
      if (!found) throw new Error(`there is no transaction '${handle.transaction}' in the journal`);
      if (!wanted(found)) throw new Error(`transaction ${found.id} is ${found.status}`);
      return found;
    }
    const choices = all.filter(wanted);
    if (choices.length === 0) throw new Error('the journal holds nothing that could be undone');
    return this.#prompts.pick({
      title,
      placeholder: '',
      choices: choices.map((summary) => ({
        label: summary.title,
        description: placeOf(summary),
        detail: `${summary.id}, ${summary.openedAt}`,
        value: summary,
      })),
    });
  }
}

function isUndoable({ status }: TransactionSummary): boolean {
  return status !== 'undone';
}

function details(summary: TransactionSummary): string {
  return [
    summary.title,
    ...summary.commands.map((argv) => `did: ${commandText(argv)}`),
    ...summary.roots.map((ref) => `restores: ${refLabel(ref)}`),
  ].join('\n');
}
