import { existsSync } from 'node:fs';
import { join, resolve } from 'node:path';
import { parseArgs } from 'node:util';
import { ENTRIES, entryNamed } from '../catalogue/catalogue.ts';
import { loadImages } from '../catalogue/images.ts';
import { inLanes } from '../catalogue/run/lanes.ts';
import { Api } from '../judge/api.ts';
import { runningInstance } from '../judge/command-line.ts';
import { parseSeeds } from '../judge/seeds.ts';
import { CASES, nameOf, writeCase } from './models/case.ts';
import { recordCase } from './models/record-case.ts';

export const usage = '--cluster NAME [--seeds 1,2,3] [--faults a,b] [--side-by-side 2] [--to DIR] [--fresh]';

/**
 * Single faults of the catalogue as a brain is given them, one file each, for `prompt` and `choose`: nothing is mitigated.
 * What is there already is left alone, so that a run that was stopped goes on where it was.
 */
export async function bench(args: readonly string[]): Promise<void> {
  const { values } = parseArgs({
    args: [...args],
    options: {
      cluster: { type: 'string' },
      seeds: { type: 'string', default: '1' },
      faults: { type: 'string' },
      'side-by-side': { type: 'string', default: '1' },
      to: { type: 'string', default: CASES },
      fresh: { type: 'boolean', default: false },
    },
  });
  if (!values.cluster) throw new Error('--cluster names a running cluster: npm run testbed -- up --no-app --name NAME');
  const sideBySide = Number(values['side-by-side']);
  if (!(sideBySide >= 1)) throw new Error('--side-by-side takes a number from 1');
  const instance = runningInstance(values.cluster);
  const folder = resolve(values.to);
  const entries = values.faults
    ? values.faults.split(',').map(entryNamed)
    : ENTRIES.filter((one) => one.kind === 'single');
  const failed: string[] = [];
  await loadImages(instance);
  const api = new Api(instance.kubeconfig);
  try {
    await inLanes(entries, parseSeeds(values.seeds), sideBySide, async ({ entry, seed }) => {
      if (!values.fresh && existsSync(join(folder, nameOf({ entry: entry.name, seed })))) return;
      const began = performance.now();
      try {
        const one = await recordCase(api, instance, entry, seed);
        writeCase(folder, one);
        const seconds = ((performance.now() - began) / 1000).toFixed(0);
        const seen = one.severity.known ? `${one.severity.items.length} items` : 'severity unknown';
        process.stderr.write(`recorded ${entry.name} ${seed} (${seconds} s): ${seen}; ${one.truth.what}\n`);
      } catch (error) {
        failed.push(`${entry.name} ${seed}: ${(error as Error).message}`);
        process.stderr.write(`NOT recorded ${failed.at(-1)}\n`);
      }
    });
  } finally {
    api.close();
  }
  if (failed.length > 0) {
    process.stderr.write(`${failed.length} could not be recorded; the same command tries them again\n`);
    process.exitCode = 1;
  }
}
