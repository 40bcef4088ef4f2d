import * as vscode from 'vscode';
import { AppLoader } from './ui/editor/app-loader.ts';
import { Attention, notifyOnDesktop } from './ui/run/attention.ts';
import { ClusterTelemetry } from './ui/editor/cluster-telemetry.ts';
import { appConfig, isProtectedContext, mayOfferTelemetry } from './ui/editor/configuration.ts';
import { ContextKey, RUN_VIEW_TYPE, Scheme, Setting, View } from './ui/editor/contributions.ts';
import { ContextKeys, readSetting } from './ui/editor/editor-api.ts';
import type { Target } from './domain/target.ts';
import type { IncidentSession } from './ui/run/incident-session.ts';
import { SessionList } from './ui/run/incident-session.ts';
import { registerCommands } from './ui/commands.ts';
import { report } from './ui/editor/failure-report.ts';
import { checkKubeconfig } from './ui/editor/kubeconfig-check.ts';
import { JournalNews } from './ui/run/journal-news.ts';
import { IncidentsTree } from './ui/run/incidents-tree.ts';
import { JournalWatch } from './ui/undo/journal-watch.ts';
import { Log } from './ui/editor/log.ts';
import { appLoading, editorModels, loadAssistant, loadLinter, loadOnDemand } from './ui/lazy-parts.ts';
import { LintClient } from './ui/lint/lint-client.ts';
import { LintCommands } from './ui/lint/lint-commands.ts';
import type { AfterRun } from './ui/run/mitigate.ts';
import { Mitigation } from './ui/run/mitigate.ts';
import { ObjectDocuments } from './ui/views/object-documents.ts';
import { Explanations } from './ui/undo/explanations.ts';
import { DivergenceActions } from './ui/undo/divergence-actions.ts';
import { EditorPrompts } from './ui/editor/prompts.ts';
import { PastRuns } from './ui/run/past-runs.ts';
import { SafeTerminals } from './ui/undo/safe-terminals.ts';
import { SharedRecoveryActions } from './ui/undo/shared-recovery-actions.ts';
import { badge, recoverOnStart } from './ui/undo/recovery.ts';
import { pageHandlers } from './ui/page-handlers.ts';
import { RunPanel } from './ui/run/run-panel.ts';
import { StatusBar } from './ui/run/status-bar.ts';
import { TargetMemory } from './ui/editor/target-memory.ts';
import { TargetPicker } from './ui/editor/target-picker.ts';
import { offerCommandLine } from './ui/editor/command-line.ts';
import { registerChat, toolNames } from './ui/chat/register-chat.ts';
import { ModelKeys } from './ui/model/model-keys.ts';
import type { Assistant } from './ui/assistant.ts';
import type { OnDemand } from './ui/on-demand.ts';
import type { TestHooks } from './ui/test-hooks.ts';
import { ReplaceablePrompts, testHooks } from './ui/test-hooks.ts';
import { TelemetryTokens } from './ui/telemetry/telemetry-tokens.ts';
import { UndoActions } from './ui/undo/undo-actions.ts';
import { UndoTree } from './ui/undo/undo-tree.ts';
import { WatchBoard } from './ui/watch/watch-board.ts';

let shutdown: (() => Promise<void>) | undefined;

/** Composition root: makes the parts and connects them; every decision is in src/ui. */
export function activate(context: vscode.ExtensionContext): { version: 1; test?: TestHooks } {
  const started = performance.now();
  const { extension, subscriptions } = context;
  const log = new Log();
  const keys = new ContextKeys();
  const prompts = new ReplaceablePrompts(new EditorPrompts());
  const modelKeys = new ModelKeys(context.secrets);
  const editorModel = editorModels(context.languageModelAccessInformation);
  const telemetryTokens = new TelemetryTokens(context.secrets);
  const clusters = new ClusterTelemetry(context.globalState);
  const loader = new AppLoader(appLoading(modelKeys, telemetryTokens), () => appConfig(editorModel, clusters));
  const app = () => loader.app();
  const lease = () => loader.lease();
  const fail = (error: unknown, retry?: () => void) => void report(error, log, prompts, retry);

  const sessions = new SessionList();
  const documents = new ObjectDocuments();
  const memory = new TargetMemory(context.globalState);
  const targets = new TargetPicker(prompts, memory, isProtectedContext);
  const began = (target: Target) => {
    if (!mayOfferTelemetry() || !clusters.mayOffer(target)) return;
    // Nobody asked for it.
    const unheard = (error: unknown) => log.error(`telemetry was not looked for: ${String(error)}`);
    void more().then(({ telemetry }) => telemetry.offer(target)).catch(unheard); // prettier-ignore
  };
  const after: AfterRun = async (used, run, session) =>
    (await more()).kept.watch(used, run, session, readSetting(Setting.watchAfterMitigation) * 1_000);
  const mitigation = new Mitigation(lease, prompts, targets, sessions, log, began, after);
  const undo = new UndoActions(app, lease, prompts, documents, log);
  const explanations = new Explanations(app, prompts);
  const divergence = new DivergenceActions(app, prompts, documents);
  const shared = new SharedRecoveryActions(lease, prompts, targets, undo);
  const terminals = new SafeTerminals(lease, prompts, targets, undo, log, fail);
  const scripts = new LintCommands(lease, prompts, targets, documents, undo, log);
  const linter = new LintClient(context.extensionUri, loadLinter(context.globalStorageUri.fsPath), log);
  const statusBar = new StatusBar(sessions);
  const news = new JournalNews(app, sessions);
  const past = new PastRuns(app, sessions, news);
  const board = new WatchBoard();
  const incidents = new IncidentsTree(sessions, past, board);
  const journal = new JournalWatch(app);
  const undoStack = new UndoTree(app, journal);
  const undoView = vscode.window.createTreeView(View.undoStack, { treeDataProvider: undoStack, showCollapseAll: true });
  const incidentsView = vscode.window.createTreeView(View.incidents, { treeDataProvider: incidents });

  let loaded: Promise<OnDemand> | undefined;
  const terminal = (target: Target) => terminals.open(target);
  const keyChanged = () => loader.renew();
  const asked = { clusters, tokens: telemetryTokens, renew: keyChanged, began };
  const more = () =>
    (loaded ??= loadOnDemand({
      app,
      lease,
      prompts,
      targets,
      sessions,
      past,
      subscriptions,
      terminal,
      fail,
      ...asked,
      log,
      memory,
      board,
      show: (run) => show(run),
    }));
  const begin = async (session: IncidentSession) => {
    await show(session.id);
    void mitigation.run(session).catch(fail);
  };
  const handlers = pageHandlers({ sessions, mitigation, documents, undo, more, begin });
  const { extensionUri, workspaceState } = context;
  const panel = new RunPanel(extensionUri, sessions, handlers, (run) => past.open(run), workspaceState);
  const show = async (run: string) => (await past.open(run), panel.show(run));
  const nameContext = async () => {
    const name = await checkKubeconfig(app, keys, memory);
    statusBar.setIdle(name === undefined ? null : { context: name, isProtected: isProtectedContext(name) });
  };

  const model = { keys: modelKeys, keyChanged };
  let assisting: Promise<Assistant> | undefined;
  const assistant = () =>
    (assisting ??= loadAssistant({ app, lease, prompts, sessions, memory, mitigation, more, begin, ...model }));

  const acting = {
    mitigation,
    undo,
    explanations,
    divergence,
    shared,
    terminals,
    scripts,
    more,
    assistant,
    show,
    begin,
  };
  subscriptions.push(
    ...registerCommands({ extension, log, prompts, sessions, past, journal, ...acting }, fail),
    ...[log, linter, terminals, statusBar, incidents, incidentsView, undoStack, undoView, panel],
    ...[news, past, explanations, journal],
    new Attention(sessions, {
      prompts,
      isSeen: () => panel.visible,
      isFocused: () => vscode.window.state.focused,
      onDesktop: (title, text) => void notifyOnDesktop(app, title, text),
      show: (run) => void show(run).catch(fail),
    }),
    sessions.onChange(() => keys.set(ContextKey.running, sessions.running().length > 0)),
    loader.onJournalChange(() => void journal.changed()),
    journal.onChange(({ all, unfinished }) => {
      undoView.badge = badge(unfinished.size);
      incidents.journalChanged();
      void Promise.all([news.tell(all), explanations.follow(all)]).catch((error: unknown) => log.error(String(error)));
    }),
    vscode.workspace.registerTextDocumentContentProvider(Scheme.object, documents),
    vscode.workspace.registerTextDocumentContentProvider(Scheme.explain, explanations),
    ...registerChat(
      toolNames(extension),
      vscode.Uri.joinPath(extension.extensionUri, 'media', 'on-call.svg'),
      assistant,
    ),
    vscode.window.registerUriHandler({ handleUri: async (uri) => (await more()).links.handleUri(uri) }),
    vscode.window.registerWebviewPanelSerializer(RUN_VIEW_TYPE, panel),
    incidentsView.onDidChangeVisibility(({ visible }) => void (visible && nameContext())),
    vscode.workspace.onDidChangeConfiguration((event) => {
      if (event.affectsConfiguration(Setting.kubeconfig)) void nameContext();
      if (event.affectsConfiguration('stratus')) void loaded?.then(({ watch }) => watch.configured());
    }),
    board.onChange(() => keys.set(ContextKey.watching, board.view !== null && board.view.phase !== 'stopped')),
  );
  shutdown = async () => {
    // Before its connections: what is closed under it would look like a cluster that does not answer.
    await loaded?.then(({ watch, kept }) => (watch.dispose(), kept.dispose())).catch(() => undefined);
    await loader.dispose();
  };
  // After activation: loading the application is the expensive part.
  setImmediate(() => {
    offerCommandLine(context);
    void recoverOnStart(app, journal, undo, log).then(nameContext);
    if (readSetting(Setting.watchContexts).length > 0) void more().then(({ watch }) => watch.resume()).catch(fail); // prettier-ignore
  });

  const activationMs = performance.now() - started;
  log.info(`activated in ${activationMs.toFixed(1)} ms`);
  if (context.extensionMode !== vscode.ExtensionMode.Test) return { version: 1 };
  const chat = { assistant, editorModel, modelKeys, telemetryTokens, clusters };
  const shown = {
    ...chat,
    loader,
    prompts,
    panel,
    sessions,
    statusBar,
    undoView,
    keys,
    linter,
    incidents,
    undoStack,
    more,
    board,
  };
  return { version: 1, test: testHooks(activationMs, shown) };
}

/** A run that is under way is left to the journal: what it left open is offered for undo at the next start. */
export async function deactivate(): Promise<void> {
  await shutdown?.();
}
