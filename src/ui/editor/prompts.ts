import * as vscode from 'vscode';
import { oneLine } from '../../text/plain-text.ts';
import { presentable } from '../../text/redact.ts';

export interface Choice<T> {
  label: string;
  description?: string;
  detail?: string;
  value: T;
}

export interface PickOptions<T> {
  title: string;
  placeholder: string;
  choices: Choice<T>[];
  /** Choices that arrive later, for example from a server; a failure only leaves them out. */
  more?: Promise<Choice<T>[]>;
  /** Turns typed text into a choice, when free text is allowed. */
  typed?: (text: string) => Choice<T> | null;
}

/** What the extension asks people, as a port: host tests answer without a person, the browser flow clicks. */
export interface Prompts {
  /** @returns undefined when dismissed. */
  pick<T>(options: PickOptions<T>): Promise<T | undefined>;
  /** True only when exactly `expected` was typed. */
  typeToConfirm(title: string, prompt: string, expected: string): Promise<boolean>;
  /** A modal question with one action. */
  confirm(message: string, detail: string, action: string): Promise<boolean>;
  /** @returns the chosen action, or undefined. */
  notify(level: 'info' | 'warning' | 'error', message: string, ...actions: string[]): Promise<string | undefined>;
}

export class EditorPrompts implements Prompts {
  async pick<T>(options: PickOptions<T>): Promise<T | undefined> {
    const picker = vscode.window.createQuickPick<vscode.QuickPickItem & Choice<T>>();
    picker.title = options.title;
    picker.placeholder = options.placeholder;
    picker.matchOnDescription = true;
    picker.ignoreFocusOut = true;
    let choices = options.choices;
    const refresh = () => {
      const typed = picker.value ? options.typed?.(picker.value.trim()) : null;
      const isKnown = typed && choices.some(({ label }) => label === typed.label);
      // A typed choice must survive the picker's own filter.
      picker.items = [...choices.map(shown), ...(typed && !isKnown ? [{ ...shown(typed), alwaysShow: true }] : [])];
    };
    refresh();
    const subscription = picker.onDidChangeValue(refresh);
    if (options.more) {
      picker.busy = true;
      void options.more
        .then((more) => {
          choices = [...choices, ...more.filter(({ label }) => !choices.some((choice) => choice.label === label))];
          refresh();
        })
        // The names already there, and typing, are left.
        .catch(() => undefined)
        .finally(() => (picker.busy = false));
    }
    try {
      return await new Promise<T | undefined>((resolve) => {
        picker.onDidAccept(() => {
          const item = picker.selectedItems[0] ?? picker.activeItems[0];
          if (item) resolve(item.value);
        });
        picker.onDidHide(() => resolve(undefined));
        picker.show();
      });
    } finally {
      subscription.dispose();
      picker.dispose();
    }
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
    const options = { modal: true, detail: withoutLinks(presentable(detail, 10_000)) };
    const answer = await vscode.window.showWarningMessage(withoutLinks(presentable(message, 600)), options, action);
    return answer === action;
  }

  async notify(
    level: 'info' | 'warning' | 'error',
    message: string,
    ...actions: string[]
  ): Promise<string | undefined> {
    const text = withoutLinks(presentable(message, 600));
    if (level === 'error') return vscode.window.showErrorMessage(text, ...actions);
    if (level === 'warning') return vscode.window.showWarningMessage(text, ...actions);
    return vscode.window.showInformationMessage(text, ...actions);
  }
}

/** The editor makes a link of `[text](address)`, and runs a command when the address is one. */
export function withoutLinks(text: string): string {
  return text.replaceAll('](', '] (');
}

function shown<T>(choice: Choice<T>): Choice<T> {
  const { label, description, detail } = choice;
  return {
    ...choice,
    label: oneLine(label),
    ...(description === undefined ? {} : { description: oneLine(description) }),
    ...(detail === undefined ? {} : { detail: oneLine(detail) }),
  };
}
