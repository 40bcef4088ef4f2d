import type { CommandRule } from '../../kubectl/rules.ts';
import type { SourceText } from '../source-text.ts';
import type { ArgWord } from './words.ts';

/** One kubectl invocation found in a script. Offsets of `words` are in `source.text`. */
export interface KubectlCall {
  source: SourceText;
  /** The arguments after the word kubectl. */
  words: readonly ArgWord[];
  /** The word that names kubectl. */
  program: ArgWord;
  /** Something ends it: timeout, or a background job. */
  bounded: boolean;
  /** A program further down the pipe reads what it prints, and may stop reading. */
  hasReader: boolean;
  /** Standard input comes from a pipe, a file or a here-document. */
  fedInput: boolean;
  /** The text on standard input, as far as it stands in the script. */
  input?: SourceText;
  /** The file on standard input (`< FILE`). */
  inputFile?: ArgWord;
  /** The verb of the kubectl further down the pipe that reads objects from this one. */
  handedTo?: string;
  /** What the script has set for this command; absent: nothing that matters. */
  settings?: CallSettings;
  /** The caller appends words that are unknown here (xargs, find, parallel). */
  openEnded: boolean;
  /** Every word stands in the document as written here, so that edits are possible. */
  editable: boolean;
}

/** What a script sets for a kubectl command outside its words. */
export interface CallSettings {
  /** Context, cluster or kubeconfig file that commands before it, or variables, make the current one. */
  target?: string;
  /** The folder it runs in, relative to where the script started. */
  folder?: string;
  /** An editor that needs no person is named by KUBE_EDITOR or EDITOR. */
  editor?: boolean;
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
  /** Default: cannot-verify. */
  rule?: CommandRule;
}

/** What a script runs. */
export interface ScriptReport {
  calls: KubectlCall[];
  unread: UnreadCommand[];
  errors: ScriptError[];
}

export const emptyReport = (): ScriptReport => ({ calls: [], unread: [], errors: [] });
