/**
 * Text taken out of a document, with the place of every character in it. `starts[i]` and `ends[i]` bound, in UTF-16
 * units of the document, what character `i` was written as; without them the text is a verbatim copy from `base` on.
 */
export interface SourceText {
  text: string;
  base: number;
  starts?: ArrayLike<number>;
  ends?: ArrayLike<number>;
}

/** A verbatim piece of a document. */
export function verbatim(text: string, base = 0): SourceText {
  return { text, base };
}

/** The document range of the characters `start` (included) to `end` (excluded); an empty range stays empty. */
export function documentRange(source: SourceText, start: number, end: number): { start: number; end: number } {
  if (!source.starts || !source.ends) return { start: source.base + start, end: source.base + Math.max(start, end) };
  const length = source.text.length;
  const first = start < length ? (source.starts[start] ?? 0) : (source.ends[length - 1] ?? source.base);
  if (end <= start) return { start: first, end: first };
  return { start: first, end: Math.max(first, source.ends[Math.min(end, length) - 1] ?? first) };
}

/** Texts one after another with a blank between them. */
export function joinedTexts(sources: readonly SourceText[]): SourceText {
  let text = '';
  const starts: number[] = [];
  const ends: number[] = [];
  for (const source of sources) {
    if (text !== '') {
      const at = documentRange(source, 0, 0).start;
      text += ' ';
      starts.push(at);
      ends.push(at);
    }
    for (let index = 0; index < source.text.length; index++) {
      const range = documentRange(source, index, index + 1);
      starts.push(range.start);
      ends.push(range.end);
    }
    text += source.text;
  }
  return { text, base: starts[0] ?? 0, starts, ends };
}

/** Without its first `from` characters. */
export function sourceFrom(source: SourceText, from: number): SourceText {
  const { text, base, starts, ends } = source;
  if (from === 0) return source;
  if (!starts || !ends) return { text: text.slice(from), base: base + from };
  return {
    text: text.slice(from),
    base: starts[from] ?? base,
    starts: Array.prototype.slice.call(starts, from) as number[],
    ends: Array.prototype.slice.call(ends, from) as number[],
  };
}

/** Composes: `inner` was taken out of the text of `outer` (its positions are offsets into `outer.text`). */
export function within(outer: SourceText, inner: SourceText): SourceText {
  if (!inner.starts && !outer.starts) return { text: inner.text, base: outer.base + inner.base };
  const length = inner.text.length;
  const starts = new Array<number>(length);
  const ends = new Array<number>(length);
  for (let index = 0; index < length; index++) {
    const start = inner.starts?.[index] ?? inner.base + index;
    const end = inner.ends?.[index] ?? inner.base + index + 1;
    const range = documentRange(outer, start, end);
    starts[index] = range.start;
    ends[index] = range.end;
  }
  return { text: inner.text, base: documentRange(outer, inner.base, inner.base).start, starts, ends };
}
