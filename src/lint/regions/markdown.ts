import { DYNAMIC } from '../../kubectl/flag-values.ts';
import { verbatim } from '../source-text.ts';
import { foreignShell } from './region.ts';
import type { Region } from './region.ts';

const FENCE = /^( {0,3}|\s*(?:[-*+]|\d+\.)\s+)(`{3,}|~{3,})[^\S\n]*([\w+-]*)[^\n]*$/;
const SHELL_FENCES = new Set(['sh', 'bash', 'shell', 'zsh', 'console', 'shell-session', 'terminal', 'shellscript']);

/** Shell code fences. In console sessions only the lines after a `$` or `>` prompt are commands. */
export function markdownRegions(text: string): Region[] {
  const regions: Region[] = [];
  let open: { fence: string; language: string; start: number } | undefined;
  let at = 0;
  for (const line of text.split('\n')) {
    const match = FENCE.exec(line.endsWith('\r') ? line.slice(0, -1) : line);
    const fence = match?.[2] ?? '';
    if (open) {
      const trimmed = line.trim();
      if (trimmed.startsWith(open.fence) && trimmed.replaceAll(open.fence.charAt(0), '') === '') {
        addFence(text, open.start, at, open.language, regions);
        open = undefined;
      }
    } else if (match && (SHELL_FENCES.has((match[3] ?? '').toLowerCase()) || foreignShell(match[3] ?? ''))) {
      open = { fence, language: (match[3] ?? '').toLowerCase(), start: at + line.length + 1 };
    } else if (match) open = { fence, language: '', start: at + line.length + 1 };
    at += line.length + 1;
  }
  if (open) addFence(text, open.start, text.length, open.language, regions);
  return regions;
}

/** Readers fill in `<name>`; for the shell it would be a redirection. The length stays the same. */
function withoutPlaceholders(body: string): string {
  return body.replace(/<[A-Za-z][\w .:/|-]*>/g, (placeholder) => DYNAMIC.repeat(placeholder.length));
}

function addFence(text: string, start: number, end: number, language: string, regions: Region[]): void {
  if (language === '' || start >= end) return;
  const shell = foreignShell(language);
  if (shell) {
    regions.push({ kind: 'foreign', source: verbatim(text.slice(start, end), start), shell, interactive: true });
    return;
  }
  const body = withoutPlaceholders(text.slice(start, end));
  if (!/^\s*[$>%] /m.test(body)) {
    regions.push({ kind: 'script', source: verbatim(body, start), interactive: true });
    return;
  }
  const blanked: string[] = [];
  let continues = false;
  for (const line of body.split('\n')) {
    const prompt = /^(\s*)([$%>]) (?=\S)/.exec(line);
    const shown = prompt
      ? ' '.repeat(prompt[0].length) + line.slice(prompt[0].length)
      : continues
        ? line
        : ' '.repeat(line.length);
    blanked.push(shown);
    continues = (prompt !== null || continues) && /\\\r?$/.test(line);
  }
  regions.push({ kind: 'script', source: verbatim(blanked.join('\n'), start), interactive: true });
}
