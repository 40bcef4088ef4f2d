import type { AttemptRecord, Hypothesis } from '../../../domain/brain.ts';
import type { Finding } from '../../../domain/finding.ts';
import { refLabel } from '../../../domain/kube-object.ts';
import { stepArgv } from '../../../domain/plan.ts';
import type { Severity } from '../../../domain/severity.ts';
import { itemId } from '../../../domain/severity.ts';
import { commandText } from '../../../kubectl/command-text.ts';
import { counted, oneLine } from '../../../text/plain-text.ts';
import type { ActionCandidate, CauseCandidate } from '../../candidates/candidate.ts';
import type { EvidenceDesk } from '../evidence/evidence-desk.ts';

/** Lists as models are shown them. What comes from the cluster in them is cut to a line each. */

const MOST_ITEMS = 20;
const NONE = '(none)';

export function severityText(severity: Severity): string {
  if (!severity.known) return `unknown: ${oneLine(severity.reason)}`;
  const lines = severity.items.slice(0, MOST_ITEMS).map((item) => `- ${itemId(item)}: ${oneLine(item.message, 240)}`);
  const more = severity.items.length - lines.length;
  return [...lines, ...(more > 0 ? [`- and ${more} more`] : [])].join('\n') || NONE;
}

export function causesText(causes: readonly CauseCandidate[], evidence: EvidenceDesk): string {
  const lines = causes.map(({ id, object, text, evidence: facts }) => {
    const ids = facts.slice(0, 4).map((fact) => `[${evidence.file(fact)}]`);
    return `${id}: ${refLabel(object)}: ${oneLine(text, 240)} ${ids.join('')}`.trim();
  });
  return lines.join('\n') || NONE;
}

export function actionsText(actions: readonly ActionCandidate[]): string {
  const lines = actions.map(({ id, text, causes }) => {
    const against = causes.length > 0 ? ` (against ${causes.join(', ')})` : '';
    return `${id}: ${oneLine(text, 240)}${against}`;
  });
  return lines.join('\n') || NONE;
}

export function hypothesesText(hypotheses: readonly Hypothesis[], findings: readonly Finding[]): string {
  const lines = hypotheses.flatMap(({ cause, confidence }) => {
    const finding = findings.find(({ id }) => id === cause);
    if (!finding) return [];
    return [`- ${refLabel(finding.object)}: ${oneLine(finding.message, 240)} (${confidence.toFixed(2)})`];
  });
  return lines.join('\n') || NONE;
}

export function attemptsText(attempts: readonly AttemptRecord[]): string {
  const blocks = attempts.map(({ attempt, plan, outcome, reason, lesson }) => {
    const commands = plan.steps.map((step) => `  ${commandText(stepArgv(step))}`);
    const learnt = lesson ? [`  learnt: ${oneLine(lesson, 400)}`] : [];
    return [
      `attempt ${attempt} (${counted(commands.length, 'command')}), ${outcome}: ${oneLine(reason, 300)}`,
      ...commands,
      ...learnt,
    ].join('\n');
  });
  return blocks.join('\n') || NONE;
}
