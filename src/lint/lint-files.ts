import { globSync, readFileSync, readdirSync, realpathSync, statSync } from 'node:fs';
import { join, relative, resolve, sep } from 'node:path';
import { languageOf } from './languages.ts';
import type { LintLanguage } from './languages.ts';

/** A file to lint. `problem` instead of a language: why it cannot be checked. */
export interface LintFile {
  /** As shown to the user: relative to the working folder, with forward slashes. */
  path: string;
  absolute: string;
  text: string;
  language?: LintLanguage;
  problem?: string;
}

/** The files found and the paths that could not be read, with the reason. */
export interface FoundFiles {
  files: LintFile[];
  unreadable: { path: string; reason: string }[];
}

const SKIPPED_FOLDERS = new Set(['node_modules', '.git', '.hg', '.svn', 'dist', 'coverage', 'vendor']);
const MAX_BYTES = 4_000_000;
const GLOB = /[*?[{]/;

function reason(error: unknown): string {
  const code = (error as NodeJS.ErrnoException).code;
  if (code === 'ENOENT') return 'no such file or folder';
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

/** Collects the lintable files below paths, globs and folders, each once. Symbolic links are followed but never twice. */
export function findFiles(paths: readonly string[], cwd: string): FoundFiles {
  const found: FoundFiles = { files: [], unreadable: [] };
  const seen = new Set<string>();
  const shown = (absolute: string): string => relative(cwd, absolute).split(sep).join('/') || '.';

  const addFile = (absolute: string, named: boolean): void => {
    try {
      if (statSync(absolute).size > MAX_BYTES) {
        if (named)
          found.files.push({
            path: shown(absolute),
            absolute,
            text: '',
            problem: 'this file is larger than 4 MB and was not checked',
          });
        return;
      }
      const bytes = readFileSync(absolute);
      const text = decodeText(bytes);
      if (text === undefined) {
        if (named)
          found.files.push({
            path: shown(absolute),
            absolute,
            text: '',
            problem: 'this file is not UTF-8 text and was not checked',
          });
        return;
      }
      const language = languageOf(absolute, text);
      if (language) found.files.push({ path: shown(absolute), absolute, text, language });
      else if (named)
        found.files.push({
          path: shown(absolute),
          absolute,
          text,
          problem: 'this kind of file is not known and was not checked',
        });
    } catch (error) {
      found.unreadable.push({ path: shown(absolute), reason: reason(error) });
    }
  };

  const visit = (absolute: string, named: boolean): void => {
    let real: string;
    try {
      real = realpathSync(absolute);
      if (seen.has(real)) return;
      seen.add(real);
      const stat = statSync(real);
      if (stat.isFile()) return addFile(absolute, named);
      if (!stat.isDirectory()) {
        if (named) found.unreadable.push({ path: shown(absolute), reason: 'neither a file nor a folder' });
        return;
      }
      for (const entry of readdirSync(real).sort())
        if (!SKIPPED_FOLDERS.has(entry)) visit(join(absolute, entry), false);
    } catch (error) {
      // A link that leads nowhere is part of many checkouts and nobody's file.
      const leadsNowhere = !named && (error as NodeJS.ErrnoException).code === 'ENOENT';
      if (!leadsNowhere) found.unreadable.push({ path: shown(absolute), reason: reason(error) });
    }
  };

  for (const path of paths) {
    const absolute = resolve(cwd, path);
    const exists = statSync(absolute, { throwIfNoEntry: false }) !== undefined;
    if (exists || !GLOB.test(path)) visit(absolute, true);
    else {
      const matches = globSync(path, { cwd });
      if (matches.length === 0) found.unreadable.push({ path, reason: 'no file matches' });
      for (const match of matches.sort()) visit(resolve(cwd, match), false);
    }
  }
  return found;
}
