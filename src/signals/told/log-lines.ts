import { refLabel } from '../../domain/kube-object.ts';
import { saidWords } from '../../domain/signal-words.ts';
import type { LogsSeen, LogTemplateSeen } from '../../domain/signals-now.ts';
import { shortLocalTime } from '../../text/local-time.ts';
import { oneLine } from '../../text/plain-text.ts';
import type { Paint } from './paint.ts';

const TEMPLATES = 4;
const WORDS = 160;

/** What programs write since something began, as lines of text. @param most templates that are shown */
export function logLines(logs: LogsSeen, paint: Paint, most = TEMPLATES): string[] {
  const { source, from, to, templates, more, unknown } = logs;
  const since = `since ${time(from, to)}`;
  if (templates.length === 0) {
    const said = unknown
      ? `nothing is known of what is written: ${oneLine(unknown, WORDS)}`
      : 'nothing new and nothing of trouble';
    return [`logs ${since}: ${said} (${oneLine(source, WORDS)})`];
  }
  const left = Math.max(0, templates.length - most) + more;
  return [
    `logs ${since}, from ${oneLine(source, WORDS)}:`,
    ...templates.slice(0, most).flatMap((one) => linesOf(one, logs, paint)),
    ...(left > 0 ? [`  ${paint('dim', `and ${left} more kinds of lines`)}`] : []),
    ...(unknown ? [`  ${paint('yellow', 'which of it is new is not known:')} ${oneLine(unknown, WORDS)}`] : []),
  ];
}

function linesOf(seen: LogTemplateSeen, logs: LogsSeen, paint: Paint): string[] {
  const { text, object, first, last, isNew, isTrouble } = seen;
  const mark = isNew ? paint('red', 'new') : isTrouble ? paint('yellow', 'trouble') : paint('dim', 'said');
  const times = `first ${time(first, logs.to)}, last ${time(last, logs.to)}`;
  return [
    `  ${mark} ${object ? `${refLabel(object)}: ` : ''}${oneLine(text, WORDS)}`,
    `    ${paint('dim', `${saidWords(seen, logs)}; ${times}`)}`,
  ];
}

function time(at: number, now: number): string {
  return shortLocalTime(new Date(at).toISOString(), now);
}
