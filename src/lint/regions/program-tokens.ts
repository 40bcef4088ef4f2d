import { DYNAMIC } from '../../kubectl/flag-values.ts';
import type { SourceText } from '../source-text.ts';

/** Languages whose texts and lists can be told from the rest; `any` for those that are not known better. */
export type ProgramLanguage = 'python' | 'go' | 'javascript' | 'groovy' | 'terraform' | 'ruby' | 'c-like' | 'any';

/** What a program is made of, as far as lists of texts need it. */
export type Token =
  | { kind: 'text'; source: SourceText; start: number; end: number }
  | { kind: 'comma' | 'open' | 'close'; start: number; end: number }
  | { kind: 'other'; start: number; end: number; isAssignment: boolean };

interface Dialect {
  comment: RegExp;
  /** Quotes of texts, longest first. */
  quotes: readonly string[];
  /** Quotes inside which a backslash is a backslash. */
  raw: string;
  /** What opens an expression inside a text. */
  expression?: RegExp;
  /** What begins a text in several lines that ends with a word alone on its line. */
  heredoc?: RegExp;
}

const SLASHES = /\/\/[^\n]*|\/\*[^]*?(?:\*\/|$)/y;
const HASHES = /#[^\n]*/y;
const BRACES = /\$\{[^{}]*\}|\$\w[\w.]*/y;

const DIALECTS: Readonly<Record<ProgramLanguage, Dialect>> = {
  python: { comment: HASHES, quotes: ['"""', "'''", '"', "'"], raw: '', expression: /\{[^{}"']*\}|%[sd]/y },
  go: { comment: SLASHES, quotes: ['"', '`'], raw: '`', expression: /%[-+#]?\w/y },
  javascript: { comment: SLASHES, quotes: ['"', "'", '`'], raw: '', expression: /\$\{[^{}]*\}/y },
  groovy: { comment: SLASHES, quotes: ['"""', "'''", '"', "'"], raw: '', expression: BRACES },
  terraform: {
    comment: /#[^\n]*|\/\/[^\n]*|\/\*[^]*?(?:\*\/|$)/y,
    quotes: ['"'],
    raw: '',
    expression: /\$\{[^{}]*\}/y,
    heredoc: /<<-?(\w+)\n/y,
  },
  ruby: {
    comment: HASHES,
    quotes: ['"', "'", '`'],
    raw: "'",
    expression: /#\{[^{}]*\}/y,
    heredoc: /<<[-~]['"]?(\w+)['"]?[^\n]*\n/y,
  },
  'c-like': { comment: SLASHES, quotes: ['"""', '"'], raw: '', expression: /\$\{[^{}]*\}|%[-+]?\w|\{\w*\}/y },
  any: {
    comment: /(?<=^|\n)[ \t]*(?:#|\/\/)[^\n]*/y,
    quotes: ['"""', "'''", '"', "'", '`'],
    raw: '',
    expression: BRACES,
  },
};

const ESCAPES: Readonly<Record<string, string>> = { n: '\n', t: '\t', r: '\r' };

/** The texts, brackets and commas of a program, comments left out. Never fails: an unfinished text ends with its line. */
export function programTokens(program: string, language: ProgramLanguage): Token[] {
  const dialect = DIALECTS[language];
  const tokens: Token[] = [];
  for (let at = 0; at < program.length;) {
    const char = program.charAt(at);
    if (/\s/.test(char)) {
      at++;
      continue;
    }
    const comment = matchAt(dialect.comment, program, at);
    if (comment) {
      at += comment[0].length;
      continue;
    }
    const heredoc = dialect.heredoc && matchAt(dialect.heredoc, program, at);
    const quote = heredoc ? undefined : dialect.quotes.find((one) => program.startsWith(one, at));
    if (heredoc) {
      const start = at + heredoc[0].length;
      const close = new RegExp(`^[ \\t]*${heredoc[1] ?? ''}\\b`, 'm').exec(program.slice(start));
      const end = close ? start + close.index : program.length;
      tokens.push({ kind: 'text', source: textBetween(program, start, end, dialect, true), start, end });
      at = end + (close?.[0].length ?? 0);
    } else if (quote) {
      const start = at + quote.length;
      const end = endOfText(program, start, quote, dialect);
      const source = textBetween(program, start, end, dialect, dialect.raw.includes(quote));
      at = Math.min(program.length, end + quote.length);
      tokens.push({ kind: 'text', source, start: start - quote.length, end: at });
    } else {
      const kind = char === ',' ? 'comma' : '([{'.includes(char) ? 'open' : ')]}'.includes(char) ? 'close' : 'other';
      const end = kind === 'other' ? at + Math.max(1, matchAt(/[\w.$@-]+/y, program, at)?.[0].length ?? 1) : at + 1;
      if (kind !== 'other') tokens.push({ kind, start: at, end });
      // A letter before a quote only says how the text is written: r"…", f'…', @"…".
      else if (!/^[rRfFbBuU@$]{1,2}$/.test(program.slice(at, end)) || !`"'\``.includes(program.charAt(end)))
        tokens.push({
          kind,
          start: at,
          end,
          isAssignment: char === '=' && !/[=!<>]/.test(program.charAt(at - 1) + program.charAt(end)),
        });
      at = end;
    }
  }
  return tokens;
}

function matchAt(pattern: RegExp, text: string, at: number): RegExpExecArray | null {
  pattern.lastIndex = at;
  return pattern.exec(text);
}

function endOfText(program: string, start: number, quote: string, { raw }: Dialect): number {
  const isLong = quote.length === 3 || quote === '`';
  for (let at = start; at < program.length; at++) {
    if (program.charAt(at) === '\\' && !raw.includes(quote)) at++;
    else if (program.startsWith(quote, at)) return at;
    else if (!isLong && program.charAt(at) === '\n') return at;
  }
  return program.length;
}

/** What a text says, each character with its place; expressions in it are unknown. */
function textBetween(program: string, start: number, end: number, dialect: Dialect, raw: boolean): SourceText {
  const text: string[] = [];
  const starts: number[] = [];
  const ends: number[] = [];
  const add = (value: string, from: number, to: number): void => {
    text.push(value);
    starts.push(from);
    ends.push(to);
  };
  for (let at = start; at < end;) {
    const expression = dialect.expression && matchAt(dialect.expression, program, at);
    if (expression && at + expression[0].length <= end) {
      add(DYNAMIC, at, at + expression[0].length);
      at += expression[0].length;
    } else if (!raw && program.charAt(at) === '\\' && at + 1 < end) {
      const next = program.charAt(at + 1);
      if (next !== '\n') add(ESCAPES[next] ?? next, at, at + 2);
      at += 2;
    } else {
      add(program.charAt(at), at, at + 1);
      at++;
    }
  }
  return { text: text.join(''), base: start, starts, ends };
}
