import * as vscode from 'vscode';
import type {
  CommandId,
  CommandSignatures,
  ContextKeyId,
  ContextKeyTypes,
  SettingId,
  SettingTypes,
} from './contributions.ts';

/** Typed doors to the editor for the ids of contributions.ts. */

export function registerCommand<C extends CommandId>(
  id: C,
  handler: CommandSignatures[C],
  onError: (error: unknown, retry: () => void) => void,
): vscode.Disposable {
  return vscode.commands.registerCommand(id, async (...args: Parameters<CommandSignatures[C]>) => {
    try {
      await (handler as (...values: unknown[]) => Promise<void>)(...args);
    } catch (error) {
      onError(error, () => void vscode.commands.executeCommand(id, ...args));
    }
  });
}

/** Where this extension lies; undefined where it runs under another name. */
export function extensionFolder(): string | undefined {
  return vscode.extensions.getExtension('stratus.stratus-oncall')?.extensionPath;
}

export function readSetting<S extends SettingId>(id: S): SettingTypes[S] {
  return vscode.workspace.getConfiguration().get(id) as SettingTypes[S];
}

/** Sets keys for `when` clauses, only when they change. */
export class ContextKeys {
  readonly #values = new Map<ContextKeyId, unknown>();

  set<K extends ContextKeyId>(key: K, value: ContextKeyTypes[K]): void {
    if (this.#values.get(key) === value) return;
    this.#values.set(key, value);
    void vscode.commands.executeCommand('setContext', key, value);
  }

  get<K extends ContextKeyId>(key: K): ContextKeyTypes[K] | undefined {
    return this.#values.get(key) as ContextKeyTypes[K] | undefined;
  }
}
