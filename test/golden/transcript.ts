import { existsSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { refLabel } from '../../src/domain/kube-object.ts';
import type { RunEvent } from '../../src/domain/run-event.ts';
import { mu } from '../../src/domain/severity.ts';
import { stepArgv } from '../../src/domain/plan.ts';

/**
 * A run as stable text: what happened in which order, without times, generated ids and pod name suffixes. Golden files
 * hold such transcripts; UPDATE=1 rewrites them.
 */
export function transcript(events: readonly RunEvent[]): string {
  const lines = events.flatMap(describe).map(stable);
  return `${lines.filter((line, index) => line !== lines[index - 1]).join('\n')}\n`;
}

function describe(event: RunEvent): string[] {
  switch (event.type) {
    case 'phase':
      return [`== ${event.phase} (attempt ${event.attempt})`];
    case 'detected':
      return event.severity.known
        ? [`mu ${mu(event.severity)}`, ...event.severity.items.map((item) => `  ${item.source}: ${item.what}`).sort()]
        : [`mu unknown: ${event.severity.reason}`];
    case 'diagnosed':
      return event.findings.map((finding) => `finding ${finding.rule} on ${refLabel(finding.object)}`);
    case 'planned':
      return event.plan
        ? event.plan.steps.map((step) => `plan: ${stepArgv(step).join(' ')}`)
        : [`no plan: ${event.reason}`];
    case 'rehearsed':
      return event.steps.flatMap((step) => [
        `rehearsed ${step.ok ? 'ok' : `refused: ${step.problem}`}`,
        ...step.writes.map((write) => `  ${write.method} ${refLabel(write.ref)}: undo ${write.undo.class}`),
      ]);
    case 'approved':
      return [`approved by ${event.by.id}`];
    case 'command':
      return [`ran: ${event.argv.join(' ')} -> exit ${event.exitCode}, ${event.writes} write(s)`];
    case 'stepFailed':
      return [`step failed: ${event.reason}`];
    case 'judged':
      return [`judged: ${event.verdict.commit ? 'commit' : 'undo'}`];
    case 'undone': {
      const { result } = event;
      if (result.outcome !== 'undone') return [`undo: ${result.outcome}`];
      const equal = result.proof.hashBefore === result.proof.hashAfter ? 'equal' : 'different';
      return [`undone: ${result.writes} write(s), checkpoint and now ${equal}, L1 ${result.proof.levels.L1}`];
    }
    case 'result': {
      const { outcome, attempts, muBefore, muAfter, transactions } = event.result;
      return [
        `result ${outcome}: mu ${muBefore} -> ${muAfter}, ${attempts} attempt(s), ${transactions.length} committed`,
      ];
    }
    default:
      return [];
  }
}

function stable(line: string): string {
  return line
    .replaceAll(/\b[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}\b/g, '<uid>')
    .replaceAll(/-[0-9a-f]{8,10}-[a-z0-9]{5}\b/g, '-<pod>');
}

/** The checked-in transcript of that name, and a way to compare. */
export function golden(name: string, text: string): { expected: string; actual: string } {
  const file = join(import.meta.dirname, 'transcripts', `${name}.txt`);
  if (process.env.UPDATE) {
    mkdirSync(dirname(file), { recursive: true });
    writeFileSync(file, text);
  }
  return { expected: existsSync(file) ? readFileSync(file, 'utf8') : '', actual: text };
}
