import { refLabel } from '../../domain/kube-object.ts';
import type { Severity, SeverityItem } from '../../domain/severity.ts';
import { itemId } from '../../domain/severity.ts';
import type { RehearsedWrite } from '../../domain/transaction.ts';
import type { Finding } from '../../domain/finding.ts';
import type { Plan } from '../../domain/plan.ts';
import type { FindingView, SeverityItemView, WriteView } from '../../../webview/protocol.ts';
import { fieldChanges } from '../views/object-text.ts';
import { presentable } from '../../text/redact.ts';

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

/** A finding with what it rests on. */
export function findingView(finding: Finding, plan: Plan | null): FindingView {
  return {
    id: finding.id,
    severity: finding.severity,
    object: refLabel(finding.object),
    message: presentable(finding.message, 500),
    chosen: plan?.findingId === finding.id,
    evidence: finding.evidence.slice(0, 20).map((evidence) => ({
      source: evidence.source,
      object: evidence.object ? refLabel(evidence.object) : '',
      field: presentable(evidence.field ?? '', 200),
      text: presentable(evidence.text, 500),
    })),
  };
}

/**
 * Items of severity, new ones first, then those of the start with what became of them.
 * @param stale what became of them was taken back since
 */
export function severityItems(initial: Severity | null, current: Severity | null, stale: boolean): SeverityItemView[] {
  const before = initial?.known ? initial.items : [];
  if (stale) return before.map((item) => itemView(item, 'unread'));
  const now = current?.known ? current.items : before;
  const nowIds = new Set(now.map(itemId));
  const beforeIds = new Set(before.map(itemId));
  return [
    ...now.filter((item) => !beforeIds.has(itemId(item))).map((item) => itemView(item, 'new')),
    ...before.map((item) => itemView(item, nowIds.has(itemId(item)) ? 'present' : 'gone')),
  ];
}

function itemView(item: SeverityItem, state: SeverityItemView['state']): SeverityItemView {
  return {
    id: itemId(item),
    source: item.source,
    object: item.object ? refLabel(item.object) : item.what,
    message: presentable(withoutSubject(item), 300),
    state,
  };
}

/** The message without the name that is shown in front of it. */
function withoutSubject({ object, what, message }: SeverityItem): string {
  const subjects = object ? [refLabel(object), `${object.kind} ${object.name}`] : [`check ${what}:`, what];
  const subject = subjects.find((name) => message.startsWith(`${name} `));
  return subject ? message.slice(subject.length + 1) : message;
}
