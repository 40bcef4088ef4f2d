import * as vscode from 'vscode';
import { Command, View } from './editor/contributions.ts';
import type { SessionList } from './run/incident-session.ts';
import type { Mitigation } from './run/mitigate.ts';
import type { ObjectDocuments } from './views/object-documents.ts';
import type { PageHandlers } from './run/run-panel.ts';
import type { UndoActions } from './undo/undo-actions.ts';

export interface PageParts {
  sessions: SessionList;
  mitigation: Mitigation;
  documents: ObjectDocuments;
  undo: UndoActions;
}

/** What each request of the run view does; the decisions are those of the same commands elsewhere. */
export function pageHandlers({ sessions, mitigation, documents, undo }: PageParts): PageHandlers {
  return {
    approve: ({ run, hash }) => mitigation.approve(run, hash),
    reject: async ({ run, hash, reason }) => mitigation.reject(run, hash, reason),
    cancel: async ({ run }) => (sessions.find(run)?.cancel(), ''),
    openDiff: ({ run, hash, step, write }) => mitigation.openDiff(documents, run, hash, step, write),
    again: async ({ run }) => (await vscode.commands.executeCommand(Command.runAgain, { runId: run }), ''),
    undo: async ({ transaction }) => (await undo.undo({ transaction }), ''),
    inspect: async ({ transaction }) => (await undo.differences(transaction), ''),
    keep: async ({ transaction }) => (await undo.keep({ transaction }), ''),
    showUndoStack: async () => (await vscode.commands.executeCommand(`${View.undoStack}.focus`), ''),
  };
}
