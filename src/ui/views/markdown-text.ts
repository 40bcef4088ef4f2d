import { presentable } from '../../text/redact.ts';

/** Longest text that is shown, in characters, where none is given. */
const LIMIT = 500;

/** Words from a cluster as Markdown text: they cannot become markup. */
export function plainMarkdown(text: string): string {
  return presentable(text, LIMIT)
    .replace(/\s+/g, ' ')
    .replace(/[\\`<>[\]*_#|!&]/g, '\\$&');
}

/** The same as code, in which spaces count. */
export function codeMarkdown(text: string, limit = LIMIT): string {
  return `\`${presentable(text, limit).replace(/\n/g, ' ').replace(/`/g, "'")}\``;
}
