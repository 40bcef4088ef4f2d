import type { Api } from '../../judge/api.ts';
import type { Instance } from '../../testbed/instance-record.ts';
import type { Entry } from '../catalogue.ts';
import { drawIncident } from '../catalogue.ts';
import { until } from '../health.ts';
import { loadImages } from '../images.ts';
import { inLanes } from './lanes.ts';
import { Stage } from './stage.ts';

/** A fault that heals by itself is none. */
const HOLD_MS = 8_000;
const HEAL_MS = 120_000;

export interface Validation {
  entry: string;
  seed: number;
  valid: boolean;
  seconds: { base?: number; red?: number; heal?: number };
  what: string;
  /** How the fault shows; or what is wrong with the entry. */
  text: string;
}

/**
 * Proves an entry: the application is green, the fault turns it red and it stays so, the true repair makes it green
 * again. A calm scene must be green, or become so by itself.
 */
export async function validate(api: Api, instance: Instance, entry: Entry, seed: number): Promise<Validation> {
  const incident = drawIncident(entry, seed);
  const stage = new Stage(api, instance, incident);
  const report: Validation = { entry: entry.name, seed, valid: false, seconds: {}, what: incident.plan.what, text: '' };
  try {
    report.seconds.base = await stage.deploy();
    if (entry.kind === 'calm') {
      await incident.plan.inject(stage.cluster);
      const calm = await until('green', stage.lack, HEAL_MS);
      report.text = calm.reached ? 'is healthy' : calm.lack;
      report.valid = calm.reached;
      return report;
    }
    const red = await stage.breakIt();
    report.seconds.red = red.seconds;
    await new Promise((resolve) => setTimeout(resolve, HOLD_MS));
    report.text = await stage.lack();
    if (report.text === '') throw new Error('the fault went away by itself');
    await incident.plan.heal(stage.cluster);
    const green = await until('green', stage.lack, HEAL_MS);
    report.seconds.heal = green.seconds;
    if (!green.reached) throw new Error(`the true repair does not help; ${green.lack}`);
    report.valid = true;
  } catch (error) {
    report.text = (error as Error).message;
  } finally {
    await stage.remove().catch((error: Error) => (report.text += `; not removed: ${error.message}`));
  }
  return report;
}

export async function validateAll(
  api: Api,
  instance: Instance,
  entries: readonly Entry[],
  seeds: readonly number[],
  sideBySide: number,
): Promise<Validation[]> {
  await loadImages(instance);
  const reports: Validation[] = [];
  await inLanes(entries, seeds, sideBySide, async ({ entry, seed }) => {
    const report = await validate(api, instance, entry, seed);
    reports.push(report);
    const { base = 0, red = 0, heal = 0 } = report.seconds;
    const times = [base, red, heal].map((seconds) => seconds.toFixed(0)).join('/');
    process.stdout.write(
      `${report.valid ? 'VALID  ' : 'INVALID'} ${report.entry} ${report.seed} (${times} s) ${report.what} | ${report.text}\n`,
    );
  });
  return reports;
}
