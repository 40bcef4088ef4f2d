import { DYNAMIC } from '../../kubectl/flag-values.ts';
import type { ForeignShell } from '../regions/region.ts';
import type { ArgWord } from './words.ts';

/** What a script of a foreign shell runs, as far as it can be read without knowing the language. */
export interface ForeignLines {
  /** Commands that stand alone on a line in words every shell reads the same; offsets are in the text. */
  commands: ArgWord[][];
  /** The first other place that seems to run kubectl. */
  unread?: { start: number; end: number };
}

const QUOTED = `'[^'"\`$%^!\\\\\\n]*'|"[^'"\`$%^!\\\\(\\n]*"`;
const BARE = '[A-Za-z0-9_./:=+-][A-Za-z0-9_./:=+@-]*';
/** What a shell computes, where it stands as a word of its own or in double quotes. */
const VARIABLE: Readonly<Record<ForeignShell, string>> = {
  PowerShell: String.raw`\$(?:\{[^}\s]*\}|[\w:]+)(?:\.\w+(?:\(\))?|\[\d+\])*`,
  cmd: String.raw`%{1,2}[~\w]+%?`,
  fish: String.raw`\$\w+`,
  nushell: String.raw`\$[\w.]+`,
};
const IN_QUOTES = /\$\{[^}]*\}|\$\([^()]*\)|\$[\w:.]+|%\w+%/g;

/** PowerShell makes a list of words joined by commas, and cuts `-a.b` in two. */
const WORD: Readonly<Record<ForeignShell, RegExp>> = {
  PowerShell: new RegExp(`${QUOTED}|"[^"\`\\\\\\n]*"|${VARIABLE.PowerShell}|(?!-[^-\\s]*[.:])${BARE}`, 'y'),
  cmd: new RegExp(`${VARIABLE.cmd}|"[^'"\`$%^!\\\\(\\n]*"|${BARE.replaceAll('+@', '+@,')}`, 'y'),
  fish: new RegExp(`${QUOTED}|${VARIABLE.fish}|${BARE.replaceAll('+@', '+@,')}`, 'y'),
  nushell: new RegExp(`${QUOTED}|${VARIABLE.nushell}|${BARE}`, 'y'),
};
const COMMENT: Readonly<Record<ForeignShell, RegExp>> = {
  PowerShell: /^\s*#|\s#.*$/,
  cmd: /^\s*@?(?:rem\b|::)/i,
  fish: /^\s*#|\s#.*$/,
  nushell: /^\s*#|\s#.*$/,
};
const CONTINUES: Readonly<Record<ForeignShell, RegExp>> = {
  PowerShell: /[`|]\s*$/,
  cmd: /\^\s*$/,
  fish: /\\\s*$/,
  nushell: /\(\s*$/,
};
/** What opens PowerShell text in more than one line that is no command, and what closes it. */
const BLOCK = /<#|@'\r?\n|@"\r?\n/g;
const CLOSES: Readonly<Record<string, string>> = { '<': '#>', "'": "\n'@", '"': '\n"@' };
const START = /^\s*(?:&\s+|@)?(kubectl(?:\.exe)?)(?=\s)/;
const RUNS = /(?:^|[\s|;&({="'\\/$%.])(kubectl(?:\.exe)?)["'%]?\s+[-\w$@%"'`^]/i;
const ONLY_TEXT = /^\s*@?(?:echo|write-\w+|choco|winget|scoop|get-command|where|title|set_color)\b/i;

function wordsFrom(line: string, at: number, offset: number, shell: ForeignShell): ArgWord[] | undefined {
  const words: ArgWord[] = [];
  const pattern = WORD[shell];
  for (let index = at; ;) {
    const gap = /^[ \t]*/.exec(line.slice(index))?.[0].length ?? 0;
    index += gap;
    if (index >= line.length) return words;
    if (gap === 0) return undefined;
    pattern.lastIndex = index;
    const text = pattern.exec(line)?.[0];
    if (text === undefined) return undefined;
    const quoted = text.startsWith("'") || text.startsWith('"');
    const plain = quoted ? text.slice(1, -1) : text;
    const isVariable = !quoted && /^[$%]/.test(text);
    const value = isVariable ? DYNAMIC : text.startsWith('"') ? plain.replaceAll(IN_QUOTES, DYNAMIC) : plain;
    words.push({ value, start: offset + index, end: offset + index + text.length });
    index += text.length;
  }
}

/** The same length with comments and texts over several lines blanked; an unfinished one goes on to the end. */
function withoutBlocks(script: string): string {
  let result = '';
  let at = 0;
  BLOCK.lastIndex = 0;
  for (let open = BLOCK.exec(script); open; open = BLOCK.exec(script)) {
    const closing = CLOSES[open[0].startsWith('<') ? '<' : open[0].charAt(1)] ?? '';
    const found = script.indexOf(closing, open.index + 2);
    const end = found < 0 ? script.length : found + closing.length;
    result += script.slice(at, open.index) + script.slice(open.index, end).replace(/[^\n]/g, ' ');
    at = end;
    BLOCK.lastIndex = end;
  }
  return result + script.slice(at);
}

/** Reads a script of a foreign shell line by line; what is not certain is left unread. */
export function foreignLines(script: string, shell: ForeignShell): ForeignLines {
  const text = shell === 'PowerShell' ? withoutBlocks(script) : script;
  const result: ForeignLines = { commands: [] };
  let offset = 0;
  let continued = false;
  for (const whole of text.split('\n')) {
    const line = whole.replace(/\r$/, '').replace(COMMENT[shell], '');
    const isComment = COMMENT[shell].exec(whole)?.index === 0;
    if (!isComment && /kubectl/i.test(line)) {
      const start = continued ? null : START.exec(line);
      const program = start?.[1] ?? '';
      const from = (start?.[0].length ?? 0) - program.length;
      const words = start ? wordsFrom(line, start[0].length, offset, shell) : undefined;
      const runs = RUNS.exec(line);
      if (words) {
        const at = offset + from;
        result.commands.push([{ value: 'kubectl', start: at, end: at + program.length }, ...words]);
      } else if (runs && !ONLY_TEXT.test(line)) {
        const at = offset + runs.index + runs[0].toLowerCase().indexOf('kubectl');
        result.unread ??= { start: at, end: at + (runs[1] ?? '').length };
      }
    }
    continued = CONTINUES[shell].test(line);
    offset += whole.length + 1;
  }
  return result;
}
