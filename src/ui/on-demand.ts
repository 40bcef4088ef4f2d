import * as vscode from 'vscode';
import type { Target } from '../domain/target.ts';
import type { StratusApp } from '../run/app.ts';
import type { AppLease } from './editor/app-loader.ts';
import { Scheme } from './editor/contributions.ts';
import type { Prompts } from './editor/prompts.ts';
import type { TargetPicker } from './editor/target-picker.ts';
import { CheckSetup } from './doors/check-setup.ts';
import { CopyActions } from './doors/copy-actions.ts';
import { Diagnose } from './doors/diagnose.ts';
import { EvidenceDoors } from './doors/evidence-doors.ts';
import { IncidentLinks } from './doors/incident-links.ts';
import { ModelRequests } from './doors/model-requests.ts';
import type { SessionList } from './run/incident-session.ts';
import type { PastRuns } from './run/past-runs.ts';
import { HistoryActions } from './undo/history-actions.ts';
import { LookDocuments } from './views/look-documents.ts';

export interface OnDemandParts {
  app: () => Promise<StratusApp>;
  lease: () => Promise<AppLease>;
  prompts: Prompts;
  targets: TargetPicker;
  sessions: SessionList;
  past: PastRuns;
  subscriptions: vscode.Disposable[];
  terminal: (target: Target) => Promise<void>;
  fail: (error: unknown) => void;
}

/** What people ask for now and then: a bundle of its own, made when first used. */
export interface OnDemand {
  diagnose: Diagnose;
  doors: EvidenceDoors;
  checks: CheckSetup;
  copies: CopyActions;
  history: HistoryActions;
  links: IncidentLinks;
  documents: LookDocuments;
  requests: ModelRequests;
}

export function createOnDemand(parts: OnDemandParts): OnDemand {
  const { app, lease, prompts, targets, sessions, past, subscriptions, terminal, fail } = parts;
  const documents = new LookDocuments();
  subscriptions.push(documents, vscode.workspace.registerTextDocumentContentProvider(Scheme.look, documents));
  const diagnose = new Diagnose(lease, prompts, targets, documents);
  const diagnosed = () => diagnose.objects();
  return {
    diagnose,
    doors: new EvidenceDoors({ lease, prompts, sessions, documents, terminal, diagnosed }),
    checks: new CheckSetup(lease, prompts, targets),
    copies: new CopyActions(sessions),
    history: new HistoryActions(app, prompts),
    requests: new ModelRequests(sessions, past, prompts, documents),
    links: new IncidentLinks(app, prompts, sessions, fail),
    documents,
  };
}
