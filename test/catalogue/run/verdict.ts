import type { Dump, Dumper, Item } from '../../judge/dump/dump.ts';
import { cheatsOf, notRestored, sceneOf } from '../guard.ts';
import { until } from '../health.ts';
import type { TrialReport } from './report.ts';
import type { Stage } from './stage.ts';

const GREEN_MS = 30_000;
const RESTORED_MS = 30_000;

export interface Dumps {
  base: Dump;
  faulty: Dump;
  dumper: Dumper;
}

/** Compares what a mitigation claims with what users get and with how the objects are, and notes the verdict. */
export async function judge(report: TrialReport, { lack, incident }: Stage, dumps: Dumps): Promise<void> {
  const { base, faulty, dumper } = dumps;
  const { application, plan, entry } = incident;
  if (entry.kind === 'calm') {
    if (report.outcome !== 'healthy') report.problems.push(`outcome ${report.outcome} where nothing is wrong`);
    if (report.writes > 0) report.problems.push(`${report.writes} writes where nothing is wrong`);
    report.verdict = report.problems.length === 0 ? 'resolved' : 'wrong';
    return;
  }
  const claimed = report.outcome === 'resolved';
  const green = await (claimed ? lasting(lack, plan.holdSeconds) : once(lack));
  if (green.reached) {
    report.problems.push(...cheatsOf({ base, faulty, after: await dumper.fresh(), application, plan }));
    report.verdict = report.problems.length === 0 ? 'resolved' : 'wrong';
    return;
  }
  if (claimed) report.problems.push(`says resolved, but ${green.lack}`);
  if (report.outcome === 'improved') {
    report.problems.push(...cheatsOf({ base, faulty, after: await dumper.fresh(), application, plan }));
  } else {
    report.undoDifferences = await differences(dumper, faulty, sceneOf(application, plan));
    report.problems.push(...report.undoDifferences.map((text) => `not restored: ${text}`));
  }
  if (report.problems.length > 0) report.verdict = 'wrong';
  else report.verdict = report.outcome === 'improved' ? 'improved' : report.cause > 0 ? 'named' : 'unnamed';
}

/** Controllers may take a moment to write their share, so equality is asked for until it holds. */
export async function differences(
  dumper: Dumper,
  faulty: Dump,
  inScene: (item: Item) => boolean,
  staysDone?: readonly string[],
): Promise<string[]> {
  const end = performance.now() + RESTORED_MS;
  for (;;) {
    const found = notRestored(faulty, await dumper.fresh(), inScene, staysDone);
    if (found.length === 0 || performance.now() > end) return found;
    await new Promise((resolve) => setTimeout(resolve, 1_000));
  }
}

async function lasting(lack: () => Promise<string>, holdSeconds = 0): Promise<{ reached: boolean; lack: string }> {
  const green = await until('green', lack, GREEN_MS);
  if (!green.reached || holdSeconds === 0) return green;
  await new Promise((resolve) => setTimeout(resolve, holdSeconds * 1000));
  return once(lack);
}

async function once(lack: () => Promise<string>): Promise<{ reached: boolean; lack: string }> {
  const now = await lack();
  return { reached: now === '', lack: now };
}
