import type * as vscode from 'vscode';
import type { ToPage } from '../../webview/protocol/requests.ts';
import type { RunSnapshot } from '../../webview/protocol/run-snapshot.ts';
import type { RunEvent } from '../domain/run-event.ts';
import type { ChatModel } from '../domain/chat.ts';
import type { Assistant } from './assistant.ts';
import type { MakeEditorModel } from './editor/model-config.ts';
import type { ModelKeys } from './model/model-keys.ts';
import type { AppLoader, CreateApp } from './editor/app-loader.ts';
import type { ContextKeys } from './editor/editor-api.ts';
import type { ClusterTelemetry } from './editor/cluster-telemetry.ts';
import type { OnDemand } from './on-demand.ts';
import type { TelemetryTokens } from './telemetry/telemetry-tokens.ts';
import type { SessionList } from './run/incident-session.ts';
import type { RunPanel } from './run/run-panel.ts';
import type { IdlePlace, StatusBar } from './run/status-bar.ts';
import { idleText } from './run/status-bar.ts';
import type { IncidentsTree } from './run/incidents-tree.ts';
import type { LintClient, LintStartup } from './lint/lint-client.ts';
import type { AskOptions, PickOptions, Prompts } from './editor/prompts.ts';
import type { UndoTree } from './undo/undo-tree.ts';
import type { WatchBoard } from './watch/watch-board.ts';
import type { WatchView } from './watch/watch-view.ts';

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
  openLink(uri: vscode.Uri): Promise<void>;
  badge(): number;
  /** The watch of this window; null where nothing is watched. */
  watch(): WatchView | null;
  /** What the status bar says of it, and of what a run kept; empty where nothing is shown. */
  watchTexts(): Promise<{ watch: string; change: string }>;
  contextKey(key: string): unknown;
  lintStartup(): LintStartup | null;
  /** What answers in the chat and to other agents. */
  assistant(): Promise<Assistant>;
  /** A model that the editor offers. */
  editorModel(name: string): ChatModel;
  /** What the secret storage holds. */
  modelKey(provider: 'openai' | 'azure', baseUrl: string): Promise<string | null>;
  telemetryToken(address: string): Promise<string | null>;
  /** Telemetry that was accepted, by fingerprint of a target. */
  acceptedTelemetry(): Record<string, { role: string; url: string }[]>;
  incidents: IncidentsTree;
  undoStack: UndoTree;
}

/** Parts of the extension that the hooks look at. */
interface Shown {
  loader: AppLoader;
  prompts: ReplaceablePrompts;
  panel: RunPanel;
  sessions: SessionList;
  statusBar: StatusBar;
  undoView: Pick<vscode.TreeView<unknown>, 'badge'>;
  keys: ContextKeys;
  linter: LintClient;
  incidents: IncidentsTree;
  undoStack: UndoTree;
  more: () => Promise<OnDemand>;
  board: WatchBoard;
  assistant: () => Promise<Assistant>;
  editorModel: MakeEditorModel;
  modelKeys: ModelKeys;
  telemetryTokens: TelemetryTokens;
  clusters: ClusterTelemetry;
}

export function testHooks(activationMs: number, shown: Shown): TestHooks {
  const { loader, prompts, panel, sessions, statusBar, undoView, keys, linter, incidents, undoStack, more } = shown;
  const { assistant, editorModel, modelKeys, telemetryTokens, clusters, board } = shown;
  return {
    activationMs,
    replaceApp: async (create) => loader.replace(create),
    replacePrompts: (other) => prompts.replace(other),
    page: (message) => panel.receive(message),
    snapshot: () => panel.snapshot,
    eventsOf: (run) => sessions.find(run)?.events() ?? [],
    statusText: () => statusBar.text,
    idleText,
    openLink: async (uri) => (await more()).links.handleUri(uri),
    badge: () => undoView.badge?.value ?? 0,
    watch: () => board.view,
    watchTexts: async () => (await more()).watchStatus.texts,
    contextKey: (key) => keys.get(key as never),
    lintStartup: () => linter.startup,
    assistant,
    editorModel: (name) => editorModel(name, 8_000),
    telemetryToken: (address) => telemetryTokens.of(address),
    acceptedTelemetry: () => clusters.accepted(),
    modelKey: (provider, baseUrl) => modelKeys.of({ provider, baseUrl }),
    incidents,
    undoStack,
  };
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

  ask(options: AskOptions): Promise<string | undefined> {
    return this.#current.ask(options);
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
