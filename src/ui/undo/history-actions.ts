import * as vscode from 'vscode';
import { commandText } from '../../kubectl/command-text.ts';
import { localTime } from '../../text/local-time.ts';
import { untrustedLine } from '../../text/redact.ts';
import type { StratusApp } from '../../run/app.ts';
import { Command } from '../editor/contributions.ts';
import type { Choice, Prompts } from '../editor/prompts.ts';
import type { HistoryEntry } from './history-list.ts';
import { dayOf, dayText, entryLine, historyOf } from './history-list.ts';

/** What was changed and taken back, day by day, with what can be done about each. Typing narrows it down. */
export class HistoryActions {
  readonly #app: () => Promise<StratusApp>;
  readonly #prompts: Prompts;

  constructor(app: () => Promise<StratusApp>, prompts: Prompts) {
    this.#app = app;
    this.#prompts = prompts;
  }

  async show(): Promise<void> {
    const now = new Date();
    const entries = historyOf(await (await this.#app()).transactions.list());
    if (entries.length === 0) {
      await this.#prompts.notify('info', vscode.l10n.t('Nothing was changed yet.'));
      return;
    }
    const today = entries.filter(({ at }) => dayOf(at, now).startsWith('Today')).length;
    const copy: Choice<HistoryEntry | null> = {
      label: vscode.l10n.t("$(copy) Copy today's changes as text"),
      value: null,
    };
    const chosen = await this.#prompts.pick<HistoryEntry | null>({
      title: vscode.l10n.t('Changes: {0} today', today),
      placeholder: vscode.l10n.t('Type a namespace, object, time or "undone" to narrow it down'),
      choices: [
        copy,
        ...entries.map((entry) => ({ ...entryLine(entry, now), group: dayOf(entry.at, now), value: entry })),
      ],
    });
    if (chosen === null) await vscode.env.clipboard.writeText(dayText(entries, now));
    else if (chosen) await this.#choose(chosen);
  }

  async #choose({ summary }: HistoryEntry): Promise<void> {
    const handle = { transaction: summary.id };
    const run = (command: string) => () => vscode.commands.executeCommand(command, handle);
    const undoable = summary.status === 'committed';
    const act = await this.#prompts.pick<() => Thenable<unknown>>({
      title: `${localTime(summary.openedAt)} ${untrustedLine(summary.title, 200)}`,
      placeholder: summary.id,
      choices: [
        { label: vscode.l10n.t('Explain'), value: run(Command.explainTransaction) },
        ...(undoable ? [{ label: vscode.l10n.t('Undo'), value: run(Command.undoTransaction) }] : []),
        ...(undoable ? [{ label: vscode.l10n.t('Undo to here'), value: run(Command.undoToHere) }] : []),
        {
          label: vscode.l10n.t('Copy command'),
          value: () => vscode.env.clipboard.writeText(summary.commands.map(commandText).join('\n')),
        },
      ],
    });
    await act?.();
  }
}
