import { blockKind } from './fences.ts';
import type { CodeBlock } from './fences.ts';

const DELIMITER = /^(-{4,}|\.{4,}|`{3,})([^`\n]*)$/;
/** `[source,bash]`, `[,console,subs=…]`, `[source%nowrap,sh]`. */
const ATTRIBUTES = /^\[(?:source|listing|literal)?[^\],]*(?:,\s*([\w+-]+))?[^\]]*\]$/;

/** The listing and literal blocks of an AsciiDoc text (docs.asciidoctor.org, "Source code blocks"). */
export function asciidocBlocks(text: string): CodeBlock[] {
  const blocks: CodeBlock[] = [];
  let label = '';
  let open: { delimiter: string; label: string; start: number } | undefined;
  let at = 0;
  for (const whole of text.split('\n')) {
    const line = whole.trim();
    const match = DELIMITER.exec(line);
    if (open) {
      if (line === open.delimiter) {
        blocks.push({ ...blockKind(open.label), start: open.start, text: text.slice(open.start, at) });
        open = undefined;
      }
    } else if (match) {
      open = { delimiter: match[1] ?? '', label: match[2]?.trim() || label, start: at + whole.length + 1 };
      label = '';
    } else {
      const attributes = ATTRIBUTES.exec(line);
      if (attributes) label = attributes[1] ?? '';
      else if (line !== '' && !line.startsWith('.')) {
        // A paragraph with attributes of its own is a block up to the next blank line.
        if (label !== '') {
          const end = text.indexOf('\n\n', at);
          blocks.push({ ...blockKind(label), start: at, text: text.slice(at, end < 0 ? text.length : end) });
        }
        label = '';
      }
    }
    at += whole.length + 1;
  }
  if (open && open.start < text.length)
    blocks.push({ ...blockKind(open.label), start: open.start, text: text.slice(open.start) });
  return blocks;
}
