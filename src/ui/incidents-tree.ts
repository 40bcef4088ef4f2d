import * as vscode from 'vscode';
import type { FindingView, RunSnapshot, Tone } from '../../webview/protocol.ts';
import { Command, TreeItem } from './contributions.ts';
import type { IncidentSession, SessionList } from './incident-session.ts';

type Node =
  { kind: 'run'; session: IncidentSession } | { kind: 'finding'; session: IncidentSession; finding: FindingView };

const ICONS: Record<Tone, [string, string]> = {
  busy: ['sync~spin', 'progressBar.background'],
  ask: ['question', 'notificationsWarningIcon.foreground'],
  good: ['pass', 'testing.iconPassed'],
  warn: ['discard', 'notificationsWarningIcon.foreground'],
  bad: ['error', 'testing.iconFailed'],
};
const FINDING_ICONS = { critical: 'error', warning: 'warning', info: 'info' } as const;

/** Runs of this window with what was found. */
export class IncidentsTree implements vscode.TreeDataProvider<Node>, vscode.Disposable {
  readonly #sessions: SessionList;
  readonly #changed = new vscode.EventEmitter<void>();
  readonly onDidChangeTreeData = this.#changed.event;
  readonly #subscription: { dispose(): void };
  #shown = '';

  constructor(sessions: SessionList) {
    this.#sessions = sessions;
    this.#subscription = sessions.onChange(() => this.#refresh());
  }

  getChildren(node?: Node): Node[] {
    if (!node) return this.#sessions.all().map((session) => ({ kind: 'run', session }));
    if (node.kind === 'finding') return [];
    const { session } = node;
    return session.snapshot().findings.map((finding) => ({ kind: 'finding', session, finding }));
  }

  getTreeItem(node: Node): vscode.TreeItem {
    return node.kind === 'run' ? runItem(node.session) : findingItem(node.session, node.finding);
  }

  dispose(): void {
    this.#subscription.dispose();
    this.#changed.dispose();
  }

  /** Redraws only when something visible changed: a run emits many events. */
  #refresh(): void {
    const shown = JSON.stringify(this.#sessions.all().map((session) => visible(session.snapshot())));
    if (shown === this.#shown) return;
    this.#shown = shown;
    this.#changed.fire();
  }
}

function visible({ run, headline, findings }: RunSnapshot): unknown {
  return [run, headline.title, headline.tone, findings];
}

function runItem(session: IncidentSession): vscode.TreeItem {
  const { headline } = session.snapshot();
  const { context, namespace } = session.target;
  const item = new vscode.TreeItem(namespace, vscode.TreeItemCollapsibleState.Expanded);
  item.id = session.id;
  item.description = headline.title;
  item.tooltip = `${namespace} @ ${context}\n${headline.title}\n${headline.detail}`;
  const [icon, colour] = ICONS[headline.tone];
  item.iconPath = new vscode.ThemeIcon(icon, new vscode.ThemeColor(colour));
  item.contextValue = session.result ? TreeItem.runEnded : TreeItem.runActive;
  item.command = { command: Command.showRun, title: vscode.l10n.t('Show Run'), arguments: [session.id] };
  item.accessibilityInformation = { label: `${namespace} at ${context}: ${headline.title}` };
  return item;
}

function findingItem(session: IncidentSession, finding: FindingView): vscode.TreeItem {
  const item = new vscode.TreeItem(finding.message);
  item.id = `${session.id}/${finding.id}`;
  item.description = finding.object;
  item.tooltip = [finding.message, ...finding.evidence.map(({ object, text }) => `${object}: ${text}`)].join('\n');
  const gone = session.result?.outcome === 'resolved';
  item.iconPath = new vscode.ThemeIcon(gone ? 'pass' : FINDING_ICONS[finding.severity]);
  item.command = { command: Command.showRun, title: vscode.l10n.t('Show Run'), arguments: [session.id] };
  return item;
}
