import type { Target } from '../../domain/target.ts';
import type { OpenTelemetry } from '../../run/telemetry/session-telemetry.ts';
import { counted } from '../../text/plain-text.ts';
import { codeMarkdown, plainMarkdown } from '../views/markdown-text.ts';

const ROLES = { metrics: 'metrics', alerts: 'alerts', traces: 'traces', logs: 'logs' } as const;

/** What is lost for a run where a source does not answer. */
const WITHOUT: Record<keyof typeof ROLES, string> = {
  metrics:
    'Incidents that only metrics show are not seen, and objectives are unknown: no change is kept while they are.',
  alerts: 'How severe an incident is stays unknown: no change is kept while it does.',
  traces: 'Nobody is suspected by traces.',
  logs: 'Logs are read from the containers only, as far as those keep them.',
};

/** What answers, as a Markdown document. */
export function telemetryText(target: Target, { opened, notes }: Omit<OpenTelemetry, 'sources'>): string {
  const silent = opened.filter(({ problem }) => problem !== null);
  const told = opened.map(({ problem }) => problem);
  return [
    `# ${plainMarkdown(target.context)}: ${counted(opened.length - silent.length, 'source')} of ${opened.length} answer`,
    '',
    '| | for | source | seen |',
    '|---|---|---|---|',
    ...opened.map(
      ({ role, name, version, problem, note }) =>
        `| ${problem === null ? 'answers' : '**fails**'} | ${ROLES[role]} | ${plainMarkdown(name)} | ${plainMarkdown([problem ?? version, note].filter(Boolean).join('; '))} |`,
    ),
    ...(silent.length > 0 ? ['', '## What follows', ''] : []),
    ...[...new Set(silent.map(({ role }) => role))].map((role) => `- No ${ROLES[role]}: ${WITHOUT[role]}`),
    // What does not answer stands in the table.
    ...notes.filter((note) => !told.includes(note)).flatMap((note) => ['', plainMarkdown(note)]),
    '',
    `Asked for ${codeMarkdown(target.context)} (${codeMarkdown(target.server)}). Nothing was changed.`,
    '',
  ].join('\n');
}
