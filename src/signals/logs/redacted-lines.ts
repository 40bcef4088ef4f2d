import type { LogLine } from '../../domain/telemetry.ts';
import { redact } from '../../text/redact.ts';
import { streamsOf } from './streams.ts';

/** Stands alone on a line: nothing that a program writes is left with such a character. */
const MARK = /\u0001(\d+)\u0001\n?/;

/** Lines without credentials, those that span lines of one container included: what held one may be missing. */
export function redactedLines(lines: readonly LogLine[]): LogLine[] {
  return streamsOf(lines).flatMap(redactedStream);
}

function redactedStream(stream: readonly LogLine[]): LogLine[] {
  const texts = stream.map(({ text }) => text.replaceAll(/[\n\u0001]/g, ' '));
  const plain = redact(texts.join('\n')).split('\n');
  if (plain.length === stream.length) return stream.map((line, index) => ({ ...line, text: plain[index]! }));
  // Something was taken out over several lines: marks between the lines tell which of them are left.
  const parts = redact(texts.map((text, index) => `\u0001${index}\u0001\n${text}`).join('\n')).split(MARK);
  const left: LogLine[] = [];
  for (let at = 1; at + 1 < parts.length; at += 2) {
    const line = stream[Number(parts[at])];
    if (line) left.push({ ...line, text: parts[at + 1]!.replace(/\n$/, '').replaceAll('\n', ' ') });
  }
  return left;
}
