import type { Entry } from '../catalogue.ts';
import { drawIncident, ENTRIES } from '../catalogue.ts';
import { loadImages } from '../images.ts';
import { round } from '../run/mitigation.ts';
import { Stage } from '../run/stage.ts';
import type { Desk } from './desk.ts';
import type { CalmReport } from './report.ts';
import { Watching } from './watching.ts';

/** A scene is watched for this long: rules wait, and what is seen once is no incident. */
const SCENE_MS = 150_000;

/** Scenes in which nothing is wrong. */
export const CALM_ENTRIES: readonly Entry[] = ENTRIES.filter(({ kind }) => kind === 'calm');

/** The shop under its load for some minutes, watched: whatever is opened is a false incident. */
export async function runHealthyLoad(desk: Desk, seed: number, minutes: number): Promise<CalmReport> {
  const report = emptyReport('shop', seed, 'the shop under its usual load');
  const engineer = desk.engineer();
  try {
    await desk.heal();
    await desk.shop.untilQuiet();
    const args = [...engineer.place(), '--interval', String(desk.intervalSeconds)];
    const watching = await Watching.start(engineer.product, args, minutes * 60_000 + 120_000);
    await watch(watching, minutes * 60_000, report);
  } catch (error) {
    report.invalid = (error as Error).message;
  } finally {
    engineer.close();
  }
  return report;
}

/** A scene in a namespace of its own, watched before and while it goes on. */
export async function runCalmScene(desk: Desk, entry: Entry, seed: number): Promise<CalmReport> {
  const { api, instance, intervalSeconds } = desk;
  const incident = drawIncident(entry, seed);
  const report = emptyReport(entry.name, seed, incident.plan.what);
  const stage = new Stage(api, instance, incident);
  const engineer = desk.engineer();
  try {
    await loadImages(instance);
    await stage.deploy();
    const { namespace } = incident.application;
    const args = [...engineer.place(namespace), '--interval', String(intervalSeconds)];
    const watching = await Watching.start(engineer.product, args, SCENE_MS + 120_000);
    const injected = incident.plan.inject(stage.cluster);
    // Told of when the watch has ended.
    injected.catch(() => undefined);
    await watch(watching, SCENE_MS, report);
    await injected;
  } catch (error) {
    report.invalid = (error as Error).message;
  } finally {
    engineer.close();
    await stage.remove().catch((error: Error) => (report.invalid ||= `not removed: ${error.message}`));
  }
  return report;
}

async function watch(watching: Watching, forMs: number, report: CalmReport): Promise<void> {
  const started = performance.now();
  try {
    await watching.until(forMs, () => false);
  } finally {
    report.minutes = round((performance.now() - started) / 60_000);
    report.incidents = watching.opened().map(({ title, members }) => {
      const by = [...new Set(members.map(({ source }) => source))].sort().join('+');
      return `${title} (by ${by})`;
    });
    report.unknown = watching.events('unknown').length;
    watching.stop();
  }
}

function emptyReport(entry: string, seed: number, what: string): CalmReport {
  return { entry, seed, what, minutes: 0, incidents: [], unknown: 0, invalid: '' };
}

export function calmLine({ entry, seed, minutes, incidents, unknown, invalid }: CalmReport): string {
  const word = invalid ? 'INVALID' : incidents.length > 0 ? 'FAILED' : 'passed';
  const said = invalid || incidents.join('; ');
  return `${word} ${entry} ${seed}: ${minutes} min watched, ${incidents.length} false incidents, ${unknown} looks without an answer ${said.slice(0, 300)}`.trimEnd();
}
