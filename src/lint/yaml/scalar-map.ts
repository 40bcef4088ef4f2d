import type { CST } from 'yaml';
import type { SourceText } from '../source-text.ts';

/** Collects decoded characters together with the place each was written at. */
class Builder {
  readonly #chunks: string[] = [];
  readonly #starts: number[] = [];
  readonly #ends: number[] = [];

  /** Characters that stand in the document as they are. */
  copy(document: string, from: number, to: number): void {
    if (to <= from) return;
    this.#chunks.push(document.slice(from, to));
    for (let at = from; at < to; at++) {
      this.#starts.push(at);
      this.#ends.push(at + 1);
    }
  }

  /** Characters that the range `from`..`to` was decoded into. */
  add(text: string, from: number, to: number): void {
    this.#chunks.push(text);
    for (let index = 0; index < text.length; index++) {
      this.#starts.push(from);
      this.#ends.push(to);
    }
  }

  finish(base: number): SourceText {
    return { text: this.#chunks.join(''), base, starts: this.#starts, ends: this.#ends };
  }
}

interface Line {
  /** Offset of the first character of the line, its indent and the end of its content (without CR and LF). */
  start: number;
  indent: number;
  end: number;
  content: string;
}

function blockLines(source: string, offset: number): Line[] {
  const lines: Line[] = [];
  let start = 0;
  for (;;) {
    const newline = source.indexOf('\n', start);
    const raw = source.slice(start, newline < 0 ? source.length : newline);
    const indent = /^ */.exec(raw)?.[0].length ?? 0;
    lines.push({ start: offset + start, indent, end: offset + start + raw.length, content: raw.slice(indent) });
    if (newline < 0) return lines;
    start = newline + 1;
  }
}

const isBlank = (line: Line): boolean => line.content === '' || line.content === '\r';

/** Literal and folded block scalars; follows the YAML library's own reading, which follows the specification. */
function mapBlock(document: string, token: CST.BlockScalar): SourceText {
  const header = token.props.find((prop) => prop.type === 'block-scalar-header');
  const headerText = header && 'source' in header ? header.source : '|';
  const bodyStart =
    token.offset + token.props.reduce((sum, prop) => sum + ('source' in prop ? prop.source.length : 0), 0);
  const explicit = Number(/\d/.exec(headerText)?.[0] ?? 0);
  const chomp = /[+-]/.exec(headerText)?.[0] ?? '';
  const out = new Builder();
  const lines = token.source ? blockLines(token.source, bodyStart) : [];
  const newlineOf = (line: Line | undefined): [number, number] => {
    const at = line ? line.end - (line.content.endsWith('\r') ? 1 : 0) : bodyStart;
    return [at, Math.min(document.length, line ? line.end + 1 : bodyStart)];
  };
  let chompStart = lines.length;
  while (chompStart > 0 && isBlank(lines[chompStart - 1] as Line)) chompStart--;
  if (chompStart === 0) {
    if (chomp === '+' && lines.length > 0) {
      for (let index = 0; index < Math.max(1, lines.length - 1); index++) out.add('\n', ...newlineOf(lines[index]));
    }
    return out.finish(bodyStart);
  }
  let trim = token.indent + explicit;
  let contentStart = 0;
  for (let index = 0; index < chompStart; index++) {
    const line = lines[index] as Line;
    if (isBlank(line)) {
      if (explicit === 0 && line.indent > trim) trim = line.indent;
    } else {
      if (explicit === 0) trim = line.indent;
      contentStart = index;
      break;
    }
  }
  for (let index = lines.length - 1; index >= chompStart; index--)
    if ((lines[index] as Line).indent > trim) chompStart = index + 1;
  for (let index = 0; index < contentStart; index++) {
    const line = lines[index] as Line;
    out.copy(document, line.start + Math.min(trim, line.indent), line.start + line.indent);
    out.add('\n', ...newlineOf(line));
  }
  let separator = '';
  let moreIndented = false;
  for (let index = contentStart; index < chompStart; index++) {
    const line = lines[index] as Line;
    const end = line.end - (line.content.endsWith('\r') ? 1 : 0);
    const content = line.content.endsWith('\r') ? line.content.slice(0, -1) : line.content;
    const indent = content !== '' && line.indent < trim ? 0 : line.indent;
    const from =
      line.start + Math.min(indent === 0 && content !== '' && line.indent < trim ? line.indent : trim, line.indent);
    const before = newlineOf(lines[index - 1]);
    if (headerText.startsWith('|')) {
      out.add(separator, ...before);
      out.copy(document, from, end);
      separator = '\n';
    } else if (indent > trim || content.startsWith('\t')) {
      if (separator === ' ') separator = '\n';
      else if (!moreIndented && separator === '\n') separator = '\n\n';
      out.add(separator, ...before);
      out.copy(document, from, end);
      separator = '\n';
      moreIndented = true;
    } else if (content === '') {
      if (separator === '\n') out.add('\n', ...newlineOf(line));
      else separator = '\n';
    } else {
      out.add(separator, ...before);
      out.copy(document, end - content.length, end);
      separator = ' ';
      moreIndented = false;
    }
  }
  if (chomp === '+') {
    for (let index = chompStart; index < lines.length; index++) {
      const line = lines[index] as Line;
      out.add('\n', ...newlineOf(lines[index - 1]));
      out.copy(document, line.start + Math.min(trim, line.indent), line.start + line.indent);
    }
    const last = lines.at(-1);
    if (last && (chompStart >= lines.length || last.indent > trim)) out.add('\n', ...newlineOf(last));
  } else if (chomp !== '-') out.add('\n', ...newlineOf(lines[chompStart - 1]));
  return out.finish(bodyStart);
}

/** Plain and single-quoted text between `from` and `to`: folds lines, and reads `''` as one quote if `quoted`. */
function mapFolded(document: string, from: number, to: number, quoted: boolean): SourceText {
  const out = new Builder();
  const copy = (start: number, end: number): void => {
    for (let at = start; at < end; at++) {
      if (quoted && document.startsWith("''", at) && at + 1 < end) {
        out.add("'", at, at + 2);
        at++;
      } else out.copy(document, at, at + 1);
    }
  };
  let lineStart = from;
  let separator = '';
  let breakAt: [number, number] = [from, from];
  for (let first = true; ; first = false) {
    let newline = document.indexOf('\n', lineStart);
    const isLast = newline < 0 || newline >= to;
    if (isLast) newline = to;
    let end = newline - (!isLast && document.charAt(newline - 1) === '\r' ? 1 : 0);
    const lineBreak: [number, number] = [end, Math.min(to, newline + 1)];
    let start = lineStart;
    if (!first) while (start < end && /[ \t]/.test(document.charAt(start))) start++;
    if (!isLast) while (end > start && /[ \t]/.test(document.charAt(end - 1))) end--;
    if (first) {
      copy(start, end);
      separator = ' ';
    } else if (start < end || isLast) {
      out.add(separator, ...breakAt);
      copy(start, end);
      separator = ' ';
    } else if (separator === '\n') out.add('\n', ...lineBreak);
    else separator = '\n';
    if (isLast) return out.finish(from);
    breakAt = lineBreak;
    lineStart = newline + 1;
  }
}

const ESCAPES: Readonly<Record<string, string>> = {
  '0': '\0',
  a: '\x07',
  b: '\b',
  e: '\x1b',
  f: '\f',
  n: '\n',
  r: '\r',
  t: '\t',
  v: '\v',
  N: '\x85',
  _: '\xa0',
  L: '\u2028',
  P: '\u2029',
  ' ': ' ',
  '"': '"',
  '/': '/',
  '\\': '\\',
  '\t': '\t',
};
const HEX_LENGTH: Readonly<Record<string, number>> = { x: 2, u: 4, U: 8 };

function mapDouble(document: string, from: number, to: number): SourceText {
  const out = new Builder();
  const isSpace = (at: number): boolean => /[ \t]/.test(document.charAt(at));
  for (let at = from; at < to;) {
    const char = document.charAt(at);
    if (char === '\n' || (char === '\r' && document.charAt(at + 1) === '\n')) {
      const start = at;
      let breaks = 0;
      while (at < to && /[ \t\r\n]/.test(document.charAt(at))) if (document.charAt(at++) === '\n') breaks++;
      out.add(breaks === 1 ? ' ' : '\n'.repeat(breaks - 1), start, at);
    } else if (char === '\\') {
      const next = document.charAt(at + 1);
      const length = HEX_LENGTH[next];
      if (next === '\n' || (next === '\r' && document.charAt(at + 2) === '\n')) {
        at += next === '\n' ? 2 : 3;
        while (at < to && isSpace(at)) at++;
      } else if (length !== undefined) {
        const code = parseInt(document.slice(at + 2, at + 2 + length), 16);
        out.add(
          Number.isNaN(code) || code > 0x10ffff ? document.slice(at, at + 2 + length) : String.fromCodePoint(code),
          at,
          at + 2 + length,
        );
        at += 2 + length;
      } else {
        out.add(ESCAPES[next] ?? `\\${next}`, at, at + 2);
        at += 2;
      }
    } else if (isSpace(at)) {
      let end = at;
      while (end < to && isSpace(end)) end++;
      const beforeBreak =
        document.charAt(end) === '\n' || (document.charAt(end) === '\r' && document.charAt(end + 1) === '\n');
      if (!beforeBreak || end >= to) out.copy(document, at, end);
      at = end;
    } else {
      out.copy(document, at, at + 1);
      at++;
    }
  }
  return out.finish(from);
}

/** The value of a scalar with the place of each character in the document; exact for every scalar style. */
export function mapScalar(document: string, token: CST.FlowScalar | CST.BlockScalar): SourceText {
  switch (token.type) {
    case 'block-scalar':
      return mapBlock(document, token);
    case 'single-quoted-scalar':
      return mapFolded(document, token.offset + 1, token.offset + Math.max(1, token.source.length - 1), true);
    case 'double-quoted-scalar':
      return mapDouble(document, token.offset + 1, token.offset + Math.max(1, token.source.length - 1));
    default:
      return mapFolded(document, token.offset, token.offset + token.source.length, false);
  }
}
