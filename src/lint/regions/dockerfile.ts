import { isShebang } from '../shell/script-text.ts';
import type { ArgWord } from '../shell/words.ts';
import { isKubectlImage } from '../shell/wrappers.ts';
import { verbatim } from '../source-text.ts';
import { foreignShell } from './region.ts';
import type { ForeignShell, Region } from './region.ts';

const INSTRUCTION =
  /^[^\S\n]*(?:ONBUILD[^\S\n]+)?(FROM|RUN|CMD|ENTRYPOINT|SHELL|HEALTHCHECK|COPY|ADD|ENV|ARG)[^\S\n]+/i;

/** The words of a JSON array of strings at `start`; undefined if it is none. */
function execForm(text: string, start: number, end: number): ArgWord[] | undefined {
  const body = text.slice(start, end).trim();
  if (!body.startsWith('[')) return undefined;
  try {
    const list: unknown = JSON.parse(body.replaceAll(/\\\r?\n/g, '\n'));
    if (!Array.isArray(list) || !list.every((item) => typeof item === 'string')) return undefined;
  } catch {
    // Not the JSON form, so Docker runs it as shell.
    return undefined;
  }
  const words: ArgWord[] = [];
  for (const match of text.slice(start, end).matchAll(/"((?:[^"\\]|\\.)*)"/g)) {
    const value: unknown = JSON.parse(`"${match[1] ?? ''}"`);
    const from = start + match.index + 1;
    if (typeof value === 'string') words.push({ value, start: from, end: from + (match[1]?.length ?? 0) });
  }
  return words;
}

/** RUN, CMD, ENTRYPOINT and HEALTHCHECK in shell form, exec form and with here-documents, and scripts that COPY writes. */
export function dockerfileRegions(text: string): Region[] {
  const regions: Region[] = [];
  const lines = text.split('\n');
  const variables = new Map<string, string>();
  /** The image, or its ENTRYPOINT, is kubectl: CMD holds its arguments. */
  let isEntryPoint = false;
  let shell: ForeignShell | undefined;
  let at = 0;
  for (let index = 0; index < lines.length; index++) {
    const first = lines[index] ?? '';
    const match = INSTRUCTION.exec(first);
    const lineStart = at;
    at += first.length + 1;
    if (!match) continue;
    let end = lineStart + first.length;
    for (let line = first; (shell ? /[\\`]\s*$/ : /\\\s*$/).test(line) || (/^\s*#/.test(line) && line !== first);) {
      const next = lines[index + 1];
      if (next === undefined) break;
      index++;
      at += next.length + 1;
      end = at - 1;
      line = next;
    }
    const heredoc = shell ? null : /<<-?\s*["']?(\w+)["']?/.exec(text.slice(lineStart, end));
    const isCopy = /^(COPY|ADD)$/i.test(match[1] ?? '');
    if (heredoc?.[1] && (isCopy || /^RUN$/i.test(match[1] ?? ''))) {
      const bodyStart = end + 1;
      while (index + 1 < lines.length) {
        const next = lines[++index] ?? '';
        at += next.length + 1;
        end = at - 1;
        if (next.trim() === heredoc[1]) break;
      }
      const direct = new RegExp(`^(?:--\\S+\\s+)*<<-?\\s*["']?${heredoc[1]}["']?\\s*$`).test(
        text.slice(lineStart + match[0].length, bodyStart - 1),
      );
      if (isCopy) {
        const body = text.slice(bodyStart, Math.max(bodyStart, end - heredoc[1].length));
        const isScript = isShebang(body) || /\.(ba)?sh\s*$/.test(text.slice(lineStart, bodyStart - 1));
        if (isScript) regions.push({ kind: 'script', source: verbatim(body, bodyStart) });
        continue;
      }
      if (direct) {
        regions.push({
          kind: 'script',
          source: verbatim(text.slice(bodyStart, Math.max(bodyStart, end - heredoc[1].length)), bodyStart),
        });
        continue;
      }
    }
    const name = (match[1] ?? '').toUpperCase();
    const rest = text.slice(lineStart + match[0].length, end).trim();
    if (name === 'FROM') isEntryPoint = isKubectlImage(rest.split(/\s/).find((word) => !word.startsWith('--')) ?? '');
    else if (name === 'ENTRYPOINT') isEntryPoint = /^\[\s*"(?:[^"]*\/)?kubectl"\s*\]$/.test(rest);
    if (name === 'FROM') shell = undefined;
    else if (name === 'SHELL') shell = shellOf(text.slice(lineStart + match[0].length, end));
    else if (name === 'ENV' || name === 'ARG') readVariables(text.slice(lineStart + match[0].length, end), variables);
    else if (!isCopy)
      addInstruction(text, lineStart + match[0].length, end, shell, regions, variables, name === 'CMD' && isEntryPoint);
  }
  return regions;
}

/** The foreign shell that a SHELL instruction sets; each stage's default is sh. */
function shellOf(list: string): ForeignShell | undefined {
  const program = /"((?:[^"\\]|\\.)*)"/.exec(list)?.[1] ?? '';
  return foreignShell(program.split(/[\\/]+/).at(-1) ?? '');
}

function addInstruction(
  text: string,
  from: number,
  end: number,
  shell: ForeignShell | undefined,
  regions: Region[],
  variables: ReadonlyMap<string, string>,
  program: boolean,
): void {
  let start = from;
  for (
    let option = /^(--[\w-]+(=\S+)?|CMD)\s+/.exec(text.slice(start, end));
    option;
    option = /^(--[\w-]+(=\S+)?|CMD)\s+/.exec(text.slice(start, end))
  ) {
    start += option[0].length;
  }
  const words = execForm(text, start, end);
  if (words && program && words[0])
    regions.push({
      kind: 'argv',
      source: verbatim(text),
      words: [{ ...words[0], value: 'kubectl', end: words[0].start }, ...words],
    });
  else if (words) regions.push({ kind: 'argv', source: verbatim(text), words });
  else if (shell) regions.push({ kind: 'foreign', source: verbatim(text.slice(start, end), start), shell });
  else {
    const body = text
      .slice(start, end)
      .replace(/^[^\S\n]*#[^\n]*$/gm, (comment) =>
        `${' '.repeat(Math.max(0, comment.length - 1))}\\`.slice(0, comment.length),
      );
    regions.push({ kind: 'script', source: verbatim(body, start), variables });
  }
}

/** `ENV NAME=value …` and `ENV NAME value`. */
function readVariables(text: string, variables: Map<string, string>): void {
  const spaced = /^([A-Za-z_]\w*)[ \t]+([^=]*)$/.exec(text.trim());
  if (spaced?.[1]) variables.set(spaced[1], spaced[2] ?? '');
  for (const [, name = '', double, plain] of text.matchAll(/([A-Za-z_]\w*)=(?:"([^"]*)"|(\S*))/g))
    variables.set(name, double ?? plain ?? '');
}
