import { refLabel } from '../../domain/kube-object.ts';
import type { Severity, SeverityItem } from '../../domain/severity.ts';
import { aboutOf, itemId } from '../../domain/severity.ts';
import type { RehearsedWrite } from '../../domain/transaction.ts';
import type { Finding } from '../../domain/finding.ts';
import type { Plan } from '../../domain/plan.ts';
import type { FindingView } from '../../../webview/protocol/finding-view.ts';
import type { WriteView } from '../../../webview/protocol/plan-view.ts';
import type { SeverityItemView } from '../../../webview/protocol/severity-view.ts';
import { fieldChanges } from '../views/object-text.ts';
import { presentable } from '../../text/redact.ts';
import type { ActionCall, RehearsedAction } from '../../domain/action.ts';
import { containerCommandText } from '../../kubectl/command-text.ts';
import { counted } from '../../text/plain-text.ts';
import { looksOf } from './looks-of.ts';
import { evidenceView } from './model-views.ts';

const SHOWN_CHANGES = 12;

/** One rehearsed write for the page: its first changes and how it is undone. */
export function writeView(write: RehearsedWrite, index: number): WriteView {
  const changes = fieldChanges(write.before, write.after, write.subresource);
  return {
    index,
    object: presentable(refLabel(write.ref) + (write.subresource ? ` (${write.subresource})` : ''), 300),
    verb: write.before === null ? 'create' : write.after === null ? 'delete' : 'change',
    changes: changes.slice(0, SHOWN_CHANGES),
    moreChanges: Math.max(0, changes.length - SHOWN_CHANGES),
    undo: write.undo.class,
    inverse: presentable(write.undo.inverse, 300),
    residue: write.undo.residue.map((text) => presentable(text, 200)),
  };
}

/** A rehearsed action in its place among the writes of a step: what runs where, and what takes it back. */
export function actionView({ at }: ActionCall, action: RehearsedAction, index: number): WriteView {
  const row = (path: string, command: string[]) => ({ path, before: null, after: containerCommandText(command) });
  return {
    index,
    object: presentable(`Pod/${at.namespace}/${at.pod} (${at.container}, ${action.image})`, 300),
    verb: 'run',
    changes: [row('command', action.does), row('undo', action.undoes)],
    moreChanges: 0,
    undo: action.undo.class,
    inverse: presentable(`${action.undo.inverse} (${counted(action.snapshot, 'byte')})`, 300),
    residue: action.undo.residue.map((text) => presentable(text, 300)),
  };
}

/** Of logs that do not say it. */
const NO_FIX = 'the evidence does not speak for one change that would mend it';

/** A finding with what it rests on. */
export function findingView(finding: Finding, plan: Plan | null): FindingView {
  return {
    id: finding.id,
    severity: finding.severity,
    object: refLabel(finding.object),
    message: presentable(finding.message, 500),
    chosen: plan?.findingId === finding.id,
    unfixed: finding.fixes.length === 0 ? presentable(finding.unfixed ?? NO_FIX, 300) : '',
    looks: looksOf(finding.object),
    evidence: finding.evidence.slice(0, 20).map(evidenceView),
  };
}

/**
 * Items of severity, new ones first, then those of the start with what became of them.
 * @param namespace the one that the run looks at
 * @param stale what became of them was taken back since
 */
export function severityItems(
  initial: Severity | null,
  current: Severity | null,
  namespace: string,
  stale: boolean,
): SeverityItemView[] {
  const before = initial?.known ? initial.items : [];
  if (stale) return before.map((item) => itemView(item, 'unread', namespace));
  const now = current?.known ? current.items : before;
  const nowIds = new Set(now.map(itemId));
  const beforeIds = new Set(before.map(itemId));
  return [
    ...now.filter((item) => !beforeIds.has(itemId(item))).map((item) => itemView(item, 'new', namespace)),
    ...before.map((item) => itemView(item, nowIds.has(itemId(item)) ? 'present' : 'gone', namespace)),
  ];
}

function itemView(item: SeverityItem, state: SeverityItemView['state'], namespace: string): SeverityItemView {
  const asked = item.asks?.namespace ?? '';
  const about = aboutOf(item);
  return {
    id: itemId(item),
    source: item.source,
    object: item.object ? refLabel(item.object) : item.what,
    message: presentable(withoutSubject(item), 300),
    state,
    looks: about ? looksOf(about) : [],
    elsewhere: state !== 'gone' && asked !== namespace ? asked : '',
  };
}

/** The message without the name that is shown in front of it. */
function withoutSubject({ object, what, message }: SeverityItem): string {
  const subjects = object ? [refLabel(object), `${object.kind} ${object.name}`] : [`check ${what}:`, what];
  const subject = subjects.find((name) => [' ', ': '].some((end) => message.startsWith(name + end)));
  return subject ? message.slice(subject.length).replace(/^:? /, '') : message;
}
