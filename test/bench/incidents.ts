import { existsSync, globSync, statSync, writeFileSync } from 'node:fs';
import { basename, join } from 'node:path';
import { parseArgs } from 'node:util';
import { Api } from '../judge/api.ts';
import { runningInstance } from '../judge/command-line.ts';
import { DEFAULT_COMMAND } from '../judge/product.ts';
import { parseSeeds } from '../judge/seeds.ts';
import { ENTRIES, entryNamed } from '../catalogue/catalogue.ts';
import { benchmarkPage } from '../catalogue/page/page.ts';
import { runIncidents, runLooks } from '../catalogue/run/incidents.ts';
import { commitHere, LOOKS, newestRecords, TRIALS } from '../catalogue/run/records.ts';
import { tableOf } from '../catalogue/run/tables.ts';
import { validateAll } from '../catalogue/run/validate.ts';
import { parseWays } from '../catalogue/run/ways.ts';
import { downCluster, upCluster } from '../testbed/instance.ts';
import { StreamReport } from '../testbed/report.ts';

export const usage = `[--faults a,b] [--kind single|pair|unfixable|calm] [--family F] [--like AIOpsLab] [--seeds 1,2,3]
                              [--cluster NAME] [--baseline WAY,...|all] [--popeye] [--write-docs [--page docs/benchmark]]
                              [--side-by-side N] [--since COMMIT] [--fresh] [--built] [--validate] [--no-undo] [--no-check] [--list]`;

/**
 * Every incident of the catalogue on a real cluster: broken, mitigated by the command line, and judged by the incident's
 * own oracle. `--validate` proves the catalogue itself, without the product. A run that was stopped goes on where it was; with
 * `--since` also where an earlier commit left it: only what did not pass there is tried again. `--baseline` mitigates in
 * other ways, `--built` tries what is shipped, `--popeye` lets tools look that repair nothing, `--write-docs` makes
 * docs/benchmark.md of all that is recorded here, or with `--page` another page, which need not be shipped.
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
      like: { type: 'string', default: '' },
      popeye: { type: 'boolean', default: false },
      'write-docs': { type: 'boolean', default: false },
      page: { type: 'string', default: 'docs/benchmark' },
      baseline: { type: 'string' },
      validate: { type: 'boolean', default: false },
      'side-by-side': { type: 'string' },
      since: { type: 'string' },
      'no-undo': { type: 'boolean', default: false },
      'no-check': { type: 'boolean', default: false },
      built: { type: 'boolean', default: false },
      fresh: { type: 'boolean', default: false },
      list: { type: 'boolean', default: false },
    },
  });
  const chosen = values.faults ? values.faults.split(',').map(entryNamed) : ENTRIES;
  const entries = chosen.filter(
    ({ kind, family, faults }) =>
      (!values.kind || kind === values.kind) &&
      (!values.family || family === values.family) &&
      (kind === 'pair' ? '' : (faults[0]?.likeness ?? '')).includes(values.like),
  );
  if (entries.length === 0) throw new Error('no incident is of that kind and family');
  if (values.list) {
    for (const { name, summary } of entries) process.stdout.write(`${name.padEnd(44)} ${summary}\n`);
    return;
  }
  if (values['write-docs']) return writePage(values.page);
  const ways = values.baseline === undefined ? (['stratus'] as const) : parseWays(values.baseline);
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
    const options = {
      api,
      instance,
      command: values.built ? builtCommand() : DEFAULT_COMMAND,
      undo: !values['no-undo'],
      check: !values['no-check'],
    };
    const { fresh, since } = values;
    const selection = { entries, seeds, sideBySide, fresh, ...(since ? { since } : {}) };
    if (values.popeye) {
      const reports = await runLooks(options, selection);
      process.exitCode = reports.every(({ problem }) => problem === '') ? 0 : 1;
      return;
    }
    const reports = await runIncidents(options, ways, selection);
    process.stdout.write(`${tableOf(reports, commitHere())}\n`);
    // What a baseline does not manage is its result.
    process.exitCode = reports.every(({ way, passed, verdict }) => (way === 'stratus' ? passed : verdict !== 'invalid'))
      ? 0
      : 1;
  } finally {
    api.close();
    if (own) await downCluster(own, report);
  }
}

/** The bundle that is shipped, which starts faster. @throws Error when the source is newer */
function builtCommand(): string[] {
  const root = join(import.meta.dirname, '..', '..');
  const bundle = join(root, 'dist', 'cli.cjs');
  const built = existsSync(bundle) ? statSync(bundle).mtimeMs : 0;
  const newer = globSync('src/**/*.ts', { cwd: root }).find((file) => statSync(join(root, file)).mtimeMs > built);
  if (newer) throw new Error(`${newer} is newer than dist: run npm run build first`);
  return [process.execPath, bundle];
}

/** The page and its chart from all that is recorded, of whatever commit; each row says of which. */
/** @param path from the checkout, without an ending */
function writePage(path: string): void {
  if (!/^[a-z][a-z/-]*$/.test(path)) throw new Error(`--page takes a path of small letters, not '${path}'`);
  const { page, picture } = benchmarkPage(newestRecords(TRIALS), newestRecords(LOOKS), basename(path));
  const file = join(import.meta.dirname, '..', '..', path);
  writeFileSync(`${file}.md`, page);
  writeFileSync(`${file}.svg`, picture);
}
