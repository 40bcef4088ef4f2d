import { presentable } from '../../text/redact.ts';

/** Longest text that is shown, in characters, where none is given. */
const LIMIT = 500;

/** What a preview makes a link of by itself. */
const ADDRESS = /(\S*:\/\/\S*|\S+@\S+)/;

/** Words from a cluster as Markdown text: they cannot become markup, and addresses in them no links. */
export function plainMarkdown(text: string): string {
  return presentable(text, LIMIT)
    .replace(/\s+/g, ' ')
    .split(ADDRESS)
    .map((part, index) => (index % 2 === 1 ? codeMarkdown(part) : part.replace(/[\\`<>[\]*_#|!&]/g, '\\$&')))
    .join('');
}

/** Lines as a block of code: places count, and nothing in them is markup. */
export function blockMarkdown(lines: readonly string[], limit = LIMIT): string[] {
  const shown = lines.map((line) => presentable(line, limit).replace(/\n/g, ' '));
  const longest = Math.max(2, ...shown.flatMap((line) => (line.match(/`+/g) ?? []).map(({ length }) => length)));
  const fence = '`'.repeat(longest + 1);
  return [`${fence}text`, ...shown, fence];
}

/** The same as code, in which spaces count. */
export function codeMarkdown(text: string, limit = LIMIT): string {
  return `\`${presentable(text, limit).replace(/\n/g, ' ').replace(/`/g, "'")}\``;
}
