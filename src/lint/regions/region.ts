import type { ArgWord } from '../shell/words.ts';
import type { SourceText } from '../source-text.ts';

/**
 * Where a command stands: in a script that a machine runs, in text that people type, or as a text inside a program in
 * another language, which may only be shown.
 */
export type Place = 'script' | 'typed' | 'quoted';

/** A piece of a document that runs commands. */
export type Region =
  | {
      kind: 'script';
      source: SourceText;
      /** Default: `script`. */
      place?: Place;
      /** What the document sets for it, by name. */
      variables?: ReadonlyMap<string, string>;
    }
  | { kind: 'argv'; source: SourceText; words: readonly ArgWord[]; place?: Place }
  /** A place that runs kubectl in a way that nobody here can follow. */
  | { kind: 'unread'; source: SourceText; start: number; end: number; message: string }
  | { kind: 'foreign'; source: SourceText; shell: ForeignShell; place?: Place };

/** Shells whose language is not read: only lines that mean the same in every shell are. */
export type ForeignShell = 'PowerShell' | 'cmd' | 'fish' | 'nushell';

/** The foreign shell that a tool calls by this name; undefined for sh and its relatives, and for other languages. */
export function foreignShell(name: string): ForeignShell | undefined {
  return FOREIGN[name.toLowerCase()];
}

const FOREIGN: Readonly<Record<string, ForeignShell>> = {
  pwsh: 'PowerShell',
  powershell: 'PowerShell',
  'powershell.exe': 'PowerShell',
  'pwsh.exe': 'PowerShell',
  ps1: 'PowerShell',
  posh: 'PowerShell',
  cmd: 'cmd',
  'cmd.exe': 'cmd',
  bat: 'cmd',
  batch: 'cmd',
  dosbatch: 'cmd',
  fish: 'fish',
  nu: 'nushell',
  nushell: 'nushell',
};
