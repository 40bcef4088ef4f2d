import * as vscode from 'vscode';
import type { TransactionSummary } from '../../domain/transaction.ts';
import type { StratusApp } from '../../run/app.ts';
import type { TransactionHandle } from '../editor/contributions.ts';
import { Scheme } from '../editor/contributions.ts';
import type { Prompts } from '../editor/prompts.ts';
import { pickTransaction } from './transaction-picker.ts';
import { explainTransaction } from './transaction-text.ts';

/** Transactions in words, as Markdown previews that follow the journal. */
export class Explanations implements vscode.TextDocumentContentProvider, vscode.Disposable {
  readonly #app: () => Promise<StratusApp>;
  readonly #prompts: Prompts;
  readonly #changed = new vscode.EventEmitter<vscode.Uri>();
  readonly onDidChange = this.#changed.event;
  /** What the journal said of each transaction that was explained in this window, when it was last read. */
  readonly #explained = new Map<string, string>();

  constructor(app: () => Promise<StratusApp>, prompts: Prompts) {
    this.#app = app;
    this.#prompts = prompts;
  }

  async explain(handle?: TransactionHandle): Promise<void> {
    const title = vscode.l10n.t('Explain which transaction?');
    const summary = await pickTransaction(await this.#app(), this.#prompts, handle, () => true, title);
    if (summary) await vscode.commands.executeCommand('markdown.showPreview', uriOf(summary.id));
  }

  async provideTextDocumentContent({ path }: vscode.Uri): Promise<string> {
    const id = path.slice(1).replace(/\.md$/, '');
    const detail = await (await this.#app()).transactions.read(id);
    this.#explained.set(id, stateOf(detail));
    return explainTransaction(detail);
  }

  /** To be called when the journal changed: what is open is shown as it is now. */
  async follow(all: readonly TransactionSummary[]): Promise<void> {
    for (const summary of all) {
      const known = this.#explained.get(summary.id);
      if (known === undefined || known === stateOf(summary)) continue;
      const uri = uriOf(summary.id);
      this.#changed.fire(uri);
      // A document that the editor has let go of meanwhile is opened anew: its preview is drawn from that.
      await vscode.workspace.openTextDocument(uri);
    }
  }

  dispose(): void {
    this.#changed.dispose();
  }
}

function uriOf(transaction: string): vscode.Uri {
  return vscode.Uri.from({ scheme: Scheme.explain, path: `/${transaction}.md` });
}

function stateOf({ status, closedAt, writes }: TransactionSummary): string {
  return `${status} ${closedAt} ${writes}`;
}
