import * as vscode from 'vscode';
import { shortLocalTime, zonedTime } from '../../text/local-time.ts';
import { oneLine } from '../../text/plain-text.ts';
import { placeOf } from '../../domain/target.ts';
import type { FindingView } from '../../../webview/protocol/finding-view.ts';
import type { RunSnapshot, Tone } from '../../../webview/protocol/run-snapshot.ts';
import { wentBack } from '../../../webview/protocol/run-snapshot.ts';
import type { FindingHandle, RunHandle } from '../editor/contributions.ts';
import { Command, TreeItem } from '../editor/contributions.ts';
import type { PastRun } from '../../run/run-history.ts';
import type { WatchBoard } from '../watch/watch-board.ts';
import type { WatchNode } from '../watch/watch-items.ts';
import { belowWatch, visibleWatch, watchItem, watchNodes } from '../watch/watch-items.ts';
import type { IncidentSession, SessionList } from './incident-session.ts';
import type { PastFate } from './past-fate.ts';
import type { PastRuns } from './past-runs.ts';

type Node =
  | ({ kind: 'run'; session: IncidentSession } & RunHandle)
  | ({ kind: 'finding'; session: IncidentSession; view: FindingView } & FindingHandle)
  | { kind: 'earlier' }
  | WatchNode
  | ({ kind: 'past'; run: PastRun; fate: PastFate } & RunHandle);

const ICONS: Record<Tone, [string, string]> = {
  busy: ['sync~spin', 'progressBar.background'],
  ask: ['question', 'notificationsWarningIcon.foreground'],
  good: ['pass', 'testing.iconPassed'],
  warn: ['warning', 'notificationsWarningIcon.foreground'],
  bad: ['error', 'testing.iconFailed'],
};
const PAST_ICONS: Record<PastFate['tone'], string> = {
  busy: 'sync',
  good: 'pass',
  warn: 'circle-outline',
  bad: 'warning',
};
const FINDING_ICONS = { critical: 'error', warning: 'warning', info: 'info' } as const;

/** The watch with its incidents, runs of this window with what was found, and earlier ones that can be opened from their logs. */
export class IncidentsTree implements vscode.TreeDataProvider<Node>, vscode.Disposable {
  readonly #sessions: SessionList;
  readonly #changed = new vscode.EventEmitter<void>();
  readonly onDidChangeTreeData = this.#changed.event;
  readonly #subscriptions: { dispose(): void }[];
  readonly #past: PastRuns;
  readonly #watch: WatchBoard;
  #shown = '';

  constructor(sessions: SessionList, past: PastRuns, watch: WatchBoard) {
    this.#sessions = sessions;
    this.#past = past;
    this.#watch = watch;
    this.#subscriptions = [sessions.onChange(() => this.#refresh()), watch.onChange(() => this.#refresh())];
  }

  async getChildren(node?: Node): Promise<Node[]> {
    if (!node) {
      const own = this.#sessions.all().map((session): Node => ({ kind: 'run', session, runId: session.id }));
      const runs = [...watchNodes(this.#watch.view), ...own];
      // A folder that cannot be read is told when the node is opened.
      const earlier = await this.#past.list().catch(() => null);
      return earlier === null || earlier.length > 0 ? [...runs, { kind: 'earlier' }] : runs;
    }
    if (node.kind === 'earlier')
      return (await this.#past.list()).map((past) => ({ kind: 'past', ...past, runId: past.run.id }));
    if (node.kind === 'watch' || node.kind === 'incident' || node.kind === 'fact') return belowWatch(node);
    if (node.kind !== 'run') return [];
    const { session } = node;
    return session
      .snapshot()
      .findings.map((view) => ({ kind: 'finding', session, view, run: session.id, finding: view.id }));
  }

  getTreeItem(node: Node): vscode.TreeItem {
    switch (node.kind) {
      case 'run':
        return runItem(node.session);
      case 'finding':
        return findingItem(node.session, node.view);
      case 'earlier':
        return earlierItem();
      case 'past':
        return pastItem(node.run, node.fate);
      case 'watch':
      case 'incident':
      case 'fact':
        return watchItem(node);
    }
  }

  dispose(): void {
    for (const subscription of this.#subscriptions) subscription.dispose();
    this.#changed.dispose();
  }

  /** What became of earlier runs may have changed. */
  journalChanged(): void {
    this.#changed.fire();
  }

  /** Redraws only when something visible changed: a run emits many events. */
  #refresh(): void {
    const runs = this.#sessions.all().map((session) => visible(session.snapshot()));
    const shown = JSON.stringify([visibleWatch(this.#watch.view), runs]);
    if (shown === this.#shown) return;
    this.#shown = shown;
    this.#changed.fire();
  }
}

function visible({ run, headline, findings, wayBack }: RunSnapshot): unknown {
  return [run, headline.title, headline.tone, wentBack({ wayBack }), findings];
}

function runItem(session: IncidentSession): vscode.TreeItem {
  const snapshot = session.snapshot();
  const { headline, startedAt } = snapshot;
  const label = startedAt > 0 ? `${timeOf(startedAt)} ${session.target.namespace}` : session.target.namespace;
  const item = new vscode.TreeItem(label, vscode.TreeItemCollapsibleState.Expanded);
  item.id = session.id;
  item.description = headline.title;
  item.tooltip = `${placeOf(session.target)}\n${headline.title}\n${headline.detail}`;
  const [icon, colour] = ICONS[headline.tone];
  // Only what took something back looks like it.
  const shown = headline.tone === 'warn' && wentBack(snapshot) ? 'discard' : icon;
  item.iconPath = new vscode.ThemeIcon(shown, new vscode.ThemeColor(colour));
  item.contextValue = session.ended ? TreeItem.runEnded : TreeItem.runActive;
  item.command = { command: Command.showRun, title: vscode.l10n.t('Show Run'), arguments: [session.id] };
  item.accessibilityInformation = { label: `${label} at ${oneLine(session.target.context)}: ${headline.title}` };
  return item;
}

function earlierItem(): vscode.TreeItem {
  const item = new vscode.TreeItem(vscode.l10n.t('Earlier runs'), vscode.TreeItemCollapsibleState.Collapsed);
  item.id = 'earlier';
  item.iconPath = new vscode.ThemeIcon('history');
  return item;
}

function pastItem({ id, target, startedAt }: PastRun, { text: what, tone }: PastFate): vscode.TreeItem {
  const when = timeOf(startedAt);
  const item = new vscode.TreeItem(`${when} ${target.namespace}`);
  item.id = id;
  item.description = `${what} · ${oneLine(target.context)}`;
  item.tooltip = `${id}\n${placeOf(target)} (${oneLine(target.server)})\n${zonedTime(new Date(startedAt))}: ${what}`;
  item.iconPath = new vscode.ThemeIcon(PAST_ICONS[tone]);
  item.contextValue = TreeItem.runEnded;
  item.command = { command: Command.showRun, title: vscode.l10n.t('Show Run'), arguments: [id] };
  item.accessibilityInformation = { label: `${when} ${target.namespace} at ${oneLine(target.context)}: ${what}` };
  return item;
}

function timeOf(milliseconds: number): string {
  return shortLocalTime(new Date(milliseconds).toISOString(), Date.now());
}

function findingItem(session: IncidentSession, finding: FindingView): vscode.TreeItem {
  const item = new vscode.TreeItem(oneLine(finding.message));
  item.id = `${session.id}/${finding.id}`;
  item.description = finding.object;
  const unfixed = finding.unfixed ? [vscode.l10n.t('No fix is known: {0}', finding.unfixed)] : [];
  item.tooltip = [
    finding.message,
    ...unfixed,
    ...finding.evidence.map(({ object, text }) => `${object}: ${text}`),
  ].join('\n');
  // Taken back is not gone.
  const gone = session.result?.outcome === 'resolved' && session.snapshot().headline.tone === 'good';
  // One that nobody knows how to mend is for a person to look at.
  item.iconPath = new vscode.ThemeIcon(gone ? 'pass' : finding.unfixed ? 'search' : FINDING_ICONS[finding.severity]);
  item.contextValue = TreeItem.finding;
  item.command = { command: Command.showRun, title: vscode.l10n.t('Show Run'), arguments: [session.id] };
  return item;
}
