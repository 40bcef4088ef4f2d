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

/** The same as code, in which spaces count. */
export function codeMarkdown(text: string, limit = LIMIT): string {
  return `\`${presentable(text, limit).replace(/\n/g, ' ').replace(/`/g, "'")}\``;
}
