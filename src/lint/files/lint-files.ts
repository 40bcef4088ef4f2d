import { globSync, readFileSync, readdirSync, realpathSync, statSync } from 'node:fs';
import { basename, join, relative, resolve, sep } from 'node:path';
import { languageOf } from '../languages.ts';
import type { LintLanguage } from '../languages.ts';

/** A file that may be linted. */
export interface FoundFile {
  /** As shown to the user: relative to the working folder, with forward slashes. */
  path: string;
  absolute: string;
  /** The user named it, rather than a folder it stands in. */
  named: boolean;
}

/** What the paths lead to besides files. */
export interface Unfound {
  /** What could not be looked at, with the reason. */
  unreadable: { path: string; reason: string }[];
  /** Folders that were left out by their name. */
  skipped: string[];
}

/** A file's text, or why it is not checked; null for a file of a kind that is not read. */
export type ReadFile =
  { text: string; language: LintLanguage; hasMark: boolean } | { problem: string } | { unreadable: string } | null;

/** Folders of other people's code and of results. */
export const SKIPPED_FOLDERS: ReadonlySet<string> = new Set([
  'node_modules',
  '.git',
  '.hg',
  '.svn',
  'dist',
  'coverage',
  'vendor',
]);
/** What is said of a file that was named and of which nobody can tell how to read it. */
export const UNKNOWN_KIND = 'this kind of file is not known and was not checked';
/** Larger files (bytes) are not read. */
const MAX_BYTES = 4_000_000;
const GLOB = /[*?[{]/;
const MARK = Buffer.from([0xef, 0xbb, 0xbf]);

/** Why a file could not be read, in words. */
export function reason(error: unknown): string {
  const code = (error as NodeJS.ErrnoException).code;
  if (code === 'ENOENT') return 'no such file or folder';
  if (code === 'EISDIR') return 'a folder, not a file';
  if (code === 'EACCES' || code === 'EPERM') return 'permission denied';
  if (code === 'ELOOP') return 'a symbolic link that leads back to itself';
  return error instanceof Error ? (error.message.split('\n')[0] ?? 'unreadable') : 'unreadable';
}

/** Decodes UTF-8 text; undefined for binary or otherwise encoded files. A byte order mark is dropped, as in editors. */
export function decodeText(bytes: Uint8Array): string | undefined {
  if (bytes.includes(0)) return undefined;
  try {
    return new TextDecoder('utf-8', { fatal: true }).decode(bytes);
  } catch {
    // Not UTF-8: no text.
    return undefined;
  }
}

/** The files below paths, globs and folders, each once. Symbolic links are followed but never twice. */
export function* findFiles(paths: readonly string[], cwd: string, unfound: Unfound): Generator<FoundFile> {
  const seen = new Set<string>();
  const shown = (absolute: string): string => relative(cwd, absolute).split(sep).join('/') || '.';

  function* visit(absolute: string, named: boolean): Generator<FoundFile> {
    try {
      const real = realpathSync(absolute);
      if (seen.has(real)) return;
      seen.add(real);
      const stat = statSync(real);
      if (stat.isFile()) yield { path: shown(absolute), absolute, named };
      else if (stat.isDirectory()) yield* visitFolder(absolute, real);
      else if (named) unfound.unreadable.push({ path: shown(absolute), reason: 'neither a file nor a folder' });
    } catch (error) {
      // A link that leads nowhere is part of many checkouts and nobody's file.
      const leadsNowhere = !named && (error as NodeJS.ErrnoException).code === 'ENOENT';
      if (!leadsNowhere) unfound.unreadable.push({ path: shown(absolute), reason: reason(error) });
    }
  }

  function* visitFolder(absolute: string, real: string): Generator<FoundFile> {
    for (const entry of readdirSync(real, { withFileTypes: true }).sort((a, b) => (a.name < b.name ? -1 : 1))) {
      const inner = join(absolute, entry.name);
      if (SKIPPED_FOLDERS.has(entry.name)) {
        if (entry.isDirectory() && !entry.name.startsWith('.')) unfound.skipped.push(shown(inner));
      } else if (entry.isFile() && absolute === real) {
        // Below a folder without links every file is met once.
        yield { path: shown(inner), absolute: inner, named: false };
      } else yield* visit(inner, false);
    }
  }

  for (const path of paths) {
    const absolute = resolve(cwd, path);
    const exists = statSync(absolute, { throwIfNoEntry: false }) !== undefined;
    if (exists || !GLOB.test(path)) yield* visit(absolute, true);
    else {
      const matches = globSync(path, { cwd });
      if (matches.length === 0) unfound.unreadable.push({ path, reason: 'no file matches' });
      for (const match of matches.sort()) yield* visit(resolve(cwd, match), false);
    }
  }
}

/** Kinds of files that are read only for what they say about kubectl, and mostly say nothing. */
const MUST_MENTION = /^(program:|PowerShell$|cmd$|fish$|nushell$|systemd$|crontab$|justfile$|makefile$|dockerfile$)/;
/** The beginning of a file, which tells by its first line what it is. */
const SHEBANG = 35;

/** Reads a file that was found. Of files in which kubectl has to be named to matter, only those that name it become text. */
export function readLintFile({ absolute, named }: FoundFile): ReadFile {
  try {
    const byName = languageOf(absolute, '');
    const size = statSync(absolute).size;
    if (size > MAX_BYTES)
      return byName || named ? { problem: 'this file is larger than 4 MB and was not checked' } : null;
    const bytes = readFileSync(absolute);
    if (!byName && !named && bytes[0] !== SHEBANG && !bytes.subarray(0, 3).equals(MARK)) return null;
    if (byName && MUST_MENTION.test(byName) && !mayMention(bytes, byName))
      return { text: '', language: byName, hasMark: false };
    const text = decodeText(bytes);
    if (text === undefined)
      return byName || named ? { problem: 'this file is not UTF-8 text and was not checked' } : null;
    const language = byName ?? languageOf(absolute, text);
    if (language) return { text, language, hasMark: bytes.subarray(0, 3).equals(MARK) };
    return named ? { problem: UNKNOWN_KIND } : null;
  } catch (error) {
    return { unreadable: reason(error) };
  }
}

function mayMention(bytes: Buffer, language: LintLanguage): boolean {
  return bytes.includes('kubectl') || (!language.startsWith('program:') && /\boc\b/.test(bytes.toString('latin1')));
}

/** True for the names that people give the settings by mistake. */
export function isMisnamedConfig(path: string): boolean {
  return /^(\.stratus\.yml|stratus\.ya?ml|\.stratus\.json)$/.test(basename(path));
}
