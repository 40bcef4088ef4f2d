import { presentable } from '../../text/redact.ts';

/** Words from a cluster as Markdown text: they cannot become markup. */
export function plainMarkdown(text: string, limit = 500): string {
  return presentable(text, limit)
    .replace(/\s+/g, ' ')
    .replace(/[\\`<>[\]*_#|!&]/g, '\\$&');
}

/** The same as code. */
export function codeMarkdown(text: string, limit = 2_000): string {
  return `\`${presentable(text, limit).replace(/\s+/g, ' ').replace(/`/g, "'")}\``;
}
