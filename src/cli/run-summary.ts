import { OUTCOME_TEXT, OWN_WRITER_TEXT } from '../domain/run-event.ts';
import type { RunEvent, RunResult } from '../domain/run-event.ts';
import { commandText } from '../kubectl/command-text.ts';
import { counted } from '../text/plain-text.ts';
import { adviceForRun } from './advice.ts';
import { spendLines } from './model-lines.ts';
import { painter } from './paint.ts';
import { suspectLine } from '../signals/told/signal-lines.ts';

/** How a run ended, for a person: the last lines on the terminal. */
export function runSummary(result: RunResult, events: readonly RunEvent[], colour: boolean): string {
  const paint = painter(colour);
  const good = result.outcome === 'resolved' || result.outcome === 'healthy';
  const untouched = !events.some(({ type }) => type === 'checkpointed');
  const own = events.some((event) => event.type === 'lockDenied' && event.own);
  const word = result.owed ? 'Not begun' : own ? OWN_WRITER_TEXT : OUTCOME_TEXT[result.outcome];
  const nothing = untouched && !good && !result.owed ? '; nothing was changed' : '';
  const undoWrites = result.undoWrites ?? 0;
  const writes = `${counted(result.writes - undoWrites, 'write')} of the fix${undoWrites > 0 ? `, ${undoWrites} of the undo` : ''}`;
  const lines = [
    `${paint(good ? 'green' : 'yellow', word)}: ${result.reason}${nothing}`,
    `severity ${result.muBefore ?? 'unknown'} → ${result.muAfter ?? 'unknown'}, ${counted(result.attempts, 'attempt')}, ${writes}, ${result.seconds.toFixed(1)} s`,
  ];
  const read = events.findLast((event) => event.type === 'signals');
  if (read?.type === 'signals') lines.push(...suspectLine(read.shown));
  lines.push(...spendLines(events));
  const commands = commandsByTransaction(events);
  for (const tx of result.transactions) {
    for (const argv of commands.get(tx) ?? []) lines.push(`changed by ${commandText(argv)}`);
    lines.push(`  transaction ${tx}: to take it back, 'stratus undo --tx ${tx}'`);
  }
  if (adviceForRun(result)) lines.push(adviceForRun(result));
  return `${lines.join('\n')}\n`;
}

/** Those that wrote something. */
function commandsByTransaction(events: readonly RunEvent[]): Map<string, string[][]> {
  const commands = new Map<string, string[][]>();
  let current: string[][] = [];
  for (const event of events) {
    if (event.type === 'checkpointed') commands.set(event.tx, (current = []));
    if (event.type === 'command' && event.writes > 0) current.push(event.argv);
  }
  return commands;
}
