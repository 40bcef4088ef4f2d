import { parseArgs } from 'node:util';
import { Api } from '../judge/api.ts';
import { runningInstance } from '../judge/command-line.ts';
import { DEFAULT_COMMAND } from '../judge/product.ts';
import { parseSeeds } from '../judge/seeds.ts';
import { ENTRIES, entryNamed } from '../catalogue/catalogue.ts';
import { runIncidents, tableOf } from '../catalogue/run/incidents.ts';
import { validateAll } from '../catalogue/run/validate.ts';
import { downCluster, upCluster } from '../testbed/instance.ts';
import { StreamReport } from '../testbed/report.ts';

export const usage = `[--faults a,b] [--kind single|pair|unfixable|calm] [--family F] [--seeds 1,2,3] [--cluster NAME]
                              [--validate [--side-by-side N]] [--no-undo] [--no-check] [--fresh] [--list]`;

/**
 * Every incident of the catalogue on a real cluster: broken, mitigated by the command line, and judged by the incident's
 * own oracle. `--validate` proves the catalogue itself, without the product. A run that was stopped goes on where it was.
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
      'side-by-side': { type: 'string', default: '4' },
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
  const report = new StreamReport();
  const own = values.cluster ? undefined : `bench-${process.pid}`;
  const instance = own ? await upCluster({ name: own, nodes: 'real' }, report) : runningInstance(values.cluster!);
  const api = new Api(instance.kubeconfig);
  try {
    if (values.validate) {
      const reports = await validateAll(api, instance, entries, seeds, Number(values['side-by-side']));
      process.exitCode = reports.every(({ valid }) => valid) ? 0 : 1;
      return;
    }
    const reports = await runIncidents(
      { api, instance, command: DEFAULT_COMMAND, undo: !values['no-undo'], check: !values['no-check'] },
      { entries, seeds, fresh: values.fresh },
    );
    process.stdout.write(`${tableOf(reports)}\n`);
    process.exitCode = reports.every(({ passed }) => passed) ? 0 : 1;
  } finally {
    api.close();
    if (own) await downCluster(own, report);
  }
}
