import type { Entry } from '../catalogue.ts';
import type { Recorded, RecordOptions, Shelf } from '../run/records.ts';
import { Records } from '../run/records.ts';
import { calmLine, runCalmScene, runHealthyLoad } from './calm.ts';
import type { Desk } from './desk.ts';
import { faultLine, runFaultTrial } from './fault-trial.ts';
import { fixLine, runFixTrial } from './fix-trial.ts';
import type { CalmReport, FixReport, TelemetryReport } from './report.ts';
import { CALM_ROWS, FIX_ROWS, TELEMETRY_ROWS } from './report.ts';
import type { TelemetryScene } from './scenes.ts';

/** Rows of the benchmark, each held once for a commit and recorded. */
export class TelemetryRounds {
  readonly #desk: Desk;
  readonly #faults: Records<TelemetryReport>;
  readonly #fixes: Records<FixReport>;
  readonly #calm: Records<CalmReport>;

  constructor(desk: Desk, options: RecordOptions = {}) {
    this.#desk = desk;
    const records = <T extends { entry: string; seed: number }>(shelf: Shelf<T>) => new Records(shelf, options);
    this.#faults = records(TELEMETRY_ROWS);
    this.#fixes = records(FIX_ROWS);
    this.#calm = records(CALM_ROWS);
  }

  fault(scene: TelemetryScene, seed: number): Promise<Recorded<TelemetryReport>> {
    const held = () => runFaultTrial(this.#desk, scene, seed);
    return row(this.#faults, { entry: scene.fault.name, seed }, held, faultLine);
  }

  fix(entry: FixReport['entry'], seed: number): Promise<Recorded<FixReport>> {
    return row(this.#fixes, { entry, seed }, () => runFixTrial(this.#desk, entry, seed), fixLine);
  }

  healthyLoad(seed: number, minutes: number): Promise<Recorded<CalmReport>> {
    return row(this.#calm, { entry: 'shop', seed }, () => runHealthyLoad(this.#desk, seed, minutes), calmLine);
  }

  calmScene(entry: Entry, seed: number): Promise<Recorded<CalmReport>> {
    return row(this.#calm, { entry: entry.name, seed }, () => runCalmScene(this.#desk, entry, seed), calmLine);
  }
}

/** What was held before for this commit, or now. */
async function row<T extends { entry: string; seed: number }>(
  records: Records<T>,
  key: { entry: string; seed: number },
  hold: () => Promise<T>,
  lineOf: (report: T) => string,
): Promise<Recorded<T>> {
  const known = records.of(key);
  const report = known ?? records.keep(await hold());
  const former = known && known.commit !== records.commit ? ` [of ${known.commit}]` : '';
  process.stderr.write(`  ${lineOf(report)}${former}\n`);
  return report;
}
