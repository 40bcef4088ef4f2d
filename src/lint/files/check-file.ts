import { dirname } from 'node:path';
import type { ReadNearby } from '../applied-files.ts';
import { analyzeDocument } from '../analyze.ts';
import { applyEdits, safeEdits } from '../apply-fixes.ts';
import type { LintConfig } from '../config.ts';
import type { Finding } from '../finding.ts';
import { note } from '../judge-regions.ts';
import type { LintLanguage } from '../languages.ts';
import { placeFinder } from '../positions.ts';
import type { Place } from '../positions.ts';
import { ConfigFiles } from './config-files.ts';
import type { ConfigFileProblem } from './config-files.ts';
import { isMisnamedConfig, readLintFile, UNKNOWN_KIND } from './lint-files.ts';
import type { FoundFile } from './lint-files.ts';
import { nearbyFiles, projectRoot } from './nearby-files.ts';

/** A range of a file. */
export interface PlaceRange {
  start: Place;
  end: Place;
}

/** One finding with its place, without the text it was found in. */
export interface FileFinding {
  rule: string;
  severity: Finding['severity'];
  range: PlaceRange;
  message: string;
  fix?: { title: string; safe: boolean; edits: { range: PlaceRange; newText: string }[] };
}

/** What was found in one file. */
export interface FileReport {
  path: string;
  findings: FileFinding[];
  suppressed: number;
  /** False for files of kinds that are not read, and those that could not be. */
  read: boolean;
  /** Why it could not be looked at. */
  unreadable?: string;
  /** The text with the safe fixes made, and their titles; only when asked for and there are any. */
  fixed?: { before: string; after: string; titles: string[]; hasMark: boolean };
}

const MAX_FIX_ROUNDS = 5;

/** Checks files, each with the settings that are nearest to it. */
export class FileChecker {
  readonly #configs: ConfigFiles;
  readonly #fix: boolean;
  readonly #roots = new Map<string, string>();

  /** @param config the one settings file to use, instead of the nearest to each file */
  constructor({ config, fix }: { config?: string | undefined; fix: boolean }) {
    this.#configs = new ConfigFiles(config);
    this.#fix = fix;
  }

  check(file: FoundFile): FileReport {
    const config = this.#configs.nearest(dirname(file.absolute));
    if (isMisnamedConfig(file.absolute))
      return this.#report(
        file,
        '',
        note('unknown-setting', 'this file is not read; the settings stand in .stratus.yaml', config),
        0,
        true,
      );
    const read = readLintFile(file);
    if (read === null) return this.#report(file, '', [], 0, false);
    if ('unreadable' in read) return { ...this.#report(file, '', [], 0, false), unreadable: read.unreadable };
    if ('problem' in read) return this.#unread(file, read.problem);
    return this.checkText(file, read.text, read.language, read.hasMark);
  }

  /** A text that stands in no file, or not yet, and of which nobody can tell how to read it. */
  unknownKind(file: FoundFile): FileReport {
    return this.#unread(file, UNKNOWN_KIND);
  }

  /** The same as for a file for a text that stands in none, or not yet. */
  checkText(file: FoundFile, given: string, language: LintLanguage, hasMark = false): FileReport {
    const config = this.#configs.nearest(dirname(file.absolute));
    const folder = dirname(file.absolute);
    const nearby: ReadNearby = (use) => nearbyFiles(this.#rootOf(folder), folder)(use);
    const { text, titles } = this.#fix ? fixedText(given, language, config) : { text: given, titles: [] };
    const { findings, suppressed } = analyzeDocument(text, language, config, undefined, nearby);
    const report = this.#report(file, text, findings, suppressed, true);
    return titles.length === 0 ? report : { ...report, fixed: { before: given, after: text, titles, hasMark } };
  }

  /** What is wrong in the settings that were used. */
  problems(): ConfigFileProblem[] {
    return this.#configs.problems();
  }

  #unread(file: FoundFile, message: string): FileReport {
    const config = this.#configs.nearest(dirname(file.absolute));
    return this.#report(file, '', note('not-checked', message, config), 0, false);
  }

  #rootOf(folder: string): string {
    const known = this.#roots.get(folder);
    if (known !== undefined) return known;
    const root = projectRoot(folder);
    this.#roots.set(folder, root);
    return root;
  }

  #report(
    { path }: FoundFile,
    text: string,
    findings: readonly Finding[],
    suppressed: number,
    read: boolean,
  ): FileReport {
    const place = placeFinder(text);
    const range = (start: number, end: number): PlaceRange => ({ start: place(start), end: place(end) });
    const placed = findings.map(({ rule, severity, start, end, message, fix }): FileFinding => ({
      rule,
      severity,
      range: range(start, end),
      message,
      ...(fix
        ? {
            fix: {
              title: fix.title,
              safe: fix.safe,
              edits: fix.edits.map((edit) => ({ range: range(edit.start, edit.end), newText: edit.text })),
            },
          }
        : {}),
    }));
    return { path, findings: placed, suppressed, read };
  }
}

/** Makes safe fixes until none is left. */
function fixedText(given: string, language: LintLanguage, config: LintConfig): { text: string; titles: string[] } {
  let text = given;
  const titles: string[] = [];
  for (let round = 0; round < MAX_FIX_ROUNDS; round++) {
    const { findings } = analyzeDocument(text, language, config);
    const edits = safeEdits(findings);
    if (edits.length === 0) break;
    titles.push(
      ...findings.flatMap(({ fix }) =>
        fix?.safe && fix.edits.every((edit) => edits.includes(edit)) ? [fix.title] : [],
      ),
    );
    text = applyEdits(text, edits);
  }
  return { text, titles };
}
