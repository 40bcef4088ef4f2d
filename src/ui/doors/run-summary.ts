import type { RunSnapshot } from '../../../webview/protocol/run-snapshot.ts';
import type { Evidence, Finding } from '../../domain/finding.ts';
import { SOURCE_TEXT } from '../../domain/finding.ts';
import { refLabel } from '../../domain/kube-object.ts';
import { zonedTime } from '../../text/local-time.ts';
import { presentable } from '../../text/redact.ts';

/** A run for a chat or a ticket: what was wrong, why, what was changed, how it stands. Plain text. */
export function runSummary(snapshot: RunSnapshot, now = Date.now()): string {
  const { target, headline, severity, findings, telemetry, plan, attempts, transactions, startedAt, endedAt } =
    snapshot;
  const seconds = Math.round(((endedAt ?? now) - startedAt) / 1_000);
  const level = (value: number | null) => (value === null ? 'unknown' : String(value));
  const lines = [
    `${headline.title}: ${target.namespace} @ ${target.context}${target.protected ? ' (protected)' : ''}`,
    ...(headline.detail ? [headline.detail] : []),
    `Started ${zonedTime(new Date(startedAt))}, ${endedAt === null ? `running for ${seconds} s` : `took ${seconds} s`}. Severity ${level(severity.before)} at the start, ${severity.stale ? 'not read since the undo' : `${level(severity.now)} at the last reading`}.`,
  ];
  const wrong = severity.items.filter(({ state }) => state !== 'gone');
  const section = (title: string, rows: string[]) => {
    if (rows.length > 0) lines.push('', title, ...rows);
  };
  section(
    severity.stale ? 'Wrong at the start, not read since the undo:' : 'Still wrong:',
    wrong.map(({ object, message }) => `- ${object}: ${message}`),
  );
  section(
    'Causes:',
    findings.flatMap(({ object, message, unfixed, evidence }) => [
      `- ${message} (${object})${unfixed ? `. No fix is known: ${unfixed}` : ''}`,
      ...evidence.map((row) => `  ${evidenceLine(row)}`),
    ]),
  );
  section('Telemetry:', telemetryRows(telemetry));
  if (plan && attempts.length === 0)
    section(
      'Proposed:',
      plan.steps.map(({ command }) => `- ${command}`),
    );
  section(
    'Attempts:',
    attempts.map(({ attempt, title, outcome, reason }) => `- ${attempt}. ${title}: ${outcome}, ${reason}`),
  );
  section(
    'Changes:',
    transactions.map(({ id, state }) => `- ${id}: ${state}`),
  );
  return `${lines.join('\n')}\n`;
}

function telemetryRows(telemetry: RunSnapshot['telemetry']): string[] {
  if (!telemetry) return [];
  const { logs, together, kernel } = telemetry;
  return [
    ...together.map(({ what, root, reason }) => `- ${what}${root ? `; it begins at ${root}: ${reason}` : ''}`),
    ...telemetry.suspects.map(
      ({ object, pod, message, sure }) =>
        `- It probably begins in ${object}${pod ? `, in one pod only (${pod})` : ''}: ${message} (${sure})`,
    ),
    ...telemetry.signals.map(
      ({ object, message, standing }) => `- ${object ? `${object}: ` : ''}${message} (${standing})`,
    ),
    ...kernel.map((text) => `- Kernels: ${text}`),
    ...(logs?.rows ?? []).map(
      ({ mark, object, text, said }) =>
        `- Log${mark === 'said' ? '' : `, ${mark}`}: ${object ? `${object}: ` : ''}${text} (${said})`,
    ),
    ...telemetry.unknown.map((reason) => `- Not known: ${reason}`),
  ];
}

/** A finding with its evidence, as plain text. */
export function findingText({ message, object, evidence, unfixed, fixes }: Finding): string {
  const rows = evidence.map(
    ({ object: about, ...rest }) => `  ${evidenceLine({ ...rest, object: about ? refLabel(about) : '' })}`,
  );
  const none = fixes.length === 0 ? [`No fix is known${unfixed ? `: ${unfixed}` : ''}`] : [];
  return presentable([`${message} (${refLabel(object)})`, ...rows, ...none].join('\n'), 20_000);
}

function evidenceLine(row: { source: string; object: string; field?: string; text: string }): string {
  const where = [row.object, row.field].filter(Boolean).join(' ');
  const source = SOURCE_TEXT[row.source as Evidence['source']] ?? row.source;
  return `${source}${where ? ` ${where}` : ''}: ${row.text}`;
}
