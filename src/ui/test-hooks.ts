import type { RunSnapshot, ToPage } from '../../webview/protocol.ts';
import type { RunEvent } from '../domain/run-event.ts';
import type { Uri } from 'vscode';
import type { CreateApp } from './editor/app-loader.ts';
import type { IdlePlace } from './run/status-bar.ts';
import type { IncidentsTree } from './run/incidents-tree.ts';
import type { LintStartup } from './lint/lint-client.ts';
import type { PickOptions, Prompts } from './editor/prompts.ts';
import type { UndoTree } from './undo/undo-tree.ts';

/** Lets the host suite see what people see and answer what people are asked. Exists only in a test's editor. */
export interface TestHooks {
  activationMs: number;
  replaceApp(create: CreateApp): Promise<void>;
  replacePrompts(prompts: Prompts): void;
  /** One message as if the page had sent it. */
  page(message: unknown): Promise<ToPage | null>;
  snapshot(): RunSnapshot | null;
  /** Event log of a run of this window. */
  eventsOf(run: string): readonly RunEvent[];
  statusText(): string;
  /** What the status bar shows while there is no run. */
  idleText(place: IdlePlace): string;
  /** As the editor hands over a link. */
  openLink(uri: Uri): Promise<void>;
  badge(): number;
  contextKey(key: string): unknown;
  lintStartup(): LintStartup | null;
  incidents: IncidentsTree;
  undoStack: UndoTree;
}

/** Prompts that a test can answer; otherwise the editor's. */
export class ReplaceablePrompts implements Prompts {
  #current: Prompts;

  constructor(initial: Prompts) {
    this.#current = initial;
  }

  replace(prompts: Prompts): void {
    this.#current = prompts;
  }

  pick<T>(options: PickOptions<T>): Promise<T | undefined> {
    return this.#current.pick(options);
  }

  typeToConfirm(title: string, prompt: string, expected: string): Promise<boolean> {
    return this.#current.typeToConfirm(title, prompt, expected);
  }

  confirm(message: string, detail: string, action: string): Promise<boolean> {
    return this.#current.confirm(message, detail, action);
  }

  notify(level: 'info' | 'warning' | 'error', message: string, ...actions: string[]): Promise<string | undefined> {
    return this.#current.notify(level, message, ...actions);
  }
}
