import * as vscode from 'vscode';
import { refLabel } from '../../domain/kube-object.ts';
import { placeOf } from '../../domain/target.ts';
import type { TransactionSummary, UndoResult } from '../../domain/transaction.ts';
import type { StratusApp } from '../../run/app.ts';
import type { TransactionDetail, Transactions } from '../../run/transactions.ts';
import type { AppLease } from '../editor/app-loader.ts';
import type { TransactionHandle, WriteHandle } from '../editor/contributions.ts';
import { Command } from '../editor/contributions.ts';
import type { Log } from '../editor/log.ts';
import { messageOf } from '../../domain/cluster-error.ts';
import { fieldChanges } from '../views/object-text.ts';
import type { ObjectDocuments } from '../views/object-documents.ts';
import type { Prompts } from '../editor/prompts.ts';
import { withoutLinks } from '../editor/prompts.ts';
import { mayWriteTo } from '../editor/protected-context.ts';
import { unlessOwed } from './owed-undo.ts';
import { pickTransaction } from './transaction-picker.ts';
import { undoFate } from './undo-fate.ts';
import { commandText } from '../../kubectl/command-text.ts';
import { counted } from '../../text/plain-text.ts';
import { untrustedLine } from '../../text/redact.ts';

/** What can be done with a transaction: undo, undo to here, show what it did, recover, keep. */
export class UndoActions {
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

  /** What a transaction changed, or, where an undo could not restore it, what differs. */
  async differences(transaction: string): Promise<void> {
    const { status, details } = await (await this.#app()).transactions.read(transaction);
    if (status === 'diverged')
      return void (await vscode.commands.executeCommand(Command.showDivergence, { transaction }));
    if (details.length === 0)
      return void (await vscode.commands.executeCommand(Command.explainTransaction, { transaction }));
    await this.#documents.compareAll(
      vscode.l10n.t('Written by {0}', transaction),
      details.map(({ ref, before, after, subresource }) => ({
        ref,
        left: before,
        right: after,
        ...(subresource ? { subresource } : {}),
        title: vscode.l10n.t('{0}: before ↔ what Stratus wrote', refLabel(ref)),
      })),
    );
  }

  /** False while an own transaction is in the way of something new, whatever was answered about it. */
  unlessOwed(app: StratusApp, subject: Parameters<Transactions['refuseWhileOwed']>[0]): Promise<boolean> {
    return unlessOwed(app, this.#prompts, subject, {
      differences: (transaction) => this.differences(transaction),
      undo: async (summary) => (await this.#mayUndo([summary])) && this.#run(summary),
      keep: (transaction) => this.keep({ transaction }),
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
    const purpose = vscode.l10n.t('Type the name of the context to keep what is there');
    if (!(await mayWriteTo(this.#prompts, summary.context, purpose))) return;
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
    if (answer === undo && (await this.#mayUndo([summary]))) await this.#run(summary);
    if (answer === keep) await this.keep({ transaction: summary.id });
    if (answer !== inspect) return;
    if (diverged) await vscode.commands.executeCommand(Command.showDivergence, { transaction: summary.id });
    else await vscode.commands.executeCommand(Command.explainTransaction, { transaction: summary.id });
  }

  async #undoAll(summaries: TransactionSummary[]): Promise<void> {
    const [first] = summaries;
    if (!first || !(await this.unlessOwed(await this.#app(), { transaction: first.id }))) return;
    const count = summaries.length;
    const sure = await this.#prompts.confirm(
      count === 1
        ? vscode.l10n.t('Undo this change on {0}?', first.context)
        : vscode.l10n.t('Undo {0} changes on {1}, latest first?', count, first.context),
      (await Promise.all(summaries.map((summary) => this.#foretold(summary)))).join('\n\n'),
      vscode.l10n.t('Undo'),
    );
    if (!sure || !(await this.#mayUndo(summaries))) return;
    for (const summary of summaries) {
      // A later transaction that could not be undone blocks the earlier ones below it.
      if (!(await this.#run(summary))) return;
    }
  }

  /** What an undo will do: the values that it puts back, and what comes back with them. */
  async #foretold(summary: TransactionSummary): Promise<string> {
    // What cannot be read is told when the undo is tried.
    const detail = await (await this.#app()).transactions.read(summary.id).catch(() => null);
    const lines = [details(summary), ...(detail ? valuesBack(detail) : [])];
    const mended = summary.status === 'committed' && summary.run.startsWith('run-');
    return [...lines, ...(mended ? [vscode.l10n.t('The incident that it ended will come back.')] : [])].join('\n');
  }

  /** A protected context is named once, however many transactions are undone there. */
  async #mayUndo(summaries: readonly TransactionSummary[]): Promise<boolean> {
    const purpose = vscode.l10n.t('Type the name of the context to let the undo change it');
    for (const context of new Set(summaries.map((summary) => summary.context))) {
      if (!(await mayWriteTo(this.#prompts, context, purpose))) return false;
    }
    return true;
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
    this.#log.info(`undo of ${summary.id}: ${result.outcome}, ${counted(result.writes, 'write')}`);
    // Not awaited: a notification stays until someone closes it.
    void this.#tell(summary, result).catch((error: unknown) => this.#log.error(messageOf(error)));
    return result.outcome === 'undone';
  }

  async #tell(summary: TransactionSummary, result: UndoResult): Promise<void> {
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
    const again = vscode.l10n.t('Retry');
    const actions = result.outcome === 'undone' ? [] : result.outcome === 'diverged' ? [show, again] : [again];
    const answer = await this.#prompts.notify('error', fate.text, ...actions);
    if (answer === show) await this.differences(summary.id);
    if (answer === again) await this.#run(summary);
  }

  async #find(
    handle: TransactionHandle | undefined,
    wanted: (summary: TransactionSummary) => boolean,
    title: string,
  ): Promise<TransactionSummary | undefined> {
    return pickTransaction(await this.#app(), this.#prompts, handle, wanted, title);
  }
}

function isUndoable({ status }: TransactionSummary): boolean {
  return status !== 'undone';
}

const SHOWN_VALUES = 12;

/** Fields that an undo changes, from what stands there since the change to what it puts back. */
function valuesBack({ details: writes }: TransactionDetail): string[] {
  const fields = writes
    .filter(({ outcome }) => outcome !== 'failed')
    .flatMap(({ ref, before, after, subresource }) =>
      fieldChanges(after, before, subresource).map(
        (field) => `${ref.kind} ${ref.name} ${field.path}: ${field.before ?? 'absent'} → ${field.after ?? 'absent'}`,
      ),
    );
  const more = fields.length > SHOWN_VALUES ? [`… ${counted(fields.length - SHOWN_VALUES, 'more field')}`] : [];
  return [...fields.slice(0, SHOWN_VALUES), ...more];
}

function details(summary: TransactionSummary): string {
  return [
    summary.title,
    ...summary.commands.map((argv) => `did: ${commandText(argv)}`),
    ...summary.roots.map((ref) => `restores: ${refLabel(ref)}`),
  ].join('\n');
}
