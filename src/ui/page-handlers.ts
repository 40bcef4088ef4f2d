import * as vscode from 'vscode';
import { Command, View } from './editor/contributions.ts';
import type { IncidentSession, SessionList } from './run/incident-session.ts';
import type { Mitigation } from './run/mitigate.ts';
import type { ObjectDocuments } from './views/object-documents.ts';
import type { PageHandlers } from './run/run-panel.ts';
import type { OnDemand } from './on-demand.ts';
import type { UndoActions } from './undo/undo-actions.ts';

export interface PageParts {
  sessions: SessionList;
  mitigation: Mitigation;
  documents: ObjectDocuments;
  undo: UndoActions;
  more: () => Promise<OnDemand>;
  /** Shows a session that was just made, and runs it. */
  begin: (session: IncidentSession) => Promise<void>;
}

/** What each request of the run view does; the decisions are those of the same commands elsewhere. */
export function pageHandlers({ sessions, mitigation, documents, undo, more, begin }: PageParts): PageHandlers {
  const ended = vscode.l10n.t('this run has ended');
  return {
    approve: ({ run, hash }) => mitigation.approve(run, hash),
    reject: async ({ run, hash, reason }) => mitigation.reject(run, hash, reason),
    cancel: async ({ run }) => (sessions.find(run)?.cancel(), ''),
    openDiff: ({ run, hash, step, write }) => mitigation.openDiff(documents, run, hash, step, write),
    again: async ({ run }) => (await vscode.commands.executeCommand(Command.runAgain, { runId: run }), ''),
    undo: async ({ transaction }) => (await undo.undo({ transaction }), ''),
    inspect: async ({ transaction }) => (await undo.differences(transaction), ''),
    keep: async ({ transaction }) => (await undo.keep({ transaction }), ''),
    stopKeptWatch: async ({ run }) => (await more()).kept.stop(run),
    answerKeptWatch: async ({ run, answer }) => {
      if (answer !== 'undo' && answer !== 'keep') return vscode.l10n.t('say undo or keep');
      return (await more()).kept.answer(run, answer === 'undo');
    },
    showUndoStack: async () => (await vscode.commands.executeCommand(`${View.undoStack}.focus`), ''),
    look: async ({ run, finding, evidence, look }) => (await more()).doors.look(run, finding, evidence, look),
    lookAt: async ({ run, item, look }) => (await more()).doors.lookAt(run, item, look),
    lookAtTool: async ({ run, call, evidence, look }) => (await more()).doors.lookAtTool(run, call, evidence, look),
    openSource: async ({ run, signal }) => (await more()).doors.openSource(run, signal),
    findTelemetry: async ({ run }) => {
      const session = sessions.find(run);
      if (!session) return ended;
      await (await more()).telemetry.find(session.target);
      return '';
    },
    showModelRequests: async ({ run }) => (await more()).requests.show(run),
    copyFinding: async ({ run, finding }) => (await more()).doors.copy(run, finding),
    copySummary: async ({ run }) => (await more()).copies.summary(run),
    copyCommand: async ({ run, hash, step }) => (await more()).copies.command(run, hash, step),
    terminal: async ({ run }) => (await more()).doors.terminal(run),
    goTo: async ({ run, namespace }) => {
      const session = sessions.find(run);
      // Only where a check of this run points: the page cannot name another place.
      const points = session?.snapshot().severity.items.some(({ elsewhere }) => elsewhere === namespace);
      if (!session || !points) return ended;
      const next = await mitigation.start({ ...session.target, namespace });
      if (next) await begin(next);
      return '';
    },
    addCheck: async ({ run }) => {
      const session = sessions.find(run);
      if (!session) return ended;
      await (await more()).checks.add(session.target);
      return '';
    },
  };
}
