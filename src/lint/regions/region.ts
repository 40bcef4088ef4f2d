import type { ArgWord } from '../shell/words.ts';
import type { SourceText } from '../source-text.ts';

/** A piece of a document that runs commands. */
export type Region =
  | { kind: 'script'; source: SourceText; /** Typed by a person rather than run by a machine. */ interactive?: boolean }
  | { kind: 'argv'; source: SourceText; words: readonly ArgWord[] };
