import * as vscode from 'vscode';
import type { FindingView, RunSnapshot, Tone } from '../../../webview/protocol.ts';
import type { RunHandle } from '../editor/contributions.ts';
import { Command, TreeItem } from '../editor/contributions.ts';
import type { PastRun } from '../../run/run-history.ts';
import type { IncidentSession, SessionList } from './incident-session.ts';
import type { PastFate } from './past-fate.ts';
import type { PastRuns } from './past-runs.ts';

type Node =
  | ({ kind: 'run'; session: IncidentSession } & RunHandle)
  | { kind: 'finding'; session: IncidentSession; finding: FindingView }
  | { kind: 'earlier' }
  | ({ kind: 'past'; run: PastRun; fate: PastFate } & RunHandle);

const ICONS: Record<Tone, [string, string]> = {
  busy: ['sync~spin', 'progressBar.background'],
  ask: ['question', 'notificationsWarningIcon.foreground'],
  good: ['pass', 'testing.iconPassed'],
  warn: ['discard', 'notificationsWarningIcon.foreground'],
  bad: ['error', 'testing.iconFailed'],
};
const PAST_ICONS: Record<PastFate['tone'], string> = {
  busy: 'sync',
  good: 'pass',
  warn: 'circle-outline',
  bad: 'warning',
};
const FINDING_ICONS = { critical: 'error', warning: 'warning', info: 'info' } as const;

/** Runs of this window with what was found, and earlier ones that can be opened from their logs. */
export class IncidentsTree implements vscode.TreeDataProvider<Node>, vscode.Disposable {
  readonly #sessions: SessionList;
  readonly #changed = new vscode.EventEmitter<void>();
  readonly onDidChangeTreeData = this.#changed.event;
  readonly #subscription: { dispose(): void };
  readonly #past: PastRuns;
  #shown = '';

  constructor(sessions: SessionList, past: PastRuns) {
    this.#sessions = sessions;
    this.#past = past;
    this.#subscription = sessions.onChange(() => this.#refresh());
  }

  async getChildren(node?: Node): Promise<Node[]> {
    if (!node) {
      const runs = this.#sessions.all().map((session): Node => ({ kind: 'run', session, runId: session.id }));
      // A folder that cannot be read is told when the node is opened.
      const earlier = await this.#past.list().catch(() => null);
      return earlier === null || earlier.length > 0 ? [...runs, { kind: 'earlier' }] : runs;
    }
    if (node.kind === 'earlier')
      return (await this.#past.list()).map((past) => ({ kind: 'past', ...past, runId: past.run.id }));
    if (node.kind !== 'run') return [];
    const { session } = node;
    return session.snapshot().findings.map((finding) => ({ kind: 'finding', session, finding }));
  }

  getTreeItem(node: Node): vscode.TreeItem {
    switch (node.kind) {
      case 'run':
        return runItem(node.session);
      case 'finding':
        return findingItem(node.session, node.finding);
      case 'earlier':
        return earlierItem();
      case 'past':
        return pastItem(node.run, node.fate);
    }
  }

  dispose(): void {
    this.#subscription.dispose();
    this.#changed.dispose();
  }

  /** What became of earlier runs may have changed. */
  journalChanged(): void {
    this.#changed.fire();
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
  item.contextValue = session.ended ? TreeItem.runEnded : TreeItem.runActive;
  item.command = { command: Command.showRun, title: vscode.l10n.t('Show Run'), arguments: [session.id] };
  item.accessibilityInformation = { label: `${namespace} at ${context}: ${headline.title}` };
  return item;
}

function earlierItem(): vscode.TreeItem {
  const item = new vscode.TreeItem(vscode.l10n.t('Earlier runs'), vscode.TreeItemCollapsibleState.Collapsed);
  item.id = 'earlier';
  item.iconPath = new vscode.ThemeIcon('history');
  return item;
}

function pastItem({ id, target, startedAt }: PastRun, { text: what, tone }: PastFate): vscode.TreeItem {
  const item = new vscode.TreeItem(target.namespace);
  const when = new Date(startedAt).toLocaleString();
  item.id = id;
  item.description = `${what} · ${when} · ${target.context}`;
  item.tooltip = `${id}\n${target.namespace} @ ${target.context} (${target.server})\n${when}: ${what}`;
  item.iconPath = new vscode.ThemeIcon(PAST_ICONS[tone]);
  item.contextValue = TreeItem.runEnded;
  item.command = { command: Command.showRun, title: vscode.l10n.t('Show Run'), arguments: [id] };
  item.accessibilityInformation = { label: `${target.namespace} at ${target.context}, ${when}: ${what}` };
  return item;
}

function findingItem(session: IncidentSession, finding: FindingView): vscode.TreeItem {
  const item = new vscode.TreeItem(finding.message);
  item.id = `${session.id}/${finding.id}`;
  item.description = finding.object;
  item.tooltip = [finding.message, ...finding.evidence.map(({ object, text }) => `${object}: ${text}`)].join('\n');
  // Taken back is not gone.
  const gone = session.result?.outcome === 'resolved' && session.snapshot().headline.tone === 'good';
  item.iconPath = new vscode.ThemeIcon(gone ? 'pass' : FINDING_ICONS[finding.severity]);
  item.command = { command: Command.showRun, title: vscode.l10n.t('Show Run'), arguments: [session.id] };
  return item;
}
