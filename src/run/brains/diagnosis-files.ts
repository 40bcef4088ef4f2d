import { constants } from 'node:fs';
import { rename, rm } from 'node:fs/promises';
import { join } from 'node:path';
import type { DiagnosisMemory } from '../../agents/model/model-brain.ts';
import type { BrainDiagnosis } from '../../domain/brain.ts';
import type { Clock } from '../../domain/clock.ts';
import { readLogLine } from '../../domain/run-log-line.ts';
import { sha256 } from '../../text/sha256.ts';
import { namesIn, openOwn, ownFolder, readOwn } from '../../gateway/disk/trusted-files.ts';

/** A cluster changes: what was concluded yesterday is no hypothesis today. */
const KEPT_MS = 24 * 3_600_000;
const MOST_FILES = 100;
const KEY = /^[0-9a-f]{64}$/;

/** Diagnoses of models in the state folder, a file each, read by this user alone. What cannot be read or kept is not there. */
export class DiagnosisFiles implements DiagnosisMemory {
  readonly #folder: string;
  readonly #clock: Clock;
  readonly #scope: string;

  /** @param scope who is asked: what one server concluded is no hypothesis of another */
  constructor(stateFolder: string, clock: Clock, scope: string) {
    this.#scope = scope;
    this.#folder = join(stateFolder, 'diagnoses');
    this.#clock = clock;
  }

  async recall(key: string): Promise<{ at: string; diagnosis: BrainDiagnosis } | null> {
    if (!KEY.test(key)) return null;
    try {
      const line = (await readOwn(this.#path(key))).toString('utf8');
      // The same check as for a run's own log: it may be of another version, or torn.
      const read = readLogLine(line);
      if (read.state !== 'event' || read.event.type !== 'diagnosed') return null;
      const { at, findings, hypotheses } = read.event;
      const age = this.#clock.now() - at;
      if (age < 0 || age > KEPT_MS) return null;
      return { at: new Date(at).toISOString(), diagnosis: { findings, hypotheses } };
    } catch {
      // Not there, or not to be trusted: the model is asked.
      return null;
    }
  }

  async keep(key: string, diagnosis: BrainDiagnosis): Promise<void> {
    if (!KEY.test(key)) return;
    try {
      await ownFolder(this.#folder, 'move it away');
      const draft = join(this.#folder, `.draft-${process.pid}`);
      const file = await openOwn(draft, constants.O_WRONLY | constants.O_CREAT | constants.O_TRUNC);
      try {
        await file.writeFile(JSON.stringify({ at: this.#clock.now(), type: 'diagnosed', ...diagnosis }));
      } finally {
        await file.close();
      }
      await rename(draft, this.#path(key));
      await this.#tidy();
    } catch {
      // A full disk or a strange folder costs a call of the model next time, no more.
    }
  }

  async forget(key: string): Promise<void> {
    if (!KEY.test(key)) return;
    // What cannot be removed is a hypothesis of a former run at most, and is out of date within a day.
    await rm(this.#path(key), { force: true }).catch(() => undefined);
  }

  #path(key: string): string {
    return join(this.#folder, `${sha256(`${this.#scope} ${key}`)}.json`);
  }

  async #tidy(): Promise<void> {
    const names = (await namesIn(this.#folder)).filter((name) => KEY.test(name.replace(/\.json$/, '')));
    for (const name of names.slice(0, Math.max(0, names.length - MOST_FILES)))
      await rm(join(this.#folder, name), { force: true });
  }
}
