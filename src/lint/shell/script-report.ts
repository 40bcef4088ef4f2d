import type { SourceText } from '../source-text.ts';
import type { ArgWord } from './words.ts';

/** One kubectl invocation found in a script. Offsets of `words` are in `source.text`. */
export interface KubectlCall {
  source: SourceText;
  /** The arguments after the word kubectl. */
  words: readonly ArgWord[];
  /** The word that names kubectl. */
  program: ArgWord;
  /** Something ends it: timeout, a background job, or a reader further down the pipe. */
  bounded: boolean;
  /** Standard input comes from a pipe, a file or a here-document. */
  fedInput: boolean;
  /** The caller appends words that are unknown here (xargs, find, parallel). */
  openEnded: boolean;
  /** Every word stands in the document as written here, so that edits are possible. */
  editable: boolean;
}

/** A syntax error of a script. */
export interface ScriptError {
  source: SourceText;
  message: string;
  at: number;
}

/** A place that seems to run kubectl in a way that cannot be read; offsets are in `source.text`. */
export interface UnreadCommand {
  source: SourceText;
  start: number;
  end: number;
  message: string;
}

/** What a script runs. */
export interface ScriptReport {
  calls: KubectlCall[];
  unread: UnreadCommand[];
  errors: ScriptError[];
}

export const emptyReport = (): ScriptReport => ({ calls: [], unread: [], errors: [] });
