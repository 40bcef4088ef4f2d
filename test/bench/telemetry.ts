import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { parseArgs } from 'node:util';
import { newestRecords } from '../catalogue/run/records.ts';
import { CALM_ENTRIES } from '../catalogue/telemetry/calm.ts';
import { Desk } from '../catalogue/telemetry/desk.ts';
import { telemetryPage } from '../catalogue/telemetry/page.ts';
import { CALM_ROWS, COST_ROWS, FIX_ROWS, TELEMETRY_ROWS } from '../catalogue/telemetry/report.ts';
import { TelemetryRounds } from '../catalogue/telemetry/rounds.ts';
import { sceneNamed, TELEMETRY_SCENES } from '../catalogue/telemetry/scenes.ts';
import { runningInstance } from '../judge/command-line.ts';
import { DEFAULT_COMMAND } from '../judge/product.ts';
import { parseSeeds } from '../judge/seeds.ts';
import { deployShop } from '../testbed/app/deploy.ts';
import { downCluster, upCluster, type Instance } from '../testbed/instance.ts';
import { StreamReport } from '../testbed/report.ts';
import { seedHistory } from '../testbed/telemetry/history.ts';

export const usage = `[--part faults,good,bad,load,scenes] [--faults a,b] [--seeds 1..10] [--cluster NAME] [--history HOURS]
                              [--interval SECONDS] [--minutes M] [--fresh] [--since COMMIT] [--list] [--write-docs]`;

const PARTS = ['faults', 'good', 'bad', 'load', 'scenes'] as const;
type Part = (typeof PARTS)[number];
/** Baselines look back an hour. */
const HISTORY_HOURS = '3';

/**
 * What telemetry is worth, on a cluster with all servers of it: each fault that only telemetry shows, from the quiet shop to the
 * verdict (`faults`); good plans and bad ones that only an alert tells apart (`good`, `bad`); healthy load for some minutes a seed
 * (`load`), and scenes without a fault (`scenes`). Rows are recorded: a run that was stopped goes on where it was. The first
 * Ctrl-C ends it after the row that is under way. `--write-docs` makes docs/benchmark-telemetry.md of all that is recorded.
 */
export async function bench(args: readonly string[]): Promise<void> {
  const { values } = parseArgs({
    args: [...args],
    options: {
      part: { type: 'string', default: 'faults' },
      faults: { type: 'string' },
      seeds: { type: 'string' },
      cluster: { type: 'string' },
      history: { type: 'string', default: HISTORY_HOURS },
      interval: { type: 'string', default: '15' },
      minutes: { type: 'string', default: '10' },
      fresh: { type: 'boolean', default: false },
      since: { type: 'string' },
      list: { type: 'boolean', default: false },
      'write-docs': { type: 'boolean', default: false },
    },
  });
  if (values['write-docs']) return writePage();
  const scenes = values.faults?.split(',').map(sceneNamed) ?? TELEMETRY_SCENES;
  if (values.list) {
    for (const { fault } of scenes) process.stdout.write(`${fault.name.padEnd(24)} ${fault.summary}\n`);
    return;
  }
  const parts = values.part.split(',').map(partNamed);
  const numberOf = (name: 'history' | 'interval' | 'minutes', least: number): number => {
    const value = Number(values[name]);
    if (!(value >= least)) throw new Error(`--${name} takes a number from ${least}, not '${values[name]}'`);
    return value;
  };
  const [hours, interval, minutes] = [numberOf('history', 0), numberOf('interval', 5), numberOf('minutes', 1)];
  const seedsOf = (usual: string) => parseSeeds(values.seeds ?? usual);
  const report = new StreamReport();
  const own = values.cluster ? undefined : `bench-${process.pid}`;
  const stop = stopping(async () => void (own && (await downCluster(own, report))));
  const instance = own
    ? await upCluster({ name: own, nodes: 'real', telemetry: 'all' }, report)
    : runningInstance(values.cluster!);
  try {
    await prepare(instance, hours, report);
    const desk = new Desk(instance, DEFAULT_COMMAND, interval);
    try {
      const { fresh, since } = values;
      const rounds = new TelemetryRounds(desk, { fresh, ...(since ? { since } : {}) });
      const works: Record<Part, () => (() => Promise<{ passed?: boolean; incidents?: string[] }>)[]> = {
        faults: () => seedsOf('1').flatMap((seed) => scenes.map((scene) => () => rounds.fault(scene, seed))),
        good: () => seedsOf('1..10').map((seed) => () => rounds.fix('good', seed)),
        bad: () => seedsOf('1..10').map((seed) => () => rounds.fix('bad', seed)),
        load: () => seedsOf('1..3').map((seed) => () => rounds.healthyLoad(seed, minutes)),
        scenes: () => seedsOf('1').flatMap((seed) => CALM_ENTRIES.map((entry) => () => rounds.calmScene(entry, seed))),
      };
      let failed = 0;
      for (const work of parts.flatMap((part) => works[part]())) {
        if (stop.asked) {
          process.stderr.write('stopped: the same command goes on from here\n');
          break;
        }
        const { passed, incidents } = await work();
        if (passed === false || (incidents && incidents.length > 0)) failed += 1;
      }
      process.exitCode = failed === 0 ? 0 : 1;
    } finally {
      desk.close();
    }
  } finally {
    if (own) await downCluster(own, report);
  }
}

function partNamed(name: string): Part {
  const part = PARTS.find((one) => one === name);
  if (!part) throw new Error(`no part ${name}; there are: ${PARTS.join(', ')}`);
  return part;
}

async function prepare(instance: Instance, hours: number, report: StreamReport): Promise<void> {
  await deployShop(instance, report);
  if (hours > 0) await seedHistory(instance, hours, report);
}

/** The first signal ends it after the row that is under way, the second at once: what was started is stopped then, too. */
function stopping(down: () => Promise<void>): { asked: boolean } {
  const stop = { asked: false };
  const asked = () => {
    if (stop.asked) return void down().finally(() => process.exit(130));
    stop.asked = true;
    process.stderr.write('stopping after this row\n');
  };
  process.on('SIGINT', asked).on('SIGTERM', asked);
  return stop;
}

function writePage(): void {
  const page = telemetryPage({
    faults: newestRecords(TELEMETRY_ROWS),
    fixes: newestRecords(FIX_ROWS),
    calm: newestRecords(CALM_ROWS),
    cost: newestRecords(COST_ROWS),
  });
  writeFileSync(join(import.meta.dirname, '..', '..', 'docs', 'benchmark-telemetry.md'), page);
}
