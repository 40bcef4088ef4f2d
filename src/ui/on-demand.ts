import * as vscode from 'vscode';
import type { Target } from '../domain/target.ts';
import type { StratusApp } from '../run/app.ts';
import type { AppLease } from './editor/app-loader.ts';
import { Scheme } from './editor/contributions.ts';
import type { ClusterTelemetry } from './editor/cluster-telemetry.ts';
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
import { TelemetrySetup } from './telemetry/telemetry-setup.ts';
import type { TelemetryTokens } from './telemetry/telemetry-tokens.ts';
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
  clusters: ClusterTelemetry;
  tokens: TelemetryTokens;
  /** What the settings do not show has changed. */
  renew: () => void;
  /** Hears of each target that a person looks at. */
  began: (target: Target) => void;
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
  telemetry: TelemetrySetup;
}

export function createOnDemand(parts: OnDemandParts): OnDemand {
  const { app, lease, prompts, targets, sessions, past, subscriptions, terminal, fail, clusters, tokens, renew } =
    parts;
  const documents = new LookDocuments();
  subscriptions.push(documents, vscode.workspace.registerTextDocumentContentProvider(Scheme.look, documents));
  const diagnose = new Diagnose(lease, prompts, targets, documents, parts.began);
  const diagnosed = () => diagnose.objects();
  return {
    diagnose,
    doors: new EvidenceDoors({ lease, prompts, sessions, documents, terminal, diagnosed }),
    checks: new CheckSetup(lease, prompts, targets),
    copies: new CopyActions(sessions),
    history: new HistoryActions(app, prompts),
    requests: new ModelRequests(sessions, past, prompts, documents),
    telemetry: new TelemetrySetup({ lease, prompts, targets, documents, clusters, tokens, tokenChanged: renew }),
    links: new IncidentLinks(app, prompts, sessions, fail),
    documents,
  };
}
