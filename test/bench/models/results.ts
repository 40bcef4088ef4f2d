import { existsSync, mkdirSync, readFileSync, renameSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { gzipSync } from 'node:zlib';
import type { Measured } from '../../catalogue/page/models-page.ts';
import type { ProductRun } from '../../judge/product.ts';
import { commitHere, machineHere } from '../../catalogue/run/records.ts';

/** Where reports on models are kept. */
export const RESULTS = join(import.meta.dirname, '..', '..', '..', 'test-results', 'models');

export function keepMeasured<Row>(name: string, rows: Row[]): void {
  mkdirSync(RESULTS, { recursive: true });
  const measured: Measured<Row> = { commit: commitHere(), machine: machineHere(), at: new Date().toISOString(), rows };
  const path = join(RESULTS, `${name}.json`);
  writeFileSync(`${path}.new`, `${JSON.stringify(measured, null, 2)}\n`);
  renameSync(`${path}.new`, path);
}

/** Null when it was never measured. */
export function measured<Row>(name: string): Measured<Row> | null {
  const path = join(RESULTS, `${name}.json`);
  return existsSync(path) ? (JSON.parse(readFileSync(path, 'utf8')) as Measured<Row>) : null;
}

/** Keeps the events of a run. @returns name of the file */
export function keepTranscript(name: string, { stdout, stderr }: ProductRun): string {
  const folder = join(RESULTS, 'transcripts');
  mkdirSync(folder, { recursive: true });
  const file = `${name.replaceAll(/[^\w.=-]+/g, '_')}.jsonl.gz`;
  writeFileSync(
    join(folder, file),
    gzipSync(stdout + (stderr ? `${JSON.stringify({ type: 'stderr', text: stderr })}\n` : '')),
  );
  return file;
}
