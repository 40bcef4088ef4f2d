import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import type { ProductRun } from '../../judge/product.ts';
import { resultOf, tailOf } from '../../judge/product.ts';
import { injectFault } from '../../testbed/faults/catalog.ts';
import { round } from '../run/mitigation.ts';
import type { TriedPlan } from '../wrong-plans/fates.ts';
import { noteFates } from '../wrong-plans/fates.ts';
import type { Desk, Engineer } from './desk.ts';
import { notAsBefore, writtenState } from './dumps.ts';
import type { DrawnFix } from './fixes.ts';
import { drawBadFix, drawGoodFix } from './fixes.ts';
import type { FixReport } from './report.ts';
import { sceneNamed } from './scenes.ts';
import { untilNothing } from './shop.ts';

/** From a fault until a rule fires; those that take longer are none of these. */
const FIRES_MS = 180_000;
const HEALTHY_MS = 30_000;
const LOOK_EVERY_MS = 1_000;

/**
 * An engineer's plan, tried by the product: a good one is to be kept although its alert clears late, a bad one to be undone
 * although only an alert shows what it breaks. Never throws for what the product does.
 */
export async function runFixTrial(desk: Desk, entry: FixReport['entry'], seed: number): Promise<FixReport> {
  const drawn = entry === 'good' ? drawGoodFix(seed) : drawBadFix(seed);
  const { what, lines } = drawn;
  const report: FixReport = {
    ...{ entry, seed, what, lines, fate: '', passed: false, before: [], since: [], seconds: {}, problems: [] },
    ...{ reason: '', invalid: '' },
  };
  const engineer = desk.engineer();
  try {
    await desk.heal();
    await desk.shop.untilQuiet();
    await breakIt(desk, drawn, seed);
    if (entry === 'good') await tryGood(desk, engineer, drawn, report);
    else await tryBad(desk, engineer, drawn, report);
  } catch (error) {
    report.invalid = (error as Error).message;
  } finally {
    engineer.close();
    const isLeft = entry === 'bad' && report.fate !== 'undone';
    const healed = isLeft || report.problems.length > 0 ? desk.restore() : desk.heal();
    await healed.catch((error: Error) => report.problems.push(`not healed: ${error.message}`));
    report.passed = report.invalid === '' && report.problems.length === 0;
  }
  return report;
}

async function breakIt({ instance, shop }: Desk, { fault, target, alert }: DrawnFix, seed: number): Promise<void> {
  await injectFault(instance, fault, { seed, ...(target ? { target } : {}) });
  if (alert !== undefined) return;
  const silent = await untilNothing(FIRES_MS, async () => ((await shop.firing()).length > 0 ? '' : 'no alert fires'));
  if (silent) throw new Error(silent);
}

async function tryGood(desk: Desk, engineer: Engineer, drawn: DrawnFix, report: FixReport): Promise<void> {
  const { run, clearedAt } = await tried(desk, engineer, drawn, report);
  if (report.fate !== 'kept') report.problems.push(`a good fix was ${report.fate}: ${report.reason}`);
  const outcome = String(resultOf(run)?.outcome ?? '');
  if (outcome !== 'resolved')
    report.problems.push(`the run ended ${outcome || run.code}: ${tailOf(run).slice(0, 200)}`);
  const lack = await untilNothing(HEALTHY_MS, () => desk.shop.lack(sceneNamed(drawn.fault)));
  if (lack) report.problems.push(`after it ${lack}`);
  const wrote = run.events.find(({ type, writes }) => type === 'stepDone' && Number(writes) > 0)?.at;
  if (typeof wrote === 'number' && clearedAt > wrote) report.seconds.clearing = round((clearedAt - wrote) / 1_000);
}

async function tryBad(desk: Desk, engineer: Engineer, drawn: DrawnFix, report: FixReport): Promise<void> {
  const before = await writtenState(desk.dumper);
  await tried(desk, engineer, drawn, report);
  if (report.fate === 'refused' || report.fate === 'not tried')
    throw new Error(`the plan was ${report.fate}: ${report.reason}`);
  if (report.fate === 'undone' && !report.since.includes(drawn.alert!))
    throw new Error(`it was undone before ${drawn.alert} was seen (${report.since.join(', ')}): ${report.reason}`);
  if (report.fate !== 'undone') report.problems.push(`a bad fix was ${report.fate}: ${report.reason}`);
  const left = await notAsBefore(desk.dumper, before);
  report.problems.push(...left.map((text) => `not as before: ${text}`));
}

/** Runs the plan as the only attempt, and looks at the alerts meanwhile. */
async function tried(
  { shop }: Desk,
  engineer: Engineer,
  { lines }: DrawnFix,
  report: FixReport,
): Promise<{ run: ProductRun; clearedAt: number }> {
  const file = join(engineer.home, 'plan.txt');
  writeFileSync(file, `${lines.join('\n')}\n`);
  report.before = namesOf(await shop.alerts());
  const since = new Set<string>();
  // When it was seen first that nothing fires, after which nothing fired.
  let clearedAt = 0;
  let over = false;
  const looking = (async () => {
    while (!over) {
      const alerts = await shop.alerts();
      for (const name of namesOf(alerts)) if (!report.before.includes(name)) since.add(name);
      if (alerts.some(({ state }) => state === 'firing')) clearedAt = 0;
      else clearedAt ||= Date.now();
      await new Promise((resolve) => setTimeout(resolve, LOOK_EVERY_MS));
    }
  })();
  // Told of when the run has ended.
  looking.catch(() => undefined);
  const run = await engineer.mitigate('--max-attempts', '1', '--plan', file).finally(() => (over = true));
  await looking;
  const plan: TriedPlan = { fate: 'not tried', reason: '' };
  noteFates(run.events, [plan]);
  report.fate = plan.fate;
  report.reason = plan.reason || tailOf(run).slice(0, 200);
  report.since = [...since].sort();
  report.seconds.mitigate = round(run.seconds);
  return { run, clearedAt };
}

const namesOf = (alerts: readonly { name: string }[]): string[] => [...new Set(alerts.map(({ name }) => name))].sort();

export function fixLine({
  entry,
  seed,
  what,
  fate,
  passed,
  since,
  seconds,
  problems,
  reason,
  invalid,
}: FixReport): string {
  const word = invalid ? 'INVALID' : passed ? 'passed' : 'FAILED';
  const clearing = seconds.clearing === undefined ? '' : `, its alert cleared after ${seconds.clearing} s`;
  const said = invalid || problems[0] || reason;
  return `${word} ${entry} ${seed} (${what}): ${fate} in ${seconds.mitigate ?? '-'} s${clearing}; new alerts ${since.join(', ') || 'none'}; ${said.slice(0, 250)}`;
}
