import * as vscode from 'vscode';
import { AppLoader } from './ui/editor/app-loader.ts';
import { Attention } from './ui/run/attention.ts';
import { appConfig, isProtectedContext } from './ui/editor/configuration.ts';
import type { CommandId, CommandSignatures } from './ui/editor/contributions.ts';
import { Command, ContextKey, RUN_VIEW_TYPE, Scheme, Setting, View } from './ui/editor/contributions.ts';
import { ContextKeys, registerCommand } from './ui/editor/editor-api.ts';
import type { Target } from './domain/target.ts';
import type { IncidentSession } from './ui/run/incident-session.ts';
import { SessionList } from './ui/run/incident-session.ts';
import { report } from './ui/editor/failure-report.ts';
import { IncidentsTree } from './ui/run/incidents-tree.ts';
import { JournalWatch } from './ui/undo/journal-watch.ts';
import { Log } from './ui/editor/log.ts';
import { loadApp, loadLinter, loadOnDemand } from './ui/lazy-parts.ts';
import { LintClient } from './ui/lint/lint-client.ts';
import { LintCommands } from './ui/lint/lint-commands.ts';
import { Mitigation } from './ui/run/mitigate.ts';
import { ObjectDocuments } from './ui/views/object-documents.ts';
import { DivergenceActions } from './ui/undo/divergence-actions.ts';
import { EditorPrompts } from './ui/editor/prompts.ts';
import { PastRuns } from './ui/run/past-runs.ts';
import { SafeTerminals } from './ui/undo/safe-terminals.ts';
import { SharedRecoveryActions } from './ui/undo/shared-recovery-actions.ts';
import { badge, knownContexts, recoverOnStart } from './ui/undo/recovery.ts';
import { pageHandlers } from './ui/page-handlers.ts';
import { RunPanel } from './ui/run/run-panel.ts';
import { idleText, StatusBar } from './ui/run/status-bar.ts';
import { TargetMemory } from './ui/editor/target-memory.ts';
import { TargetPicker } from './ui/editor/target-picker.ts';
import { offerCommandLine } from './ui/editor/command-line.ts';
import type { OnDemand } from './ui/on-demand.ts';
import type { TestHooks } from './ui/test-hooks.ts';
import { ReplaceablePrompts } from './ui/test-hooks.ts';
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
  const fail = (error: unknown) => void report(error, log, prompts);
  // Only beside what the editor itself shows: without a notifier nothing is missing.
  const notifyOnDesktop = (title: string, text: string) =>
    app().then(
      (ready) => ready.notifyDesktop(title, text),
      () => false,
    );

  const sessions = new SessionList();
  const documents = new ObjectDocuments();
  const memory = new TargetMemory(context.globalState);
  const targets = new TargetPicker(prompts, memory, isProtectedContext);
  const mitigation = new Mitigation(lease, prompts, targets, sessions, log);
  const undo = new UndoActions(app, lease, prompts, documents, log);
  const divergence = new DivergenceActions(app, prompts, documents);
  const shared = new SharedRecoveryActions(lease, prompts, targets, undo);
  const terminals = new SafeTerminals(lease, prompts, targets, log, fail);
  const scripts = new LintCommands(lease, prompts, targets, documents, log);
  const linter = new LintClient(context.extensionUri, loadLinter(context.globalStorageUri.fsPath), log);
  const statusBar = new StatusBar(sessions);
  const past = new PastRuns(app, sessions);
  const incidents = new IncidentsTree(sessions, past);
  const journal = new JournalWatch(app);
  const undoStack = new UndoTree(app, journal);
  const undoView = vscode.window.createTreeView(View.undoStack, { treeDataProvider: undoStack, showCollapseAll: true });
  const incidentsView = vscode.window.createTreeView(View.incidents, { treeDataProvider: incidents });

  let loaded: Promise<OnDemand> | undefined;
  const { subscriptions } = context;
  const terminal = (target: Target) => terminals.open(target);
  const more = () =>
    (loaded ??= loadOnDemand({ app, lease, prompts, targets, sessions, subscriptions, terminal, fail }));

  const begin = async (session: IncidentSession) => {
    await show(session.id);
    void mitigation.run(session).catch(fail);
  };
  const handlers = pageHandlers({ sessions, mitigation, documents, undo, divergence, more, begin });
  const panel = new RunPanel(context.extensionUri, sessions, handlers, (run) => past.open(run));
  const show = async (run: string) => (await past.open(run), panel.show(run));
  const checkKubeconfig = async () => {
    const contexts = await knownContexts(app);
    keys.set(ContextKey.noKubeconfig, contexts.length === 0);
    const names = contexts.map(({ name }) => name);
    const last = memory.last()?.context;
    const first = last && names.includes(last) ? last : (contexts.find(({ current }) => current)?.name ?? names[0]);
    statusBar.setIdle(first === undefined ? null : { context: first, isProtected: isProtectedContext(first) });
  };

  const commands: { [C in CommandId]: CommandSignatures[C] } = {
    [Command.mitigate]: async (preset) => {
      const session = await mitigation.start(preset);
      if (session) await begin(session);
    },
    [Command.diagnose]: async () => (await more()).diagnose.run(),
    [Command.showRun]: async (run) => {
      const wanted = run ?? sessions.current()?.id;
      if (wanted) await show(wanted);
      else await prompts.notify('info', vscode.l10n.t('No incident is being worked on.'));
    },
    [Command.cancelRun]: async () => sessions.running().forEach((session) => session.cancel()),
    [Command.undoTransaction]: (handle) => undo.undo(handle),
    [Command.undoToHere]: (handle) => undo.undoToHere(handle),
    [Command.explainTransaction]: (handle) => undo.explain(handle),
    [Command.showInverse]: (handle) => undo.showInverse(handle),
    [Command.showHistory]: async () => (await more()).history.show(),
    [Command.refreshUndoStack]: () => journal.changed(),
    [Command.recover]: () => undo.recover(),
    [Command.showDivergence]: (handle) => divergence.show(handle),
    [Command.keepTransaction]: (handle) => undo.keep(handle),
    [Command.recoverFromCluster]: () => shared.recover(),
    [Command.openTerminal]: () => terminals.open(),
    [Command.openEvidence]: async (handle) => (await more()).doors.choose(handle),
    [Command.copySummary]: async (handle) => {
      const run = typeof handle === 'string' ? handle : (handle?.session?.id ?? handle?.run?.id);
      if (run) await past.open(run);
      const problem = await (await more()).copies.summary(run);
      if (problem) await prompts.notify('info', problem);
    },
    [Command.copyCommand]: async (handle) => (await more()).copies.commandOf(handle),
    [Command.addCheck]: async () => (await more()).checks.add(),
    [Command.openSettings]: async () =>
      void (await vscode.commands.executeCommand('workbench.action.openSettings', `@ext:${context.extension.id}`)),
    [Command.showLog]: async () => log.show(),
    [Command.openDocs]: async () =>
      void (await vscode.commands.executeCommand(
        'markdown.showPreview',
        vscode.Uri.joinPath(context.extensionUri, 'docs', 'README.md'),
      )),
    [Command.rehearseCommand]: (command) => scripts.rehearse(command),
    [Command.runInTransaction]: (command) => scripts.run(command),
  };
  for (const id of Object.values(Command)) {
    context.subscriptions.push(registerCommand(id, commands[id] as CommandSignatures[typeof id], fail));
  }

  context.subscriptions.push(
    ...[log, linter, terminals, statusBar, incidents, incidentsView, undoStack, undoView, panel],
    new Attention(sessions, {
      prompts,
      isSeen: () => panel.visible,
      isFocused: () => vscode.window.state.focused,
      // A remote machine has no desktop that anybody looks at.
      onDesktop: (title, text) => void (vscode.env.remoteName || notifyOnDesktop(title, text)),
      show: (run) => void show(run).catch(fail),
    }),
    sessions.onChange(() => keys.set(ContextKey.running, sessions.running().length > 0)),
    loader.onJournalChange(() => void journal.changed()),
    journal.onChange(({ all, unfinished }) => {
      undoView.badge = badge(unfinished.size);
      for (const session of sessions.all()) session.noteJournal(all);
    }),
    vscode.workspace.registerTextDocumentContentProvider(Scheme.object, documents),
    vscode.workspace.registerTextDocumentContentProvider(Scheme.explain, undo),
    vscode.window.registerUriHandler({ handleUri: async (uri) => (await more()).links.handleUri(uri) }),
    vscode.window.registerWebviewPanelSerializer(RUN_VIEW_TYPE, panel),
    incidentsView.onDidChangeVisibility(({ visible }) => void (visible && checkKubeconfig())),
    vscode.workspace.onDidChangeConfiguration((event) => {
      if (event.affectsConfiguration(Setting.kubeconfig)) void checkKubeconfig();
    }),
  );
  shutdown = () => loader.dispose();
  // After activation: loading the application is the expensive part.
  setImmediate(() => {
    offerCommandLine(context);
    void recoverOnStart(app, journal, undo, log).then(checkKubeconfig);
  });

  const activationMs = performance.now() - started;
  log.info(`activated in ${activationMs.toFixed(1)} ms`);
  if (context.extensionMode !== vscode.ExtensionMode.Test) return { version: 1 };
  const test: TestHooks = {
    activationMs,
    replaceApp: async (create) => loader.replace(create),
    replacePrompts: (other) => prompts.replace(other),
    page: (message) => panel.receive(message),
    snapshot: () => panel.snapshot,
    eventsOf: (run) => sessions.find(run)?.events() ?? [],
    statusText: () => statusBar.text,
    idleText: (place) => idleText(place),
    openLink: async (uri) => (await more()).links.handleUri(uri),
    badge: () => undoView.badge?.value ?? 0,
    contextKey: (key) => keys.get(key as never),
    lintStartup: () => linter.startup,
    incidents,
    undoStack,
  };
  return { version: 1, test };
}

/** A run that is under way is left to the journal: what it left open is offered for undo at the next start. */
export async function deactivate(): Promise<void> {
  await shutdown?.();
}
