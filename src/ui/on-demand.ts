import * as vscode from 'vscode';
import type { Target } from '../domain/target.ts';
import { Scheme } from './editor/contributions.ts';
import type { ClusterTelemetry } from './editor/cluster-telemetry.ts';
import { CheckSetup } from './doors/check-setup.ts';
import { CopyActions } from './doors/copy-actions.ts';
import { Diagnose } from './doors/diagnose.ts';
import { EvidenceDoors } from './doors/evidence-doors.ts';
import { IncidentLinks } from './doors/incident-links.ts';
import { ModelRequests } from './doors/model-requests.ts';
import type { PastRuns } from './run/past-runs.ts';
import { TelemetrySetup } from './telemetry/telemetry-setup.ts';
import type { TelemetryTokens } from './telemetry/telemetry-tokens.ts';
import { HistoryActions } from './undo/history-actions.ts';
import { LookDocuments } from './views/look-documents.ts';
import type { Watching, WatchingParts } from './watching.ts';
import { createWatching } from './watching.ts';

export interface OnDemandParts extends WatchingParts {
  past: PastRuns;
  subscriptions: vscode.Disposable[];
  terminal: (target: Target) => Promise<void>;
  clusters: ClusterTelemetry;
  tokens: TelemetryTokens;
  /** What the settings do not show has changed. */
  renew: () => void;
}

/** What people ask for now and then: a bundle of its own, made when first used. */
export interface OnDemand extends Watching {
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
  const watching = createWatching(parts);
  subscriptions.push(watching.watch, watching.kept, watching.watchStatus);
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
    ...watching,
  };
}
