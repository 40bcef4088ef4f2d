import * as vscode from 'vscode';
import type { Assistant } from './assistant.ts';
import type { CommandId, CommandSignatures } from './editor/contributions.ts';
import { Command } from './editor/contributions.ts';
import { registerCommand } from './editor/editor-api.ts';
import type { Log } from './editor/log.ts';
import type { Prompts } from './editor/prompts.ts';
import type { LintCommands } from './lint/lint-commands.ts';
import type { OnDemand } from './on-demand.ts';
import type { IncidentSession, SessionList } from './run/incident-session.ts';
import type { Mitigation } from './run/mitigate.ts';
import type { PastRuns } from './run/past-runs.ts';
import type { DivergenceActions } from './undo/divergence-actions.ts';
import type { Explanations } from './undo/explanations.ts';
import type { JournalWatch } from './undo/journal-watch.ts';
import type { SafeTerminals } from './undo/safe-terminals.ts';
import type { SharedRecoveryActions } from './undo/shared-recovery-actions.ts';
import type { UndoActions } from './undo/undo-actions.ts';

export interface CommandParts {
  extension: vscode.Extension<unknown>;
  log: Log;
  prompts: Prompts;
  sessions: SessionList;
  past: PastRuns;
  journal: JournalWatch;
  mitigation: Mitigation;
  undo: UndoActions;
  explanations: Explanations;
  divergence: DivergenceActions;
  shared: SharedRecoveryActions;
  terminals: SafeTerminals;
  scripts: LintCommands;
  more: () => Promise<OnDemand>;
  assistant: () => Promise<Assistant>;
  show: (run: string) => Promise<void>;
  /** Shows a session that was just made, and runs it. */
  begin: (session: IncidentSession) => Promise<void>;
}

/** Every command of the extension with the part that does it. */
export function registerCommands(parts: CommandParts, fail: (error: unknown, retry: () => void) => void) {
  const commands = commandTable(parts);
  return Object.values(Command).map((id) => registerCommand(id, commands[id] as CommandSignatures[typeof id], fail));
}

function commandTable(parts: CommandParts): { [C in CommandId]: CommandSignatures[C] } {
  const { extension, prompts, sessions, past, mitigation, undo, divergence, scripts, more, show, begin } = parts;
  const mitigate: CommandSignatures[typeof Command.mitigate] = async (preset) => {
    const session = await mitigation.start(preset);
    if (session) await begin(session);
  };
  return {
    [Command.mitigate]: mitigate,
    [Command.diagnose]: async (preset) => (await more()).diagnose.run(preset),
    [Command.showRun]: async (run) => {
      const wanted = run ?? sessions.current()?.id;
      if (wanted) await show(wanted);
      else await prompts.notify('info', vscode.l10n.t('No incident is being worked on.'));
    },
    [Command.runAgain]: async (handle) => mitigate(await past.target(handle?.runId)),
    [Command.cancelRun]: async () => sessions.running().forEach((session) => session.cancel()),
    [Command.undoTransaction]: (handle) => undo.undo(handle),
    [Command.undoToHere]: (handle) => undo.undoToHere(handle),
    [Command.explainTransaction]: (handle) => parts.explanations.explain(handle),
    [Command.showInverse]: (handle) => undo.showInverse(handle),
    [Command.showHistory]: async () => (await more()).history.show(),
    [Command.refreshUndoStack]: () => parts.journal.changed(),
    [Command.recover]: () => undo.recover(),
    [Command.showDivergence]: (handle) => divergence.show(handle),
    [Command.keepTransaction]: (handle) => undo.keep(handle),
    [Command.recoverFromCluster]: () => parts.shared.recover(),
    [Command.openTerminal]: () => parts.terminals.open(),
    [Command.openEvidence]: async (handle) => (await more()).doors.choose(handle),
    [Command.copySummary]: async (handle) => {
      if (handle) await past.open(handle.runId);
      const problem = await (await more()).copies.summary(handle?.runId);
      if (problem) await prompts.notify('info', problem);
    },
    [Command.showModelRequests]: async (handle) => {
      await (await more()).requests.show(handle?.runId);
    },
    [Command.copyCommand]: async (handle) => (await more()).copies.commandOf(handle),
    [Command.addCheck]: async () => (await more()).checks.add(),
    [Command.openSettings]: async () =>
      void (await vscode.commands.executeCommand('workbench.action.openSettings', `@ext:${extension.id}`)),
    [Command.showLog]: async () => parts.log.show(),
    [Command.openDocs]: async (rule) => {
      // Links of diagnostics name a rule; anything else is the first page.
      const page = rule !== undefined && /^[a-z0-9-]+$/.test(rule) ? ['rules', `${rule}.md`] : ['README.md'];
      await vscode.commands.executeCommand(
        'markdown.showPreview',
        vscode.Uri.joinPath(extension.extensionUri, 'docs', ...page),
      );
    },
    [Command.rehearseCommand]: (command) => scripts.rehearse(command),
    [Command.runInTransaction]: (command) => scripts.run(command),
    [Command.chooseModel]: async () => (await parts.assistant()).chooser.choose(),
    [Command.testModel]: async () => (await parts.assistant()).test.run(),
    [Command.findTelemetry]: async () => (await more()).telemetry.find(),
    [Command.testTelemetry]: async () => (await more()).telemetry.test(),
    [Command.setTelemetryToken]: async () => (await more()).telemetry.setToken(),
    [Command.startWatching]: async (preset) => (await more()).watch.start(preset),
    [Command.stopWatching]: async () => (await more()).watch.stop(),
  };
}
