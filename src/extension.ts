import * as vscode from 'vscode';
import { AppLoader } from './ui/editor/app-loader.ts';
import { Attention } from './ui/run/attention.ts';
import { appConfig } from './ui/editor/configuration.ts';
import type { CommandId, CommandSignatures } from './ui/editor/contributions.ts';
import { Command, ContextKey, RUN_VIEW_TYPE, Scheme, Setting, View } from './ui/editor/contributions.ts';
import { ContextKeys, registerCommand } from './ui/editor/editor-api.ts';
import { SessionList } from './ui/run/incident-session.ts';
import { report } from './ui/editor/failure-report.ts';
import { JournalNews } from './ui/run/journal-news.ts';
import { IncidentsTree } from './ui/run/incidents-tree.ts';
import { JournalWatch } from './ui/undo/journal-watch.ts';
import { Log } from './ui/editor/log.ts';
import { loadApp, loadLinter } from './ui/lazy-parts.ts';
import { LintClient } from './ui/lint/lint-client.ts';
import { LintCommands } from './ui/lint/lint-commands.ts';
import { Mitigation } from './ui/run/mitigate.ts';
import { ObjectDocuments } from './ui/views/object-documents.ts';
import { Explanations } from './ui/undo/explanations.ts';
import { DivergenceActions } from './ui/undo/divergence-actions.ts';
import { EditorPrompts } from './ui/editor/prompts.ts';
import { PastRuns } from './ui/run/past-runs.ts';
import { SafeTerminals } from './ui/undo/safe-terminals.ts';
import { SharedRecoveryActions } from './ui/undo/shared-recovery-actions.ts';
import { badge, countContexts, recoverOnStart } from './ui/undo/recovery.ts';
import { pageHandlers } from './ui/page-handlers.ts';
import { RunPanel } from './ui/run/run-panel.ts';
import { StatusBar } from './ui/run/status-bar.ts';
import type { TestHooks } from './ui/test-hooks.ts';
import { ReplaceablePrompts, testHooks } from './ui/test-hooks.ts';
import { UndoActions } from './ui/undo/undo-actions.ts';
import { UndoTree } from './ui/undo/undo-tree.ts';

let shutdown: (() => Promise<void>) | undefined;

/** Composition root: makes the parts and connects them; every decision is in src/ui. */
export function activate(context: vscode.ExtensionContext): { version: 1; test?: TestHooks } {
  const started = performance.now();
  const log = new Log();
  const keys = new ContextKeys();
  const prompts = new ReplaceablePrompts(new EditorPrompts());
  const loader = new AppLoader(loadApp, appConfig);
  const app = () => loader.app();
  const lease = () => loader.lease();
  const fail = (error: unknown, retry?: () => void) => void report(error, log, prompts, retry);

  const sessions = new SessionList();
  const documents = new ObjectDocuments();
  const mitigation = new Mitigation(lease, prompts, sessions, log);
  const undo = new UndoActions(app, lease, prompts, documents, log);
  const explanations = new Explanations(app, prompts);
  const divergence = new DivergenceActions(app, prompts, documents);
  const shared = new SharedRecoveryActions(lease, prompts, undo);
  const terminals = new SafeTerminals(lease, prompts, undo, log, fail);
  const scripts = new LintCommands(lease, prompts, documents, undo, log);
  const linter = new LintClient(context.extensionUri, loadLinter, log);
  const statusBar = new StatusBar(sessions);
  const news = new JournalNews(app, sessions);
  const past = new PastRuns(app, sessions, news);
  const incidents = new IncidentsTree(sessions, past);
  const journal = new JournalWatch(app);
  const undoStack = new UndoTree(app, journal);
  const undoView = vscode.window.createTreeView(View.undoStack, { treeDataProvider: undoStack, showCollapseAll: true });
  const incidentsView = vscode.window.createTreeView(View.incidents, { treeDataProvider: incidents });

  const handlers = pageHandlers({ sessions, mitigation, documents, undo });
  const panel = new RunPanel(context.extensionUri, sessions, handlers, (run) => past.open(run));
  const show = async (run: string) => (await past.open(run), panel.show(run));
  const checkKubeconfig = async () => keys.set(ContextKey.noKubeconfig, (await countContexts(app)) === 0);

  const commands: { [C in CommandId]: CommandSignatures[C] } = {
    [Command.mitigate]: async (preset) => {
      const session = await mitigation.start(preset);
      if (!session) return;
      await show(session.id);
      void mitigation.run(session).catch(fail);
    },
    [Command.showRun]: async (run) => {
      const wanted = run ?? sessions.current()?.id;
      if (wanted) await show(wanted);
      else await prompts.notify('info', vscode.l10n.t('No incident is being worked on.'));
    },
    [Command.runAgain]: async (handle) => commands[Command.mitigate](await past.target(handle?.runId)),
    [Command.cancelRun]: async () => sessions.running().forEach((session) => session.cancel()),
    [Command.undoTransaction]: (handle) => undo.undo(handle),
    [Command.undoToHere]: (handle) => undo.undoToHere(handle),
    [Command.explainTransaction]: (handle) => explanations.explain(handle),
    [Command.showInverse]: (handle) => undo.showInverse(handle),
    [Command.refreshUndoStack]: () => journal.changed(),
    [Command.recover]: () => undo.recover(),
    [Command.showDivergence]: (handle) => divergence.show(handle),
    [Command.keepTransaction]: (handle) => undo.keep(handle),
    [Command.recoverFromCluster]: () => shared.recover(),
    [Command.openTerminal]: () => terminals.open(),
    [Command.openSettings]: async () =>
      void (await vscode.commands.executeCommand('workbench.action.openSettings', `@ext:${context.extension.id}`)),
    [Command.showLog]: async () => log.show(),
    [Command.rehearseCommand]: (command) => scripts.rehearse(command),
    [Command.runInTransaction]: (command) => scripts.run(command),
  };
  for (const id of Object.values(Command)) {
    context.subscriptions.push(registerCommand(id, commands[id] as CommandSignatures[typeof id], fail));
  }

  context.subscriptions.push(
    ...[log, linter, terminals, statusBar, incidents, incidentsView, undoStack, undoView, panel],
    ...[news, past, explanations],
    new Attention(
      sessions,
      prompts,
      () => panel.visible,
      (run) => void show(run).catch(fail),
    ),
    sessions.onChange(() => keys.set(ContextKey.running, sessions.running().length > 0)),
    loader.onJournalChange(() => void journal.changed()),
    journal.onChange(({ all, unfinished }) => {
      undoView.badge = badge(unfinished.size);
      incidents.journalChanged();
      void Promise.all([news.tell(all), explanations.follow(all)]).catch((error: unknown) => log.error(String(error)));
    }),
    vscode.workspace.registerTextDocumentContentProvider(Scheme.object, documents),
    vscode.workspace.registerTextDocumentContentProvider(Scheme.explain, explanations),
    vscode.window.registerWebviewPanelSerializer(RUN_VIEW_TYPE, panel),
    incidentsView.onDidChangeVisibility(({ visible }) => void (visible && checkKubeconfig())),
    vscode.workspace.onDidChangeConfiguration((event) => {
      if (event.affectsConfiguration(Setting.kubeconfig)) void checkKubeconfig();
    }),
  );
  shutdown = () => loader.dispose();
  // After activation: loading the application is the expensive part.
  setImmediate(() => void recoverOnStart(app, journal, undo, log).then(checkKubeconfig));

  const activationMs = performance.now() - started;
  log.info(`activated in ${activationMs.toFixed(1)} ms`);
  if (context.extensionMode !== vscode.ExtensionMode.Test) return { version: 1 };
  const shown = { loader, prompts, panel, sessions, statusBar, undoView, keys, linter, incidents, undoStack };
  return { version: 1, test: testHooks(activationMs, shown) };
}

/** A run that is under way is left to the journal: what it left open is offered for undo at the next start. */
export async function deactivate(): Promise<void> {
  await shutdown?.();
}
