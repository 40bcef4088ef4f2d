import * as vscode from 'vscode';
import { refLabel } from '../../domain/kube-object.ts';
import { placeOf } from '../../domain/target.ts';
import type { TransactionStatus, TransactionSummary } from '../../domain/transaction.ts';
import { standing, STATUS_TEXT, UNDO_CLASS_TEXT, WRITE_OUTCOME_TEXT } from '../../domain/transaction.ts';
import type { StratusApp } from '../../run/app.ts';
import type { TransactionWrite } from '../../run/transactions.ts';
import type { TransactionHandle, WriteHandle } from '../editor/contributions.ts';
import { Command, TreeItem } from '../editor/contributions.ts';
import { editorWords } from '../editor/editor-words.ts';
import type { JournalWatch } from './journal-watch.ts';
import { messageOf } from '../../domain/cluster-error.ts';
import { commandText } from '../../kubectl/command-text.ts';
import { localTime, shortLocalTime, zoneOf } from '../../text/local-time.ts';
import { presentable, untrustedLine } from '../../text/redact.ts';

interface TransactionNode extends TransactionHandle {
  kind: 'transaction';
  summary: TransactionSummary;
  /** Left open by a process that is gone. */
  unfinished: boolean;
}
interface CommandNode {
  kind: 'command';
  transaction: string;
  index: number;
  argv: string[];
  writes: (TransactionWrite & { position: number })[];
}
interface WriteNode extends WriteHandle {
  kind: 'write';
  detail: TransactionWrite;
}
interface ProblemNode {
  kind: 'problem';
  text: string;
}
export type UndoNode = TransactionNode | CommandNode | WriteNode | ProblemNode;

const SHOWN = 100;

/** The undo stack: transactions, their commands, the objects each command wrote. Refreshed by journal events. */
export class UndoTree implements vscode.TreeDataProvider<UndoNode>, vscode.Disposable {
  readonly #app: () => Promise<StratusApp>;
  readonly #journal: JournalWatch;
  readonly #changed = new vscode.EventEmitter<void>();
  readonly onDidChangeTreeData = this.#changed.event;
  readonly #subscription: { dispose(): void };

  constructor(app: () => Promise<StratusApp>, journal: JournalWatch) {
    this.#app = app;
    this.#journal = journal;
    this.#subscription = journal.onChange(() => this.#changed.fire());
  }

  async getChildren(node?: UndoNode): Promise<UndoNode[]> {
    try {
      if (!node) return await this.#transactions();
      if (node.kind === 'transaction') return await this.#commands(node.transaction);
      if (node.kind === 'command') return writesOf(node);
      return [];
    } catch (error) {
      return [{ kind: 'problem', text: presentable(editorWords(messageOf(error)), 300) }];
    }
  }

  getTreeItem(node: UndoNode): vscode.TreeItem {
    switch (node.kind) {
      case 'transaction':
        return transactionItem(node);
      case 'command':
        return commandItem(node);
      case 'write':
        return writeItem(node);
      case 'problem':
        return problemItem(node.text);
    }
  }

  dispose(): void {
    this.#subscription.dispose();
    this.#changed.dispose();
  }

  async #transactions(): Promise<UndoNode[]> {
    const { all, unfinished, damage } = await this.#journal.read();
    const nodes = all.slice(0, SHOWN).map((summary): UndoNode => ({
      kind: 'transaction',
      transaction: summary.id,
      summary,
      unfinished: unfinished.has(summary.id),
    }));
    return damage ? [{ kind: 'problem', text: presentable(damage, 1_000) }, ...nodes] : nodes;
  }

  async #commands(transaction: string): Promise<UndoNode[]> {
    const detail = await (await this.#app()).transactions.read(transaction);
    const writes = detail.details.map((write, position) => ({ ...write, position }));
    return detail.commands.map((argv, index) => ({
      kind: 'command',
      transaction,
      index,
      argv,
      writes: writes.filter((write) => write.command === index),
    }));
  }
}

function writesOf({ transaction, writes }: CommandNode): UndoNode[] {
  return writes.map((detail) => ({ kind: 'write', transaction, write: detail.position, detail }));
}

const ICONS: Record<TransactionStatus, [icon: string, colour: string | undefined]> = {
  open: ['sync~spin', undefined],
  committed: ['check', 'testing.iconPassed'],
  undoing: ['discard', 'notificationsWarningIcon.foreground'],
  undone: ['discard', 'disabledForeground'],
  diverged: ['error', 'testing.iconFailed'],
};

function transactionItem({ summary, unfinished }: TransactionNode): vscode.TreeItem {
  const title = untrustedLine(summary.title, 200);
  const when = shortLocalTime(summary.openedAt, Date.now());
  const item = new vscode.TreeItem(`${when} ${title}`, vscode.TreeItemCollapsibleState.Collapsed);
  item.id = summary.id;
  const [icon, colour] = ICONS[summary.status];
  const diverged = summary.status === 'diverged';
  const interrupted = unfinished && !diverged;
  const state = interrupted ? standing({ ...summary, active: false }) : STATUS_TEXT[summary.status];
  const place = placeOf(summary);
  item.description = `${state} · ${place}`;
  item.iconPath = interrupted
    ? new vscode.ThemeIcon('warning', new vscode.ThemeColor('notificationsWarningIcon.foreground'))
    : new vscode.ThemeIcon(icon, colour ? new vscode.ThemeColor(colour) : undefined);
  item.contextValue = diverged
    ? TreeItem.diverged
    : interrupted
      ? TreeItem.recoverable
      : summary.status === 'committed'
        ? TreeItem.undoable
        : TreeItem.closed;
  item.tooltip = [
    `${summary.id}: ${state}`,
    place,
    `began ${localTime(summary.openedAt)}${summary.closedAt ? `, ended ${localTime(summary.closedAt)}` : ''} (${zoneOf(new Date(summary.openedAt))})`,
    ...summary.roots.map(refLabel),
  ].join('\n');
  item.accessibilityInformation = { label: `${when} ${title}, ${state}` };
  return item;
}

function commandItem({ argv, transaction, index }: CommandNode): vscode.TreeItem {
  const item = new vscode.TreeItem(commandText(argv), vscode.TreeItemCollapsibleState.Expanded);
  item.id = `${transaction}/command/${index}`;
  item.iconPath = new vscode.ThemeIcon('terminal');
  item.contextValue = TreeItem.command;
  item.tooltip = commandText(argv);
  return item;
}

function writeItem({ detail, transaction, write }: WriteNode): vscode.TreeItem {
  const item = new vscode.TreeItem(refLabel(detail.ref));
  item.id = `${transaction}/write/${write}`;
  const outcome = detail.outcome === 'done' ? '' : `${WRITE_OUTCOME_TEXT[detail.outcome]} · `;
  item.description = untrustedLine(`${outcome}undo: ${detail.undo.inverse}`);
  item.tooltip = presentable(
    [detail.undo.inverse, `undo ${UNDO_CLASS_TEXT[detail.undo.class]}`, ...detail.undo.residue].join('\n'),
    4_000,
  );
  item.iconPath = new vscode.ThemeIcon(
    detail.before === null ? 'diff-added' : detail.after === null ? 'diff-removed' : 'diff-modified',
  );
  item.contextValue = TreeItem.write;
  item.command = {
    command: Command.showInverse,
    title: vscode.l10n.t('Show What Undo Restores'),
    arguments: [{ transaction, write } satisfies WriteHandle],
  };
  return item;
}

function problemItem(text: string): vscode.TreeItem {
  const item = new vscode.TreeItem(untrustedLine(text));
  item.iconPath = new vscode.ThemeIcon('warning');
  item.tooltip = text;
  return item;
}
