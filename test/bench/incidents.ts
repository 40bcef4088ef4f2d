import { parseArgs } from 'node:util';
import { Api } from '../judge/api.ts';
import { runningInstance } from '../judge/command-line.ts';
import { DEFAULT_COMMAND } from '../judge/product.ts';
import { parseSeeds } from '../judge/seeds.ts';
import { ENTRIES, entryNamed } from '../catalogue/catalogue.ts';
import { runIncidents } from '../catalogue/run/incidents.ts';
import { commitHere } from '../catalogue/run/records.ts';
import { tableOf } from '../catalogue/run/tables.ts';
import { validateAll } from '../catalogue/run/validate.ts';
import { downCluster, upCluster } from '../testbed/instance.ts';
import { StreamReport } from '../testbed/report.ts';

export const usage = `[--faults a,b] [--kind single|pair|unfixable|calm] [--family F] [--seeds 1,2,3] [--cluster NAME]
                              [--side-by-side N] [--since COMMIT] [--fresh] [--validate] [--no-undo] [--no-check] [--list]`;

/**
 * Every incident of the catalogue on a real cluster: broken, mitigated by the command line, and judged by the incident's
 * own oracle. `--validate` proves the catalogue itself, without the product. A run that was stopped goes on where it was; with
 * `--since` also where an earlier commit left it: only what did not pass there is tried again.
 */
export async function bench(args: readonly string[]): Promise<void> {
  const { values } = parseArgs({
    args: [...args],
    options: {
      faults: { type: 'string' },
      kind: { type: 'string' },
      family: { type: 'string' },
      seeds: { type: 'string', default: '1' },
      cluster: { type: 'string' },
      validate: { type: 'boolean', default: false },
      'side-by-side': { type: 'string' },
      since: { type: 'string' },
      'no-undo': { type: 'boolean', default: false },
      'no-check': { type: 'boolean', default: false },
      fresh: { type: 'boolean', default: false },
      list: { type: 'boolean', default: false },
    },
  });
  const chosen = values.faults ? values.faults.split(',').map(entryNamed) : ENTRIES;
  const entries = chosen.filter(
    ({ kind, family }) => (!values.kind || kind === values.kind) && (!values.family || family === values.family),
  );
  if (entries.length === 0) throw new Error('no incident is of that kind and family');
  if (values.list) {
    for (const { name, summary } of entries) process.stdout.write(`${name.padEnd(44)} ${summary}\n`);
    return;
  }
  const seeds = parseSeeds(values.seeds);
  const sideBySide = Number(values['side-by-side'] ?? (values.validate ? 4 : 1));
  if (!(sideBySide >= 1)) throw new Error('--side-by-side takes a number from 1');
  const report = new StreamReport();
  const own = values.cluster ? undefined : `bench-${process.pid}`;
  const instance = own ? await upCluster({ name: own, nodes: 'real' }, report) : runningInstance(values.cluster!);
  const api = new Api(instance.kubeconfig);
  try {
    if (values.validate) {
      const reports = await validateAll(api, instance, entries, seeds, sideBySide);
      process.exitCode = reports.every(({ valid }) => valid) ? 0 : 1;
      return;
    }
    const reports = await runIncidents(
      { api, instance, command: DEFAULT_COMMAND, undo: !values['no-undo'], check: !values['no-check'] },
      { entries, seeds, sideBySide, fresh: values.fresh, ...(values.since ? { since: values.since } : {}) },
    );
    process.stdout.write(`${tableOf(reports, commitHere())}\n`);
    process.exitCode = reports.every(({ passed }) => passed) ? 0 : 1;
  } finally {
    api.close();
    if (own) await downCluster(own, report);
  }
}
