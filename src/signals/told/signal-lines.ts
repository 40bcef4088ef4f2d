import { refLabel } from '../../domain/kube-object.ts';
import { LEVEL_TEXT, suspectWords } from '../../domain/signal-words.ts';
import type { Signal, Suspect } from '../../domain/signals.ts';
import type { ShownSignals, Waterfall, WaterfallRow } from '../../domain/signals-now.ts';
import { chartText } from '../charts/chart.ts';
import { durationText } from '../../text/amount.ts';
import { oneLine } from '../../text/plain-text.ts';
import { incidentLines } from './incident-lines.ts';
import { logLines } from './log-lines.ts';
import type { Paint } from './paint.ts';

/** Together at most 45 lines. */
const SUSPECTS = 3;
const SIGNALS = 4;
const CALLS = 6;
const KERNEL = 3;
const UNKNOWN = 2;
/** Characters of a sentence, of a chart, of a waterfall's words and of its bars. */
const WORDS = 200;
const CHART = 40;
const CALL = 40;
const BAR = 30;
const DEEPEST = 6;

/**
 * What telemetry showed, as lines of text: what belongs together, whom traces name, a trace, signals, kernels, logs, what
 * is not known.
 */
export function signalLines(shown: ShownSignals, paint: Paint): string[] {
  const { at, incidents = [], suspects, waterfall, signals, kernel = [], logs, unknown } = shown;
  return [
    ...incidents.slice(0, 1).flatMap((one) => incidentLines(one, at, paint)),
    ...suspectLines(suspects, paint),
    ...(waterfall ? waterfallLines(waterfall, paint) : []),
    ...capped(signals, SIGNALS, 'to be seen', (one) => linesOfSignal(one, paint)),
    ...capped(kernel, KERNEL, 'of kernels', ({ message }) => [`${paint('yellow', 'kernel:')} ${words(message)}`]),
    ...(logs ? logLines(logs, paint) : []),
    ...capped(unknown, UNKNOWN, 'not known', (one) => [`${paint('yellow', 'not known:')} ${words(one)}`]),
  ];
}

/** Whom traces name, in one line and those that come next; none where nobody is suspected. */
export function suspectLine({ suspects: [first, ...others] }: ShownSignals): string[] {
  if (!first) return [];
  const next = nextText(others);
  return [`traces name ${nameOf(first)} (${suspectWords(first)}): ${words(first.message)}${next ? `; ${next}` : ''}`];
}

function suspectLines([first, ...others]: readonly Suspect[], paint: Paint): string[] {
  if (!first) return [];
  const pod = first.pod ? `, in ${refLabel(first.pod)} only` : '';
  const next = nextText(others);
  return [
    `traces name ${paint('bold', nameOf(first))}${pod}: ${words(first.message)}`,
    `  ${paint('dim', suspectWords(first))}`,
    ...(next ? [`  ${next}`] : []),
  ];
}

/** `next: cart (uncertain: …), mail (a guess: …)`. */
function nextText(others: readonly Suspect[]): string {
  const shown = others.slice(0, SUSPECTS - 1).map((one) => `${nameOf(one)} (${suspectWords(one).split(':')[0]!})`);
  const left = others.length - shown.length;
  return shown.length === 0 ? '' : `next: ${shown.join(', ')}${left > 0 ? ` and ${left} more` : ''}`;
}

function nameOf({ node }: Suspect): string {
  return node.object ? refLabel(node.object) : words(node.name);
}

function linesOfSignal({ level, object, message, chart }: Signal, paint: Paint): string[] {
  const standing = paint(level === 'incident' ? 'red' : 'yellow', `${LEVEL_TEXT[level]}:`);
  const [bars = '', said = ''] = chart ? chartText(chart, CHART) : [];
  return [
    `${standing} ${object ? `${refLabel(object)}: ` : ''}${words(message)}`,
    ...(chart ? [`  ${bars}  ${paint('dim', words(said))}`] : []),
  ];
}

function waterfallLines({ trace, durationMs, rows, cut }: Waterfall, paint: Paint): string[] {
  const shown = tellingRows(rows);
  const left = rows.length - shown.length + cut;
  return [
    `trace ${paint('bold', words(trace))}, ${durationText(durationMs)}`,
    ...shown.map((row) => callLine(row, durationMs, paint)),
    ...(left > 0 ? [`  ${paint('dim', `${left} more ${left === 1 ? 'call' : 'calls'}`)}`] : []),
  ];
}

/** The first call, those that failed, the deepest first, and the longest; in their order. */
function tellingRows(rows: readonly WaterfallRow[]): WaterfallRow[] {
  const rank = (index: number): number => (index === 0 ? 2 : rows[index]!.isError ? 1 : 0);
  const weight = ({ isError, depth, durationMs }: WaterfallRow): number => (isError ? depth : durationMs);
  const chosen = rows
    .map((_, index) => index)
    .sort((a, b) => rank(b) - rank(a) || weight(rows[b]!) - weight(rows[a]!))
    .slice(0, CALLS);
  return rows.filter((_, index) => chosen.includes(index));
}

function callLine(
  { service, operation, depth, startMs, durationMs, isError }: WaterfallRow,
  whole: number,
  paint: Paint,
): string {
  const indent = ' '.repeat(2 * Math.min(depth, DEEPEST));
  const call = `${indent}${oneLine(`${service} ${operation}`, CALL - indent.length)}`.padEnd(CALL);
  const place = (ms: number) => Math.round((Math.min(Math.max(ms, 0), whole) / Math.max(whole, 1e-9)) * BAR);
  const start = Math.min(place(startMs), BAR - 1);
  const length = Math.max(1, Math.min(place(startMs + durationMs), BAR) - start);
  const bar = `${' '.repeat(start)}${'━'.repeat(length)}`.padEnd(BAR);
  return `  ${call} ${paint(isError ? 'red' : 'blue', bar)} ${durationText(durationMs)}${isError ? paint('red', ' error') : ''}`;
}

function capped<T>(all: readonly T[], most: number, what: string, lines: (one: T) => string[]): string[] {
  const left = all.length - most;
  const more = left > 0 ? [`and ${left} more ${what}`] : [];
  return [...all.slice(0, most).flatMap(lines), ...more];
}

function words(text: string): string {
  return oneLine(text, WORDS);
}
