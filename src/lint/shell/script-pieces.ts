import { parse } from 'unbash';
import type { Statement } from 'unbash';
import { scopeFacts } from './scope.ts';
import type { ScopeFact } from './scope.ts';

/** Whole top-level statements of a script, parsed alone; positions are offsets in `text`. */
export interface ScriptPiece {
  text: string;
  statements: readonly Statement[];
  facts: readonly ScopeFact[];
}

/** A piece and where it starts in the script. */
export interface PlacedPiece {
  piece: ScriptPiece;
  start: number;
}

/** Pieces shorter than this cost more to look after than to parse. */
const MIN_LENGTH = 400;
/** Longer than this, a piece is a construct that does not end here. */
const MAX_LENGTH = 16_000;
const SENTINEL = '__stratus_end_of_piece__';

/**
 * Parses text as the beginning of a script. Null unless the parser stands between two top-level statements at its end:
 * a word put there must come out as a statement of its own, not inside a quote, here-document, list or compound.
 */
function readPiece(text: string): ScriptPiece | null {
  if (text.includes(SENTINEL)) return null;
  const script = parse(`${text}${SENTINEL}\n`);
  if (script.errors?.length) return null;
  const last = script.commands.at(-1);
  const command = last?.command;
  const isAlone =
    last?.pos === text.length &&
    !last.background &&
    command?.type === 'Command' &&
    command.name?.text === SENTINEL &&
    command.name.pos === text.length &&
    command.prefix.length + command.args.length + command.redirects.length === 0;
  if (!isAlone) return null;
  const statements = script.commands.slice(0, -1);
  return { text, statements, facts: statements.flatMap((statement) => scopeFacts(statement)) };
}

/**
 * Offsets of lines at which a statement might begin, chosen by what stands there, so that an edit moves only the
 * boundaries near it.
 */
function boundaries(text: string): number[] {
  const found: number[] = [];
  let previous = 0;
  let last = 0;
  for (let at = text.indexOf('\n') + 1; at > 0 && at < text.length; at = text.indexOf('\n', at) + 1) {
    const first = text.charCodeAt(at);
    const isWord = (first >= 97 && first <= 122) || (first >= 65 && first <= 90) || first === 95;
    if (isWord && at - previous >= MIN_LENGTH && text.charCodeAt(last) !== 35) {
      // One line in four, by its own first letters; a long stretch without such a line is cut anyway.
      const sum = first + text.charCodeAt(at + 1) * 3 + text.charCodeAt(at + 2) * 7 + text.charCodeAt(at + 4) * 5;
      if (sum % 4 === 0 || at - previous > 4 * MIN_LENGTH) {
        found.push(at);
        previous = at;
      }
    }
    last = at;
  }
  return found;
}

/** Remembers parsed pieces by their text; the caller keeps one per configuration or longer. */
export class PieceMemory {
  readonly #pieces = new Map<string, ScriptPiece | null>();

  read(text: string): ScriptPiece | null {
    const known = this.#pieces.get(text);
    if (known !== undefined) return known;
    const piece = readPiece(text);
    this.#pieces.set(text, piece);
    const oldest = this.#pieces.keys().next();
    if (this.#pieces.size > 2_000 && !oldest.done) this.#pieces.delete(oldest.value);
    return piece;
  }
}

/** The script in pieces, or null when it does not fall into pieces and must be read as a whole. */
export function scriptPieces(text: string, memory: PieceMemory): PlacedPiece[] | null {
  const pieces: PlacedPiece[] = [];
  const stops = [...boundaries(text), text.length];
  let start = 0;
  for (let index = 0; index < stops.length; index++) {
    const stop = stops[index]!;
    if (stop - start > MAX_LENGTH) return null;
    const isLast = index === stops.length - 1;
    const slice = text.slice(start, stop);
    // Without a line end the sentinel would join the last word.
    const piece = memory.read(isLast && !slice.endsWith('\n') ? `${slice}\n` : slice);
    if (piece) {
      pieces.push({ piece, start });
      start = stop;
    } else if (isLast) return null;
  }
  return pieces;
}
