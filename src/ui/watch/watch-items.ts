import * as vscode from 'vscode';
import { placeOf } from '../../domain/target.ts';
import { shortLocalTime } from '../../text/local-time.ts';
import type { TargetPreset } from '../editor/contributions.ts';
import { TreeItem } from '../editor/contributions.ts';
import type { OpenIncident, WatchView } from './watch-view.ts';
import { statusWords } from './watch-words.ts';

/** What the Incidents view shows of a watch. Commands take watch and incident for the target that they are about. */
export type WatchNode =
  | ({ kind: 'watch'; view: WatchView } & TargetPreset)
  | ({ kind: 'incident'; incident: OpenIncident } & TargetPreset)
  | { kind: 'fact'; id: string; text: string; icon: string };

/** The watch, where there is one. */
export function watchNodes(view: WatchView | null): WatchNode[] {
  return view ? [{ kind: 'watch', view, ...presetOf(view) }] : [];
}

/** What stands below a node: incidents below the watch, what is known of one below it. */
export function belowWatch(node: WatchNode): WatchNode[] {
  if (node.kind === 'watch')
    return node.view.incidents.map((incident) => ({ kind: 'incident', incident, ...presetOf(node.view) }));
  if (node.kind === 'fact') return [];
  const { fingerprint, root, cause, members, count } = node.incident;
  const fact = (name: string, icon: string, text: string): WatchNode => ({
    kind: 'fact',
    id: `${fingerprint}/${name}`,
    text,
    icon,
  });
  const more = count - members.length;
  return [
    ...(cause ? [fact('cause', 'lightbulb', vscode.l10n.t('Cause: {0}', cause))] : []),
    ...(root ? [fact('root', 'location', vscode.l10n.t('Probably begins at {0}', root))] : []),
    ...members.map((text, index) => fact(String(index), 'circle-small', text)),
    ...(more > 0 ? [fact('more', 'ellipsis', vscode.l10n.t('and {0} more', more))] : []),
  ];
}

export function watchItem(node: WatchNode): vscode.TreeItem {
  switch (node.kind) {
    case 'watch':
      return ofWatch(node.view);
    case 'incident':
      return ofIncident(node.incident);
    case 'fact': {
      const item = new vscode.TreeItem(node.text);
      item.id = node.id;
      item.tooltip = node.text;
      item.iconPath = new vscode.ThemeIcon(node.icon);
      return item;
    }
  }
}

/** What of it is drawn: ages are not, or the tree would be drawn at each look. */
export function visibleWatch(view: WatchView | null): unknown {
  if (!view) return null;
  const { target, incidents, reason } = view;
  return [target, incidents, reason, statusWords(view, view.lookedAt ?? 0).state];
}

function ofWatch(view: WatchView): vscode.TreeItem {
  const { icon, state } = statusWords(view, Date.now());
  const label = vscode.l10n.t('Watch of {0}', placeOf(view.target));
  const item = new vscode.TreeItem(label, vscode.TreeItemCollapsibleState.Expanded);
  item.id = 'watch';
  item.description = view.reason ? `${state}: ${view.reason}` : state;
  item.tooltip = `${label}\n${item.description}`;
  item.iconPath = new vscode.ThemeIcon(icon);
  item.contextValue = view.phase === 'stopped' ? TreeItem.watchStopped : TreeItem.watchRunning;
  item.accessibilityInformation = { label: `${label}: ${item.description}` };
  return item;
}

function ofIncident(incident: OpenIncident): vscode.TreeItem {
  const { fingerprint, title, since, root, cause } = incident;
  const item = new vscode.TreeItem(title, vscode.TreeItemCollapsibleState.Collapsed);
  const open = vscode.l10n.t('open since {0}', shortLocalTime(new Date(since).toISOString(), Date.now()));
  item.id = `incident/${fingerprint}`;
  item.description = root ? `${open} · ${root}` : open;
  const lines = [title, open, ...(cause ? [cause] : []), ...(root ? [root] : [])];
  item.tooltip = lines.join('\n');
  item.iconPath = new vscode.ThemeIcon('flame', new vscode.ThemeColor('testing.iconFailed'));
  item.contextValue = TreeItem.incident;
  item.accessibilityInformation = { label: vscode.l10n.t('Incident, {0}', lines.slice(1).join(', ')) + `: ${title}` };
  return item;
}

function presetOf({ target }: WatchView): TargetPreset {
  const { context, namespace, fingerprint } = target;
  return { context, namespace, fingerprint };
}
