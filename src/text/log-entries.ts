import { oneLine } from './plain-text.ts';

/** One thing that a program said: a line, or a line with the stack trace below it. */
export interface LogEntry {
  /** Without its time; a stack trace is one remark at the end. */
  text: string;
  /** As the program wrote its time; null where it did not. */
  time: string | null;
  /** How many lines of the log it is. */
  lines: number;
}

const TIME =
  /^[[("]?((?:\d{4}[-/]\d\d[-/]\d\d[T ]\d\d:\d\d:\d\d(?:[.,]\d{1,9})?(?: ?(?:Z|UTC|[+-]\d\d:?\d\d))?)|(?:\d\d:\d\d:\d\d(?:[.,]\d{1,9})?)|(?:[A-Z][a-z]{2} [ \d]\d \d\d:\d\d:\d\d)|(?:\d\d\/[A-Z][a-z]{2}\/\d{4}:\d\d:\d\d:\d\d(?: [+-]\d{4})?))[\])"]?:?\s*/;
/** klog: level and day, then the time: `E1123 12:00:01.123456       1 main.go:12] `. */
const KLOG = /^([IWEF])\d{4} (\d\d:\d\d:\d\d\.\d{1,9}) {1,12}\d{1,9} ([^\]\s]{1,80})\] /;
/** What belongs to the trace of the line before it, whether or not its indentation was kept. */
const FRAME =
  /^\s*(?:at (?:[^(]{1,300}\(.*\)|\S{1,300})$|File "[^"]{1,400}", line \d|\.\.\. \d+ (?:more|common frames)|Caused by: |Suppressed: |goroutine \d+ \[|created by |[~^]+$|exit status \d+$|\S{1,400}\.(?:go|rs|rb|ex|php|c|cpp):\d+(?::\d+)?(?: \+0x[0-9a-f]+|:in .*)?$|$)/;
const PYTHON = /^Traceback \(most recent call last\):/;
const PYTHON_PLACE = /^\s*File "[^"]{1,400}", line \d/;
/** Go prints a function below `goroutine 1 [running]:` without indentation. */
const GO_FUNCTION = /^[\w./*()-]{1,200}\([^)]{0,300}\)$/;
const STEPS = 3;

/** Lines of a log as entries, in order; the lines of all entries are those of the log. */
export function logEntries(lines: readonly string[]): LogEntry[] {
  const entries: LogEntry[] = [];
  for (let at = 0; at < lines.length;) {
    const end = endOfEntry(lines, at);
    entries.push(entryOf(lines.slice(at, end)));
    at = end;
  }
  return entries;
}

function endOfEntry(lines: readonly string[], start: number): number {
  const python = PYTHON.test(withoutTime(lines[start]!).text);
  const indent = indentOf(lines[start]!);
  let goroutine = false;
  for (let end = start + 1; end < lines.length; end++) {
    const line = lines[end]!;
    if (/^goroutine \d+ \[/.test(line)) goroutine = true;
    const belongs = FRAME.test(line) || indentOf(line) > indent || (goroutine && GO_FUNCTION.test(line));
    if (belongs || (python && PYTHON_PLACE.test(lines[end - 1]!))) continue;
    // The line that says what went wrong ends a trace of Python.
    return python ? end + 1 : end;
  }
  return lines.length;
}

function indentOf(line: string): number {
  return line.length - line.trimStart().length;
}

function entryOf(lines: readonly string[]): LogEntry {
  const head = withoutTime(lines[0]!);
  const text = fromJson(head.text) ?? oneLine(head.text, 1_000);
  const rest = lines.slice(1).filter((line) => line.trim() !== '');
  if (rest.length === 0) return { text, time: head.time ?? timeIn(head.text), lines: lines.length };
  const causes = rest.filter((line) => /^\s*Caused by: |^[\w.]{1,120}(?:Error|Exception)\b/.test(line));
  const steps = rest.filter((line) => !causes.includes(line)).slice(0, STEPS);
  const told = [...causes.slice(0, STEPS), ...steps].map((line) => oneLine(line, 160)).join(' | ');
  return { text: oneLine(`${text} [${rest.length} more lines: ${told}]`, 1_200), time: head.time, lines: lines.length };
}

function withoutTime(line: string): { text: string; time: string | null } {
  const klog = KLOG.exec(line);
  if (klog) return { text: `${klog[1]} ${klog[3]}] ${line.slice(klog[0].length)}`, time: klog[2]! };
  const match = TIME.exec(line);
  return match ? { text: line.slice(match[0].length), time: match[1]! } : { text: line, time: null };
}

const TIME_KEYS = ['ts', 'time', 'timestamp', '@timestamp', 't', 'eventTime'];
const LEVEL_KEYS = ['level', 'lvl', 'severity', 'log.level'];
const TEXT_KEYS = ['msg', 'message', 'event'];

/** `error: what it says {key: value}` of a line of JSON; null for every other line. */
function fromJson(line: string): string | null {
  const parsed = parsedLine(line);
  if (!parsed) return null;
  const named = (keys: string[]) => keys.map((key) => parsed[key]).find((value) => typeof value === 'string') ?? '';
  const rest = Object.entries(parsed).filter(
    ([key]) => ![...TIME_KEYS, ...LEVEL_KEYS, ...TEXT_KEYS].includes(key) && key !== 'stacktrace',
  );
  const details = rest.map(([key, value]) => `${key}=${typeof value === 'string' ? value : JSON.stringify(value)}`);
  return oneLine([named(LEVEL_KEYS), named(TEXT_KEYS), ...details].filter((part) => part !== '').join(' '), 1_000);
}

function timeIn(line: string): string | null {
  const parsed = parsedLine(line);
  const value = parsed && TIME_KEYS.map((key) => parsed[key]).find((each) => each !== undefined);
  return value === undefined || value === null ? null : oneLine(value, 40);
}

function parsedLine(line: string): Record<string, unknown> | null {
  if (!line.startsWith('{') || !line.trimEnd().endsWith('}')) return null;
  try {
    return JSON.parse(line) as Record<string, unknown>;
  } catch {
    // A line that only looks like JSON is text like any other.
    return null;
  }
}
