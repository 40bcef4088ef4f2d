import { lineAt, lineStarts } from './directives.ts';

/** A place in a document: zero-based line and UTF-16 unit, as in the Language Server Protocol. */
export interface Place {
  line: number;
  character: number;
}

/** Turns offsets of one text into places; builds its table once. */
export function placeFinder(text: string): (offset: number) => Place {
  const starts = lineStarts(text);
  return (offset) => {
    const line = lineAt(starts, offset);
    return { line, character: offset - (starts[line] ?? 0) };
  };
}
