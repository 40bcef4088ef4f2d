import type { ArgWord } from '../shell/words.ts';
import type { SourceText } from '../source-text.ts';

/** A piece of a document that runs commands. */
export type Region =
  | { kind: 'script'; source: SourceText; /** Typed by a person rather than run by a machine. */ interactive?: boolean }
  | { kind: 'argv'; source: SourceText; words: readonly ArgWord[] }
  /** In a language that is no shell. */
  | { kind: 'program'; source: SourceText }
  | { kind: 'foreign'; source: SourceText; shell: ForeignShell; interactive?: boolean };

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
