import { commandIn } from './command-text.ts';
import { blockKind } from './fences.ts';
import type { CodeBlock } from './fences.ts';

/** What may stand before a fence: quotes, list marks and blanks in any number. */
const FENCE = /^((?:[ \t>]|[-*+][ \t]|\d+[.)][ \t])*)(`{3,}|~{3,})[ \t]*([^`\n]*)$/;
const QUOTE = /^[ \t]*>[ \t>]*/;

/**
 * The code blocks of a Markdown text: fences however deep they stand in lists and quotes, and indented blocks that begin
 * with a kubectl command.
 */
export function markdownBlocks(text: string): CodeBlock[] {
  const blocks: CodeBlock[] = [];
  let open: { fence: string; label: string; start: number; quoted: boolean } | undefined;
  let indented: { start: number; end: number } | undefined;
  let wasBlank = true;
  let at = 0;
  const close = (end: number): void => {
    if (!open || open.start >= end) return;
    const body = text.slice(open.start, end);
    blocks.push({ ...blockKind(open.label), start: open.start, text: open.quoted ? withoutQuotes(body) : body });
  };
  const closeIndented = (): void => {
    if (indented) blocks.push({ kind: 'shell', start: indented.start, text: text.slice(indented.start, indented.end) });
    indented = undefined;
  };
  for (const whole of text.split('\n')) {
    const line = whole.endsWith('\r') ? whole.slice(0, -1) : whole;
    const match = FENCE.exec(line);
    if (open) {
      const trimmed = line.replace(QUOTE, '').trim();
      const closes = trimmed.startsWith(open.fence) && trimmed.replaceAll(open.fence.charAt(0), '') === '';
      // A quote ends its fence with it.
      if (closes || (open.quoted && !QUOTE.test(line))) {
        close(at);
        open = undefined;
      }
    } else if (match) {
      closeIndented();
      open = { fence: match[2] ?? '', label: match[3] ?? '', start: at + whole.length + 1, quoted: QUOTE.test(line) };
    } else if (/^(?: {4}|\t)\s*\S/.test(line) && (indented ?? (wasBlank && isCommand(line)))) {
      indented = { start: indented?.start ?? at, end: at + whole.length };
    } else if (line.trim() !== '') closeIndented();
    wasBlank = line.trim() === '';
    at += whole.length + 1;
  }
  close(text.length);
  closeIndented();
  return blocks;
}

function isCommand(line: string): boolean {
  return commandIn(line.trimStart().replace(/^\$ +/, '')) === 0;
}

function withoutQuotes(body: string): string {
  return body.replace(/^[ \t]*>[ \t>]*/gm, (marks) => ' '.repeat(marks.length));
}
