import * as vscode from 'vscode';
import { oneLine } from '../../text/plain-text.ts';
import { presentable } from '../../text/redact.ts';
import { editorWords } from './editor-words.ts';
import type { PickerWords, Row } from './picker-model.ts';
import { PickerModel } from './picker-model.ts';

export interface Choice<T> {
  label: string;
  description?: string;
  detail?: string;
  /** Heading that it stands under; choices of one heading follow each other. */
  group?: string;
  value: T;
}

export interface PickOptions<T> {
  title: string;
  placeholder: string;
  choices: Choice<T>[];
  /** Choices that arrive later, for example from a server; a failure is told in a row of its own. */
  more?: Promise<Choice<T>[]>;
  /** Turns typed text into a choice, when free text is allowed. */
  typed?: (text: string) => Choice<T> | null;
}

export interface AskOptions {
  title: string;
  prompt: string;
  /** What stands there already. */
  value?: string;
  placeholder?: string;
  /** Not shown while it is typed. */
  secret?: boolean;
  /** @returns what is wrong with the text; empty when nothing is. */
  check?: (text: string) => string;
}

/** What the extension asks people, as a port: host tests answer without a person, the browser flow clicks. */
export interface Prompts {
  /** @returns undefined when dismissed. */
  pick<T>(options: PickOptions<T>): Promise<T | undefined>;
  /** A line of text; undefined when dismissed. */
  ask(options: AskOptions): Promise<string | undefined>;
  /** True only when exactly `expected` was typed. */
  typeToConfirm(title: string, prompt: string, expected: string): Promise<boolean>;
  /** A modal question with one action. */
  confirm(message: string, detail: string, action: string): Promise<boolean>;
  /** @returns the chosen action, or undefined. */
  notify(level: 'info' | 'warning' | 'error', message: string, ...actions: string[]): Promise<string | undefined>;
}

type RowItem<T> = vscode.QuickPickItem & { row: Row<T> | null };

export class EditorPrompts implements Prompts {
  async pick<T>(options: PickOptions<T>): Promise<T | undefined> {
    const picker = vscode.window.createQuickPick<RowItem<T>>();
    picker.title = options.title;
    picker.placeholder = options.placeholder;
    picker.matchOnDescription = true;
    picker.matchOnDetail = true;
    picker.ignoreFocusOut = true;
    const refresh = () => {
      const { rows, active } = model.rows(picker.value);
      const items = rows.map((row): RowItem<T> => ({ ...harmlessRow(row), row }));
      picker.busy = model.busy;
      picker.items = picker.value === '' ? withHeadings(items) : items;
      const first = items.find(({ row }) => row === active);
      if (first && picker.value !== '') picker.activeItems = [first];
    };
    const model = new PickerModel(options, pickerWords(), refresh);
    refresh();
    const subscription = picker.onDidChangeValue(refresh);
    try {
      return await new Promise<T | undefined>((resolve) => {
        picker.onDidAccept(() => {
          const item = picker.selectedItems[0] ?? picker.activeItems[0];
          if (item?.row?.choice && model.fits(item.row, picker.value)) resolve(item.row.choice.value);
        });
        picker.onDidHide(() => resolve(undefined));
        picker.show();
      });
    } finally {
      model.close();
      subscription.dispose();
      picker.dispose();
    }
  }

  async ask({ title, prompt, value, placeholder, secret, check }: AskOptions): Promise<string | undefined> {
    return vscode.window.showInputBox({
      title,
      prompt,
      ignoreFocusOut: true,
      password: secret === true,
      ...(value === undefined ? {} : { value }),
      ...(placeholder === undefined ? {} : { placeHolder: placeholder }),
      ...(check ? { validateInput: (text) => check(text) || null } : {}),
    });
  }

  async typeToConfirm(title: string, prompt: string, expected: string): Promise<boolean> {
    const text = await vscode.window.showInputBox({
      title,
      prompt,
      placeHolder: expected,
      ignoreFocusOut: true,
      validateInput: (value) => (value === expected ? null : vscode.l10n.t('Type {0} to go on', expected)),
    });
    return text === expected;
  }

  async confirm(message: string, detail: string, action: string): Promise<boolean> {
    const options = { modal: true, detail: withoutLinks(presentable(editorWords(detail), 10_000)) };
    const answer = await vscode.window.showWarningMessage(withoutLinks(presentable(message, 600)), options, action);
    return answer === action;
  }

  async notify(
    level: 'info' | 'warning' | 'error',
    message: string,
    ...actions: string[]
  ): Promise<string | undefined> {
    const text = withoutLinks(presentable(editorWords(message), 600));
    if (level === 'error') return vscode.window.showErrorMessage(text, ...actions);
    if (level === 'warning') return vscode.window.showWarningMessage(text, ...actions);
    return vscode.window.showInformationMessage(text, ...actions);
  }
}

/** The editor makes a link of `[text](address)`, and runs a command when the address is one. */
export function withoutLinks(text: string): string {
  return text.replaceAll('](', '] (');
}

function withHeadings<T>(items: RowItem<T>[]): RowItem<T>[] {
  return items.flatMap((item, index) => {
    const group = item.row?.group;
    if (group === undefined || group === items[index - 1]?.row?.group) return [item];
    return [{ label: oneLine(group), kind: vscode.QuickPickItemKind.Separator, row: null }, item];
  });
}

/** Names that a cluster or a file holds, in one line that acts on nothing. */
function harmlessRow<T>(row: Row<T>): Row<T> {
  const { label, description, detail } = row;
  return {
    ...row,
    label: oneLine(label),
    ...(description === undefined ? {} : { description: oneLine(description) }),
    ...(detail === undefined ? {} : { detail: oneLine(detail) }),
  };
}

function pickerWords(): PickerWords {
  return {
    typed: (text) => vscode.l10n.t('Use what was typed: {0}', text),
    unread: (reason) => vscode.l10n.t('$(warning) Not all could be listed: {0}', presentable(editorWords(reason), 300)),
    late: vscode.l10n.t('$(warning) The list could not be read within 8 s; still trying. You can type a name'),
  };
}
